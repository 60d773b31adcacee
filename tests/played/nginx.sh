#!/bin/sh
# Plays nginx: a configuration with the word BROKEN in it is not taken.
# shellcheck source=tests/played/play.sh
. /played/play.sh

case $1 in
-T)
    for file in /etc/nginx/nginx.conf /etc/nginx/conf.d/*; do
        [ ! -f "$file" ] || { echo "# configuration file $file:" && cat "$file" && echo; }
    done
    exit 0
    ;;
esac
for last; do :; done
# shellcheck disable=SC2154 # set by the loop
if word=$(grep -rho 'BROKEN[^;]*' "$(dirname "$last")"); then
    echo "nginx: [emerg] unknown directive \"$word\"" >&2
    exit 1
fi
