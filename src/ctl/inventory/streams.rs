//! `streams:`, ports whose connections go to a pool whatever they speak.

use std::collections::BTreeMap;
use std::time::Duration;

use super::document::{Node, Value};
use super::fields::Reader;
use crate::ctl::sites::{Pool, Stream, VirtualHost};
use crate::error::{Code, Problem};

/// Reads `streams:`.
pub fn streams(reader: &Reader<'_>, node: &Node, pools: &BTreeMap<String, Pool>, sites: &[VirtualHost]) -> Vec<Stream> {
    let mut found: Vec<Stream> = Vec::new();
    for item in reader.list(node) {
        if !matches!(item.value, Value::Map(_)) {
            let problem = Problem::new(Code::WrongShape, "each of `streams` is a mapping");
            reader.wrong(item.place, problem.next("write it like `- { listen: 3306, pool: db }`"));
            continue;
        }
        let Some(stream) = stream(reader, item, pools) else { continue };
        let of_site =
            sites.iter().any(|site| !stream.udp && site.listens.iter().any(|listen| listen.port == stream.port));
        if of_site || found.iter().any(|other| (other.port, other.udp) == (stream.port, stream.udp)) {
            let whose = if of_site { "a site" } else { "another stream" };
            let problem = Problem::new(Code::NameTwice, format!("port {} is {whose}'s already", stream.port))
                .why("nginx would refuse the whole configuration");
            reader.wrong(item.place, problem.next("give one of them another `listen`"));
        }
        found.push(stream);
    }
    found
}

fn stream(reader: &Reader<'_>, node: &Node, pools: &BTreeMap<String, Pool>) -> Option<Stream> {
    let fields = reader.fields(node, "stream");
    let port = fields.get("listen").and_then(|node| reader.number(node, "listen", 1..=65535));
    let pool = fields.get("pool").and_then(|node| {
        let name = reader.text(node, "pool")?;
        let pool = pools.get(name);
        if pool.is_none() {
            let there: Vec<&str> = pools.keys().map(String::as_str).collect();
            let message = format!("a stream names the pool `{}`, which there is not", name.escape_default());
            let problem = Problem::new(Code::UnknownPool, message).why("its connections would have nowhere to go");
            reader.wrong(node.place, problem.next(format!("pools are {}", there.join(", "))));
        }
        pool.map(|pool| pool.name.clone())
    });
    let udp = fields.get("protocol").and_then(|node| reader.choice(node, "protocol", &[("tcp", false), ("udp", true)]));
    let timeout = fields.get("timeout").and_then(|node| reader.duration(node, "timeout"));
    let proxy_protocol = fields.get("proxy_protocol").and_then(|node| reader.boolean(node, "proxy_protocol"));
    let whole = fields.get("listen").is_some() && fields.get("pool").is_some();
    fields.finish();
    if !whole {
        let problem = Problem::new(Code::WrongShape, "a stream names both `listen` and `pool`");
        reader.wrong(node.place, problem.next("write it like `- { listen: 3306, pool: db }`"));
    }
    Some(Stream {
        port: u16::try_from(port?).ok()?,
        pool: pool?,
        udp: udp.unwrap_or(false),
        timeout: timeout.unwrap_or(Duration::from_secs(600)),
        proxy_protocol: proxy_protocol.unwrap_or(false),
    })
}
