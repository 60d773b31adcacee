//! Mistakes of `lvs:` that its hosts and pools tell.

use std::collections::BTreeMap;

use super::document::Place;
use super::fields::Reader;
use crate::ctl::cluster::{Group, Host, Lvs, LvsCheck, LvsMethod};
use crate::ctl::lvs::{LvsService, Packets};
use crate::ctl::sites::Pool;
use crate::error::{Code, Problem};

/// Real servers that cannot serve.
pub fn check_lvs(reader: &Reader<'_>, place: Place, lvs: &Lvs, hosts: &[Host], pools: &BTreeMap<String, Pool>) {
    let group = lvs.real_servers.name();
    let mut real_servers = hosts.iter().filter(|host| host.group == lvs.real_servers).peekable();
    if real_servers.peek().is_none() {
        let problem = Problem::new(
            Code::NoRealServers,
            format!("lvs has no real servers: the inventory names no `{group}` hosts"),
        )
        .next("add `web: { web-7: 10.0.0.7, web-8: 10.0.0.8 }`, or `real_servers: lb` where the directors serve too");
        reader.wrong(place, problem);
    }
    let own = lvs.services.iter().any(|service| service.pool.is_none() && service.what.port() == Some(lvs.port));
    let moved = |host: &&Host| own && lvs.method != LvsMethod::Nat && host.backend.port != lvs.port;
    for host in real_servers.filter(moved) {
        let (method, port) = (lvs.method.keyword(), host.backend.port);
        let problem = Problem::new(
            Code::PortDiffers,
            format!("{} serves on port {port}, the VIP on port {}", host.name, lvs.port),
        )
        .why(format!("{method} leaves the packet's port as it is"))
        .next("use one port for both, or `method: nat`");
        reader.wrong(place, problem);
    }
    for host in hosts.iter().filter(|host| host.backend.down) {
        let problem = Problem::new(Code::TwoForms, format!("the inventory has both `lvs` and `down` of {}", host.name))
            .why("with `lvs` the directors are told who is drained, and a deploy changes nothing of that");
        reader.wrong(place, problem.next(format!("leave it out; `hactl backend drain {}`", host.name)));
    }
    if lvs.method == LvsMethod::Nat && lvs.real_servers == Group::Lb {
        let problem = Problem::new(Code::NatDirectors, "directors that are the real servers cannot be reached by NAT")
            .why("the answer would not pass the director that translated the request")
            .next("use `method: dr`");
        reader.wrong(place, problem);
    }
    lvs.services.iter().for_each(|service| check_service(reader, place, lvs, service, pools));
}

fn check_service(reader: &Reader<'_>, place: Place, lvs: &Lvs, service: &LvsService, pools: &BTreeMap<String, Pool>) {
    let what = service.what;
    let pool = service.pool.as_ref().map(|name| (name, pools.get(name)));
    let pool = match pool {
        Some((name, None)) => {
            let there: Vec<&str> = pools.keys().map(String::as_str).collect();
            let message =
                format!("the service of {what} names the pool `{}`, which there is not", name.escape_default());
            let problem = Problem::new(Code::UnknownPool, message).why("it would balance to nobody");
            return reader.wrong(place, problem.next(format!("pools are {}", there.join(", "))));
        }
        Some((_, found)) => found,
        None => None,
    };
    let servers = pool.map(|pool| pool.servers.as_slice()).unwrap_or_default();
    if let Some(port) = what.port().filter(|_| service.method != LvsMethod::Nat)
        && let Some(server) = servers.iter().find(|server| server.at.port() != port)
    {
        let message = format!("{} serves on port {}, the VIP on {what}", server.at.ip(), server.at.port());
        let problem = Problem::new(Code::PortDiffers, message)
            .why(format!("{} leaves the packet's port as it is", service.method.keyword()));
        reader.wrong(place, problem.next("use one port for both, or `method: nat`"));
    }
    // The hosts of the inventory are prepared for one method.
    let prepared = pool.is_none() || servers.iter().any(|server| server.host.is_some());
    if service.method != lvs.method && prepared {
        let (one, other) = (lvs.method.keyword(), service.method.keyword());
        let message =
            format!("the service of {what} has method {other}, and the hosts of the inventory are prepared for {one}");
        let problem = Problem::new(Code::TwoForms, message).why(
            "where packets come as they were, and where they come translated, a host needs other routes and addresses",
        );
        reader.wrong(place, problem.next("use one method, or a pool of addresses that hactl does not manage"));
    }
    if let LvsCheck::Http { .. } | LvsCheck::Tcp = service.check
        && let Packets::Port { udp: true, .. } = what
    {
        let problem = Problem::new(Code::TwoForms, format!("the service of {what} is checked by TCP"))
            .why("who serves UDP need not take connections");
        reader.wrong(place, problem.next("use `check: ping`, or leave it out"));
    }
}
