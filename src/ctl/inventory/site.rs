//! `site:` and role parameters.

use std::collections::BTreeMap;

use super::document::Node;
use super::fields::Reader;
use super::hosts::vars;
use crate::ctl::cluster::Site;

/// Balancing methods of nginx that the role writes.
const METHODS: [&str; 3] = ["rr", "ip_hash", "least_conn"];

/// A site when the inventory says nothing of one.
pub fn default_site() -> Site {
    Site {
        kind: "static".into(),
        server_name: "_".into(),
        port: 80,
        method: "rr".into(),
        proxy_params: BTreeMap::new(),
    }
}

/// Reads `site:`.
pub fn site(reader: &Reader<'_>, node: &Node) -> Site {
    let fields = reader.fields(node, "site");
    let mut site = default_site();
    let one_of = |name, choices| fields.get(name).and_then(|node| reader.one_of(node, name, choices));
    if let Some(kind) = one_of("kind", &["static"]) {
        site.kind = kind.into();
    }
    if let Some(method) = one_of("method", &METHODS) {
        site.method = method.into();
    }
    if let Some(name) = fields.get("server_name").and_then(|node| reader.text(node, "server_name")) {
        site.server_name = name.into();
    }
    if let Some(port) = fields.get("port").and_then(|node| reader.number(node, "port", 1..=65535)) {
        site.port = u16::try_from(port).unwrap_or(80);
    }
    if let Some(node) = fields.get("proxy_params") {
        let directives = reader.fields(node, "proxy_params");
        for (key, node) in directives.entries {
            if let Some(value) = reader.text(node, &key.name) {
                site.proxy_params.insert(key.name.clone(), value.into());
            }
        }
    }
    fields.finish();
    site
}

/// Reads `roles: {NAME: {PARAMETER: VALUE}}`.
pub fn role_params(reader: &Reader<'_>, node: &Node) -> BTreeMap<String, BTreeMap<String, serde_json::Value>> {
    let fields = reader.fields(node, "roles");
    fields.entries.iter().map(|(key, node)| (key.name.clone(), vars(reader, node))).collect()
}
