#!/bin/sh
# Plays the agent that a deploy brings, and its command line. What needs no agent is done by the real program.
# shellcheck source=tests/played/play.sh
. /played/play.sh

alive() {
    [ -e "$units/hactl-agent.active" ] || {
        echo "no agent answers" >&2
        exit 1
    }
}

# How the configuration that it has loaded signs adverts.
signing() {
    conf=$units/hactl-agent.loaded
    mode=$(sed -n 's/^ *mode //p' "$conf" | head -n1)
    id=$(sed -n 's/^ *active_key //p' "$conf" | head -n1)
    [ -n "$mode" ] || { echo null && return; }
    ids=$(sed -n 's/^ *key \([0-9]*\) .*/\1/p' "$conf" | sort -u | paste -sd,)
    echo "{\"mode\":\"$mode\",\"active_key\":$id,\"keys\":[$ids],\"replay\":\"time\",\"window_ms\":5000}"
}

# The pools of nginx in the configuration that it has loaded. All servers pass but those that the story names in
# `refused`; while `unjudged` says something nobody has judged them.
pools() {
    judged=true
    [ ! -s /played/unjudged ] || judged=false
    awk -v refused=" $(cat /played/refused) " -v judged=$judged '
        function traffic() {
            return "\"traffic\":{\"connections\":0,\"bytes_in\":0,\"bytes_out\":0,\"connections_per_s\":0,\"bytes_in_per_s\":0,\"bytes_out_per_s\":0}"
        }
        function finish() {
            if (name == "") return
            printf "%s{\"name\":\"upstream %s\",\"upstream\":true,\"services\":[],\"scheduler\":\"wlc\",\"persistence_s\":null,", comma, name
            printf "\"quorum\":true,\"quorum_for_ms\":7,\"alive\":1,\"needed\":1,\"sorry_server\":null,\"in_kernel\":null,"
            printf "%s,\"real_servers\":[%s]}", traffic(), servers
            comma = ","
            name = ""
        }
        $1 == "virtual_server" && $2 == "upstream" { finish(); name = $3; servers = ""; more = "" }
        $1 == "real_server" && name != "" {
            address = $2 ":" $3
            bad = index(refused, " " address " ") > 0
            up = bad ? "false" : "true"
            servers = servers more "{\"address\":\"" address "\",\"up\":" up ",\"judged\":" judged ",\"reason\":" (bad ? "\"connection refused\"" : "null")
            servers = servers ",\"for_ms\":7,\"drained\":false,\"refused\":" (bad ? "true" : "false") ",\"weight\":1,\"weight_by_operator\":false"
            servers = servers ",\"weight_now\":null,\"forward\":\"NAT\",\"active\":0,\"inactive\":0," traffic() ",\"checks\":[]}"
            more = ","
        }
        END { finish() }
    ' "$units/hactl-agent.loaded"
}

# Where the story lets agents wait before they claim a VIP that nobody has, the wait is over at the third look.
waits() {
    if [ ! -s "$lan/owner" ] && [ -e "$lan/waits" ]; then
        read -r looks </played/looks
        looks=$((looks + 1))
        echo "$looks" >/played/looks
        [ "$looks" -lt 3 ] || printf %s "$here" >"$lan/owner"
    fi
}

case "$1 ${2-}" in
"--version ") echo "hactl played" ;;
"agent probe") exec /played/real "$@" ;;
"agent listen") cat /played/heard ;;
"agent capture")
    # An older program does not know it.
    [ -e /played/capture ] || {
        echo "error: unrecognized subcommand 'capture'" >&2
        exit 64
    }
    cat /played/capture
    ;;
"agent certificates")
    # What the authority gives, or says instead, the story says.
    if [ -s /played/standing ]; then
        mkdir -p /var/lib/hactl/certificates
        cat /played/standing >/var/lib/hactl/certificates/standing.json
    fi
    ;;
"agent status")
    alive
    waits
    state=BACKUP
    read -r serves </played/serves
    read -r reasons </played/reasons
    read -r servers </played/servers
    [ -n "$servers" ] || servers=$(pools)
    read -r owner <"$lan/owner"
    [ "$owner" != "$here" ] || state=MASTER
    [ ! -s /played/state ] || state=$(cat /played/state)
    ago=100
    [ ! -s /played/deaf ] || ago=90000
    printf '{"version":"0","pid":1,"started_unix_s":0,"now_unix_ms":%s000,"config":"/etc/hactl/hactl.conf","instances":[' "$(date +%s)"
    name=$(sed -n 's/^vrrp_instance \([^ ]*\).*/\1/p' "$units/hactl-agent.loaded" | head -n1)
    printf '{"name":"%s","state":"%s","interface":"eth0","vrid":3,"base_priority":100,"effective_priority":100,' "$name" "$state"
    printf '"advert_interval_ms":1000,"addresses":["%s/24"],"master":null,"master_priority":null,"last_advert_ms":%s,' "$serves" "$ago"
    printf '"last_transition":1000,"last_reason":null,"pinned":null,"fault_reasons":[%s],"signing":%s}],"virtual_servers":[%s]}\n' "$reasons" "$(signing)" "$servers"
    ;;
"agent call")
    alive
    request=$(cat)
    echo "$request" >>/played/asked
    if [ -s /played/answer_once ]; then
        cat /played/answer_once && rm /played/answer_once
        exit 0
    fi
    [ ! -s /played/answer ] || {
        cat /played/answer
        exit 0
    }
    read -r refused </played/refuses
    case $request in
    *"\"verb\":\"${refused:-none}\""*)
        echo '{"kind":"error","message":"not now"}'
        exit 0
        ;;
    *'"verb":"promote"'*) printf %s "$here" >"$lan/owner" ;;
    *'"verb":"resign"'*) find "$lan/alive" -type f ! -name "$here" -printf %f >"$lan/owner" ;;
    esac
    echo '{"kind":"done","message":"done"}'
    ;;
esac
