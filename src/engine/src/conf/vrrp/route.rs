//! One line of `virtual_routes` or `static_routes`, in the words of ip-route(8).

use std::net::IpAddr;

use ipnet::IpNet;

use super::address::SCOPES;
use crate::conf::config::{Destination, NextHop, Route, RouteKind};
use crate::conf::grammar::rtnames::{KEEPALIVED, PROTOCOLS, TABLES, named, plain};
use crate::conf::grammar::values::{address, interface};
use crate::conf::text::lexer::Word;
use crate::conf::text::place::Place;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// Reads `[TYPE] [to] PREFIX|default [via ADDRESS] [dev NAME] …`; `None` when the route cannot be installed, which is
/// reported.
pub(crate) fn route(line: &Statement, sink: &mut Sink<'_>) -> Option<Route> {
    if let Some(block) = &line.block {
        sink.error(block.open, "a route takes no block; the block is ignored");
    }
    let mut reader = Reader { route: blank(), inet6: None, destination: None, hop: hop(), dropped: false };
    let mut words = Words { rest: std::iter::once(&line.keyword).chain(&line.arguments).collect(), at: 0 };
    while let Some(word) = words.next() {
        reader.word(word, &mut words, sink);
    }
    reader.finish(line.place(), sink)
}

/// The words of a line, one after the other.
pub(super) struct Words<'w> {
    pub(crate) rest: Vec<&'w Word>,
    pub(crate) at: usize,
}

impl<'w> Words<'w> {
    pub(crate) fn next(&mut self) -> Option<&'w Word> {
        let word = self.rest.get(self.at).copied();
        self.at += 1;
        word
    }

    pub(crate) fn peek(&self) -> Option<&'w Word> {
        self.rest.get(self.at).copied()
    }

    /// The value after `name`.
    pub(crate) fn value(&mut self, name: &Word, sink: &mut Sink<'_>) -> Option<&'w Word> {
        let value = self.next();
        if value.is_none() {
            sink.error(name.place, format!("`{}` needs a value", name.text));
        }
        value
    }
}

struct Reader {
    route: Route,
    inet6: Option<bool>,
    destination: Option<(Destination, Place)>,
    /// The only way, or the one being read.
    hop: NextHop,
    /// Something was asked for that a route must not be without.
    dropped: bool,
}

fn blank() -> Route {
    Route {
        ipv6: false,
        destination: Destination::Default,
        from: None,
        source: None,
        kind: RouteKind::Unicast,
        table: 254,
        protocol: KEEPALIVED,
        scope: None,
        metric: None,
        tos: 0,
        hops: Vec::new(),
        metrics: Vec::new(),
        locked: 0,
        no_track: false,
    }
}

fn hop() -> NextHop {
    NextHop { via: None, interface: None, weight: 1, onlink: false }
}

impl Reader {
    fn word(&mut self, word: &Word, words: &mut Words<'_>, sink: &mut Sink<'_>) {
        let name = word.text.as_str();
        if let Some((_, kind)) = KINDS.iter().find(|(kind, _)| *kind == name) {
            self.route.kind = *kind;
            return;
        }
        if let Some((_, number)) = METRICS.iter().find(|(metric, _)| *metric == name) {
            self.metric(word, *number, words, sink);
            return;
        }
        match name {
            "inet" | "inet6" => self.inet6 = Some(name == "inet6"),
            "no_track" => self.route.no_track = true,
            "onlink" => self.hop.onlink = true,
            "to" => {
                if let Some(value) = words.value(word, sink) {
                    self.to(value, sink);
                }
            }
            "nexthop" => self.next_hop(words, sink),
            "or" => {
                let via = words.value(word, sink).and_then(|value| address(value, sink));
                sink.warning_help(word.place, "`or` is deprecated", "write `nexthop via A nexthop via B`");
                self.route.hops.push(std::mem::replace(&mut self.hop, NextHop { via, ..hop() }));
            }
            "add" | "append" | "prepend" => {
                sink.warning(word.place, format!("`{name}` is known but not supported: routes are always prepended"));
            }
            _ if VALUED.contains(&name) => {
                if let Some(value) = words.value(word, sink) {
                    self.valued(word, value, words, sink);
                }
            }
            _ if IGNORED.contains(&name) => {
                words.next();
                sink.warning(word.place, format!("`{name}` of a route is known but not supported; left out"));
            }
            _ if NEEDED.contains(&name) => {
                words.at = words.rest.len(); // how many words belong to it differs
                self.dropped = true;
                sink.warning(
                    word.place,
                    format!("`{name}` is known but not supported: the route is left out, for it would lead elsewhere"),
                );
            }
            _ if self.destination.is_none() => self.to(word, sink),
            _ => unknown(word, sink),
        }
    }

    fn valued(&mut self, name: &Word, value: &Word, words: &mut Words<'_>, sink: &mut Sink<'_>) {
        let route = &mut self.route;
        match name.text.as_str() {
            "via" | "gw" => self.via(name, value, words, sink),
            "dev" | "oif" => self.hop.interface = interface(value, sink),
            "from" => route.from = prefix(value, sink),
            "src" => route.source = address(value, sink),
            "table" => match named(value, "table", TABLES, sink) {
                Some(table) => route.table = table,
                None => self.dropped = true,
            },
            "proto" | "protocol" => route.protocol = named(value, "proto", PROTOCOLS, sink).unwrap_or(KEEPALIVED),
            "scope" => route.scope = named(value, "scope", SCOPES, sink),
            "tos" | "dsfield" => route.tos = named(value, "tos", &[], sink).unwrap_or(0),
            _ => route.metric = named(value, "metric", &[], sink),
        }
    }

    fn via(&mut self, name: &Word, value: &Word, words: &mut Words<'_>, sink: &mut Sink<'_>) {
        if name.text == "gw" {
            sink.warning_help(name.place, "`gw` is deprecated", "write `via`");
        }
        let family = matches!(value.text.as_str(), "inet" | "inet6");
        let value = if family { words.value(value, sink) } else { Some(value) };
        self.hop.via = value.and_then(|value| address(value, sink));
        self.dropped |= self.hop.via.is_none();
    }

    fn to(&mut self, word: &Word, sink: &mut Sink<'_>) {
        // The type may stand between `to` and the destination.
        if let Some((_, kind)) = KINDS.iter().find(|(kind, _)| *kind == word.text) {
            self.route.kind = *kind;
        } else if word.text == "default" {
            self.destination = Some((Destination::Default, word.place));
        } else if word.text == "default6" {
            sink.warning_help(word.place, "`default6` is deprecated", "write `inet6 default`");
            self.inet6 = Some(true);
            self.destination = Some((Destination::Default, word.place));
        } else if let Some(found) = prefix(word, sink) {
            if found.prefix_len() == 0 {
                self.inet6.get_or_insert(found.addr().is_ipv6());
                self.destination = Some((Destination::Default, word.place));
            } else {
                self.destination = Some((Destination::Prefix(found), word.place));
            }
        } else {
            self.dropped = true;
        }
    }

    /// `nexthop [via ADDRESS] [dev NAME] [weight N] [onlink]`, up to the next one.
    fn next_hop(&mut self, words: &mut Words<'_>, sink: &mut Sink<'_>) {
        let mut read = hop();
        while let Some(word) = words.peek() {
            match word.text.as_str() {
                "onlink" => read.onlink = true,
                "via" | "dev" | "oif" | "weight" => {
                    words.at += 1;
                    let Some(mut value) = words.peek() else {
                        sink.error(word.place, format!("`{}` needs a value", word.text));
                        break;
                    };
                    if word.text == "via" && matches!(value.text.as_str(), "inet" | "inet6") {
                        words.at += 1;
                        value = words.peek().unwrap_or(value);
                    }
                    match word.text.as_str() {
                        "via" => {
                            read.via = address(value, sink);
                            self.dropped |= read.via.is_none();
                        }
                        "weight" => match plain(&value.text).and_then(|wide| u16::try_from(wide).ok()) {
                            Some(weight) if (1..=256).contains(&weight) => read.weight = weight,
                            _ => {
                                let message = format!("`weight {}` is not in 1..=256; 1 is used", value.text);
                                sink.error(value.place, message);
                            }
                        },
                        _ => read.interface = interface(value, sink),
                    }
                }
                "encap" | "realms" | "as" => {
                    let what = &word.text;
                    let message = format!("`{what}` of a next hop is known but not supported: the route is left out");
                    sink.warning(word.place, message);
                    self.dropped = true;
                    words.at = words.rest.len();
                    return;
                }
                _ => break,
            }
            words.at += 1;
        }
        self.route.hops.push(read);
    }

    /// `mtu [lock] N` and its like.
    fn metric(&mut self, name: &Word, number: u16, words: &mut Words<'_>, sink: &mut Sink<'_>) {
        let Some(mut value) = words.value(name, sink) else { return };
        let mut lock = 0;
        if value.text == "lock" {
            lock = 1_u32.checked_shl(u32::from(number)).unwrap_or(0);
            let Some(next) = words.value(name, sink) else { return };
            value = next;
        }
        let Some(read) = metric_value(&name.text, &value.text) else {
            sink.error(value.place, format!("`{} {}` is not understood; left out", name.text, value.text));
            return;
        };
        self.route.metrics.retain(|(earlier, _)| *earlier != number);
        self.route.metrics.push((number, read));
        self.route.locked = self.route.locked & !1_u32.checked_shl(u32::from(number)).unwrap_or(0) | lock;
    }

    fn finish(mut self, place: Place, sink: &mut Sink<'_>) -> Option<Route> {
        if self.dropped {
            return None;
        }
        let Some((destination, at)) = self.destination else {
            sink.error_help(place, "a route without a destination; ignored", "begin with a prefix or `default`");
            return None;
        };
        let spoken = self.families();
        let ipv6 = spoken.first().copied().or(self.inet6).unwrap_or(false);
        if spoken.iter().any(|other| *other != ipv6) || self.inet6.is_some_and(|asked| asked != ipv6) {
            sink.error(at, "the route names addresses of both families; ignored");
            return None;
        }
        let nowhere = matches!(
            self.route.kind,
            RouteKind::Blackhole | RouteKind::Unreachable | RouteKind::Prohibit | RouteKind::Throw
        );
        if self.hop != hop() {
            self.route.hops.insert(self.route.hops.len(), self.hop);
        }
        if nowhere && !self.route.hops.is_empty() {
            sink.warning(at, "a route that drops packets has no way: `via` and `dev` are not used");
            self.route.hops.clear();
        }
        if self.route.hops.iter().any(|hop| hop.via.is_none() && hop.interface.is_none())
            || (!nowhere && self.route.hops.is_empty())
        {
            let help = "add `via ADDRESS` or `dev INTERFACE`";
            sink.warning_help(at, "the route says no way to its destination; left out", help);
            return None;
        }
        if self.route.protocol != KEEPALIVED && !self.route.no_track {
            let message =
                "the protocol of a tracked route is keepalived's (18), by which it is told from routes of others";
            sink.warning_help(at, message, "add `no_track` to give it another one");
            self.route.protocol = KEEPALIVED;
        }
        self.route.ipv6 = ipv6;
        self.route.destination = match destination {
            Destination::Prefix(prefix) if prefix.trunc() != prefix => {
                let message = format!("`{prefix}` has bits beyond its length; {} is used", prefix.trunc());
                sink.warning(at, message);
                Destination::Prefix(prefix.trunc())
            }
            other => other,
        };
        Some(self.route)
    }

    /// Whether each address of the route is IPv6.
    fn families(&self) -> Vec<bool> {
        let destination = match self.destination {
            Some((Destination::Prefix(prefix), _)) => Some(prefix.addr()),
            _ => None,
        };
        let ways = self.route.hops.iter().chain([&self.hop]).filter_map(|hop| hop.via);
        let others = [destination, self.route.from.map(|from| from.addr()), self.route.source];
        others.into_iter().flatten().chain(ways).map(|address| address.is_ipv6()).collect()
    }
}

/// A prefix; an address alone is a host.
pub(crate) fn prefix(word: &Word, sink: &mut Sink<'_>) -> Option<IpNet> {
    let text = &word.text;
    let found = text.parse::<IpAddr>().map(IpNet::from).or_else(|_| text.parse::<IpNet>());
    if found.is_err() {
        sink.error(word.place, format!("`{text}` is not an address with a prefix length; the line is ignored"));
    }
    found.ok()
}

fn metric_value(name: &str, text: &str) -> Option<u32> {
    let times = |factor: u32| {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let value: u32 = digits.parse().ok()?;
        match text.get(digits.len()..)? {
            "" => Some(value),
            "ms" | "msec" | "msecs" => value.checked_mul(factor),
            "s" | "sec" | "secs" => value.checked_mul(1000)?.checked_mul(factor),
            _ => None,
        }
    };
    match name {
        "rtt" => times(8),
        "rttvar" => times(4),
        "rto_min" => times(1),
        "features" if text == "ecn" => Some(1),
        "features" => None,
        _ => plain(text).and_then(|wide| u32::try_from(wide).ok()),
    }
}

fn unknown(word: &Word, sink: &mut Sink<'_>) {
    let known = VALUED.iter().chain(IGNORED).chain(NEEDED).chain(&["nexthop", "onlink", "no_track", "inet6"]);
    let message = format!("unknown option `{}` of a route", word.text);
    match sink.guess(&word.text, known.copied().chain(METRICS.iter().map(|(name, _)| *name))) {
        Some(near) => sink.error_help(word.place, message, format!("did you mean `{near}`?")),
        None => sink.error(word.place, message),
    }
}

/// Types of routes and their words.
pub(crate) const KINDS: &[(&str, RouteKind)] = &[
    ("unicast", RouteKind::Unicast),
    ("local", RouteKind::Local),
    ("broadcast", RouteKind::Broadcast),
    ("multicast", RouteKind::Multicast),
    ("blackhole", RouteKind::Blackhole),
    ("unreachable", RouteKind::Unreachable),
    ("prohibit", RouteKind::Prohibit),
    ("throw", RouteKind::Throw),
];

/// Metrics and their numbers (RTAX_… of rtnetlink(7)).
pub(crate) const METRICS: &[(&str, u16)] = &[
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
    ("features", 12),
    ("rto_min", 13),
    ("initrwnd", 14),
    ("quickack", 15),
];

const VALUED: &[&str] = &[
    "via",
    "gw",
    "dev",
    "oif",
    "from",
    "src",
    "table",
    "proto",
    "protocol",
    "scope",
    "tos",
    "dsfield",
    "metric",
    "priority",
    "preference",
];
/// Words with a value that a route may be without.
const IGNORED: &[&str] =
    &["realms", "expires", "congctl", "pref", "fastopen_no_cookie", "ttl-propagate", "track_group", "vrf"];
/// Words that change where packets go.
const NEEDED: &[&str] = &["encap", "as", "nat"];
