//! `lvs:`, the kernel's balancing in place of nginx's.

use std::net::SocketAddr;
use std::time::Duration;

use hactl_engine::ipvs::Scheduling;

use super::document::{Node, Value};
use super::fields::{Fields, Reader};
use super::pool_check::url_path;
use crate::ctl::cluster::{Group, Lvs, LvsCheck, LvsMethod};
use crate::ctl::lvs::{LvsService, Packets};
use crate::error::{Code, Problem};

const METHODS: [(&str, LvsMethod); 3] = [("dr", LvsMethod::Dr), ("nat", LvsMethod::Nat), ("tun", LvsMethod::Tun)];
const SERVERS: [(&str, Group); 2] = [("web", Group::Web), ("lb", Group::Lb)];

/// Reads `lvs:`. Port 0: the site's. What its services name of pools is looked at later, when those are known.
pub fn lvs(reader: &Reader<'_>, node: &Node) -> Lvs {
    let fields = reader.fields(node, "lvs");
    let mut read = Lvs {
        method: LvsMethod::Dr,
        scheduler: "wrr".to_owned(),
        port: port(reader, &fields).unwrap_or(0),
        services: Vec::new(),
        real_servers: fields
            .get("real_servers")
            .and_then(|node| reader.choice(node, "real_servers", &SERVERS))
            .unwrap_or(Group::Web),
        check: LvsCheck::Http { path: "/".to_owned() },
        interval: Duration::from_secs(2),
        timeout: Duration::from_secs(2),
        retry: 1,
        persistence: Duration::ZERO,
        sync: fields.get("sync").and_then(|node| reader.boolean(node, "sync")).unwrap_or(true),
        sorry_server: None,
    };
    let base = settings(reader, &fields, read.service(Packets::Port { port: 0, udp: false }));
    read.method = base.method;
    read.scheduler = base.scheduler;
    read.check = base.check;
    (read.interval, read.timeout, read.retry) = (base.interval, base.timeout, base.retry);
    read.persistence = base.persistence;
    read.sorry_server = base.sorry_server;
    if let Some(node) = fields.get("services") {
        if let Some(other) = fields.get("port") {
            let problem = Problem::new(Code::TwoForms, "`lvs` has both `port` and `services`")
                .why("`port` is the short form of one service");
            reader.wrong(other.place, problem.next("leave `port` out; each service has its own"));
        }
        read.services = services(reader, node, &read);
    }
    fields.finish();
    read
}

fn port(reader: &Reader<'_>, fields: &Fields<'_, '_, '_>) -> Option<u16> {
    let number = fields.get("port").and_then(|node| reader.number(node, "port", 1..=65535));
    number.and_then(|port| u16::try_from(port).ok())
}

/// What `lvs:` says for all services, and a service for itself.
fn settings(reader: &Reader<'_>, fields: &Fields<'_, '_, '_>, around: LvsService) -> LvsService {
    let one_of = |name, choices| fields.get(name).and_then(|node| reader.one_of(node, name, choices));
    let time = |name, otherwise| fields.get(name).and_then(|node| reader.duration(node, name)).unwrap_or(otherwise);
    let path = fields.get("path").and_then(|node| url_path(reader, node));
    let sorry = fields.get("sorry_server").and_then(|node| {
        let at = reader.parse::<SocketAddr>(node, "sorry_server", "ADDRESS:PORT")?;
        Some(format!("{} {}", at.ip(), at.port()))
    });
    let check = match (one_of("check", &["http", "tcp", "ping"]), path, around.check) {
        (Some("tcp"), ..) => LvsCheck::Tcp,
        (Some("ping"), ..) => LvsCheck::Ping,
        (_, Some(path), _) => LvsCheck::Http { path },
        (Some(_), None, LvsCheck::Http { path }) => LvsCheck::Http { path },
        (Some(_), None, _) => LvsCheck::Http { path: "/".to_owned() },
        (None, None, check) => check,
    };
    LvsService {
        method: fields.get("method").and_then(|node| reader.choice(node, "method", &METHODS)).unwrap_or(around.method),
        scheduler: one_of("scheduler", &Scheduling::NAMES).map_or(around.scheduler, str::to_owned),
        check,
        interval: time("interval", around.interval),
        timeout: time("timeout", around.timeout),
        retry: fields.get("retry").and_then(|node| reader.number(node, "retry", 0..=100)).unwrap_or(around.retry),
        persistence: time("persistence", around.persistence),
        sorry_server: sorry.or(around.sorry_server),
        ..around
    }
}

fn services(reader: &Reader<'_>, node: &Node, lvs: &Lvs) -> Vec<LvsService> {
    let mut found: Vec<LvsService> = Vec::new();
    for item in reader.list(node) {
        if !matches!(item.value, Value::Map(_)) {
            let problem = Problem::new(Code::WrongShape, "each of `services` is a mapping");
            reader.wrong(item.place, problem.next("write it like `- { port: 443, scheduler: mh, persistence: 50s }`"));
            continue;
        }
        let fields = reader.fields(item, "service");
        let mark = fields.get("fwmark").and_then(|node| reader.number(node, "fwmark", 1..=u64::from(u32::MAX)));
        let mark = mark.and_then(|mark| u32::try_from(mark).ok());
        let udp =
            fields.get("protocol").and_then(|node| reader.choice(node, "protocol", &[("tcp", false), ("udp", true)]));
        let udp = udp.unwrap_or(false);
        let both = fields.get("port").is_some() == fields.get("fwmark").is_some();
        let what = match (port(reader, &fields), mark) {
            (Some(port), None) => Some(Packets::Port { port, udp }),
            (None, Some(mark)) => Some(Packets::Mark(mark)),
            _ => None,
        };
        let mut around = lvs.service(what.unwrap_or(Packets::Mark(0)));
        if udp {
            around.check = LvsCheck::Ping; // nothing can be known of a port of UDP
        }
        let pool = fields.get("pool").and_then(|node| reader.text(node, "pool")).map(str::to_owned);
        let service = LvsService { pool, ..settings(reader, &fields, around) };
        fields.finish();
        if both {
            let problem = Problem::new(Code::WrongShape, "a service has either a `port` or an `fwmark`")
                .why("it says which packets are balanced");
            reader.wrong(item.place, problem.next("write it like `- { port: 443 }` or `- { fwmark: 7 }`"));
        }
        if what.is_none() {
            continue;
        }
        if found.iter().any(|other| other.what == service.what) {
            let problem = Problem::new(Code::NameTwice, format!("{} is balanced twice", service.what));
            reader.wrong(item.place, problem.why("the kernel has one service for it").next("leave one of them out"));
        }
        found.push(service);
    }
    found
}
