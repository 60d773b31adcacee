#!/bin/sh
# Plays Debian's list of packages: what is installed is told by the story.
# shellcheck source=tests/played/play.sh
. /played/play.sh

for last; do :; done
# shellcheck disable=SC2154 # set by the loop
grep "^install ok installed $last " /played/packages
