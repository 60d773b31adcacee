//! The roles and templates compiled into the binary.

/// Built-in roles: name and `role.yaml`.
pub const ROLES: [(&str, &str); 12] = [
    ("web-static", include_str!("../../../roles/web-static/role.yaml")),
    ("web-wordpress", include_str!("../../../roles/web-wordpress/role.yaml")),
    ("wordpress-database", include_str!("../../../roles/wordpress-database/role.yaml")),
    ("wordpress-pair", include_str!("../../../roles/wordpress-pair/role.yaml")),
    ("wordpress-once", include_str!("../../../roles/wordpress-once/role.yaml")),
    ("lb-nginx", include_str!("../../../roles/lb-nginx/role.yaml")),
    ("lb-acme", include_str!("../../../roles/lb-acme/role.yaml")),
    ("lb-nginx-main", include_str!("../../../roles/lb-nginx-main/role.yaml")),
    ("lb-nginx-stream", include_str!("../../../roles/lb-nginx-stream/role.yaml")),
    ("vip", include_str!("../../../roles/vip/role.yaml")),
    ("lvs-director", include_str!("../../../roles/lvs-director/role.yaml")),
    ("lvs-realserver", include_str!("../../../roles/lvs-realserver/role.yaml")),
];

/// Built-in templates: name and text.
pub const TEMPLATES: [(&str, &str); 33] = [
    ("web.html.tera", include_str!("../../../templates/web.html.tera")),
    ("nginx-web.conf.tera", include_str!("../../../templates/nginx-web.conf.tera")),
    ("nginx-lb.conf.tera", include_str!("../../../templates/nginx-lb.conf.tera")),
    ("nginx.conf.tera", include_str!("../../../templates/nginx.conf.tera")),
    ("nginx-stream.conf.tera", include_str!("../../../templates/nginx-stream.conf.tera")),
    ("proxy_params.tera", include_str!("../../../templates/proxy_params.tera")),
    ("check-web.sh.tera", include_str!("../../../templates/check-web.sh.tera")),
    ("lvs-director.conf.tera", include_str!("../../../templates/lvs-director.conf.tera")),
    ("realserver.sh.tera", include_str!("../../../templates/realserver.sh.tera")),
    ("hactl-realserver.service.tera", include_str!("../../../templates/hactl-realserver.service.tera")),
    ("hactl.conf.tera", include_str!("../../../templates/hactl.conf.tera")),
    ("smtp.password.tera", include_str!("../../../templates/smtp.password.tera")),
    ("hactl-certificates.service.tera", include_str!("../../../templates/hactl-certificates.service.tera")),
    ("hactl-certificates.timer.tera", include_str!("../../../templates/hactl-certificates.timer.tera")),
    ("hactl-agent.service.tera", include_str!("../../../templates/hactl-agent.service.tera")),
    ("wordpress-config.php.tera", include_str!("../../../templates/wordpress-config.php.tera")),
    ("wordpress-plugin.php.tera", include_str!("../../../templates/wordpress-plugin.php.tera")),
    ("wordpress-health.php.tera", include_str!("../../../templates/wordpress-health.php.tera")),
    ("wordpress-copies.conf.tera", include_str!("../../../templates/wordpress-copies.conf.tera")),
    ("wordpress-nginx.conf.tera", include_str!("../../../templates/wordpress-nginx.conf.tera")),
    ("wordpress-mariadb.cnf.tera", include_str!("../../../templates/wordpress-mariadb.cnf.tera")),
    ("wordpress-database.sql.tera", include_str!("../../../templates/wordpress-database.sql.tera")),
    ("hactl-wordpress-database.service.tera", include_str!("../../../templates/hactl-wordpress-database.service.tera")),
    ("wordpress-pair.cnf.tera", include_str!("../../../templates/wordpress-pair.cnf.tera")),
    ("wordpress-pair.client.tera", include_str!("../../../templates/wordpress-pair.client.tera")),
    ("wordpress-pair.sql.tera", include_str!("../../../templates/wordpress-pair.sql.tera")),
    ("wordpress-pair.sh.tera", include_str!("../../../templates/wordpress-pair.sh.tera")),
    ("hactl-wordpress-pair.service.tera", include_str!("../../../templates/hactl-wordpress-pair.service.tera")),
    ("wordpress-setup.php.tera", include_str!("../../../templates/wordpress-setup.php.tera")),
    ("hactl-wordpress.service.tera", include_str!("../../../templates/hactl-wordpress.service.tera")),
    ("wordpress-cron.php.tera", include_str!("../../../templates/wordpress-cron.php.tera")),
    ("hactl-wordpress-cron.service.tera", include_str!("../../../templates/hactl-wordpress-cron.service.tera")),
    ("hactl-wordpress-cron.timer.tera", include_str!("../../../templates/hactl-wordpress-cron.timer.tera")),
];

/// `check: nginx` of a file: tests the whole configuration with the staged files laid over it, in a folder of its own.
/// `{root}` is the staging folder, which holds all of the host's new files below their own paths; `{gone}` are files that go.
pub const NGINX_CHECK: &str = r#"t=$(mktemp -d) && trap 'rm -rf "$t"' EXIT && cp -aL /etc/nginx/. "$t/" 2>/dev/null; \
cp -a {root}/etc/nginx/. "$t/" && \
for g in {gone}; do rm -f "$t/${g#/etc/nginx/}"; done && \
grep -rlF /etc/nginx/ "$t" | xargs -r sed -i "s#/etc/nginx/#$t/#g" && nginx -t -q -c "$t/nginx.conf""#;

/// The course notes' proxy settings, in their order. Two are others than theirs: servers are told of the client's address and of HTTPS,
/// and one that does not take a connection within three seconds is given up for the next one, rather than within thirty.
pub const PROXY_PARAMS: [(&str, &str); 10] = [
    ("proxy_set_header Host", "$http_host"),
    ("proxy_set_header X-Forwarded-For", "$proxy_add_x_forwarded_for"),
    ("proxy_set_header X-Real-IP", "$remote_addr"),
    ("proxy_set_header X-Forwarded-Proto", "$scheme"),
    ("proxy_connect_timeout", "3"),
    ("proxy_send_timeout", "60"),
    ("proxy_read_timeout", "60"),
    ("proxy_buffering", "on"),
    ("proxy_buffer_size", "32k"),
    ("proxy_buffers", "4 128k"),
];
