#!/bin/sh
# Plays Debian's package manager: nginx comes with its example site, and starts.
# shellcheck source=tests/played/play.sh
. /played/play.sh

case $* in
install*nginx)
    cp /played/nginx.sh /played/bin/nginx
    mkdir -p /etc/nginx/conf.d /etc/nginx/sites-available /etc/nginx/sites-enabled
    echo example >/etc/nginx/sites-available/default
    ln -sf /etc/nginx/sites-available/default /etc/nginx/sites-enabled/default
    echo "http { include /etc/nginx/conf.d/*.conf; }" >/etc/nginx/nginx.conf
    mkdir -p /run/systemd/system
    : >/run/systemd/system/nginx.service
    systemctl enable --now nginx
    ;;
esac
