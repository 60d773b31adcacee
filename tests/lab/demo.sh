#!/usr/bin/env bash
# The whole story on four real hosts: deploy, look, move, break, deploy again. Every command is printed before it runs.
set -euo pipefail
cd "$(dirname "$0")/../.."

export HACTL_BINARY=$PWD/target/dist/hactl
export HACTL_LAB_DIR=${HACTL_LAB_DIR:-/var/lib/hactl-lab}
PATH=$PWD/target/dist:$PATH
OUT=$PWD/target/demo
mkdir -p "$OUT"

run() {
    printf '\n\033[1m$ %s\033[0m\n' "$*"
    "$@"
}
# At the desk, the commands an operator would type.
desk() {
    printf '\n\033[1mdesk$ %s\033[0m\n' "$*"
    hactl lab exec desk -- "$@"
}
client() {
    printf '\n\033[1mclient$ %s\033[0m\n' "$*"
    hactl lab exec client -- "$@"
}
trap 'echo; echo "the lab goes down again"; hactl lab down -q' EXIT

hactl lab down -q # whatever an interrupted demo left
run hactl lab up
run hactl lab status

desk hactl deploy inventories/homework.yaml -y --accept-new-host-keys
# From here on the inventory deployed last is meant.
for _ in 1 2 3 4; do
    client curl -sS --max-time 5 http://10.0.0.3/
done
desk hactl status
desk hactl verify
desk hactl failover --to lb-6
desk hactl failover --to lb-5
desk hactl drill stop crash link nginx heartbeat-blocked web-down -y \
    --report html --report json --report junit --out "$OUT"
desk hactl deploy inventories/homework.yaml -y

echo
echo "the report of the drills, with a picture of each: $OUT/drill.html"
