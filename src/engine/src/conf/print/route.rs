//! Routes and rules.

use super::page::word;
use crate::conf::config::{Destination, NextHop, PortRange, Route, RouteKind, Rule, RuleAction};
use crate::conf::grammar::rtnames::{KEEPALIVED, PROTOCOLS, TABLES, show};
use crate::conf::vrrp::address::SCOPES;
use crate::conf::vrrp::route::{KINDS, METRICS};

/// One line of `virtual_routes`.
pub(crate) fn route(one: &Route) -> String {
    let mut line = String::new();
    if one.kind != RouteKind::Unicast {
        line += KINDS.iter().find(|(_, kind)| *kind == one.kind).map_or("", |(name, _)| name);
        line.push(' ');
    }
    if one.ipv6 {
        line += "inet6 ";
    }
    match one.destination {
        Destination::Default => line += "default",
        Destination::Prefix(prefix) => line += &prefix.to_string(),
    }
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            line += &format!(" {name} {value}");
        }
    };
    add("from", one.from.map(|from| from.to_string()));
    add("src", one.source.map(|source| source.to_string()));
    add("table", (one.table != 254).then(|| show(one.table, TABLES)));
    add("proto", (one.protocol != KEEPALIVED).then(|| show(one.protocol, PROTOCOLS)));
    add("scope", one.scope.map(|scope| show(scope, SCOPES)));
    add("tos", (one.tos != 0).then(|| one.tos.to_string()));
    add("metric", one.metric.map(|metric| metric.to_string()));
    for (number, value) in &one.metrics {
        let name = METRICS.iter().find(|(_, known)| known == number).map_or("", |(name, _)| name);
        let lock = if one.locked & 1_u32.checked_shl(u32::from(*number)).unwrap_or(0) == 0 { "" } else { "lock " };
        let value = if name == "features" { "ecn".to_owned() } else { value.to_string() };
        add(name, Some(format!("{lock}{value}")));
    }
    if one.no_track {
        line += " no_track";
    }
    match one.hops.as_slice() {
        [only] if only.weight == 1 => line += &hop(only),
        several => {
            for one in several {
                line += &format!(" nexthop{}", hop(one));
                if one.weight != 1 {
                    line += &format!(" weight {}", one.weight);
                }
            }
        }
    }
    line
}

fn hop(one: &NextHop) -> String {
    let via = one.via.map(|via| format!(" via {via}")).unwrap_or_default();
    let device = one.interface.as_ref().map(|name| format!(" dev {}", word(name))).unwrap_or_default();
    let onlink = if one.onlink { " onlink" } else { "" };
    format!("{via}{device}{onlink}")
}

/// One line of `virtual_rules`.
pub(crate) fn rule(one: &Rule) -> String {
    let mut line = format!("preference {}", one.preference);
    for (on, name) in [(one.ipv6, "inet6"), (one.invert, "not"), (one.no_track, "no_track")] {
        if on {
            line += &format!(" {name}");
        }
    }
    let range = |range: (String, String)| format!("{}-{}", range.0, range.1);
    let ports = |ports: PortRange<u16>| range((ports.first.to_string(), ports.last.to_string()));
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            line += &format!(" {name} {value}");
        }
    };
    add("from", one.from.map(|from| from.to_string()));
    add("to", one.to.map(|to| to.to_string()));
    add("tos", (one.tos != 0).then(|| one.tos.to_string()));
    add("fwmark", one.fwmark.map(|(value, mask)| format!("{value}/{mask:#x}")));
    add("iif", one.iif.as_ref().map(|name| word(name)));
    add("oif", one.oif.as_ref().map(|name| word(name)));
    add("suppress_prefixlength", one.suppress_prefix_length.map(|length| length.to_string()));
    add("suppress_ifgroup", one.suppress_interface_group.map(|group| group.to_string()));
    add("uidrange", one.uids.map(|uids| range((uids.first.to_string(), uids.last.to_string()))));
    add("ipproto", one.ip_protocol.map(|number| number.to_string()));
    add("sport", one.source_ports.map(ports));
    add("dport", one.destination_ports.map(ports));
    add("protocol", (one.protocol != KEEPALIVED).then(|| show(one.protocol, PROTOCOLS)));
    match one.action {
        RuleAction::Table(table) => line += &format!(" table {}", show(table, TABLES)),
        RuleAction::Goto(to) => line += &format!(" goto {to}"),
        RuleAction::Nop => line += " nop",
        RuleAction::Blackhole => line += " blackhole",
        RuleAction::Unreachable => line += " unreachable",
        RuleAction::Prohibit => line += " prohibit",
    }
    line
}
