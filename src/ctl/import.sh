#!/bin/sh
# shellcheck disable=SC2034,SC2154,SC2317 # this is the fourth part of host.sh, for who reads a keepalived and an nginx
# --- looking at a pair that is not ours: nothing is written, and nothing is asked to do anything ---

# look_at_keepalived: the processes, the user that runs scripts, and every file that it reads.
look_at_keepalived() {
    echo @@name
    cat /proc/sys/kernel/hostname 2>/dev/null
    echo @@processes
    config=
    # shellcheck disable=SC2013 # paths without blanks
    for comm in $(grep -lx keepalived /proc/[0-9]*/comm 2>/dev/null); do
        line=$(tr '\0' ' ' <"${comm%/comm}/cmdline" 2>/dev/null)
        echo "$line"
        [ -n "$config" ] || config=$(named_config "$line")
    done
    echo @@script_user
    grep -q '^keepalived_script:' /etc/passwd && echo keepalived_script
    echo @@version
    command -v keepalived >/dev/null && keepalived --version 2>&1 | head -n1
    config=${config:-/etc/keepalived/keepalived.conf}
    echo @@main
    [ ! -f "$config" ] || echo "$config"
    config_files "$config"
}

# named_config LINE: the file that a command line names.
named_config() {
    # shellcheck disable=SC2086 # words of a command line
    set -- $1
    while [ $# -gt 0 ]; do
        case $1 in
        --use-file=*) echo "${1#--use-file=}" ;;
        -f | --use-file) echo "${2-}" ;;
        -f*) echo "${1#-f}" ;;
        esac
        shift
    done | head -n1
}

# config_files FILE: it and what it includes, each once, as "@@file PATH" and its lines behind a blank each.
config_files() {
    known='|' left=200
    while [ $# -gt 0 ]; do
        one=$1
        shift
        [ -f "$one" ] || continue
        real=$(readlink -f "$one")
        case $known in *"|$real|"*) continue ;; esac
        known="$known$real|" left=$((left - 1))
        [ "$left" -gt 0 ] || die "more than 200 files are included"
        echo "@@file $one"
        # The last line may have no end.
        head -c 1048576 "$one" | sed 's/^/ /'
        echo
        patterns=$(sed -n "s/^[[:blank:]]*include[rmwbga]*[[:blank:]]\{1,\}[\"']\{0,1\}\([^[:blank:]\"'#!]*\).*/\1/p" "$one")
        set -f
        for pattern in $patterns; do
            set +f
            case $pattern in
            /*) ;;
            *) pattern=${one%/*}/$pattern ;;
            esac
            # shellcheck disable=SC2086 # a pattern
            set -- "$@" $pattern
            set -f
        done
        set +f
    done
}

# look_at_nginx: the whole configuration as it would load it now.
look_at_nginx() {
    if command -v nginx >/dev/null; then
        echo @@nginx
        nginx -T -q 2>/dev/null | head -c 4194304 | sed 's/^/ /'
        echo
    fi
    return 0
}
