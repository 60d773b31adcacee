#!/usr/bin/env bash
# From four bare hosts to a browser that is logged in to WordPress through the VIP, by HTTPS.
# usage: wordpress.sh [TURNS]
set -euo pipefail
cd "$(dirname "$0")/../.."
PATH=$PWD/target/dist:$PATH
turns=${1:-3}
most=120 # seconds that it may take
for program in chromium chromedriver; do
    command -v "$program" >/dev/null || { echo "not measured: no $program here" && exit 0; }
done
folder=$(mktemp -d)
driver=
end() {
    [[ -z $driver ]] || kill "$driver" 2>/dev/null || true
    driver=
}
trap 'end; hactl lab down -q; rm -rf "$folder"' EXIT
browser() { hactl lab exec client -- python3 tests/lab/browser.py "$folder/browser" 9515 "$@"; }

printf %s 'a password of the bench' >"$folder/password"
sed "s|{ env: WP_ADMIN_PASSWORD }|{ file: $folder/password }|" inventories/wordpress.yaml >"$folder/wordpress.yaml"
for ((turn = 1; turn <= turns; turn++)); do
    hactl lab down -q
    hactl lab up -q
    rm -rf "$folder/browser" && mkdir "$folder/browser"
    begin=$EPOCHREALTIME
    hactl lab exec desk -- hactl deploy "$folder/wordpress.yaml" -y --accept-new-host-keys >"$folder/said" 2>&1 \
        || { tail -n 20 "$folder/said" && exit 1; } >&2
    deployed=$EPOCHREALTIME
    hactl lab exec client -- chromedriver --port=9515 --silent >/dev/null &
    driver=$!
    until [[ -n $(hactl lab exec client -- ss -Htln sport = :9515) ]]; do sleep 0.1; done
    browser begin blog.example.cc 10.0.0.3 >/dev/null
    said=$(browser login https://blog.example.cc ann "$folder/password")
    [[ $said == *Dashboard* ]] || { echo "the browser is not logged in: $said" >&2 && exit 1; }
    awk -v a="$begin" -v b="$deployed" -v c="$EPOCHREALTIME" 'BEGIN { print c - a, b - a }' >>"$folder/times"
    browser end >/dev/null
    end
done
sort -n "$folder/times" | awk -v most="$most" '
    { all[NR] = $1; deploy[NR] = $2 }
    END {
        m = int((NR + 1) / 2)
        printf "WordPress from bare hosts to a browser that is logged in: %.1f s (%.1f..%.1f), %.1f s of it the deploy; ", all[m], all[1], all[NR], deploy[m]
        printf "may take %d s: %s\n", most, all[NR] <= most ? "kept" : "NOT KEPT"
    }'
