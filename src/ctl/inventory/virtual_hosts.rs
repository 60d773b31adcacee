//! `sites:`, what is served under which names, ports and addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use super::acme::{check_account, check_ports};
use super::document::{Node, Place, Value};
use super::fields::{Fields, Reader};
use super::maintenance::sorry_page;
use super::rules::{locations, rules, target};
use super::site::statuses;
use super::tls::tls;
use crate::ctl::cluster::{Cluster, Site, Vip};
use crate::ctl::sites::{EVERY_NAME, Listen, Pool, Rules, Target, TlsOrigin, VirtualHost, is_whole};
use crate::error::{Code, Problem};

use super::pools::WEB;

/// What the sites may name.
pub struct Known<'k> {
    /// Pools, by name.
    pub pools: &'k BTreeMap<String, Pool>,
    /// Every VIP.
    pub vips: Vec<&'k Vip>,
    /// The inventory's folder.
    pub folder: &'k Path,
}

/// Reads `sites:`. Mistakes that only all of them together show are noted as well.
pub fn sites(reader: &Reader<'_>, node: &Node, known: &Known<'_>) -> Vec<VirtualHost> {
    let mut found: Vec<(Place, VirtualHost)> = Vec::new();
    for (number, item) in (1..).zip(reader.list(node)) {
        if !matches!(item.value, Value::Map(_)) {
            let problem = Problem::new(Code::WrongShape, "each of `sites` is a mapping");
            reader.wrong(item.place, problem.next("write it like `- { names: [www.example.cc], pool: web }`"));
            continue;
        }
        let site = site(reader, item, number, known);
        twice(reader, item.place, &site, &found);
        let others: Vec<&VirtualHost> = found.iter().map(|(_, other)| other).collect();
        check_account(reader, item.place, &site, &others);
        found.push((item.place, site));
    }
    found.into_iter().map(|(_, site)| site).collect()
}

/// The sites of a cluster: the short form is one.
pub fn of(cluster: &Cluster) -> Vec<VirtualHost> {
    if cluster.traffic.sites.is_empty() { vec![of_short(&cluster.site)] } else { cluster.traffic.sites.clone() }
}

/// The short form as one of them.
pub fn of_short(site: &Site) -> VirtualHost {
    let names: Vec<String> = site.server_name.split_whitespace().map(str::to_owned).collect();
    VirtualHost {
        id: id(&names, 1),
        names: names.into_iter().filter(|name| name != EVERY_NAME).collect(),
        listens: vec![Listen { port: site.port, tls: false, proxy_protocol: false }],
        addresses: Vec::new(),
        tls: None,
        to_https: false,
        to_name: None,
        rules: Rules { target: Some(Target::Pool(WEB.into())), ..Rules::default() },
        locations: Vec::new(),
        hotlink_protection: false,
        sorry_page: None,
        path: "/".into(),
        expect_status: site.expect_status.clone(),
    }
}

fn id(names: &[String], number: usize) -> String {
    names.iter().find(|name| is_whole(name)).cloned().unwrap_or_else(|| format!("site-{number}"))
}

fn site(reader: &Reader<'_>, node: &Node, number: usize, known: &Known<'_>) -> VirtualHost {
    let fields = reader.fields(node, "site");
    let names: Vec<String> = match fields.get("names") {
        Some(node) => reader.list(node).into_iter().filter_map(|item| name(reader, item)).collect(),
        None => Vec::new(),
    };
    let id = id(&names, number);
    let tls = fields.get("tls").and_then(|node| tls(reader, node, &names, known.folder));
    let listens = match fields.get("listen") {
        Some(node) => reader.list(node).into_iter().filter_map(|item| listen(reader, item, tls.is_some())).collect(),
        None if tls.is_some() => vec![plain(80), Listen { tls: true, ..plain(443) }],
        None => vec![plain(80)],
    };
    if let Some(node) =
        fields.get("tls").filter(|_| matches!(&tls, Some(tls) if matches!(tls.origin, TlsOrigin::Acme(_))))
    {
        check_ports(reader, node, &listens);
    }
    let mut rules = rules(reader, &fields, known.folder);
    rules.target = target(reader, &fields, "the site");
    let locations = fields.get("locations").map(|node| locations(reader, node, known.folder)).unwrap_or_default();
    let (to_https, to_name) = redirect(reader, &fields, &names, tls.is_some());
    if let Some(node) = fields.get("listen").filter(|_| tls.is_some() && !listens.iter().any(|listen| listen.tls)) {
        let problem = Problem::new(Code::WrongValue, "the site has `tls`, and none of its ports speaks it");
        reader.wrong(node.place, problem.next("listen: [80, 443], or `{ port: 8443, tls: yes }`"));
    }
    let statuses = |node| reader.list(node).into_iter().filter_map(|node| statuses(reader, node)).collect::<Vec<_>>();
    let expect_status = fields.get("expect_status").map(statuses).filter(|ranges| !ranges.is_empty());
    let path = fields.get("verify").and_then(|node| {
        let fits = |text: &str| text.starts_with('/') && text.chars().all(|c| c.is_ascii_graphic());
        super::nginx_words::shaped(reader, node, "verify", fits, "/health")
    });
    let site = VirtualHost {
        addresses: fields.get("vips").map(|node| addresses(reader, node, known)).unwrap_or_default(),
        hotlink_protection: fields
            .get("hotlink_protection")
            .and_then(|node| reader.boolean(node, "hotlink_protection"))
            .unwrap_or(false),
        sorry_page: fields.get("sorry_page").and_then(|node| sorry_page(reader, node, known.folder)),
        id,
        names,
        listens,
        tls,
        to_https,
        to_name,
        rules,
        locations,
        path: path.unwrap_or_else(|| "/".into()),
        expect_status: expect_status.unwrap_or_else(|| vec![(200, 399)]),
    };
    check_targets(reader, node.place, &site, known);
    fields.finish();
    site
}

fn plain(port: u16) -> Listen {
    Listen { port, tls: false, proxy_protocol: false }
}

/// One word of `server_name`.
fn name(reader: &Reader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node, "names")?;
    let fits =
        !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control() || ";{}\"'\\#".contains(c));
    if fits || text.starts_with('~') && !text.chars().any(char::is_control) {
        let pattern = text.starts_with('~');
        return Some(if pattern { super::nginx_words::quoted(text) } else { text.to_owned() });
    }
    let problem = Problem::new(Code::WrongValue, format!("`{}` is no name of a site", text.escape_default()))
        .why("it would end nginx's `server_name` line and begin another directive")
        .next("write a list of names: names: [www.example.cc, example.cc]");
    reader.wrong(node.place, problem);
    None
}

/// `443`, or `{ port: 8443, tls: yes, proxy_protocol: yes }`. Behind a certificate every port but 80 speaks TLS by
/// itself.
fn listen(reader: &Reader<'_>, node: &Node, has_tls: bool) -> Option<Listen> {
    let number = |node| reader.number(node, "port", 1..=65535).and_then(|port| u16::try_from(port).ok());
    let by_itself = |port| Listen { tls: has_tls && port != 80, ..plain(port) };
    if !matches!(node.value, Value::Map(_)) {
        let listen = by_itself(number(node)?);
        if listen.port == 443 && !has_tls {
            let problem =
                Problem::new(Code::PlainOn443, "port 443 is where browsers speak https, and the site has no `tls`");
            let problem = problem.why("https:// would end in an error at every client");
            reader.wrong(
                node.place,
                problem.next("add `tls: { certificate: FILE, key: FILE }`, or `tls: { self_signed: yes }` in a lab"),
            );
        }
        return Some(listen);
    }
    let fields = reader.fields(node, "listen");
    let port = fields.get("port").and_then(number);
    let flag = |name| fields.get(name).and_then(|node| reader.boolean(node, name));
    let (tls, proxy_protocol) = (flag("tls"), flag("proxy_protocol").unwrap_or(false));
    fields.finish();
    let listen = by_itself(port?);
    let tls = tls.unwrap_or(listen.tls);
    if tls && !has_tls {
        let problem =
            Problem::new(Code::WrongValue, format!("port {} speaks TLS, and the site has no `tls`", listen.port));
        reader.wrong(node.place, problem.next("add `tls: { certificate: FILE, key: FILE }` to the site"));
    }
    Some(Listen { tls, proxy_protocol, ..listen })
}

/// `redirect: { to_https: yes, to_name: NAME }`. Behind a certificate plain requests go to HTTPS unless that is
/// refused.
fn redirect(
    reader: &Reader<'_>,
    fields: &Fields<'_, '_, '_>,
    names: &[String],
    has_tls: bool,
) -> (bool, Option<String>) {
    let Some(node) = fields.get("redirect") else { return (has_tls, None) };
    let fields = reader.fields(node, "redirect");
    let to_https = fields.get("to_https").and_then(|node| Some((node, reader.boolean(node, "to_https")?)));
    let to_name = fields.get("to_name").and_then(|node| Some((node, reader.text(node, "to_name")?.to_owned())));
    fields.finish();
    if let Some((node, true)) = to_https.filter(|_| !has_tls) {
        let problem = Problem::new(Code::WrongValue, "requests are to go to HTTPS, and the site has no `tls`");
        reader.wrong(node.place, problem.next("add `tls: { certificate: FILE, key: FILE }` to the site"));
    }
    if let Some((node, name)) = to_name.as_ref().filter(|(_, name)| !names.contains(name) || !is_whole(name)) {
        let problem = Problem::new(
            Code::WrongValue,
            format!("requests are to go to `{}`, which is none of the site's names", name.escape_default()),
        )
        .why("what is sent there would not come back to this site");
        reader.wrong(node.place, problem.next("add it to `names`"));
    }
    (to_https.map_or(has_tls, |(_, wanted)| wanted), to_name.map(|(_, name)| name))
}

/// VIPs by address.
fn addresses(reader: &Reader<'_>, node: &Node, known: &Known<'_>) -> Vec<IpAddr> {
    let all: Vec<IpAddr> = known.vips.iter().flat_map(|vip| &vip.addresses).map(ipnet::IpNet::addr).collect();
    let mut found = Vec::new();
    for item in reader.list(node) {
        let Some(address) = reader.address(item, "vips") else { continue };
        if all.contains(&address) {
            found.push(address);
            continue;
        }
        let there: Vec<String> = all.iter().map(ToString::to_string).collect();
        let problem = Problem::new(Code::SiteUnreachable, format!("{address} is no VIP of this inventory"))
            .why("nobody could reach the site there");
        reader.wrong(item.place, problem.next(format!("VIPs are {}", there.join(", "))));
    }
    found
}

/// Pools that there are; something to answer with.
fn check_targets(reader: &Reader<'_>, place: Place, site: &VirtualHost, known: &Known<'_>) {
    let all = std::iter::once(&site.rules).chain(site.locations.iter().map(|location| &location.rules));
    for rules in all {
        let Some(Target::Pool(name)) = &rules.target else { continue };
        if known.pools.contains_key(name) {
            continue;
        }
        let there: Vec<&str> = known.pools.keys().map(String::as_str).collect();
        let mut message = format!("site `{}` names the pool `{}`, which there is not", site.id, name.escape_default());
        if let Some(close) = crate::ctl::words::closest(name, there.iter().copied()) {
            message.push_str(&format!(", did you mean `{close}`?"));
        }
        let problem = Problem::new(Code::UnknownPool, message).why("its requests would have nowhere to go");
        reader.wrong(place, problem.next(format!("pools are {}", there.join(", "))));
    }
    if site.rules.target.is_none() && site.locations.iter().all(|location| location.rules.target.is_none()) {
        let problem = Problem::new(Code::SiteEmpty, format!("site `{}` has neither a pool nor locations", site.id))
            .why("it could answer nothing");
        reader.wrong(place, problem.next("add `pool: web`, `root: /var/www/static` or `locations`"));
    }
}

/// Two sites with one name on one port of one address: nginx would listen to the first only.
fn twice(reader: &Reader<'_>, place: Place, site: &VirtualHost, others: &[(Place, VirtualHost)]) {
    let every = [EVERY_NAME.to_owned()];
    let names = |site: &VirtualHost| if site.names.is_empty() { every.to_vec() } else { site.names.clone() };
    for (_, other) in others {
        let share = site.addresses.is_empty()
            || other.addresses.is_empty()
            || site.addresses.iter().any(|one| other.addresses.contains(one));
        let ports = site.listens.iter().filter(|one| other.listens.iter().any(|two| two.port == one.port));
        let Some(port) = ports.map(|listen| listen.port).next().filter(|_| share) else { continue };
        if let Some(name) = names(site).into_iter().find(|name| names(other).contains(name)) {
            let shown =
                if name == EVERY_NAME { "no name of their own".to_owned() } else { format!("the name `{name}`") };
            let problem = Problem::new(Code::NameTwice, format!("two sites have {shown} on port {port}"))
                .why("only the first of them would ever be asked");
            reader.wrong(
                place,
                problem.next("give one of them other `names`, another port in `listen`, or another address in `vips`"),
            );
        }
        let differs = |one: &Listen| {
            other
                .listens
                .iter()
                .any(|two| two.port == one.port && (two.tls, two.proxy_protocol) != (one.tls, one.proxy_protocol))
        };
        if let Some(listen) = site.listens.iter().find(|one| differs(one)) {
            let message = format!("sites `{}` and `{}` speak differently on port {}", other.id, site.id, listen.port);
            let problem = Problem::new(Code::NameTwice, message).why(
                "a port speaks either TLS or plain HTTP, with the PROXY protocol or without, before a name is known",
            );
            reader.wrong(place, problem.next("give one of them another port in `listen`"));
        }
        let profile = |site: &VirtualHost| site.tls.as_ref().map(|tls| tls.profile);
        let both = |one: &Listen| one.tls && other.listens.iter().any(|two| two.tls && two.port == one.port);
        if profile(other) != profile(site)
            && let Some(listen) = site.listens.iter().find(|one| both(one))
        {
            let message =
                format!("sites `{}` and `{}` have different TLS profiles on port {}", other.id, site.id, listen.port);
            let problem = Problem::new(Code::NameTwice, message).why(format!(
                "nginx agrees on a version of TLS before it knows the name, so that the versions of `{}` hold for both",
                other.id
            ));
            let next =
                "give both the same `profile`, or one of them another port in `listen` or another address in `vips`";
            reader.wrong(place, problem.next(next).warn());
        }
    }
}
