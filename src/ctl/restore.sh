#!/bin/sh
# shellcheck disable=SC2034,SC2154,SC2317 # this is the third part of host.sh
# --- back to what was: an earlier generation, or the host before the first deploy ---
#
# Each generation keeps the lines of its way back (`on_revert`); those of several, the latest first, lead to an earlier
# generation. `original` keeps, of everything that any deploy ever touched, how it was before the first one did: lines
# of the same kind, in the order in which they must be carried out.
original=$home/original

# remember WORD ...: the same words as a line of the way back. Of each thing only its first state counts.
remember() {
    [ -z "${mirroring-}" ] || return 0
    case "$1 ${2-}" in
    "stop "*) note 1-stop "runs $2" "$@" ;;
    "disable "*) note 1-stop "boot $2" "$@" ;;
    "back rm") note 2-files "path $4" "$@" ;;
    "back put")
        if ! known "path $4"; then
            if ! mkdir -p "$original/root${4%/*}" || ! cp -a "$3" "$original/root$4"; then
                die "cannot back up $4 (disk full?)"
            fi
            note 2-files "path $4" back put "$original/root$4" "$4"
        fi
        ;;
    "leave_folder "*) note 3-folders "folder $2" "$@" ;;
    "back sysctl") note 4-after "sysctl ${5%%=*}" "$@" ;;
    "back systemctl")
        case $3 in
        enable) note 4-after "boot $6" "$@" ;;
        reload-or-restart | restart) note 4-after "runs $4" "$@" ;;
        esac
        ;;
    "undo "*) note 4-after "did $3" "$@" ;;
    esac
}

# note FILE KEY WORD ...: a line, unless there is one for this thing.
note() {
    known "$2" && return 0
    file=$original/$1
    [ -d "$original" ] || mkdir -p "$original"
    echo "$2" >>"$original/known" || die "cannot write $original (disk full?)"
    shift 2
    words "$@" >>"$file" || die "cannot write $original (disk full?)"
}
known() {
    [ -e "$original/known" ] && grep -qxF -e "$1" "$original/known"
}

# reach: the generations that were in force here and can be had back, the latest first; 0 is before the first one. Then
# the paths that each of them put or removed, behind "+" where something was there before, and "-" where nothing was.
reach() {
    echo @@reach
    read_state
    one=$committed all=
    echo "$one"
    while [ "$one" != 0 ] && [ -s "$generations/$one/way-back" ]; do
        all="$all $one"
        read -r one <"$generations/$one/from" || break
        echo "$one"
    done
    for one in $all; do
        echo "@@touched $one"
        touched "$generations/$one/way-back"
    done
    return 0
}
touched() (
    mean_nothing
    back() {
        case $1 in
        put) echo "+ $3" ;;
        rm) echo "- $3" ;;
        esac
    }
    read_lines "$1"
)

# chain NUMBER: the generations above it that were in force here, the latest first, as files with their ways back. None
# where the host had nothing of ours then: that is not what an earlier generation means there, and `remove` takes it
# away.
chain() {
    read_state
    one=$committed files=
    while [ "$one" -gt "$1" ]; do
        [ -s "$generations/$one/way-back" ] || die "generation $one is not kept here any more, so nothing before it can be had back"
        files="$files $generations/$one/way-back"
        one=$(cat "$generations/$one/from") || die "generation $one does not say what it followed"
    done
    [ "$one" = 0 ] || echo "$files"
}

# first_state: the files that lead to before the first deploy. A folder goes after what is in it.
first_state() {
    [ ! -s "$original/3-folders" ] || sort -r -o "$original/3-folders" "$original/3-folders"
    find "$original" -maxdepth 1 -name '[1-4]-*' 2>/dev/null | sort
}

# read_lines FILE ...: carries their lines out, with whatever their words mean to the caller.
read_lines() {
    for file in "$@"; do
        # shellcheck source=/dev/null
        . "$file"
        case $file in */2-files) back systemctl daemon-reload ;; esac
    done
}

# mean_nothing: what the words of these lines mean where nobody says otherwise.
mean_nothing() {
    back() { :; }
    stop() { :; }
    disable() { :; }
    undo() { :; }
    sweep() { :; }
    leave_folder() { :; }
}

# preview FILE ...: what their lines would do, for people.
preview() (
    mean_nothing
    back() {
        case "$1 $2" in
        put*) echo "put back $3" ;;
        rm*) echo "remove $3" ;;
        sysctl*) echo "set $4" ;;
        "systemctl daemon-reload") ;;
        "systemctl enable") echo "enable and start $5" ;;
        systemctl*) echo "$2 $3" ;;
        esac
    }
    stop() { echo "stop $1"; }
    disable() { echo "disable $1"; }
    undo() { echo "run: $1"; }
    read_lines "$@"
)

# mirror FILE ...: writes down the way back from what their lines will do.
mirror() {
    mirroring=yes
    (
        mean_nothing
        back() { if [ "$1 $2" = "systemctl enable" ]; then on_revert stop "$5" && on_revert disable "$5"; fi; }
        leave_folder() { [ ! -d "$1" ] || on_revert back make_folder "$1" "$(stat -c %a "$1")" "$(stat -c %u:%g "$1")"; }
        read_lines "$@"
    ) || exit
    (
        mean_nothing
        back() {
            case $1 in
            put | rm) back_up "$3" ;;
            sysctl) keep_sysctl "${4%%=*}" ;;
            esac
        }
        read_lines "$@"
    ) || exit
    on_revert back systemctl daemon-reload
    (
        mean_nothing
        back() {
            case "$1 $2" in
            "systemctl reload-or-restart" | "systemctl restart") on_revert back "$@" ;;
            esac
        }
        stop() { on_revert back systemctl start "$1"; }
        disable() { on_revert back systemctl enable -q "$1"; }
        undo() { on_revert undo "$2" "$1"; }
        read_lines "$@"
    ) || exit
    mirroring=
}

# turn_back FILE ...: a line that fails ends the step; the desk takes it back.
turn_back() {
    failed=
    read_lines "$@"
    [ -z "$failed" ] || die "$failed"
}

# preview_to NUMBER, preview_first: for the desk.
preview_to() {
    echo @@back
    files=$(chain "$1") || exit
    # shellcheck disable=SC2086 # our own folder and numbers
    preview $files
    return 0
}
preview_first() {
    echo @@back
    # shellcheck disable=SC2046
    preview $(first_state)
    echo @@packages
    sort -u "$original/packages" 2>/dev/null
    echo @@home
    [ ! -e "$home" ] || echo "$home"
    return 0
}

# go_to NUMBER TARGET FUNCTIONS OWNER, go_to_first NUMBER FUNCTIONS OWNER: the activation of a generation that is an old
# one.
go_to() {
    files=$(chain "$2") || exit
    open_generation "$1"
    # shellcheck disable=SC2086
    mirror $files
    arm "$1" "$3" "$4, back to $2"
    # shellcheck disable=SC2086
    turn_back $files
}
go_to_first() {
    files=$(first_state)
    open_generation "$1"
    # shellcheck disable=SC2086
    mirror $files
    arm "$1" "$2" "$3, back to what was before hactl"
    # shellcheck disable=SC2086
    turn_back $files
}

# forget_all: nothing of ours is left. The last word to a host.
forget_all() {
    take_turn
    read_state
    [ "$phase" = committed ] || die "generation $number is $phase"
    stop_watching
    rm -rf "$home" /run/hactl
}
