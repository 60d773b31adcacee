#!/bin/sh
# Plays ss: who listens is told by the story.
# shellcheck source=tests/played/play.sh
. /played/play.sh

cat /played/listeners
