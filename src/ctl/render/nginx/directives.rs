//! The lines inside nginx's blocks.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::certificate::Certificate;
use crate::ctl::cluster::Cluster;
use crate::ctl::render::tls::{FOLDER, acme_file, certificate_file, key_file};
use crate::ctl::roles::builtin::PROXY_PARAMS;
use crate::ctl::sites::{Cache, Pool, Profile, Rules, Target, Tls, TlsOrigin, VirtualHost};
use crate::ctl::wordpress::MEMBER;

/// Where the directives lie that every proxied path has.
const PROXY_FILE: &str = "/etc/nginx/hactl_proxy_params";

/// The name of a pool's block.
pub(super) fn upstream(pool: &str) -> String {
    format!("{pool}_pools")
}

/// Lines of a site's block, or of a path's: all but where requests go. `id` is what its zones are called, `file` its
/// files.
pub(super) fn of_rules(rules: &Rules, id: &str, file: &str) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(rules.max_body.as_ref().map(|size| format!("client_max_body_size {size};")));
    lines.extend(rules.expires.as_ref().map(|time| format!("expires {time};")));
    lines.extend(rules.allow.iter().map(|net| format!("allow {net};")));
    lines.extend((!rules.allow.is_empty()).then(|| "deny all;".to_owned()));
    if let Some(auth) = &rules.auth {
        lines.push(format!("auth_basic {};", auth.realm));
        lines.push(format!("auth_basic_user_file {FOLDER}/{file}.htpasswd;"));
    }
    if let Some(limit) = &rules.limit {
        if limit.requests.is_some() {
            lines.push(format!("limit_req zone=hactl_req_{id} burst={} nodelay;", limit.burst));
            lines.push("limit_req_status 429;".into());
        }
        if let Some(number) = limit.connections {
            lines.push(format!("limit_conn hactl_conn_{id} {number};"));
            lines.push("limit_conn_status 429;".into());
        }
    }
    if rules.cache.is_some() {
        lines.push("add_header X-Cache-Status $upstream_cache_status always;".into());
    }
    lines.extend(rules.lines.lines().map(str::to_owned));
    lines
}

/// Lines that stand before all blocks: memory that is counted in, folders of caches, variables.
pub(super) fn zones(sites: &[VirtualHost]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut websocket = false;
    for (number, site) in (1..).zip(sites) {
        let mut add = |rules: &Rules, id: &str| {
            websocket |= rules.websocket;
            if let Some(limit) = &rules.limit {
                let key = "$binary_remote_addr";
                let rate = limit.requests.as_ref();
                lines.extend(rate.map(|rate| format!("limit_req_zone {key} zone=hactl_req_{id}:10m rate={rate};")));
                lines.extend(limit.connections.map(|_| format!("limit_conn_zone {key} zone=hactl_conn_{id}:10m;")));
            }
            if let Some(cache) = &rules.cache {
                let size = &cache.size;
                lines.push(format!(
                    "proxy_cache_path {CACHES}{id} levels=1:2 keys_zone=hactl_{id}:10m max_size={size} inactive=7d use_temp_path=off;"
                ));
            }
        };
        add(&site.rules, &format!("{number}"));
        for (place, one) in (1..).zip(&site.locations) {
            add(&one.rules, &format!("{number}_{place}"));
        }
    }
    if websocket {
        lines.push("map $http_upgrade $hactl_upgrade { default upgrade; '' close; }".into());
    }
    if sites.iter().any(|site| site.rules.cache.iter().any(|cache| cache.skip.iter().any(|word| word == MEMBER))) {
        let cookies = "wordpress_logged_in|wordpress_sec|wp-postpass|comment_author";
        lines.push(format!(r#"map $http_cookie {MEMBER} {{ default ""; "~({cookies})" 1; }}"#));
    }
    if sites.iter().any(|site| site.hotlink_protection) {
        lines.push(r#"map $uri $hactl_media { default ""; "~*\.(gif|jpe?g|png|webp|mp4|flv|rmvb|swf)$" 1; }"#.into());
    }
    lines
}

/// What folders of caches begin with: in nginx's own, where it makes them.
const CACHES: &str = "/var/lib/nginx/hactl-cache-";

/// What a path's zones and files are called, and what happens there.
pub(super) struct Own<'a> {
    pub(super) rules: &'a Rules,
    pub(super) id: String,
    pub(super) file: String,
}

/// Lines of a path's block. `number` is the site's; without anything of its own the path is all the rest of the site.
pub(super) fn location(
    cluster: &Cluster,
    (site, number): (&VirtualHost, usize),
    own: Option<&Own<'_>>,
    pools: &BTreeMap<String, Pool>,
) -> Vec<String> {
    let mut lines = own.map(|own| of_rules(own.rules, &own.id, &own.file)).unwrap_or_default();
    let nothing = Rules::default();
    let rules = own.map_or(&nothing, |own| own.rules);
    match rules.target.as_ref().or(site.rules.target.as_ref()) {
        Some(Target::Pool(name)) => {
            lines.push(format!("proxy_pass http://{};", upstream(name)));
            lines.extend(proxy(cluster, site, rules, pools.get(name)));
            let here = own.and_then(|own| Some((own.rules.cache.as_ref()?, own.id.clone())));
            let kept = here.or_else(|| Some((site.rules.cache.as_ref()?, number.to_string())));
            let kept = kept.filter(|_| !rules.websocket);
            lines.extend(kept.into_iter().flat_map(|(cache, id)| cache_lines(cache, &id)));
        }
        Some(Target::Root(folder)) => lines.push(format!("root \"{folder}\";")),
        Some(Target::Redirect(status, url)) => lines.push(format!("return {status} {url};")),
        Some(Target::Status(status)) => lines.push(format!("return {status};")),
        None => lines.push("return 404;".into()),
    }
    lines
}

/// What is said to a server, and for how long it is waited for.
fn proxy(cluster: &Cluster, site: &VirtualHost, rules: &Rules, pool: Option<&Pool>) -> Vec<String> {
    let websocket = rules.websocket || site.rules.websocket;
    let read = rules.read_timeout.or(site.rules.read_timeout).or(websocket.then_some(WEBSOCKET));
    let times = [
        ("proxy_connect_timeout", rules.connect_timeout.or(site.rules.connect_timeout)),
        ("proxy_send_timeout", rules.send_timeout.or(site.rules.send_timeout)),
        ("proxy_read_timeout", read),
    ];
    let mut lines = Vec::new();
    if times.iter().all(|(_, time)| time.is_none()) {
        lines.push(format!("include {PROXY_FILE};"));
    } else {
        let own = &cluster.site.proxy_params;
        let given = |name: &str| times.iter().find(|(known, _)| *known == name).and_then(|(_, time)| *time);
        for (name, value) in PROXY_PARAMS {
            let value = own.get(name).map_or(value, String::as_str);
            lines.push(match given(name) {
                Some(time) => format!("{name} {}ms;", time.as_millis()),
                None => format!("{name} {value};"),
            });
        }
        let added = own.iter().filter(|(name, _)| PROXY_PARAMS.iter().all(|(known, _)| known != name));
        lines.extend(added.map(|(name, value)| format!("{name} {value};")));
    }
    let keeps = pool.is_some_and(|pool| pool.keepalive > 0);
    if websocket {
        lines.push("proxy_http_version 1.1;".into());
        lines.push("proxy_set_header Upgrade $http_upgrade;".into());
        lines.push("proxy_set_header Connection $hactl_upgrade;".into());
    } else if keeps {
        lines.push("proxy_http_version 1.1;".into());
        lines.push("proxy_set_header Connection \"\";".into());
    }
    if let Some(pool) = pool.filter(|pool| !pool.next_upstream.is_empty()) {
        lines.push(format!("proxy_next_upstream {};", pool.next_upstream.join(" ")));
    }
    lines
}

/// A connection of a websocket is silent for longer than an answer.
const WEBSOCKET: Duration = Duration::from_secs(3600);

fn cache_lines(cache: &Cache, id: &str) -> Vec<String> {
    let skip: Vec<&str> = ["$http_authorization"].into_iter().chain(cache.skip.iter().map(String::as_str)).collect();
    let mut lines = vec![
        format!("proxy_cache hactl_{id};"),
        format!("proxy_cache_valid 200 301 302 {};", cache.keep),
        "proxy_cache_lock on;".into(),
        format!("proxy_cache_bypass {};", skip.join(" ")),
        format!("proxy_no_cache {};", skip.join(" ")),
    ];
    if !cache.stale.is_empty() {
        lines.push(format!("proxy_cache_use_stale {};", cache.stale.join(" ")));
    }
    if cache.stale.iter().any(|word| word == "updating") {
        lines.push("proxy_cache_background_update on;".into());
    }
    lines
}

/// Certificate, key, versions and ciphers of a site. What its authority says of a certificate is brought along where it
/// says so by OCSP (nginx warns where it does not). Of one that a load balancer gets by ACME that is not known here.
pub(super) fn tls_lines(tls: &Tls, id: &str) -> Vec<String> {
    let (certificate, key) = match tls.origin {
        TlsOrigin::Acme(_) => (acme_file(id), acme_file(id)),
        TlsOrigin::File(_) | TlsOrigin::SelfSigned => (certificate_file(id), key_file(id)),
    };
    let mut lines = vec![
        format!("ssl_certificate {certificate};"),
        format!("ssl_certificate_key {key};"),
        "ssl_session_cache shared:hactl:10m;".into(),
        "ssl_session_timeout 1d;".into(),
        "ssl_session_tickets off;".into(),
        "ssl_prefer_server_ciphers off;".into(),
    ];
    match tls.profile {
        Profile::Modern => lines.push("ssl_protocols TLSv1.3;".into()),
        Profile::Intermediate => {
            lines.push("ssl_protocols TLSv1.2 TLSv1.3;".into());
            lines.push(format!("ssl_ciphers {CIPHERS};"));
        }
    }
    if tls.certificate.as_ref().is_some_and(Certificate::can_be_stapled) {
        lines.push("ssl_stapling on;".into());
    }
    if let Some(time) = tls.hsts {
        lines.push(format!("add_header Strict-Transport-Security \"max-age={}\" always;", time.as_secs()));
    }
    lines
}

/// What Mozilla calls intermediate, for TLS 1.2: forward secrecy, and ciphers that authenticate what they encrypt.
const CIPHERS: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
    ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
