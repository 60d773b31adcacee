#!/bin/sh
# shellcheck disable=SC2034,SC2154,SC2317 # this is the second part of host.sh
# --- a deploy on this host is a transaction ---
#
# Its state is one line, "PHASE COMMITTED NUMBER", in a file that is only ever replaced whole:
#
#   committed 7 7   generation 7 is in force, and nothing is on its way
#   staged 7 9      9 is being prepared; nothing live was touched
#   active 7 9      9 is being put in place, or waits for its commit; where the lock ends first, the host goes back to 7
#   reverting 7 9   the way back to 7 has begun
#   kept 7 9        9 failed and stays, as --no-auto-rollback asked; nobody takes it back before the next deploy
#
# NUMBER is the highest one ever used: a new generation has a higher one, and a step that comes too late is known by its
# own. The lock is one line too, "NUMBER UNTIL BOOT OWNER". UNTIL counts seconds since this boot: a clock that is set
# changes nothing, and a lock from before a power cut is void. The desk renews it for as long as a deploy lasts, so the
# lock that ends is the deploy that ended: from then on another one may begin, and `watch` takes back what was not
# committed.
state=$home/state
lock=$home/lock
generations=$home/generations
way_back=$home/way-back.sh
unit=/etc/systemd/system/hactl-revert.service
# Exit codes that the desk knows: another desk has the lock, the way back fails, the step comes too late.
locked=8 stuck=9 late=10

# replace_whole FILE LINE: on the disk before anything builds on it.
replace_whole() {
    echo "$2" >"$1.new" && sync "$1.new" 2>/dev/null && mv -fT "$1.new" "$1"
}

read_state() {
    phase=committed committed=0 number=0
    if [ -e "$state" ]; then
        read -r phase committed number <"$state"
        case "$phase:$committed:$number" in
        committed:*[!0-9:]* | staged:*[!0-9:]* | active:*[!0-9:]* | reverting:*[!0-9:]* | kept:*[!0-9:]*) phase=damaged ;;
        committed:[0-9]*:[0-9]* | staged:[0-9]*:[0-9]* | active:[0-9]*:[0-9]* | reverting:[0-9]*:[0-9]* | kept:[0-9]*:[0-9]*) ;;
        *) phase=damaged ;;
        esac
        # Beyond that a shell cannot count.
        if [ "${#committed}" -gt 15 ] || [ "${#number}" -gt 15 ]; then phase=damaged; fi
        [ "$phase" != damaged ] || committed=0 number=0
    elif [ -s "$home/generation" ]; then # of hactl 0.1.0
        read -r committed <"$home/generation"
        number=$committed
    fi
}

# read_lock: what it says, and what it is judged by. Process 1 is another one after each boot, also in a container.
read_lock() {
    lock_number=0 lock_until=0 lock_boot='' lock_owner=''
    [ ! -f "$lock" ] || read -r lock_number lock_until lock_boot lock_owner <"$lock"
    read -r now _ </proc/uptime
    now=${now%%.*}
    read -r boot </proc/sys/kernel/random/boot_id
    read -r first </proc/1/stat
    # shellcheck disable=SC2086 # words
    set -- ${first##*) }
    boot=$boot.${20}
}
lock_lives() {
    [ "$lock_boot" = "$boot" ] && [ "$lock_until" -gt "$now" ]
}
# lock_ended NUMBER: whoever broke it is named.
lock_ended() {
    by=$(sed -n "s/^[^ ]* $1 lock-broken \(.*\), it was .*/: broken by \1/p" "$home/audit" 2>/dev/null | tail -n1)
    die "too late: the lock of generation $1 has ended$by" "$late"
}

# transaction: state, clock, lock with the seconds it has left, and what the way back could not do.
transaction() {
    read_state
    read_lock
    echo @@transaction
    # A number that a lock was taken for is used, however far its desk came.
    [ "$lock_number" -le "$number" ] || number=$lock_number
    echo "$phase $committed $number"
    if lock_lives; then echo "$lock_number $((lock_until - now)) $lock_owner"; else echo none; fi
    [ ! -s "$home/stuck" ] || lines "$home/stuck"
    if [ -s "$home/members" ]; then
        echo @@members
        lines "$home/members"
    fi
    if [ -s "$home/missed" ]; then
        echo @@missed
        lines "$home/missed"
    fi
    return 0
}

# audit NUMBER EVENT WORDS: what happened to a generation, for `hactl history`. No line has more than 2,000 bytes of
# these.
audit() {
    (
        flock 6
        printf '%s %.2000s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*" >>"$home/audit"
        shorten_audit
    ) 6>>"$home/audit.guard"
}
# shorten_audit: past 256 KiB the older half goes, in one step; where the disk is full all of it stays. What put a file
# that is still known stays as well, for `put_before`.
shorten_audit() {
    size=$(stat -c %s "$home/audit")
    [ "${size:-0}" -gt 262144 ] || return 0
    set --
    [ ! -s "$home/put" ] || set -- put=yes "$home/put" put=
    if awk -v cut=$((size - 131072)) '
        put { known[$1]; next }
        { at += length($0) + 1 }
        at > cut || ($3 ~ /^committed/ && $2 in known)
    ' "$@" "$home/audit" >"$home/audit.new" && sync "$home/audit.new" 2>/dev/null; then
        mv -fT "$home/audit.new" "$home/audit"
    fi
    rm -f "$home/audit.new"
}

# history: the state, then the last lines of it.
history() {
    transaction
    echo @@audit
    tail -n 200 "$home/audit" 2>/dev/null
    return 0
}

# members NAME GROUP ADDRESS ...: hosts of the cluster that were deployed, beside those known already.
members() {
    names=' ' lines=
    while [ $# -gt 2 ]; do
        names="$names$1 "
        lines="$lines$1 $2 $3
"
        shift 3
    done
    {
        if [ -s "$home/members" ]; then
            while read -r name rest; do
                case $names in *" $name "*) ;; *) echo "$name $rest" ;; esac
            done <"$home/members"
        fi
        printf %s "$lines"
    } >"$home/members.new" && mv -f "$home/members.new" "$home/members"
}
forget_member() {
    [ -s "$home/members" ] || return 0
    grep -v "^$1 " "$home/members" >"$home/members.new"
    mv -f "$home/members.new" "$home/members"
}

# missed NUMBER NAME ...: hosts that this generation was deployed without.
missed() {
    mine=$1
    shift
    caught_up "$@"
    for name in "$@"; do
        echo "$name $mine" >>"$home/missed"
    done
}
# caught_up NAME ...: they have been compared since.
caught_up() {
    [ -s "$home/missed" ] || return 0
    for name in "$@"; do
        grep -v "^$name " "$home/missed" >"$home/missed.new"
        mv -f "$home/missed.new" "$home/missed"
    done
}

# --- one at a time ---

# The lock file is read and written by one at a time; nobody keeps this for long.
hold_lock_file() {
    exec 8>>"$home/lock.guard"
    flock 8
}
let_lock_file_go() {
    exec 8>&-
}

# take_turn: steps run one at a time, and the way back is one of them.
take_turn() {
    exec 9>>"$home/turn.guard"
    flock -w 20 9 || die "another step still runs here (process $(cat "$home/running" 2>/dev/null))" "$late"
    nothing_runs
}
# nothing_runs: the processes of a step, where none has the turn. Emptied rather than removed: that needs no process.
nothing_runs() {
    : >"$home/running"
    : >"$home/command"
}

# end_running_step: a desk's step that has the turn ends where it is. The way back itself is nobody's step and goes on.
end_running_step() {
    if (flock -n 7) 7>>"$home/turn.guard"; then return 0; fi
    [ -s "$home/running" ] || return 0
    read -r running <"$home/running"
    kill -KILL "$running" 2>/dev/null
    if [ -s "$home/command" ]; then
        read -r running <"$home/command"
        kill -KILL "-$running" 2>/dev/null || kill -KILL "$running" 2>/dev/null
    fi
    return 0
}

# enter NUMBER SECONDS PHASE ...: a step begins that belongs to this generation in one of these phases. Each command
# that it runs may take so many seconds.
enter() {
    mine=$1 seconds=$2
    shift 2
    take_turn
    read_state
    read_lock
    case " $* " in
    *" $phase "*) ;;
    *) die "too late: here generation $number is $phase, and the step was for $mine" "$late" ;;
    esac
    [ "$number" = "$mine" ] || die "too late: here is generation $number, and the step was for $mine" "$late"
    if [ "$lock_number" != "$mine" ] || ! lock_lives; then lock_ended "$mine"; fi
    trap nothing_runs EXIT
    echo $$ >"$home/running"
}

# bounded COMMAND ...: it reads nothing of ours, and ends in time.
bounded() {
    timeout -k 5 "${seconds:-60}" "$@" </dev/null 9>&- &
    echo $! >"$home/command"
    wait $!
    ended=$?
    : >"$home/command"
    [ "$ended" != 124 ] || echo "did not end within ${seconds:-60} s: $*" >&2
    return "$ended"
}

# --- begin, renew, end ---

# begin NUMBER OWNER DEAD SECONDS: takes the lock, then takes back what an unfinished deploy left. DEAD is an owner
# known not to live any more.
begin() {
    mkdir -p "$generations" || die "cannot make $home"
    hold_lock_file
    [ ! -d "$lock" ] || rm -rf "$lock" # of hactl 0.1.0
    read_state
    read_lock
    if lock_lives && [ "$lock_owner" != "$3" ]; then
        die "$lock_owner, who has $((lock_until - now)) s left" "$locked"
    fi
    if [ "$1" -le "$number" ] || [ "$1" -le "$lock_number" ]; then
        die "generation $1 was used before, by $lock_owner" "$late"
    fi
    former=$lock_number
    replace_whole "$lock" "$1 $((now + $4)) $boot $2" || die "cannot write the lock in $home (disk full?)"
    let_lock_file_go
    end_running_step
    take_turn
    read_state
    # Their numbers are used, and somebody will ask what they were.
    [ "$phase" != staged ] || audit "$number" left
    [ "$former" -le "$number" ] || audit "$former" left
    case $phase in
    damaged)
        give_back "$1"
        die "$state is damaged: it says \"$(head -c 80 "$state")\"; \"committed N N\" belongs there, with N the highest number in $generations" "$stuck"
        ;;
    active | reverting | kept) go_back || die "generation $number of an earlier deploy cannot be taken back: $(cat "$home/stuck")" "$stuck" ;;
    esac
    rm -rf "$staging"
    if ! mkdir -p "$staging/root" "$staging/bin" || ! replace_whole "$state" "staged $committed $1"; then
        give_back "$1"
        die "cannot make the staging folder (disk full?)"
    fi
}

# renew NUMBER SECONDS: waits for no step, since one may take long.
renew() {
    hold_lock_file
    read_lock
    if [ "$lock_number" != "$1" ] || ! lock_lives; then lock_ended "$1"; fi
    replace_whole "$lock" "$1 $((now + $2)) $boot $lock_owner" || die "cannot write the lock in $home (disk full?)"
    let_lock_file_go
}

# give_back NUMBER: the lock, if it is this generation's.
give_back() {
    [ -d "$home" ] || return 0
    hold_lock_file
    read_lock
    [ "$lock_number" != "$1" ] || rm -f "$lock"
    let_lock_file_go
}

# leave NUMBER OWNER: a generation that was never active is forgotten. What is another desk's is not touched, be its
# number the same: of two that begin in one moment the second one has never begun.
leave() {
    read_lock
    if lock_lives && [ "$lock_number $lock_owner" != "$1 $2" ]; then return 0; fi
    read_state
    if [ "$phase $number" = "staged $1" ]; then
        end_running_step
        take_turn
        read_state
    fi
    if [ "$phase $number" = "staged $1" ]; then
        rm -rf "$staging"
        replace_whole "$state" "committed $committed $number" || die "cannot write the state in $home (disk full?)"
        audit "$1" left
    fi
    give_back "$1"
}

# break_lock WHO: whoever has it loses it, and what was not committed goes back.
break_lock() {
    [ -d "$home" ] || return 0
    hold_lock_file
    read_lock
    rm -rf "$lock"
    let_lock_file_go
    [ -z "$lock_owner" ] || audit "$lock_number" lock-broken "$1, it was $lock_owner"
}

# --- the way back ---

# open_generation NUMBER: begins the lines of its way back.
open_generation() {
    old=$generations/$1
    rm -rf "$old"
    if ! mkdir -p "$old/root" || ! : >"$old/way-back" || ! echo "$committed" >"$old/from"; then die "cannot write $home (disk full?)"; fi
}

# on_revert WORD ...: a line of the way back.
on_revert() {
    words "$@" >>"$old/way-back" || die "cannot write $home (disk full?)"
    remember "$@"
}

# words WORD ...: a line that a shell reads as these words.
words() {
    line=
    for word in "$@"; do
        case $word in
        *\'*) word=$(printf '%s' "$word" | sed "s/'/'\\\\''/g") ;;
        esac
        line="$line'$word' "
    done
    printf '%s\n' "$line"
}

# back_up PATH: keeps what is there; taken back, a file that was not there goes, and so do its folders.
back_up() {
    on_revert sweep "${1%/*}"
    if [ -e "$1" ] || [ -L "$1" ]; then
        if ! mkdir -p "$old/root${1%/*}" || ! cp -a "$1" "$old/root$1"; then
            die "cannot back up $1 (disk full?)"
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

# keep_folder PATH: one that a deploy has made may go with the last file in it, and comes back before that.
keep_folder() {
    if [ -d "$1" ] && known "folder $1"; then
        keep_folder "${1%/*}"
        on_revert back make_folder "$1" "$(stat -c %a "$1")" "$(stat -c %u:%g "$1")"
    fi
}

# keep_sysctl KEY: as it is now.
keep_sysctl() {
    value=$(sysctl -n "$1") || die "cannot read $1"
    on_revert back sysctl -q -w "$1=$value"
}

# arm NUMBER FUNCTIONS OWNER: from here on the host goes back by itself where nobody commits in time. What it needs for
# that is on its disk, these functions too.
arm() {
    # shellcheck disable=SC2016 # for the file
    if ! printf '%s\n"$@"\n' "$2" >"$way_back.new" || ! mv -f "$way_back.new" "$way_back"; then
        die "cannot write $way_back (disk full?)"
    fi
    sync -f "$home" 2>/dev/null || sync
    audit "$1" begun "$3"
    replace_whole "$state" "active $committed $1" || die "cannot write the state in $home (disk full?)"
    start_watching || die "the unit that takes a deploy back cannot be started"
}

# start_watching: the unit is on the disk and enabled, so it works after a power cut. (Other init systems go here.)
start_watching() {
    text="[Unit]
Description=Takes a hactl deploy back that was not committed

[Service]
ExecStart=/bin/sh $way_back watch
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target"
    # To read all units again takes systemd long. One that is new to it is read when it is started.
    again=
    [ ! -e "$unit" ] || again=yes
    if [ "$(cat "$unit" 2>/dev/null)" != "$text" ]; then
        (umask 022 && echo "$text" >"$unit.new" && mv -f "$unit.new" "$unit") || return
        [ -z "$again" ] || systemctl daemon-reload
    fi
    [ -L /etc/systemd/system/multi-user.target.wants/hactl-revert.service ] ||
        systemctl enable -q --no-reload hactl-revert 2>/dev/null || return
    systemctl restart hactl-revert 2>/dev/null || { systemctl daemon-reload && systemctl restart hactl-revert; }
}
stop_watching() {
    systemctl disable -q --no-reload hactl-revert 2>/dev/null
    rm -f "$unit" "$unit.new"
    systemctl daemon-reload
}

# watch: the unit's own work, until nothing is left to watch over.
watch() {
    while watch_once; do
        sleep "$pause"
    done
    exit 0
}

# watch_once: goes back where the lock has ended. A way back that fails is tried again each minute.
watch_once() {
    pause=1
    read_state
    read_lock
    case $phase in active | reverting) ;; *) return 1 ;; esac
    if lock_lives; then return 0; fi
    end_running_step
    take_turn
    # Somebody may have been faster.
    read_state
    read_lock
    case $phase in active | reverting) ;; *) return 1 ;; esac
    if lock_lives || go_back; then
        exec 9>&-
        return 0
    fi
    exec 9>&-
    cat "$home/stuck" >&2
    pause=60
}

# go_back: the turn is ours. Every line is tried, whatever became of the others; while one fails everything stays for
# the next time, and the file `stuck` says which.
go_back() {
    replace_whole "$state" "reverting $committed $number" # where the disk is full, `active` does as well
    failed=
    if [ -s "$generations/$number/way-back" ]; then
        # shellcheck source=/dev/null
        . "$generations/$number/way-back"
    else
        failed="$generations/$number/way-back is gone"
    fi
    [ -n "$failed" ] || replace_whole "$state" "committed $committed $number" || failed="writing the state in $home (disk full?)"
    if [ -n "$failed" ]; then
        # It is tried again each minute: what is as it was is no news.
        [ "$(cat "$home/stuck" 2>/dev/null)" = "$failed" ] || audit "$number" stuck "$failed"
        echo "$failed" >"$home/stuck"
        return 1
    fi
    audit "$number" taken-back "to $committed"
    rm -rf "$generations/${number:?}" "$staging" "$home/stuck"
    [ "$committed" != 0 ] || stop_watching
    give_back "$number"
}

# back COMMAND ...: a line of the way back that must work.
back() {
    bounded_unless_ours "$@" || failed="${failed:+$failed; }$*"
}
bounded_unless_ours() {
    case $1 in
    put | rm | make_folder) "$@" ;;
    *) bounded "$@" ;;
    esac
}

# leave_folder PATH: it came with a deploy; what others put there since stays, and the folder with it.
leave_folder() {
    rmdir "$1" 2>/dev/null
    return 0
}

# make_folder PATH MODE OWNER:GROUP
make_folder() {
    mkdir -p "$1" && chmod "$2" "$1" && chown "$3" "$1"
}

# sweep FOLDER: what a step that was ended left beside its files.
sweep() {
    rm -f "$1"/.hactl-??????????
}

# take_back NUMBER: the way back, now. A generation that was never active leaves nothing live.
take_back() {
    read_state
    [ "$number" = "$1" ] || return 0 # a later one has begun, which took this one back
    end_running_step
    take_turn
    read_state
    [ "$number" = "$1" ] || return 0
    case $phase in
    staged)
        read_lock
        leave "$1" "$lock_owner"
        ;;
    active | reverting | kept) go_back || die "the way back fails: $(cat "$home/stuck")" "$stuck" ;;
    committed) [ "$committed" != "$1" ] || die "generation $1 is committed" "$late" ;;
    esac
}

# now: the way back by hand: sh /var/lib/hactl/way-back.sh now
now() {
    break_lock "by hand"
    read_state
    take_back "$number"
}

# keep NUMBER: nobody takes it back by itself.
keep() {
    read_state
    if [ "$phase $number" = "staged $1" ]; then
        take_back "$1"
        return 0
    fi
    enter "$1" 60 active
    audit "$1" kept
    replace_whole "$state" "kept $committed $1" || die "cannot write the state in $home (disk full?)"
    give_back "$1"
}

# commit NUMBER: said twice it is as good as once.
commit() {
    take_turn
    read_state
    if [ "$phase $committed $number" != "committed $1 $1" ]; then
        enter "$1" 60 active
        replace_whole "$state" "committed $1 $1" || die "cannot write the state in $home (disk full?)"
        audit "$1" committed
    fi
    rm -rf "$staging"
    for old in $(find "$generations" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -n | head -n -5); do
        rm -rf "$generations/${old:?}"
    done
    give_back "$1"
}
