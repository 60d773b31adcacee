#!/usr/bin/env bash
# What many hosts cost a desk: time and memory of commands that only read. They are addresses of one sshd, which lets
# each see a network of its own: told of all addresses, each host would tell of as many as there are hosts. usage:
# many.sh [COUNT]
set -euo pipefail
if [[ ${HACTL_BENCH_INSIDE-} != yes ]]; then
    HACTL_BENCH_INSIDE=yes exec unshare --net --mount --pid --fork --kill-child --mount-proc bash "$0" "$@"
fi
PATH=$(cd "$(dirname "$0")/../.." && pwd)/target/dist:$PATH
count=${1:-500}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# What root's login shell does on this machine is no figure of ours.
for profile in "$HOME/.bashrc" "$HOME/.profile"; do [[ ! -e $profile ]] || mount --bind /dev/null "$profile"; done
export HOME=$folder
ip link set lo up
ip link add lan type bridge
ip link set lan up
mkdir -p "$folder/.ssh" /run/sshd
for key in host .ssh/id_ed25519; do ssh-keygen -q -t ed25519 -N '' -C '' -f "$folder/$key"; done
cat >"$folder/sshd_config" <<END
Port 2222
HostKey $folder/host
AuthorizedKeysFile $folder/.ssh/id_ed25519.pub
StrictModes no
PermitRootLogin yes
PidFile none
UsePAM no
UseDNS no
MaxStartups 500
LogLevel ERROR
ForceCommand $folder/host.sh
END
inventory=$folder/inventory.yaml
{
    echo 'vip: 10.98.0.3/16'
    echo 'ssh: { user: root, port: 2222 }'
    for ((n = 1; n <= count; n++)); do
        ((n != 1)) || echo lb:
        ((n != 3)) || echo web:
        echo "  host-$n: 10.98.$((n / 250 + 1)).$((n % 250 + 1))"
        echo "address add 10.98.$((n / 250 + 1)).$((n % 250 + 1))/16 dev lan" >&3
    done
} >"$inventory" 3>"$folder/addresses"
ip -batch "$folder/addresses"
mount -t tmpfs none /run/netns 2>/dev/null || { mkdir -p /run/netns && mount -t tmpfs none /run/netns; }
while read -r _ _ address _; do
    ip netns add "${address%/*}"
    printf '%s\n' 'link add lan type bridge' "address add $address dev lan" 'link set lan up' | ip -n "${address%/*}" -batch -
done <"$folder/addresses"
cat >"$folder/host.sh" <<'END'
#!/bin/sh
set -- $SSH_CONNECTION
exec nsenter --net="/run/netns/$3" /bin/sh -c "$SSH_ORIGINAL_COMMAND"
END
chmod +x "$folder/host.sh"
/usr/sbin/sshd -D -e -f "$folder/sshd_config" 2>"$folder/log" &
for ((tries = 0; tries < 100; tries++)); do
    if { : </dev/tcp/10.98.1.2/2222; } 2>/dev/null; then break; fi
    sleep 0.1
done
measure() { # words of hactl: seconds, and the most memory that it had: all of it, and what is not a page of a file
    local begin=$EPOCHREALTIME most='0 0' now code=0
    hactl "$@" -i "$inventory" --timeout 60 >"$folder/said" 2>&1 &
    local pid=$!
    # Another program's memory is not its own before exec: what bash has is no figure of ours.
    while now=$(awk -v most="$most" '
        BEGIN { split(most, kb) }
        /^Name:/ { ours = $2 == "hactl" }
        /^VmHWM:/ && ours { kb[1] = $2 }
        /^RssAnon:/ && ours && $2 > kb[2] { kb[2] = $2 }
        END { print kb[1], kb[2] }' /proc/$pid/status 2>/dev/null); do
        most=$now
        sleep 0.02
    done
    wait "$pid" || code=$?
    awk -v a="$begin" -v b="$EPOCHREALTIME" -v most="$most" -v code="$code" \
        'BEGIN { split(most, kb); printf "%.2f s, %.1f MB at most (%.1f of it anonymous), exit %d\n", b - a, kb[1] * 1024 / 1e6, kb[2] * 1024 / 1e6, code }'
}
measure status --accept-new-host-keys >/dev/null # their keys are new to nobody afterwards
for words in status plan; do echo "$count hosts, hactl $words: $(measure $words)"; done
