#!/usr/bin/env bash
# Every figure of the README, measured: outages beside keepalived, then deploys on the lab's hosts.
set -euo pipefail
cd "$(dirname "$0")/../.."
# As shipped: static, against musl.
export HACTL_BENCH_BINARY=$PWD/target/dist/hactl
# What was just written lies in the page cache in large pieces, which the kernel maps whole: all of the file would count
# as memory.
sync target/dist/hactl
dd if=target/dist/hactl iflag=nocache count=0 status=none
cargo bench --locked --profile release --bench outages
# Not a figure of speed: how many invented networks the engine has gone through.
HACTL_SIM_SEEDS=${HACTL_SIM_SEEDS:-10000} cargo test --locked --profile fast --test sim

export HACTL_BINARY=$PWD/target/dist/hactl
# LVS, in a kernel of its own.
HACTL_VM_ONLY=bench cargo test --locked --profile fast --test vm -- --nocapture
HACTL_VM_ONLY=bench_checks HACTL_VM_HELD=500 cargo test --locked --profile fast --test vm -- --nocapture
PATH=$PWD/target/dist:$PATH
seconds() { # runs a command and prints how long it took
    local begin=$EPOCHREALTIME
    "$@" >/dev/null 2>&1
    awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", b - a }'
}
median() { sort -n | awk '{ v[NR] = $1 } END { printf "%.3f s (%.3f..%.3f)\n", v[int((NR + 1) / 2)], v[1], v[NR] }'; }
desk() { hactl lab exec desk -- "$@"; }

trap 'hactl lab down -q' EXIT
hactl lab down -q
hactl lab up -q
inventory=$(mktemp --suffix=.yaml)
cp inventories/homework.yaml "$inventory"
echo
echo "first deploy of four hosts, nginx installed:      $(seconds desk hactl deploy "$inventory" -y --accept-new-host-keys) s"
for n in 1 2 3 4 5 6 7 8 9 10; do seconds desk hactl deploy "$inventory" -y; done | median | sed 's/^/deploy of four hosts, nothing to change:           /'
# The floor: four OpenSSH-sized handshakes at once and one command each, by the same SSH client, nothing compared.
for n in 1 2 3 4 5 6 7 8 9 10; do seconds desk hactl status -i "$inventory" -q; done | median | sed 's/^/one connection and one command on each of the four: /'
for n in 1 2 3 4 5; do
    sed -i "s/server_name: .*/server_name: www$n.example.cc }/" "$inventory"
    seconds desk hactl deploy "$inventory" -y --only lb-nginx
done | median | sed 's/^/one changed template on both load balancers:       /'
rm -f "$inventory"
hactl lab down -q
bash tests/bench/fleet.sh 30
bash tests/bench/many.sh 500
bash tests/bench/wordpress.sh

# Not a figure of speed either: a hundred deploys that meet bad luck.
hactl lab down -q
HACTL_LAB_ONLY=kills HACTL_LAB_KILLS=${HACTL_LAB_KILLS:-100} cargo test --locked --profile fast --test lab -- --nocapture

# Two thousand requests a second through the VIP while sites are changed, the VIP is moved, and a host dies. The notes
# tell what was lost.
HACTL_LAB_RATE=2000 HACTL_LAB_ONLY=loads cargo test --locked --profile fast --test lab -- --nocapture
