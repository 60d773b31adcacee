//! Lines of `virtual_routes`, `virtual_rules`, `static_routes` and `static_rules`, in the words of ip-route(8) and
//! ip-rule(8).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::address::SCOPES;
use super::config::{Destination, NextHop, PortRange, Route, RouteKind, Rule, RuleAction};
use super::lexer::Word;
use super::sink::Sink;
use super::tree::Statement;
use super::values::interface;

/// Reads all routes of a block.
pub(super) fn routes(block: &Statement, sink: &mut Sink<'_>) -> Vec<Route> {
    super::walk::inside(block).iter().filter_map(|line| route(line, sink)).collect()
}

/// Reads all rules of a block; those without preference get one, downwards from `next`.
pub(super) fn rules(block: &Statement, next: &mut u32, sink: &mut Sink<'_>) -> Vec<Rule> {
    super::walk::inside(block).iter().filter_map(|line| rule(line, next, sink)).collect()
}

/// The words of a line, one after another.
struct Words<'w> {
    words: std::iter::Peekable<std::vec::IntoIter<&'w Word>>,
}

impl<'w> Words<'w> {
    fn of(line: &'w Statement) -> Self {
        let words: Vec<&Word> = std::iter::once(&line.keyword).chain(&line.arguments).collect();
        Self { words: words.into_iter().peekable() }
    }

    /// The value after `option`.
    fn value(&mut self, option: &Word, sink: &mut Sink<'_>) -> Option<&'w Word> {
        let value = self.words.next();
        if value.is_none() {
            sink.error(option.place, format!("`{}` needs a value", option.text));
        }
        value
    }

    /// The value after `option`, as `read` understands it.
    fn parsed<T>(&mut self, option: &Word, sink: &mut Sink<'_>, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let value = self.value(option, sink)?;
        let parsed = read(&value.text);
        if parsed.is_none() {
            sink.error(value.place, format!("`{} {}` is not understood; ignored", option.text, value.text));
        }
        parsed
    }
}

fn route(line: &Statement, sink: &mut Sink<'_>) -> Option<Route> {
    let mut words = Words::of(line);
    let mut route = Route {
        ipv6: false,
        destination: Destination::Default,
        from: None,
        source: None,
        kind: RouteKind::Unicast,
        table: MAIN,
        protocol: KEEPALIVED,
        scope: None,
        metric: None,
        tos: 0,
        hops: Vec::new(),
        metrics: Vec::new(),
        locked: 0,
        no_track: false,
    };
    let mut first = NextHop { via: None, interface: None, weight: 1, onlink: false };
    let mut destination = None;
    let mut family = None;
    while let Some(word) = words.words.next() {
        let hop = route.hops.last_mut().unwrap_or(&mut first);
        match word.text.as_str() {
            "inet" => family = Some(false),
            "inet6" => family = Some(true),
            "to" => {}
            "src" => route.source = words.parsed(word, sink, |text| text.parse().ok()),
            "from" => route.from = words.parsed(word, sink, prefix),
            "via" | "gw" | "or" => {
                // The family may be named; the address tells it anyway.
                let _ = words.words.next_if(|next| next.text == "inet" || next.text == "inet6");
                hop.via = words.parsed(word, sink, |text| text.parse().ok());
            }
            "dev" | "oif" => hop.interface = words.value(word, sink).and_then(|word| interface(word, sink)),
            "onlink" => hop.onlink = true,
            "weight" => hop.weight = words.parsed(word, sink, |text| text.parse().ok()).unwrap_or(1),
            "nexthop" => {
                route.hops.push(NextHop { via: None, interface: None, weight: 1, onlink: false });
            }
            "table" => route.table = words.parsed(word, sink, table).unwrap_or(MAIN),
            "proto" | "protocol" => route.protocol = words.parsed(word, sink, protocol).unwrap_or(KEEPALIVED),
            "scope" => route.scope = words.parsed(word, sink, scope),
            "metric" | "priority" | "preference" => {
                route.metric = words.parsed(word, sink, |text| text.parse().ok());
            }
            "tos" | "dsfield" => route.tos = words.parsed(word, sink, number).unwrap_or_default(),
            "no_track" => route.no_track = true,
            // One that exists is replaced here in any case.
            "append" | "prepend" | "add" | "replace" => {}
            "quickack" => metric(word, 15, false, &mut words, &mut route, sink),
            name if METRICS.iter().any(|(known, _)| *known == name) => {
                let kind = METRICS.iter().find(|(known, _)| *known == name).map_or(0, |(_, kind)| *kind);
                let locked = words.words.next_if(|next| next.text == "lock").is_some();
                metric(word, kind, locked, &mut words, &mut route, sink);
            }
            name if KINDS.iter().any(|(known, _)| *known == name) => {
                route.kind = KINDS.iter().find(|(known, _)| *known == name).map_or(route.kind, |(_, kind)| *kind);
            }
            name if VALUED_NOT_YET.contains(&name) => {
                words.value(word, sink);
                sink.warning(word.place, format!("`{name}` is known but not supported yet for a route; ignored"));
            }
            name if FLAGS_NOT_YET.contains(&name) => {
                sink.warning(word.place, format!("`{name}` is known but not supported yet for a route; ignored"));
            }
            "default" | "any" | "all" if destination.is_none() => destination = Some(Destination::Default),
            text if destination.is_none() => match prefix(text) {
                Some(found) => {
                    let everything = found.prefix_len() == 0;
                    family = family.or(Some(found.addr().is_ipv6()));
                    destination =
                        Some(if everything { Destination::Default } else { Destination::Prefix(found.trunc()) });
                }
                None => {
                    sink.error(word.place, format!("`{text}` is no destination of a route; the route is ignored"));
                    return None;
                }
            },
            text => sink.error(word.place, format!("unknown word `{text}` in a route; ignored")),
        }
    }
    route.destination = destination.or_else(|| {
        sink.error(line.place(), "this route has no destination; ignored");
        None
    })?;
    let spoken = [first.via, route.source].into_iter().flatten().chain(route.hops.iter().filter_map(|hop| hop.via));
    route.ipv6 = family.or_else(|| spoken.map(|address: IpAddr| address.is_ipv6()).next()).unwrap_or(false);
    let leads =
        matches!(route.kind, RouteKind::Unicast | RouteKind::Local | RouteKind::Broadcast | RouteKind::Multicast);
    if route.hops.is_empty() && leads {
        route.hops.push(first);
    }
    Some(route)
}

fn metric(option: &Word, kind: u16, locked: bool, words: &mut Words<'_>, route: &mut Route, sink: &mut Sink<'_>) {
    if let Some(value) = words.parsed(option, sink, |text| text.trim_end_matches("ms").parse().ok()) {
        route.metrics.push((kind, value));
        if locked {
            route.locked |= 1 << kind;
        }
    }
}

fn rule(line: &Statement, next: &mut u32, sink: &mut Sink<'_>) -> Option<Rule> {
    let mut words = Words::of(line);
    let mut rule = Rule {
        ipv6: false,
        invert: false,
        from: None,
        to: None,
        preference: 0,
        tos: 0,
        fwmark: None,
        iif: None,
        oif: None,
        suppress_prefix_length: None,
        suppress_interface_group: None,
        uids: None,
        ip_protocol: None,
        source_ports: None,
        destination_ports: None,
        protocol: KEEPALIVED,
        action: RuleAction::Table(MAIN),
        no_track: false,
    };
    let (mut family, mut preference) = (None, None);
    while let Some(word) = words.words.next() {
        let text = |text: &str| text.parse().ok();
        match word.text.as_str() {
            "inet" => family = Some(false),
            "inet6" => family = Some(true),
            "not" => rule.invert = true,
            "from" | "to" => {
                let read = |text: &str| if matches!(text, "all" | "any") { Some(None) } else { prefix(text).map(Some) };
                let found = words.parsed(word, sink, read).flatten().map(|net| net.trunc());
                family = family.or(found.map(|net| net.addr().is_ipv6()));
                *(if word.text == "from" { &mut rule.from } else { &mut rule.to }) = found;
            }
            "table" | "lookup" => {
                rule.action = RuleAction::Table(words.parsed(word, sink, table).unwrap_or(MAIN));
            }
            "preference" | "order" | "priority" => preference = words.parsed(word, sink, text),
            "tos" | "dsfield" => rule.tos = words.parsed(word, sink, number).unwrap_or_default(),
            "fwmark" => rule.fwmark = words.parsed(word, sink, mark),
            "iif" | "dev" => rule.iif = words.value(word, sink).and_then(|word| interface(word, sink)),
            "oif" => rule.oif = words.value(word, sink).and_then(|word| interface(word, sink)),
            "suppress_prefixlength" => rule.suppress_prefix_length = words.parsed(word, sink, text),
            "suppress_ifgroup" => rule.suppress_interface_group = words.parsed(word, sink, text),
            "uidrange" => rule.uids = words.parsed(word, sink, range),
            "ipproto" => rule.ip_protocol = words.parsed(word, sink, ip_protocol),
            "sport" => rule.source_ports = words.parsed(word, sink, range),
            "dport" => rule.destination_ports = words.parsed(word, sink, range),
            "protocol" | "proto" => rule.protocol = words.parsed(word, sink, protocol).unwrap_or(KEEPALIVED),
            "goto" => rule.action = words.parsed(word, sink, text).map_or(RuleAction::Nop, RuleAction::Goto),
            "nop" => rule.action = RuleAction::Nop,
            "blackhole" => rule.action = RuleAction::Blackhole,
            "unreachable" => rule.action = RuleAction::Unreachable,
            "prohibit" => rule.action = RuleAction::Prohibit,
            "type" => {
                let read = |text: &str| match text {
                    "blackhole" => Some(RuleAction::Blackhole),
                    "unreachable" => Some(RuleAction::Unreachable),
                    "prohibit" => Some(RuleAction::Prohibit),
                    "unicast" => Some(RuleAction::Table(MAIN)),
                    _ => None,
                };
                rule.action = words.parsed(word, sink, read).unwrap_or(rule.action);
            }
            "no_track" => rule.no_track = true,
            name @ ("realms" | "tunnel-id") => {
                words.value(word, sink);
                sink.warning(word.place, format!("`{name}` is known but not supported yet for a rule; ignored"));
            }
            "l3mdev" => sink.warning(word.place, "`l3mdev` is known but not supported yet for a rule; ignored"),
            text => {
                sink.error(word.place, format!("unknown word `{text}` in a rule; the rule is ignored"));
                return None;
            }
        }
    }
    rule.ipv6 = family.unwrap_or(false);
    rule.preference = preference.unwrap_or_else(|| {
        let given = *next;
        *next = next.saturating_sub(1);
        let message = format!("this rule has no preference; {given} is used");
        sink.warning_help(line.place(), message, "add `preference NUMBER`, so that it stays when lines move");
        given
    });
    Some(rule)
}

/// `A.B.C.D`, `A.B.C.D/N`, `default`.
fn prefix(text: &str) -> Option<IpNet> {
    match text {
        "default" => IpNet::new(Ipv4Addr::UNSPECIFIED.into(), 0).ok(),
        "default6" => IpNet::new(Ipv6Addr::UNSPECIFIED.into(), 0).ok(),
        _ => text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from)),
    }
}

fn number(text: &str) -> Option<u8> {
    match text.strip_prefix("0x") {
        Some(hex) => u8::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

fn table(text: &str) -> Option<u32> {
    let named = [("default", 253), ("main", MAIN), ("local", 255)];
    named.iter().find(|(name, _)| *name == text).map(|(_, number)| *number).or_else(|| text.parse().ok())
}

fn protocol(text: &str) -> Option<u8> {
    let named =
        [("redirect", 1), ("kernel", 2), ("boot", 3), ("static", 4), ("ra", 9), ("dhcp", 16), ("keepalived", 18)];
    named.iter().find(|(name, _)| *name == text).map(|(_, number)| *number).or_else(|| number(text))
}

fn scope(text: &str) -> Option<u8> {
    SCOPES.iter().find(|(name, _)| *name == text).map(|(_, number)| *number).or_else(|| number(text))
}

fn ip_protocol(text: &str) -> Option<u8> {
    let named = [("icmp", 1), ("tcp", 6), ("udp", 17), ("ipv6-icmp", 58), ("sctp", 132)];
    named.iter().find(|(name, _)| *name == text).map(|(_, number)| *number).or_else(|| text.parse().ok())
}

fn mark(text: &str) -> Option<(u32, u32)> {
    let read = |text: &str| match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    };
    match text.split_once('/') {
        Some((mark, mask)) => Some((read(mark)?, read(mask)?)),
        None => Some((read(text)?, u32::MAX)),
    }
}

fn range<T: std::str::FromStr + Copy>(text: &str) -> Option<PortRange<T>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some(PortRange { first: first.parse().ok()?, last: last.parse().ok()? })
}

/// The main table.
const MAIN: u32 = 254;
/// The kernel's number for routes and rules made by keepalived, which these are meant to replace.
const KEEPALIVED: u8 = 18;
/// Preferences are given out downwards from here.
pub(super) const FIRST_PREFERENCE: u32 = 16_384;

const KINDS: &[(&str, RouteKind)] = &[
    ("unicast", RouteKind::Unicast),
    ("local", RouteKind::Local),
    ("broadcast", RouteKind::Broadcast),
    ("multicast", RouteKind::Multicast),
    ("blackhole", RouteKind::Blackhole),
    ("unreachable", RouteKind::Unreachable),
    ("prohibit", RouteKind::Prohibit),
    ("throw", RouteKind::Throw),
];

/// Route metrics and their RTAX numbers (linux/rtnetlink.h).
pub(super) const METRICS: &[(&str, u16)] = &[
    ("mtu", 2),
    ("window", 3),
    ("rtt", 4),
    ("rttvar", 5),
    ("ssthresh", 6),
    ("cwnd", 7),
    ("advmss", 8),
    ("reordering", 9),
    ("hoplimit", 10),
    ("initcwnd", 11),
    ("rto_min", 13),
    ("initrwnd", 14),
    ("quickack", 15),
];

const VALUED_NOT_YET: &[&str] = &["realms", "congctl", "expires", "pref", "features", "vrf", "encap", "ttl-propagate"];
const FLAGS_NOT_YET: &[&str] = &["fastopen_no_cookie"];
