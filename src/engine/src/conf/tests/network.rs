//! Routes, rules, static addresses: the grammar of ip(8).

use super::full::FULL;
use super::support::{clean, faults, instance, one};
use crate::conf::config::*;

fn route(line: &str) -> (Option<Route>, Vec<String>) {
    let (found, said) = one(&instance(&format!("virtual_routes {{\n{line}\n}}")));
    (found.routes.into_iter().next(), said)
}

fn rule(line: &str) -> (Option<Rule>, Vec<String>) {
    let (found, said) = one(&instance(&format!("virtual_rules {{\n{line}\n}}")));
    (found.rules.into_iter().next(), said)
}

fn hop(via: Option<&str>, interface: Option<&str>, weight: u16, onlink: bool) -> NextHop {
    NextHop { via: via.map(|via| via.parse().unwrap()), interface: interface.map(Into::into), weight, onlink }
}

#[test]
fn static_addresses() {
    let [link, peer, flags, forever] = clean(FULL).static_addresses.try_into().unwrap();
    assert_eq!((link.scope, link.interface.as_deref()), (253, Some("eth1")));
    assert_eq!((peer.interface.as_deref(), peer.label.as_deref()), (Some("eth5"), Some("eth5:s")));
    assert_eq!((peer.peer, peer.no_track), (Some("192.0.2.61/32".parse().unwrap()), true));
    use AddressFlag::{AutoJoin, DetectDuplicates, Home, ManageTemporary, NoPrefixRoute};
    assert_eq!(flags.flags, [Home, DetectDuplicates, ManageTemporary, NoPrefixRoute, AutoJoin]);
    assert_eq!((flags.preferred_s, forever.preferred_s, link.preferred_s), (Some(91), Some(u32::MAX), None));
    let text = "static_ipaddress { 10.9.9.1/27 }\n".to_owned() + &instance("");
    assert_eq!(faults(&text), ["W 1:20 a static address without `dev` stands on eth0"]);
}

#[test]
fn routes() {
    let routes = clean(FULL).static_routes;
    assert_eq!(routes.len(), 12);
    assert_eq!(routes[0].destination, Destination::Prefix("198.51.100.0/24".parse().unwrap()));
    assert_eq!((routes[0].metric, routes[0].table, routes[0].protocol), (Some(37), 254, 18));
    assert_eq!(routes[0].hops, [hop(Some("192.0.2.30"), Some("eth1"), 1, false)]);
    assert_eq!((routes[1].destination, routes[1].table), (Destination::Default, 91));
    assert!(routes[1].hops[0].onlink);
    assert_eq!((routes[2].source, routes[2].tos), (Some([192, 0, 2, 1].into()), 16));
    assert_eq!((routes[2].protocol, routes[2].scope, routes[2].no_track), (4, Some(0), true));
    assert_eq!(routes[3].metrics, [(2, 1400), (8, 1360), (4, 2400), (5, 10), (3, 65000), (7, 11), (6, 12)]);
    assert_eq!(routes[3].locked, (1 << 2) | (1 << 6));
    assert_eq!(routes[4].metrics, [(11, 21), (14, 22), (13, 230), (9, 5), (12, 1), (15, 1)]);
    let ways = [hop(Some("192.0.2.27"), Some("eth1"), 3, false), hop(Some("192.0.2.26"), None, 4, true)];
    assert_eq!(routes[5].hops, ways);
    assert_eq!((routes[6].kind, routes[6].hops.len()), (RouteKind::Blackhole, 0));
    assert_eq!((routes[7].kind, routes[7].ipv6, routes[7].metric), (RouteKind::Unreachable, true, Some(4242)));
    assert_eq!((routes[8].kind, routes[8].ipv6), (RouteKind::Prohibit, true));
    assert_eq!(routes[9].from, Some("2001:db8::/64".parse().unwrap()));
    assert_eq!((routes[10].kind, routes[10].table), (RouteKind::Local, 255));
    assert_eq!((routes[11].ipv6, routes[11].destination, routes[11].table), (true, Destination::Default, 31));
}

#[test]
fn rules() {
    let rules = clean(FULL).static_rules;
    let numbers: Vec<u32> = rules.iter().map(|rule| rule.preference).collect();
    assert_eq!(numbers, (1001..=1010).collect::<Vec<_>>());
    assert_eq!((rules[0].from, rules[0].action), (Some("192.0.2.0/27".parse().unwrap()), RuleAction::Table(91)));
    assert_eq!((rules[1].from, rules[1].action), (None, RuleAction::Table(254)));
    let marked = &rules[2];
    assert!(marked.invert && marked.tos == 8 && marked.fwmark == Some((24, 255)));
    assert_eq!((marked.iif.as_deref(), marked.oif.as_deref()), (Some("eth1"), Some("eth2")));
    let ports = &rules[3];
    assert!(ports.ipv6 && ports.ip_protocol == Some(17));
    assert_eq!(ports.uids, Some(PortRange { first: 1000, last: 1999 }));
    assert_eq!(ports.source_ports, Some(PortRange { first: 10, last: 20 }));
    assert_eq!(ports.destination_ports, Some(PortRange { first: 53, last: 53 }));
    assert_eq!((rules[4].action, rules[5].action), (RuleAction::Goto(1006), RuleAction::Nop));
    assert_eq!((rules[6].action, rules[7].action), (RuleAction::Blackhole, RuleAction::Unreachable));
    assert_eq!((rules[7].fwmark, rules[7].protocol), (Some((7, u32::MAX)), 12));
    assert_eq!((rules[8].suppress_prefix_length, rules[8].suppress_interface_group), (Some(0), Some(3)));
    assert_eq!((rules[9].action, rules[9].ipv6), (RuleAction::Prohibit, true));
}

#[test]
fn old_forms_of_routes_work_with_a_warning() {
    let (found, said) = route("10.3.0.0/24 via 10.1.2.9 or 10.1.2.10 dev eth7");
    assert_eq!(
        found.unwrap().hops,
        [hop(Some("10.1.2.9"), None, 1, false), hop(Some("10.1.2.10"), Some("eth7"), 1, false)]
    );
    assert_eq!(said, ["W 3:26 `or` is deprecated"]);
    let (found, said) = route("0.0.0.0/0 gw 10.1.2.9 table 100");
    let found = found.unwrap();
    assert_eq!((found.destination, found.table), (Destination::Default, 100));
    assert_eq!(said, ["W 3:11 `gw` is deprecated"]);
}

#[test]
fn routes_that_cannot_be_are_left_out() {
    for (line, fault) in [
        ("10.3.0./24 dev eth7", "E 3:1 `10.3.0./24` is not an address with a prefix length; the line is ignored"),
        ("10.3.0.0/24 via fe80::1", "E 3:1 the route names addresses of both families; ignored"),
        ("via 10.1.2.9", "E 3:1 a route without a destination; ignored"),
        ("10.3.0.0/24", "W 3:1 the route says no way to its destination; left out"),
        ("10.3.0.0/24 dev eth7 table blue", "E 3:28 `table blue` is not understood; it is left out"),
        (
            "10.3.0.0/24 encap mpls 37 via 10.1.2.9",
            "W 3:13 `encap` is known but not supported: the route is left out, for it would lead elsewhere",
        ),
    ] {
        assert_eq!(route(line), (None, vec![fault.to_owned()]), "{line}");
    }
    let (found, said) = route("10.3.0.7/24 dev eth7 metrik 3 pref low");
    assert_eq!(found.unwrap().destination, Destination::Prefix("10.3.0.0/24".parse().unwrap()));
    assert_eq!(
        said,
        [
            "W 3:1 `10.3.0.7/24` has bits beyond its length; 10.3.0.0/24 is used",
            "E 3:22 unknown option `metrik` of a route",
            "E 3:29 unknown option `3` of a route",
            "W 3:31 `pref` of a route is known but not supported; left out",
        ]
    );
}

#[test]
fn rules_without_all_their_conditions_are_left_out() {
    for (line, fault) in [
        (
            "from 10.3.0.0/240 table 7",
            "E 3:6 `10.3.0.0/240` is not an address with a prefix length; the line is ignored",
        ),
        ("from 10.3.0.0/24 to fe80::/64 table 7", "E 3:1 the rule names addresses of both families; ignored"),
        ("from 10.3.0.0/24 colour 7", "E 3:18 unknown option `colour` of a rule; the rule is ignored"),
        ("sport 9-7 table 7", "E 3:7 `sport 9-7` is not understood; the rule is ignored"),
        ("l3mdev", "W 3:1 `l3mdev` is known but not supported: the rule is left out, for it would match more"),
    ] {
        let (found, said) = rule(line);
        assert_eq!((found, said[0].as_str()), (None, fault), "{line}");
    }
}

#[test]
fn preferences_are_given_out_downwards_past_those_taken() {
    let text = "static_rules {\nfrom 10.3.0.0/24 table 7\nfrom 10.4.0.0/24 table 7 preference 16383\nfrom fe80::/64 table 7\n}\n"
        .to_owned()
        + &instance("virtual_rules {\nfrom 10.5.0.0/24 table 7\n}");
    let parsed = crate::conf::parse("f", &text);
    let numbers: Vec<u32> = parsed.config.static_rules.iter().map(|rule| rule.preference).collect();
    assert_eq!(numbers, [16384, 16383, 16384]);
    assert_eq!(parsed.config.instances[0].rules[0].preference, 16382);
    assert_eq!(parsed.diagnostics.len(), 3, "{:?}", parsed.diagnostics);
}
