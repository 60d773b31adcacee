//! `site:` and role parameters.

use std::collections::BTreeMap;
use std::path::Path;

use super::document::{Document, Node, Value};
use super::fields::Reader;
use super::hosts::vars;
use super::vips::Placed;
use super::wordpress;
use crate::ctl::cluster::{Balancing, Host, Site, SiteKind};
use crate::ctl::roles::lookup::known_role;
use crate::ctl::wordpress::Wordpress;
use crate::error::{Code, Problem, Span};

/// What a site may be.
const KINDS: [(&str, SiteKind); 2] = [("static", SiteKind::Static), ("wordpress", SiteKind::Wordpress)];
/// Balancing methods of nginx that the role writes.
const METHODS: [(&str, Balancing); 3] =
    [("rr", Balancing::Rr), ("ip_hash", Balancing::IpHash), ("least_conn", Balancing::LeastConn)];

/// A site when the inventory says nothing of one.
pub fn default_site() -> Site {
    Site {
        kind: SiteKind::Static,
        managed: true,
        server_name: "_".into(),
        port: 80,
        method: Balancing::Rr,
        proxy_params: BTreeMap::new(),
        expect_status: vec![(200, 399)],
    }
}

/// Whether nginx on the load balancers is hactl's. Hosts ask before the rest of `site:` is read; what is wrong there is
/// told then.
pub fn is_managed(node: &Node) -> bool {
    let Value::Map(entries) = &node.value else { return true };
    let said = entries.iter().find(|(key, _)| key.name == "managed").map(|(_, node)| &node.value);
    !matches!(said, Some(Value::Text(text)) if matches!(text.as_str(), "no" | "false" | "off"))
}

/// Reads `site:`, and what is said of WordPress where it is that.
pub fn site(
    reader: &Reader<'_>,
    node: &Node,
    hosts: &[Host],
    folder: &Path,
) -> (Site, Option<(Wordpress, Option<Placed>)>) {
    let fields = reader.fields(node, "site");
    let mut site = default_site();
    if let Some(kind) = fields.get("kind").and_then(|node| reader.choice(node, "kind", &KINDS)) {
        site.kind = kind;
    }
    if let Some(managed) = fields.get("managed").and_then(|node| reader.boolean(node, "managed")) {
        site.managed = managed;
    }
    if let Some(method) = fields.get("method").and_then(|node| reader.choice(node, "method", &METHODS)) {
        site.method = method;
    }
    if let Some(node) = fields.get("server_name")
        && let Some(name) = reader.text(node, "server_name")
    {
        if name.chars().any(|c| c.is_control() || ";{}\"'".contains(c)) {
            let problem = Problem::new(
                Code::WrongValue,
                format!("server_name `{}` has characters that no name has", crate::ctl::words::plain(name)),
            );
            let problem = problem.why("it would end nginx's `server_name` line and begin another directive");
            reader.wrong(node.place, problem.next("write names with blanks between them: www.example.cc example.cc"));
        }
        site.server_name = name.into();
    }
    if let Some(port) = fields.get("port").and_then(|node| reader.number(node, "port", 1..=65535)) {
        site.port = u16::try_from(port).unwrap_or(80);
    }
    if let Some(node) = fields.get("port").filter(|_| site.port == 443) {
        let problem = Problem::new(
            Code::PlainOn443,
            "port 443 is where browsers speak https, and hactl's nginx speaks plain http there",
        );
        let why = "https:// would end in an error at every client";
        reader.wrong(
            node.place,
            problem.why(why).next("use port 80, or your own template nginx-lb.conf.tera with `listen 443 ssl`").warn(),
        );
    }
    if let Some(node) = fields.get("proxy_params") {
        let directives = reader.fields(node, "proxy_params");
        for (key, node) in directives.entries {
            if let Some(value) = reader.text(node, &key.name) {
                site.proxy_params.insert(key.name.clone(), value.into());
            }
        }
    }
    if let Some(node) = fields.get("expect_status") {
        let ranges: Vec<_> = reader.list(node).into_iter().filter_map(|node| statuses(reader, node)).collect();
        if !ranges.is_empty() {
            site.expect_status = ranges;
        }
    }
    let wordpress = match site.kind {
        SiteKind::Static => None,
        SiteKind::Wordpress => wordpress::wordpress(reader, &fields, &site, hosts, folder),
    };
    fields.finish();
    (site, wordpress)
}

/// `200`, `2xx` or `200-299`.
pub fn statuses(reader: &Reader<'_>, node: &Node) -> Option<(u16, u16)> {
    let text = reader.text(node, "expect_status")?;
    let number = |text: &str| text.trim().parse().ok().filter(|status| (100..=599).contains(status));
    let range = match (text.split_once('-'), text.strip_suffix("xx")) {
        (Some((from, to)), _) => number(from).zip(number(to)),
        (None, Some(class)) => number(&format!("{class}00")).zip(number(&format!("{class}99"))),
        (None, None) => number(text).map(|status| (status, status)),
    };
    let range = range.filter(|(from, to)| from <= to);
    if range.is_none() {
        let problem = Problem::new(Code::WrongValue, format!("expect_status `{text}` is no HTTP status"))
            .why("the service counts as answering when its status is one of these")
            .next("write it like 200, 2xx or 200-399; several as a list: [2xx, 401]");
        reader.wrong(node.place, problem);
    }
    range
}

/// Reads `roles: {NAME: {PARAMETER: VALUE}}`; `folder` is where roles of the inventory's own are.
pub fn role_params(
    reader: &Reader<'_>,
    node: &Node,
    folder: &Path,
) -> BTreeMap<String, BTreeMap<String, serde_json::Value>> {
    let fields = reader.fields(node, "roles");
    for (key, _) in fields.entries {
        if let Err(problem) = known_role(folder, &key.name) {
            reader.wrong(key.place, problem);
        }
    }
    fields.entries.iter().map(|(key, node)| (key.name.clone(), vars(reader, node))).collect()
}

/// Where each parameter stands, by `ROLE.PARAMETER`, for mistakes that only the role knows.
pub fn role_places(document: &Document, node: &Node) -> BTreeMap<String, Span> {
    let entries = |node: &Node| match &node.value {
        Value::Map(entries) => entries.clone(),
        Value::Null | Value::Text(_) | Value::List(_) => Vec::new(),
    };
    let roles = entries(node).into_iter();
    let params = roles.flat_map(|(role, params)| {
        let places = entries(&params).into_iter();
        places.map(move |(param, _)| (format!("{}.{}", role.name, param.name), param.place))
    });
    params.map(|(name, place)| (name, document.span(place))).collect()
}
