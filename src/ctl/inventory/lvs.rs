//! `lvs:`, the kernel's balancing in place of nginx's.

use std::net::SocketAddr;
use std::time::Duration;

use hactl_engine::ipvs::Scheduling;

use super::document::Node;
use super::fields::Reader;
use crate::ctl::cluster::{Group, Lvs, LvsCheck, LvsMethod};
use crate::error::{Code, Problem};

const METHODS: [(&str, LvsMethod); 3] = [("dr", LvsMethod::Dr), ("nat", LvsMethod::Nat), ("tun", LvsMethod::Tun)];
const SERVERS: [(&str, Group); 2] = [("web", Group::Web), ("lb", Group::Lb)];

/// Reads `lvs:`. Port 0: the site's.
pub fn lvs(reader: &Reader<'_>, node: &Node) -> Lvs {
    let fields = reader.fields(node, "lvs");
    let one_of = |name, choices| fields.get(name).and_then(|node| reader.one_of(node, name, choices));
    let time = |name, otherwise| fields.get(name).and_then(|node| reader.duration(node, name)).unwrap_or(otherwise);
    let path = fields.get("path").and_then(|node| {
        let text = reader.text(node, "path")?;
        let good = text.starts_with('/') && text.chars().all(|c| c.is_ascii_graphic() && !"\"'{}#!".contains(c));
        if !good {
            reader.wrong(node.place, Problem::new(Code::WrongValue, format!("path `{text}` is not the path of a URL")));
        }
        good.then(|| text.to_owned())
    });
    let sorry = fields.get("sorry_server").and_then(|node| {
        let at = reader.parse::<SocketAddr>(node, "sorry_server", "ADDRESS:PORT")?;
        Some(format!("{} {}", at.ip(), at.port()))
    });
    let read = Lvs {
        method: fields.get("method").and_then(|node| reader.choice(node, "method", &METHODS)).unwrap_or(LvsMethod::Dr),
        scheduler: one_of("scheduler", &Scheduling::NAMES).unwrap_or("wrr").to_owned(),
        port: fields
            .get("port")
            .and_then(|node| reader.number(node, "port", 1..=65535))
            .and_then(|port| u16::try_from(port).ok())
            .unwrap_or(0),
        real_servers: fields
            .get("real_servers")
            .and_then(|node| reader.choice(node, "real_servers", &SERVERS))
            .unwrap_or(Group::Web),
        check: match one_of("check", &["http", "tcp"]) {
            Some("tcp") => LvsCheck::Tcp,
            _ => LvsCheck::Http { path: path.unwrap_or_else(|| "/".to_owned()) },
        },
        interval: time("interval", Duration::from_secs(2)),
        timeout: time("timeout", Duration::from_secs(2)),
        retry: fields.get("retry").and_then(|node| reader.number(node, "retry", 0..=100)).unwrap_or(1),
        persistence: time("persistence", Duration::ZERO),
        sync: fields.get("sync").and_then(|node| reader.boolean(node, "sync")).unwrap_or(true),
        sorry_server: sorry,
    };
    fields.finish();
    read
}
