#!/bin/sh
# Plays ip: the owner is who the LAN's file says, as long as its agent runs.
# shellcheck source=tests/played/play.sh
. /played/play.sh

read -r address </played/address
read -r owner <"$lan/owner"
read -r vip <"$lan/vip"
case $* in
"addr show")
    echo "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000"
    echo "    inet 127.0.0.1/8 scope host lo"
    echo "2: eth0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000"
    echo "    link/ether 02:aa:00:00:00:${address##*.} brd ff:ff:ff:ff:ff:ff"
    echo "    inet $address/24 scope global eth0"
    [ "$owner" != "$here" ] || echo "    inet $vip/24 scope global secondary eth0"
    ;;
"neigh show "*) cat "/played/neighbours/$3" 2>/dev/null || true ;;
esac
