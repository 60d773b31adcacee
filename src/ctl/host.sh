#!/bin/sh
# What the desk does on a host. These functions travel in front of every script, which only calls them with quoted words, so
# what runs on a host can be read here. POSIX sh, systemd 219 and later. A step that fails says what it was doing and ends the
# script; the desk decides what follows. What a role brings along runs in a shell of its own, which knows none of these names.
# shellcheck disable=SC2034,SC2317 # functions and names are used by the lines that follow
set -u
export LC_ALL=C DEBIAN_FRONTEND=noninteractive "PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin"
umask 077
home=/var/lib/hactl
binary=/usr/local/bin/hactl
staging=$home/staging

# die WORDS [CODE]
die() {
    echo "$1" >&2
    exit "${2:-1}"
}

# --- looking: each part of the output begins with a line @@NAME ---

# Addresses, what runs, and what the agent says. Asked for many times a second during a move.
show() {
    echo @@addr && ip -o addr show
    echo @@mac && ip -o link show
    echo @@units && systemctl is-active nginx firewalld ufw nftables 2>/dev/null
    echo @@agent && "$binary" agent status --json 2>/dev/null
    return 0
}

# ask_web NAME URL ...: whether each web server answers, all at once, since one that drops packets costs a second.
ask_web() {
    while [ $# -gt 1 ]; do
        { if "$binary" agent probe "$2" 2>/dev/null; then echo "$1 up"; else echo "$1 down"; fi; } &
        shift 2
    done
    wait
}

# peers NAME URL ..., backends NAME URL ...
peers() {
    echo @@peers
    ask_web "$@"
}
backends() {
    echo @@backends
    ask_web "$@"
}

# neighbours ADDRESS ...: the hardware address that each is found at.
neighbours() {
    echo @@neigh
    for address in "$@"; do
        ping -c1 -W1 "$address" >/dev/null 2>&1
        ip neigh show "$address"
    done
}

# forget ADDRESS: so that it is asked for anew.
forget() {
    ip neigh flush to "$1" 2>/dev/null
    return 0
}

# listen OPTION ...: which VRIDs others advertise; by the staged binary where there is one.
listen() {
    [ ! -x "$staging/bin/hactl" ] || binary=$staging/bin/hactl
    "$binary" agent listen "$@"
}

# arp_settings: whether this host answers ARP for addresses on other interfaces.
arp_settings() {
    echo @@arp
    cat /proc/sys/net/ipv4/conf/all/arp_ignore /proc/sys/net/ipv4/conf/all/arp_announce
}

# system: distribution, init, package manager, space, and the state that earlier deploys left.
system() {
    echo @@os
    # shellcheck disable=SC1091
    (. /etc/os-release && echo "$ID") 2>/dev/null
    cat /proc/1/comm
    echo @@pm
    commands_there apt-get dnf yum
    echo @@space
    { df -Pk "$home" || df -Pk /var/lib; } 2>/dev/null | tail -n1
    echo @@state
    cat "$home/generation" 2>/dev/null
    echo
    date +%s
    ls "$home/unfinished" 2>/dev/null
    echo @@lock
    cat "$home/lock/owner" 2>/dev/null
    return 0
}

commands_there() {
    for command in "$@"; do
        command -v "$command" >/dev/null && echo "$command"
    done
    return 0
}

# commands NAME ...: those that are there.
commands() {
    echo @@commands
    commands_there "$@"
}

# files PATH ...: checksums and rights of those that are there, and of the binary.
files() {
    echo @@sums
    sha256sum -- "$@" "$binary" 2>/dev/null
    echo @@stats
    [ $# = 0 ] || stat -c '%a %U:%G %n' -- "$@" 2>/dev/null
    return 0
}

# services NAME ...
services() {
    echo @@services
    systemctl show -p Id,ActiveState,UnitFileState -- "$@"
}

# sysctls KEY ...
sysctls() {
    echo @@sysctl
    sysctl -- "$@" 2>/dev/null
    return 0
}

# succeeds NAME COMMAND: says "yes" where a role's command succeeds.
succeeds() {
    echo "@@$1"
    if sh -c "$2" >/dev/null 2>&1; then echo "yes"; fi
}

# --- the lock ---

# lock OWNER DEAD SECONDS: exit 8 with the owner's name when another one has it. DEAD is an owner known not to live any more.
lock() {
    mkdir -p "$home"
    now=$(date +%s)
    if ! mkdir "$home/lock" 2>/dev/null; then
        until=$(cut -d' ' -f1 "$home/lock/owner" 2>/dev/null || echo 0)
        holder=$(cut -d' ' -f2- "$home/lock/owner" 2>/dev/null)
        if [ "${until:-0}" -gt "$now" ] && [ "$holder" != "$2" ]; then
            die "$holder" 8
        fi
    fi
    echo "$((now + $3)) $1" >"$home/lock/owner" || die "cannot write the lock in $home"
}

unlock() {
    rm -rf "$home/lock" "$staging"
}

# --- staging: nothing live is touched ---

open_staging() {
    rm -rf "$staging"
    mkdir -p "$staging/root" "$staging/bin" || die "cannot make the staging folder"
}

# stage_binary BYTES: reads the compressed binary from stdin.
stage_binary() {
    if ! head -c "$1" | gzip -dc >"$staging/bin/hactl" || ! chmod 755 "$staging/bin/hactl"; then
        die "cannot write the binary (disk full?)"
    fi
    "$staging/bin/hactl" --version >/dev/null || die "the binary does not run here (another processor?)"
}

# stage_file PATH OWNER:GROUP MODE BYTES SHA256: reads a file from stdin.
stage_file() {
    safe "$1" "${2%%:*}"
    staged=$staging/root$1
    if ! mkdir -p "${staged%/*}" || ! head -c "$4" >"$staged" || ! chmod "$3" "$staged" || ! chown "$2" "$staged"; then
        die "cannot stage $1 (disk full? unknown owner?)"
    fi
    # Whatever stands between the desk and here: what is used is what was sent.
    [ "$(sha256sum <"$staged")" = "$5  -" ] || die "$1 did not arrive whole"
}

# safe PATH OWNER: nobody but root and its owner may lead a write to this file elsewhere, by a link on its way.
safe() {
    path=$1
    owner=$2
    folder=${1%/*}
    set --
    while [ -n "$folder" ]; do
        set -- "$@" "$folder"
        folder=${folder%/*}
    done
    # Each folder itself, then what a link there leads to.
    for as in -c -Lc; do
        stat "$as" %U:%a:%A:%n -- "$@" 2>/dev/null | while IFS=: read -r who mode kind folder; do
            [ "$who" = root ] || [ "$who" = "$owner" ] ||
                die "$path is not written: $who, who owns $folder, could lead it elsewhere; give the file that owner in its role (owner: $who:…), or the folder to root"
            case $mode:$kind in
            *[2367]:d*)
                [ -k "$folder" ] || die "$path is not written: everybody may write to $folder and lead it elsewhere; chmod o-w $folder"
                ;;
            esac
        done || exit
    done
}

# install_packages MANAGER NAME ...: the log lies where only root can put anything; a link in /tmp would lead root elsewhere.
install_packages() {
    manager=$1
    shift
    log=$home/packages.log
    if [ "$manager" = apt-get ]; then
        # The lists are refreshed only when the package is not found in the present ones.
        apt_install "$@" >"$log" 2>&1 || { apt-get update -q >>"$log" 2>&1 && apt_install "$@" >>"$log" 2>&1; }
    else
        "$manager" install -y -q "$@" >"$log" 2>&1
    fi || {
        tail -n 5 "$log" >&2
        die "$manager install failed (all of it: $log)"
    }
}
apt_install() {
    apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=60 "$@"
}

# check PATH COMMAND: a role's test of a staged file.
check() {
    sh -c "$2" || die "$1 does not pass its check"
}

# --- activating: the way back is written down first ---

# open_generation NUMBER FUNCTIONS: begins revert.sh, which needs nothing but this host: it carries these functions along.
open_generation() {
    old=$home/generations/$1
    rm -rf "$old"
    mkdir -p "$old/root" || die "cannot write $home"
    printf '%s\nold=%s\n' "$2" "$old" >"$old/revert.sh" || die "cannot write $home"
}

# on_revert WORD ...: a line of revert.sh.
on_revert() {
    line=
    for word in "$@"; do
        case $word in
        *\'*) word=$(printf '%s' "$word" | sed "s/'/'\\\\''/g") ;;
        esac
        line="$line'$word' "
    done
    printf '%s\n' "$line" >>"$old/revert.sh"
}

# back_up PATH: keeps what is there; taken back, a file that was not there goes, and so do its folders.
back_up() {
    if [ -e "$1" ]; then
        if ! mkdir -p "$old/root${1%/*}" || ! cp -a "$1" "$old/root$1"; then
            die "cannot back up (disk full?)"
        fi
        on_revert back put "$old/root$1" "$1"
    else
        on_revert back rm -f "$1"
        folder=${1%/*}
        while [ -n "$folder" ] && [ ! -e "$folder" ]; do
            on_revert leave_folder "$folder"
            folder=${folder%/*}
        done
    fi
}

# leave_folder PATH: it came with a deploy; what others put there since stays, and the folder with it.
leave_folder() {
    rmdir "$1" 2>/dev/null
    return 0
}

# close_generation SECONDS: from now on the host goes back by itself when nobody commits in time.
close_generation() {
    on_revert settled
    touch "$home/unfinished"
    cp "$old/revert.sh" "$home/revert.sh"
    systemctl stop hactl-revert.timer hactl-revert.service 2>/dev/null
    systemctl reset-failed hactl-revert.service 2>/dev/null
    systemd-run -q --unit=hactl-revert --on-active="$1" /bin/sh "$home/revert.sh" >/dev/null 2>&1
}

# back COMMAND ...: a step of the way back. One that fails keeps no other from being taken, and is told at the end.
back() {
    "$@" || stuck=yes
}

# settled: nothing of a deploy is left. Where a step failed everything stays, for the timer or a person to try again.
settled() {
    [ -z "${stuck-}" ] || die "not everything could be taken back"
    rm -f "$home/unfinished"
    unlock
}

# put FROM TO: a copy beside the destination, under a name that nobody can foresee and created exclusively, then one rename.
# Whatever lies at the destination, a link too, is replaced and never written through.
put() {
    beside=$(mktemp "${2%/*}/.hactl-XXXXXXXXXX") || return
    if ! cp -a --remove-destination "$1" "$beside" || ! mv -fT "$beside" "$2"; then
        rm -f "$beside"
        return 1
    fi
}

swap_binary() {
    if ! mkdir -p "${binary%/*}" || ! mv -f "$staging/bin/hactl" "$binary"; then
        die "cannot put the binary in place"
    fi
}

# swap_file PATH: folders that are not there yet are for everybody to read, whatever umask is for the rest.
swap_file() {
    if ! (umask 022 && mkdir -p "${1%/*}/") || ! put "$staging/root$1" "$1"; then
        die "cannot put $1 in place"
    fi
}

remove_file() {
    rm -f "$1" || die "cannot remove $1"
}

# run_unless UNLESS COMMAND: a role's escape hatch.
run_unless() {
    sh -c "$1" >/dev/null 2>&1 || sh -c "$2" || die "failed: $2"
}

# undo COMMAND: how a role takes it back. What fails here keeps nothing else from going back.
undo() {
    sh -c "$1" 2>/dev/null
}

set_sysctl() {
    sysctl -q -w "$1" || die "sysctl failed"
}

# replace NAME: a service that another one takes the place of.
replace() {
    systemctl disable -q --now "$1" || die "cannot stop $1"
}

enable() {
    systemctl daemon-reload
    systemctl enable -q "$1" || die "cannot enable $1"
}

# service VERB NAME
service() {
    [ "$1" != restart ] || systemctl daemon-reload
    systemctl "$1" "$2" || {
        systemctl status -n 8 --no-pager "$2" 2>&1 | tail -n 8 >&2
        die "systemctl $1 $2 failed"
    }
}

# disable NAME, stop NAME: on the way back, where either may be so already.
disable() {
    systemctl disable -q "$1" 2>/dev/null
}
stop() {
    systemctl stop "$1" 2>/dev/null
}

# probe NAME COMMAND: a role's proof that it works.
probe() {
    bash -c "$2" || die "probe failed: $1"
}

# --- the end ---

# commit NUMBER: stops the timer, writes the generation down, forgets the old ones, gives the lock back.
commit() {
    systemctl stop hactl-revert.timer 2>/dev/null
    echo "$1" >"$home/generation"
    rm -f "$home/unfinished" "$home/revert.sh"
    for number in $(find "$home/generations" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -n | head -n -5); do
        rm -rf "$home/generations/${number:?}"
    done
    unlock
}

# revert NUMBER: takes the activation of a generation back, now. One that had not begun has no way back and needs none.
revert() {
    [ -e "$home/generations/$1/revert.sh" ] || return 0
    sh "$home/generations/$1/revert.sh" || die "the way back failed"
    systemctl stop hactl-revert.timer 2>/dev/null
    rm -rf "$home/generations/${1:?}" "$home/revert.sh"
}

# leave_as_it_is: nobody takes it back by itself any more.
leave_as_it_is() {
    systemctl stop hactl-revert.timer
}
