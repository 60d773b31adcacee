//! Routes and policy rules as keepalived words them in its dumps.

use std::fmt::Write as _;

use hactl_engine::conf::config::{Destination, NextHop, PortRange, Route, RouteKind, Rule, RuleAction};
use ipnet::IpNet;

/// The main table, which is not named.
const MAIN: u32 = 254;
/// Metrics by their numbers (rtnetlink(7)), in the order told. Those of times are told in other units and left out.
const METRICS: [(u16, &str); 9] = [
    (2, "mtu"),
    (8, "advmss"),
    (10, "hoplimit"),
    (3, "window"),
    (7, "cwnd"),
    (9, "reordering"),
    (11, "initcwnd"),
    (14, "initrwnd"),
    (15, "quickack"),
];

/// `prepend 10.88.0.0/24 via inet 10.77.0.1 dev eth0 proto 18`.
pub(super) fn route(one: &Route) -> String {
    let mut text = match one.kind {
        RouteKind::Unicast => "prepend ".to_owned(),
        kind => format!("add {} ", kind_word(kind)),
    };
    text += &match one.destination {
        Destination::Default if one.ipv6 => "::/0".to_owned(),
        Destination::Default => "0.0.0.0/0".to_owned(),
        Destination::Prefix(net) => prefix(net),
    };
    let mut say = |words: String| text += &words;
    one.from.iter().for_each(|from| say(format!(" from {}", prefix(*from))));
    one.source.iter().for_each(|source| say(format!(" src {source}")));
    let (single, several) = match one.hops.as_slice() {
        [hop] => (Some(hop), [].as_slice()),
        several => (None, several),
    };
    single.iter().for_each(|hop| say(way(hop)));
    if one.table != MAIN {
        say(format!(" table {}", one.table));
    }
    say(format!(" proto {}", one.protocol));
    one.scope.iter().for_each(|scope| say(format!(" scope {scope}")));
    one.metric.iter().for_each(|metric| say(format!(" metric {metric}")));
    if single.is_some_and(|hop| hop.onlink) {
        say(" onlink".into());
    }
    for (number, name) in METRICS {
        if let Some((_, value)) = one.metrics.iter().find(|(found, _)| *found == number) {
            let lock = if one.locked & (1 << number) == 0 { "" } else { " lock" };
            say(format!(" {name}{lock} {value}"));
        }
    }
    for hop in several {
        say(format!(" nexthop{} weight {}", way(hop), hop.weight));
    }
    // A route without an interface cannot be followed.
    if one.no_track || single.is_none_or(|hop| hop.interface.is_none()) {
        say(" no_track".into());
    }
    text
}

fn kind_word(kind: RouteKind) -> &'static str {
    match kind {
        RouteKind::Unicast => "unicast",
        RouteKind::Local => "local",
        RouteKind::Broadcast => "broadcast",
        RouteKind::Multicast => "multicast",
        RouteKind::Blackhole => "blackhole",
        RouteKind::Unreachable => "unreachable",
        RouteKind::Prohibit => "prohibit",
        RouteKind::Throw => "throw",
    }
}

fn way(hop: &NextHop) -> String {
    let mut text = String::new();
    if let Some(via) = hop.via {
        text += if via.is_ipv6() { " via inet6 " } else { " via inet " };
        text += &via.to_string();
    }
    hop.interface.iter().for_each(|interface| text += &format!(" dev {interface}"));
    text
}

/// A host without its length.
fn prefix(net: IpNet) -> String {
    if net.prefix_len() == net.max_prefix_len() { net.addr().to_string() } else { net.to_string() }
}

/// `from 10.90.0.0/24 priority 1234 tos 0x0 protocol 18 lookup 77`.
pub(super) fn rule(one: &Rule) -> String {
    let mut text = if one.invert { "not from ".to_owned() } else { "from ".to_owned() };
    text += &one.from.map_or_else(|| "all".to_owned(), prefix);
    let mut say = |words: std::fmt::Arguments<'_>| {
        let _ = text.write_fmt(words); // writing to a string cannot fail
    };
    one.to.iter().for_each(|to| say(format_args!(" to {}", prefix(*to))));
    say(format_args!(" priority {} tos {:#x}", one.preference, one.tos));
    one.fwmark.iter().for_each(|(mark, mask)| say(format_args!(" fwmark {mark:#x}/{mask:#x}")));
    one.iif.iter().for_each(|name| say(format_args!(" iif {name}")));
    one.oif.iter().for_each(|name| say(format_args!(" oif {name}")));
    one.suppress_prefix_length.iter().for_each(|length| say(format_args!(" suppress_prefixlen {length}")));
    one.suppress_interface_group.iter().for_each(|group| say(format_args!(" suppress_ifgroup {group}")));
    one.uids.iter().for_each(|PortRange { first, last }| say(format_args!(" uidrange {first}-{last}")));
    say(format_args!(" protocol {}", one.protocol));
    one.ip_protocol.iter().for_each(|protocol| say(format_args!(" ipproto {protocol}")));
    one.source_ports.iter().for_each(|PortRange { first, last }| say(format_args!(" sport {first}-{last}")));
    one.destination_ports.iter().for_each(|PortRange { first, last }| say(format_args!(" dport {first}-{last}")));
    match one.action {
        RuleAction::Table(table) => say(format_args!(" lookup {table}")),
        RuleAction::Goto(preference) => say(format_args!(" goto {preference}")),
        RuleAction::Nop => say(format_args!(" type nop")),
        RuleAction::Blackhole => say(format_args!(" type blackhole")),
        RuleAction::Unreachable => say(format_args!(" type unreachable")),
        RuleAction::Prohibit => say(format_args!(" type prohibit")),
    }
    text
}
