#!/bin/sh
# Plays a program that has nothing to say.
# shellcheck source=tests/played/play.sh
. /played/play.sh
