#!/usr/bin/env bash
# Two owners of the VIP: the course notes' monitor (keepalived runs check_vip.sh on the backup every 5 s) beside hactl.
# Adverts blocked at the backup; the owner's agent stopped in its tracks. How long both hosts had the address is read
# from what their kernels told (ip monitor), not from what anybody says of himself.
# usage: check_vip.sh [TURNS]
set -euo pipefail
cd "$(dirname "$0")/../.."
PATH=$PWD/target/dist:$PATH
turns=${1:-3}
vip=10.0.0.3
folder=$(mktemp -d)
trap 'hactl lab down -q; rm -rf "$folder"' EXIT
on() { hactl lab exec "$@"; }
both() { for host in lb-5 lb-6; do on "$host" -- "$@"; done; }
has() { [[ -n $(on "$1" -- ip -o address show dev eth0 to "$vip") ]]; }
await() { # HOST: until it has the VIP
    for ((n = 0; n < 300; n++)); do
        ! has "$1" || return 0
        sleep 0.1
    done
    { echo "$1 has not got the VIP"; on "$1" -- journalctl -q -n 20 -u keepalived -u hactl-agent -o cat; } >&2
    return 1
}

# watch: from now on what happens to addresses is written down on both hosts. seen: how long both had the VIP.
watch() {
    rm -f "$folder"/lb-*
    watchers=()
    for host in lb-5 lb-6; do
        ! has "$host" || echo "[0] eth0 $vip/" >"$folder/$host"
        on "$host" -- ip -ts monitor address >>"$folder/$host" &
        watchers+=($!)
    done
    sleep 0.5
}
seen() {
    kill "${watchers[@]}"
    wait "${watchers[@]}" 2>/dev/null || true
    python3 - "$vip" "$folder/lb-5" "$folder/lb-6" <<'END'
import datetime, re, sys

vip, changes = sys.argv[1], []
for host in sys.argv[2:]:
    had = False
    for line in open(host):
        told = re.match(r"\[(.*?)\] *(Deleted)?.*", line)
        # What a former owner keeps for open connections is on its loopback interface.
        if f" {vip}/" in line and " eth0 " in line and had == bool(told[2]):
            had = not told[2]
            at = 0 if told[1] == "0" else datetime.datetime.fromisoformat(told[1]).timestamp()
            changes.append((at, 1 if had else -1))
owners, since, both = 0, 0, 0.0
end = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None).timestamp()
for at, change in sorted(changes) + [(end, 0)]:
    both += at - since if owners == 2 else 0
    owners, since = owners + change, at
print(f"{both:.1f}")
END
}
block() { on lb-6 -- nft "add table ip fault; add chain ip fault in { type filter hook input priority 0; }; add rule ip fault in ip protocol 112 drop"; }
unblock() { on lb-6 -- nft delete table ip fault; }

hactl lab down -q
hactl lab up -q --hosts lb-5,lb-6,web-7,web-8
both apt-get install -y -q --no-install-recommends keepalived nftables openssh-client >"$folder/apt" 2>&1 || tail -n 5 "$folder/apt" >&2
both systemctl stop keepalived
conf() { # STATE PRIORITY, then what else stands in the file's instance
    cat <<END
vrrp_script check_vip {
    script "/etc/keepalived/check_vip.sh"
    interval 5
}
vrrp_instance VIP_1 {
    state $1
    interface eth0
    virtual_router_id 50
    priority $2
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass 1111
    }
    virtual_ipaddress {
        $vip
    }
    $3
}
END
}
put() { on "$1" -- sh -c "cat >$2"; } # HOST PATH
conf MASTER 150 '' | put lb-5 /etc/keepalived/keepalived.conf
conf BACKUP 100 'track_script { check_vip }' | put lb-6 /etc/keepalived/keepalived.conf
put lb-6 /etc/keepalived/check_vip.sh <<END
#!/bin/bash
# Each host's own look, as in the notes.
theirs=\$(ssh -o StrictHostKeyChecking=no 10.0.0.5 ip a | grep $vip | wc -l)
mine=\$(ip a | grep $vip | wc -l)
if [ \$theirs == 1 -a \$mine == 1 ]; then systemctl stop keepalived; fi
END
on lb-6 -- chmod +x /etc/keepalived/check_vip.sh
on lb-6 -- sh -c 'test -e ~/.ssh/id_ed25519 || ssh-keygen -q -t ed25519 -N "" -f ~/.ssh/id_ed25519; cat ~/.ssh/id_ed25519.pub' >"$folder/key"
on lb-5 -- sh -c 'mkdir -p ~/.ssh && cat >>~/.ssh/authorized_keys' <"$folder/key"

both systemctl start keepalived
await lb-5
for ((turn = 1; turn <= turns; turn++)); do
    sleep 6 # a check has passed
    watch
    block
    sleep 14
    echo "check_vip.sh, adverts blocked at the backup: both have the VIP for $(seen) s; keepalived there is $(on lb-6 -- systemctl is-active keepalived || true)"
    unblock
    [[ $turn != "$turns" ]] || break
    on lb-6 -- systemctl start keepalived
done
on lb-5 -- systemctl stop keepalived
sleep 10
! has lb-5 && ! has lb-6 && echo 'check_vip.sh, then the master stops: nobody has the VIP after 10 s'
both systemctl start keepalived
await lb-5
sleep 6
watch
on lb-5 -- pkill -STOP keepalived
sleep 20
echo "check_vip.sh, the master hangs for 20 s: both have the VIP for $(seen) s"
on lb-5 -- pkill -CONT keepalived
both systemctl stop keepalived
both apt-get purge -y -q keepalived >"$folder/apt" 2>&1 || tail -n 5 "$folder/apt" >&2

on desk -- hactl deploy inventories/homework.yaml -y --accept-new-host-keys >"$folder/said" 2>&1 || tail -n 20 "$folder/said" >&2
await lb-5
for ((turn = 1; turn <= turns; turn++)); do
    watch
    block
    sleep 14
    echo "hactl, adverts blocked at the backup: both have the VIP for $(seen) s; the agent there is $(on lb-6 -- systemctl is-active hactl-agent || true)"
    unblock
    sleep 2
done
on lb-5 -- systemctl stop hactl-agent
sleep 1
! has lb-6 || echo 'hactl, then the master stops: lb-6 has the VIP'
on lb-5 -- systemctl start hactl-agent
await lb-5
sleep 2
watch
on lb-5 -- systemctl kill --kill-who=main -s STOP hactl-agent
sleep 20
grep -q " $vip/" "$folder/lb-6" || echo 'lb-6 never had the VIP' >&2
echo "hactl, the master hangs for 20 s: both have the VIP for $(seen) s, and lb-6 took it over"
on lb-5 -- systemctl kill --kill-who=main -s CONT hactl-agent 2>/dev/null || true # systemd may have started it anew
