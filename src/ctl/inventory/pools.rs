//! `pools:`, the servers that requests are sent to.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::document::{Node, Place, Value};
use super::fields::{Fields, Reader};
use super::nginx_words::{directive_value, words};
use super::pool_check::pool_check;
use crate::ctl::cluster::{Group, Host};
use crate::ctl::sites::{Pool, PoolCheck, Server};
use crate::error::{Code, Problem};

/// Methods in nginx's words; a third form is `hash VARIABLES [consistent]`.
const METHODS: [&str; 5] = ["rr", "least_conn", "ip_hash", "random", "random two"];
/// What `proxy_next_upstream` knows.
const NEXT: [&str; 12] = [
    "error",
    "timeout",
    "invalid_header",
    "http_500",
    "http_502",
    "http_503",
    "http_504",
    "http_403",
    "http_404",
    "http_429",
    "non_idempotent",
    "off",
];

/// Reads `pools:`.
pub fn pools(reader: &Reader<'_>, node: &Node, hosts: &[Host]) -> BTreeMap<String, Pool> {
    let fields = reader.fields(node, "pools");
    let mut pools = BTreeMap::new();
    for (key, node) in fields.entries {
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if key.name.is_empty() || !key.name.chars().all(good) {
            let message = format!(
                "pool name `{}` has characters other than letters, digits, - . and _",
                key.name.escape_default()
            );
            let problem = Problem::new(Code::WrongValue, message).why("it becomes the name of an `upstream` of nginx");
            reader.wrong(key.place, problem.next("write it like `api` or `web-2`"));
            continue;
        }
        pools.insert(key.name.clone(), pool(reader, &key.name, key.place, node, hosts));
    }
    pools
}

/// The pool of all web hosts, which is there without being written.
pub fn of_web_hosts(hosts: &[Host]) -> Pool {
    let webs = hosts.iter().filter(|host| host.group == Group::Web);
    Pool {
        name: WEB.into(),
        servers: webs.map(|host| server_of(host, None)).collect(),
        method: None,
        keepalive: 0,
        next_upstream: Vec::new(),
        check: Some(PoolCheck::default()),
    }
}

/// The name of the pool that is there by itself.
pub const WEB: &str = "web";

fn server_of(host: &Host, port: Option<u16>) -> Server {
    let own = &host.backend;
    Server {
        host: Some(host.name.clone()),
        name: None,
        at: SocketAddr::new(host.address, port.unwrap_or(own.port)),
        weight: own.weight,
        max_fails: own.max_fails,
        fail_timeout: own.fail_timeout,
        backup: own.backup,
        down: own.down,
    }
}

fn pool(reader: &Reader<'_>, name: &str, place: Place, node: &Node, hosts: &[Host]) -> Pool {
    let mut pool = Pool { servers: Vec::new(), name: name.into(), ..of_web_hosts(&[]) };
    if matches!(node.value, Value::List(_)) {
        pool.servers = servers(reader, node, hosts, &Defaults::default());
    } else {
        let fields = reader.fields(node, "pool");
        let defaults = Defaults::read(reader, &fields);
        pool.method = fields.get("method").and_then(|node| method(reader, node));
        if let Some(number) = fields.get("keepalive").and_then(|node| reader.number(node, "keepalive", 0..=65535)) {
            pool.keepalive = u32::try_from(number).unwrap_or(0);
        }
        if let Some(node) = fields.get("next_upstream") {
            pool.next_upstream = words(reader, node, "next_upstream", &NEXT);
        }
        if let Some(node) = fields.get("check") {
            pool.check = pool_check(reader, node);
        }
        match fields.get("servers") {
            Some(node) => pool.servers = servers(reader, node, hosts, &defaults),
            None => pool.servers = of_web_hosts(hosts).servers,
        }
        fields.finish();
    }
    if pool.servers.is_empty() {
        let problem = Problem::new(Code::PoolEmpty, format!("pool `{name}` has no servers"))
            .why("nginx would refuse the whole configuration")
            .next(format!("{name}: {{ servers: [web-7:8080, 10.0.0.21:9000] }}"));
        reader.wrong(place, problem);
    }
    if !pool.servers.is_empty() && pool.servers.iter().all(|server| server.backup) {
        let problem = Problem::new(Code::PoolEmpty, format!("pool `{name}` has backup servers only"))
            .why("nginx would refuse the whole configuration")
            .next("leave `backup` away at one of them");
        reader.wrong(place, problem);
    }
    let spreads_by_hash = pool.method.as_deref().is_some_and(|method| method != "least_conn");
    if spreads_by_hash && pool.servers.iter().any(|server| server.backup) {
        let method = pool.method.as_deref().unwrap_or_default();
        let problem =
            Problem::new(Code::WrongValue, format!("pool `{name}` has backup servers and the method `{method}`"))
                .why("nginx takes no backup servers with that method, and would refuse the whole configuration")
                .next("use `method: least_conn`, or leave `backup` away");
        reader.wrong(place, problem);
    }
    pool
}

fn method(reader: &Reader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node, "method")?;
    if let Some(key) = text.strip_prefix("hash ") {
        let key = key.trim();
        let (key, consistent) = key.strip_suffix(" consistent").map_or((key, ""), |key| (key, " consistent"));
        return directive_value(reader, node, "method", key).map(|key| format!("hash {key}{consistent}"));
    }
    match reader.one_of(node, "method", &METHODS)? {
        "rr" => None,
        word => Some(word.to_owned()),
    }
}

/// What a pool says of all its servers.
#[derive(Default)]
struct Defaults {
    max_fails: Option<u32>,
    fail_timeout: Option<Duration>,
}

impl Defaults {
    fn read(reader: &Reader<'_>, fields: &Fields<'_, '_, '_>) -> Self {
        let number = fields.get("max_fails").and_then(|node| reader.number(node, "max_fails", 0..=1000));
        Self {
            max_fails: number.and_then(|number| u32::try_from(number).ok()),
            fail_timeout: fields.get("fail_timeout").and_then(|node| reader.duration(node, "fail_timeout")),
        }
    }
}

/// A list of servers, or a mapping of servers to what is said of each.
fn servers(reader: &Reader<'_>, node: &Node, hosts: &[Host], defaults: &Defaults) -> Vec<Server> {
    let mut found: Vec<Server> = Vec::new();
    let mut add = |place: Place, text: &str, settings: Option<&Node>| {
        let Some(mut server) = server(reader, place, text, hosts) else { return };
        server.max_fails = defaults.max_fails.unwrap_or(server.max_fails);
        server.fail_timeout = defaults.fail_timeout.or(server.fail_timeout);
        if let Some(node) = settings.filter(|node| !matches!(node.value, Value::Null)) {
            settle(reader, node, &mut server);
        }
        if found.iter().any(|other| other.at == server.at) {
            let problem = Problem::new(Code::ServerTwice, format!("{} is in the pool twice", server.at));
            reader.wrong(
                place,
                problem.why("it would get twice its share").next("leave one of them out, or give it a `weight`"),
            );
        }
        found.push(server);
    };
    match &node.value {
        Value::Map(entries) => entries.iter().for_each(|(key, node)| add(key.place, &key.name, Some(node))),
        _ => reader.list(node).into_iter().for_each(|item| match &item.value {
            Value::Map(entries) => entries.iter().for_each(|(key, node)| add(key.place, &key.name, Some(node))),
            _ => {
                if let Some(text) = reader.text(item, "server") {
                    add(item.place, text, None);
                }
            }
        }),
    }
    found
}

/// What is said of one server.
fn settle(reader: &Reader<'_>, node: &Node, server: &mut Server) {
    let fields = reader.fields(node, "server");
    let number = |name, range| {
        let number = fields.get(name).and_then(|node| reader.number(node, name, range));
        number.and_then(|number| u32::try_from(number).ok())
    };
    server.weight = number("weight", 1..=65535).unwrap_or(server.weight);
    server.max_fails = number("max_fails", 0..=1000).unwrap_or(server.max_fails);
    if let Some(time) = fields.get("fail_timeout").and_then(|node| reader.duration(node, "fail_timeout")) {
        server.fail_timeout = Some(time);
    }
    let flag = |name| fields.get(name).and_then(|node| reader.boolean(node, name));
    server.backup = flag("backup").unwrap_or(server.backup);
    server.down = flag("down").unwrap_or(server.down);
    server.name = fields.get("name").and_then(|node| reader.name(node, "name")).or(server.name.take());
    fields.finish();
}

/// `web-7`, `web-7:8080`, `10.0.0.21:9000`, `[2001:db8::1]:80`.
fn server(reader: &Reader<'_>, place: Place, text: &str, hosts: &[Host]) -> Option<Server> {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => match port.parse::<u16>() {
            Ok(port) if port > 0 => (name, Some(port)),
            _ => {
                let problem = Problem::new(Code::WrongValue, format!("server `{text}` names no port"));
                reader.wrong(place, problem.next("write it like web-7:8080 or 10.0.0.21:9000"));
                return None;
            }
        },
        _ => (text, None),
    };
    if let Some(host) = hosts.iter().find(|host| host.name == name) {
        return Some(server_of(host, port));
    }
    let address: Option<IpAddr> = name.trim_start_matches('[').trim_end_matches(']').parse().ok();
    let Some(address) = address else {
        let known: Vec<&str> = hosts.iter().map(|host| host.name.as_str()).collect();
        let mut message = format!("server `{text}` is neither a host of the inventory nor an address");
        if let Some(close) = crate::ctl::words::closest(name, known.iter().copied()) {
            message.push_str(&format!(", did you mean `{close}`?"));
        }
        let problem = Problem::new(Code::UnknownServer, message).why("load balancers reach servers by address");
        reader.wrong(place, problem.next(format!("hosts are {}; others as 10.0.0.21:9000", known.join(", "))));
        return None;
    };
    let at = SocketAddr::new(address, port.unwrap_or(80));
    // An address of a host of the inventory is that host.
    let host = hosts.iter().find(|host| host.address == address);
    let down = host.is_some_and(|host| host.backend.down);
    let host = host.map(|host| host.name.clone());
    Some(Server { host, name: None, at, weight: 1, max_fails: 1, fail_timeout: None, backup: false, down })
}
