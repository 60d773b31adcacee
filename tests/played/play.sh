#!/bin/sh
# What every played program begins with: its call is noted, and fails where the story says so.
name=${0##*/}
called="${name%.sh} $*"
echo "$called" >>/played/calls
while read -r pattern; do
    # shellcheck disable=SC2254 # a pattern
    case $called in
    $pattern)
        echo "$called: the story lets it fail" >&2
        exit 1
        ;;
    esac
done </played/fail
read -r pattern </played/fail_once
# shellcheck disable=SC2254
case $called in
$pattern)
    echo >/played/fail_once
    echo "$called: the story lets it fail" >&2
    exit 1
    ;;
esac
read -r pattern </played/slow
# shellcheck disable=SC2254
case $called in
$pattern) sleep 2 ;;
esac
# shellcheck disable=SC2034 # used by who reads this file
units=/played/units
# shellcheck disable=SC2034
lan=/played/lan
# shellcheck disable=SC2034
read -r here </played/name
