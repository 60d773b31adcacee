#!/bin/sh
# Plays systemd-run: the timer becomes a file with its command, which the story fires.
# shellcheck source=tests/played/play.sh
. /played/play.sh

for word in "$@"; do
    case $word in
    --unit=*) unit=${word#--unit=} ;;
    -*) ;;
    *) break ;;
    esac
    shift
done
if [ -e "$units/$unit.timer" ]; then
    echo "Unit $unit.timer already exists." >&2
    exit 1
fi
echo "$*" >"$units/$unit.timer"
