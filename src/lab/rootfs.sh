#!/usr/bin/env bash
# The root file system of the lab's hosts: Debian with systemd and sshd. No nginx, no keepalived: deploying those is
# what the lab is for. `hactl lab up` carries this script in itself; `make demo` runs it beside the compiler.
#
#   rootfs.sh make FOLDER    FOLDER/rootfs, unless it is there and today's
#   rootfs.sh early FOLDER   the same where it can be made and no lab stands on the old one; else nothing
#   rootfs.sh prepare ROOT   makes a Debian with these packages one that boots fast as a host and takes the desk's key
set -euo pipefail

# Changes whenever a root file system made earlier no longer serves.
recipe=1
# What a host has before anything is deployed.
packages=systemd,systemd-sysv,dbus,openssh-server,iproute2,iputils-ping,procps,nftables,ca-certificates,sudo,less,kmod
# Units that slow the boot or have nothing to do in a container.
masked=(systemd-networkd-wait-online.service systemd-resolved.service systemd-timesyncd.service apt-daily.timer
        apt-daily-upgrade.timer e2scrub_all.timer console-getty.service getty.target systemd-firstboot.service)

early() {
    if ((EUID == 0)) && [[ ! -e $1/lab.json ]] && command -v mmdebstrap >/dev/null; then make "$1"; fi
}

make() {
    local folder=$1 fresh=$1/rootfs.new
    mkdir -p "$folder"
    # Whoever comes second waits, and finds it made.
    exec 9>"$folder/rootfs.lock"
    flock 9
    if [[ -d $folder/rootfs && $(cat "$folder/rootfs.recipe" 2>/dev/null) == "$recipe" ]]; then return; fi
    rm -rf --one-file-system "$fresh" "$folder/rootfs"
    # Nothing in a lab is worth an fsync. The package lists stay, so that a host installs without an update first.
    mmdebstrap --quiet --variant=minbase --dpkgopt=force-unsafe-io --skip=cleanup/apt/lists --include="$packages" \
        "$(suite)" "$fresh" "$(sources)"
    prepare "$fresh"
    mv "$fresh" "$folder/rootfs"
    printf %s "$recipe" >"$folder/rootfs.recipe"
}

prepare() {
    local root=$1 unit
    mkdir -p "$root/etc/systemd/system" "$root/etc/ssh/sshd_config.d"
    for unit in "${masked[@]}"; do ln -sfn /dev/null "$root/etc/systemd/system/$unit"; done
    printf '%s\n' 'PermitRootLogin prohibit-password' 'PasswordAuthentication no' 'UseDNS no' \
        >"$root/etc/ssh/sshd_config.d/lab.conf"
    : >"$root/etc/machine-id"
    # Each host makes keys of its own.
    rm -f "$root"/etc/ssh/ssh_host_*
    install -d -m 700 "$root/root/.ssh"
}

# This machine's own release and package sources: they are known to be reachable.
suite() {
    local VERSION_CODENAME=
    # shellcheck source=/dev/null
    . /etc/os-release
    if [[ -z $VERSION_CODENAME ]]; then
        echo '/etc/os-release names no Debian or Ubuntu release' >&2
        return 1
    fi
    echo "$VERSION_CODENAME"
}

sources() {
    local file
    for file in /etc/apt/sources.list.d/{debian,ubuntu}.sources /etc/apt/sources.list; do
        if [[ -s $file ]]; then
            echo "$file"
            return
        fi
    done
    echo 'this machine has no package sources under /etc/apt to make hosts from' >&2
    return 1
}

"$@"
