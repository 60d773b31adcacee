#!/bin/sh
# Plays systemd: units are files NAME.active and NAME.enabled, and NAME.loaded is what a service has read of its
# configuration.
# shellcheck source=tests/played/play.sh
. /played/play.sh
umask 022

there() {
    case $1 in
    nginx) [ -e /played/bin/nginx ] ;;
    *.timer) [ -e "/etc/systemd/system/$1" ] ;;
    *) [ -e "/etc/systemd/system/$1.service" ] ;;
    esac
}

load() {
    case $1 in
    nginx) cat /etc/nginx/conf.d/* /etc/nginx/hactl_proxy_params 2>/dev/null ;;
    hactl-agent) cat /etc/hactl/hactl.conf ;;
    esac >"$units/$1.loaded"
    [ "$1" != hactl-agent ] || signs
}

# signs: which mode the agent signs adverts in from now on, for who asks in which order that went. It reads its keys
# itself.
signs() {
    sed -n 's/^ *key [0-9]* file://p' /etc/hactl/hactl.conf | while read -r key; do
        if [ ! -s "$key" ] || [ "$(stat -c %a "$key")" != 600 ]; then
            echo "key file $key cannot be used" >&2
            exit 1
        fi
    done || exit 1
    mode=$(sed -n 's/^ *mode //p' /etc/hactl/hactl.conf | head -n1)
    keys=$(sed -n 's/^ *key \([0-9]*\) .*/\1/p' /etc/hactl/hactl.conf | sort -u | paste -sd+)
    id=$(sed -n 's/^ *active_key //p' /etc/hactl/hactl.conf | head -n1)
    echo "$here ${mode:-off}${id:+ $id of $keys}" >>"$lan/signs"
}

start() {
    # Its work is done when the story says that time passes.
    [ "$1" != hactl-revert ] || return 0
    if [ "$1" = hactl-agent ]; then
        if [ ! -x /usr/local/bin/hactl ] || [ ! -s /etc/hactl/hactl.conf ]; then
            echo "Job for hactl-agent.service failed." >&2
            exit 1
        fi
        : >"$lan/alive/$here"
        [ -s "$lan/owner" ] || [ -e "$lan/waits" ] || printf %s "$here" >"$lan/owner"
        echo 0 >/played/looks
    fi
    if [ "$1" = keepalived ]; then
        : >"$lan/alive/$here"
        [ -s "$lan/owner" ] || printf %s "$here" >"$lan/owner"
    fi
    : >"$units/$1.active"
    load "$1"
}

stop() {
    rm -f "$units/$1.active" "$units/$1.loaded"
    case $1 in
    hactl-agent | keepalived)
        rm -f "$lan/alive/$here"
        if [ "$(cat "$lan/owner")" = "$here" ]; then
            # shellcheck disable=SC2012 # names of hosts
            ls "$lan/alive" | head -n1 | tr -d '\n' >"$lan/owner"
        fi
        ;;
    esac
}

verb=$1
shift
now=
status=0
for unit in "$@"; do
    case $unit in
    --now) now=yes && continue ;;
    -* | *,* | [0-9]*) continue ;;
    esac
    unit=${unit%.service}
    case $verb in
    list-units)
        [ ! -e "$units/$unit.active" ] || echo "$unit.service loaded active running"
        continue
        ;;
    is-active)
        if [ -e "$units/$unit.active" ]; then echo active; else echo inactive; fi
        continue
        ;;
    show)
        echo "Id=$unit.service"
        if [ -e "$units/$unit.active" ]; then echo ActiveState=active; else echo ActiveState=inactive; fi
        if [ -e "$units/$unit.enabled" ]; then echo UnitFileState=enabled; else echo UnitFileState=disabled; fi
        echo
        continue
        ;;
    esac
    # What still runs can be stopped, although its unit is gone.
    if ! there "$unit" && ! { [ "$verb" = stop ] && [ -e "$units/$unit.active" ]; }; then
        echo "Unit $unit not found." >&2
        status=5
        continue
    fi
    case $verb in
    enable)
        : >"$units/$unit.enabled"
        [ -z "$now" ] || start "$unit"
        ;;
    disable)
        rm -f "$units/$unit.enabled"
        [ -z "$now" ] || stop "$unit"
        ;;
    stop) stop "$unit" ;;
    restart) rm -f "$units/$unit.active" && start "$unit" ;;
    reload-or-restart | start) start "$unit" ;;
    status) echo "$unit: see the story" && status=3 ;;
    esac
done
exit "$status"
