//! The roles and templates compiled into the binary: whatever lies in `roles` and `templates` (`build.rs`).

include!(concat!(env!("OUT_DIR"), "/builtin.rs"));

/// `check: nginx` of a file: tests the whole configuration with the staged files laid over it, in a folder of its own.
/// `{root}` is the staging folder, which holds all of the host's new files below their own paths; `{gone}` are files
/// that go.
pub const NGINX_CHECK: &str = r#"t=$(mktemp -d) && trap 'rm -rf "$t"' EXIT && cp -aL /etc/nginx/. "$t/" 2>/dev/null; \
cp -a {root}/etc/nginx/. "$t/" && \
for g in {gone}; do rm -f "$t/${g#/etc/nginx/}"; done && \
grep -rlF /etc/nginx/ "$t" | xargs -r sed -i "s#/etc/nginx/#$t/#g" && nginx -t -q -c "$t/nginx.conf""#;

/// The course notes' proxy settings, in their order. Two are others than theirs: servers are told of the client's
/// address and of HTTPS, and one that does not take a connection within three seconds is given up for the next one,
/// rather than within thirty.
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
