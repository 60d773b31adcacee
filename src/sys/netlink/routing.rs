//! Routes and policy rules as netlink messages.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hactl_engine::action::{LinkRoute, Routing};
use hactl_engine::conf::config::{Destination, NextHop, Route, RouteKind, Rule, RuleAction};
use hactl_engine::input::Input;
use ipnet::IpNet;
use rtnetlink::packet_core::{DefaultNla, NLM_F_CREATE, NLM_F_EXCL};
use rtnetlink::packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteMetric, RouteNextHop, RouteNextHopFlags,
    RouteProtocol, RouteScope, RouteType,
};
use rtnetlink::packet_route::rule::{
    RuleAction as KernelAction, RuleAttribute, RuleFlags, RuleMessage, RulePortRange, RuleUidRange,
};
use rtnetlink::packet_route::{AddressFamily, IpProtocol, RouteNetlinkMessage};

use super::route::Netlink;

/// Which routes and rules are ours. The kernel tells those with keepalived's protocol number from everybody else's; of
/// others only those are ours that were not there before we added them.
#[derive(Debug, Default)]
pub(crate) struct Ours {
    routes: HashSet<LinkRoute>,
    rules: HashSet<Rule>,
}

impl Ours {
    /// Puts routes and rules beside what is there, before routes to the same place as `ip route prepend` does; nothing
    /// is replaced. Returns the refusals, worded; what is there already is none.
    ///
    /// # Errors
    /// When the socket fails.
    pub(crate) fn add(&mut self, netlink: &mut Netlink, routing: &Routing) -> io::Result<Vec<String>> {
        let routes = routing.routes.iter().map(|at| (RouteNetlinkMessage::NewRoute(route(at)), NLM_F_CREATE));
        let rules =
            routing.rules.iter().map(|one| (RouteNetlinkMessage::NewRule(rule(one)), NLM_F_CREATE | NLM_F_EXCL));
        let failures = netlink.transact(routes.chain(rules))?;
        let failed: HashSet<usize> = failures.iter().map(|(place, _)| *place).collect();
        let came = |place: usize| !failed.contains(&place);
        let marked = |protocol: u8| protocol == KEEPALIVED;
        let routes = routing.routes.iter().enumerate().filter(|(place, at)| came(*place) && !marked(at.route.protocol));
        self.routes.extend(routes.map(|(_, at)| at.clone()));
        let rules = routing.rules.iter().zip(routing.routes.len()..);
        let rules = rules.filter(|(one, place)| came(*place) && !marked(one.protocol));
        self.rules.extend(rules.map(|(one, _)| one.clone()));
        Ok(worded("add", routing, &failures, &[libc::EEXIST]))
    }

    /// Takes those away that are ours; returns the refusals, worded. What is not there is none.
    ///
    /// # Errors
    /// When the socket fails.
    pub(crate) fn remove(&mut self, netlink: &mut Netlink, routing: &Routing) -> io::Result<Vec<String>> {
        let mut routing = routing.clone();
        routing.routes.retain(|at| at.route.protocol == KEEPALIVED || self.routes.remove(at));
        routing.rules.retain(|one| one.protocol == KEEPALIVED || self.rules.remove(one));
        let routes = routing.routes.iter().map(|at| (RouteNetlinkMessage::DelRoute(route(at)), 0));
        let rules = routing.rules.iter().map(|one| (RouteNetlinkMessage::DelRule(rule(one)), 0));
        let failures = netlink.transact(routes.chain(rules))?;
        Ok(worded("remove", &routing, &failures, &[libc::ESRCH, libc::ENOENT, libc::ENODEV]))
    }
}

/// `RTPROT_KEEPALIVED`.
const KEEPALIVED: u8 = 18;

fn worded(verb: &str, routing: &Routing, failures: &[(usize, io::Error)], harmless: &[i32]) -> Vec<String> {
    let serious =
        failures.iter().filter(|(_, error)| error.raw_os_error().is_none_or(|code| !harmless.contains(&code)));
    serious
        .map(|(place, error)| {
            let what = match routing.routes.get(*place) {
                Some(at) => match at.route.destination {
                    Destination::Default => "route default".to_owned(),
                    Destination::Prefix(prefix) => format!("route {prefix}"),
                },
                None => {
                    let rule = routing.rules.get(place.wrapping_sub(routing.routes.len()));
                    format!("rule {}", rule.map_or(0, |rule| rule.preference))
                }
            };
            format!("cannot {verb} {what}: {error}")
        })
        .collect()
}

fn family(ipv6: bool) -> AddressFamily {
    if ipv6 { AddressFamily::Inet6 } else { AddressFamily::Inet }
}

fn address(address: IpAddr) -> RouteAddress {
    match address {
        IpAddr::V4(v4) => RouteAddress::Inet(v4),
        IpAddr::V6(v6) => RouteAddress::Inet6(v6),
    }
}

fn route(at: &LinkRoute) -> RouteMessage {
    let route = &at.route;
    let mut message = RouteMessage::default();
    message.header.address_family = family(route.ipv6);
    message.header.tos = route.tos;
    message.header.table = u8::try_from(route.table).unwrap_or(RouteHeader::RT_TABLE_UNSPEC);
    message.header.protocol = RouteProtocol::from(route.protocol);
    message.header.scope = RouteScope::from(route.scope.unwrap_or_else(|| usual_scope(route)));
    message.header.kind = kind(route.kind);
    let attributes = &mut message.attributes;
    attributes.push(RouteAttribute::Table(route.table));
    if let Destination::Prefix(prefix) = route.destination {
        message.header.destination_prefix_length = prefix.prefix_len();
        attributes.push(RouteAttribute::Destination(address(prefix.network())));
    }
    if let Some(from) = route.from {
        message.header.source_prefix_length = from.prefix_len();
        attributes.push(RouteAttribute::Source(address(from.network())));
    }
    if let Some(source) = route.source {
        attributes.push(RouteAttribute::PrefSource(address(source)));
    }
    if let Some(metric) = route.metric {
        attributes.push(RouteAttribute::Priority(metric));
    }
    if !route.metrics.is_empty() || route.locked != 0 {
        let lock = (route.locked != 0).then_some(RouteMetric::Lock(route.locked));
        let values = route
            .metrics
            .iter()
            .map(|(number, value)| RouteMetric::Other(DefaultNla::new(*number, value.to_ne_bytes().to_vec())));
        attributes.push(RouteAttribute::Metrics(lock.into_iter().chain(values).collect()));
    }
    let links = at.links.iter().copied().chain(std::iter::repeat(0));
    match route.hops.as_slice() {
        [] => {}
        [hop] => {
            attributes.extend(via(hop));
            if let Some(link) = at.links.first().copied().filter(|link| *link != 0) {
                attributes.push(RouteAttribute::Oif(link));
            }
            if hop.onlink {
                message.header.flags = RouteFlags::Onlink;
            }
        }
        several => {
            let hops = several.iter().zip(links).map(|(hop, link)| next_hop(hop, link)).collect();
            attributes.push(RouteAttribute::MultiPath(hops));
        }
    }
    message
}

fn via(hop: &NextHop) -> Option<RouteAttribute> {
    hop.via.map(|via| RouteAttribute::Gateway(address(via)))
}

fn next_hop(hop: &NextHop, link: u32) -> RouteNextHop {
    let mut next = RouteNextHop::default();
    next.interface_index = link;
    next.hops = u8::try_from(hop.weight.saturating_sub(1)).unwrap_or(u8::MAX);
    if hop.onlink {
        next.flags = RouteNextHopFlags::Onlink;
    }
    next.attributes = via(hop).into_iter().collect();
    next
}

/// The scope that ip-route(8) takes when none is given: link without a gateway, host for local ones, else universe.
fn usual_scope(route: &Route) -> u8 {
    let direct = !route.hops.is_empty() && route.hops.iter().all(|hop| hop.via.is_none());
    match route.kind {
        RouteKind::Local => 254,
        RouteKind::Broadcast | RouteKind::Multicast => 253,
        RouteKind::Unicast if direct && !route.ipv6 => 253,
        _ => 0,
    }
}

fn kind(kind: RouteKind) -> RouteType {
    match kind {
        RouteKind::Unicast => RouteType::Unicast,
        RouteKind::Local => RouteType::Local,
        RouteKind::Broadcast => RouteType::Broadcast,
        RouteKind::Multicast => RouteType::Multicast,
        RouteKind::Blackhole => RouteType::BlackHole,
        RouteKind::Unreachable => RouteType::Unreachable,
        RouteKind::Prohibit => RouteType::Prohibit,
        RouteKind::Throw => RouteType::Throw,
    }
}

fn rule(rule: &Rule) -> RuleMessage {
    let mut message = RuleMessage::default();
    message.header.family = family(rule.ipv6);
    message.header.tos = rule.tos;
    if rule.invert {
        message.header.flags = RuleFlags::Invert;
    }
    let attributes = &mut message.attributes;
    let prefix = |prefix: IpNet| (prefix.prefix_len(), prefix.network());
    if let Some((length, network)) = rule.from.map(prefix) {
        message.header.src_len = length;
        attributes.push(RuleAttribute::Source(network));
    }
    if let Some((length, network)) = rule.to.map(prefix) {
        message.header.dst_len = length;
        attributes.push(RuleAttribute::Destination(network));
    }
    attributes.push(RuleAttribute::Priority(rule.preference));
    attributes.push(RuleAttribute::Protocol(RouteProtocol::from(rule.protocol)));
    if let Some((mark, mask)) = rule.fwmark {
        attributes.extend([RuleAttribute::FwMark(mark), RuleAttribute::FwMask(mask)]);
    }
    attributes.extend(rule.iif.clone().map(RuleAttribute::Iifname));
    attributes.extend(rule.oif.clone().map(RuleAttribute::Oifname));
    attributes.extend(rule.suppress_prefix_length.map(RuleAttribute::SuppressPrefixLen));
    attributes.extend(rule.suppress_interface_group.map(RuleAttribute::SuppressIfGroup));
    attributes
        .extend(rule.uids.map(|uids| RuleAttribute::UidRange(RuleUidRange { start: uids.first, end: uids.last })));
    attributes.extend(rule.ip_protocol.map(|number| RuleAttribute::IpProtocol(IpProtocol::from(i32::from(number)))));
    let ports =
        |ports: hactl_engine::conf::config::PortRange<u16>| RulePortRange { start: ports.first, end: ports.last };
    attributes.extend(rule.source_ports.map(|range| RuleAttribute::SourcePortRange(ports(range))));
    attributes.extend(rule.destination_ports.map(|range| RuleAttribute::DestinationPortRange(ports(range))));
    message.header.action = match rule.action {
        RuleAction::Table(table) => {
            // The attribute counts where the number does not fit here.
            message.header.table = u8::try_from(table).unwrap_or(libc::RT_TABLE_UNSPEC);
            attributes.push(RuleAttribute::Table(table));
            KernelAction::ToTable
        }
        RuleAction::Goto(preference) => {
            attributes.push(RuleAttribute::Goto(preference));
            KernelAction::Goto
        }
        RuleAction::Nop => KernelAction::Nop,
        RuleAction::Blackhole => KernelAction::Blackhole,
        RuleAction::Unreachable => KernelAction::Unreachable,
        RuleAction::Prohibit => KernelAction::Prohibit,
    };
    message
}

/// The route that vanished.
pub(crate) fn lost_route(message: &RouteMessage) -> Option<Input> {
    let ipv6 = match message.header.address_family {
        AddressFamily::Inet => false,
        AddressFamily::Inet6 => true,
        _ => return None,
    };
    let mut table = u32::from(message.header.table);
    let mut destination: Option<IpAddr> = None;
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Table(number) => table = *number,
            RouteAttribute::Destination(RouteAddress::Inet(v4)) => destination = Some(IpAddr::from(*v4)),
            RouteAttribute::Destination(RouteAddress::Inet6(v6)) => destination = Some(IpAddr::from(*v6)),
            _ => {}
        }
    }
    let length = message.header.destination_prefix_length;
    let any = if ipv6 { IpAddr::from(Ipv6Addr::UNSPECIFIED) } else { IpAddr::from(Ipv4Addr::UNSPECIFIED) };
    let prefix = IpNet::new(destination.unwrap_or(any), length).ok()?;
    let destination = if length == 0 { Destination::Default } else { Destination::Prefix(prefix) };
    Some(Input::RouteLost { destination, table, ipv6, protocol: message.header.protocol.into() })
}

/// The preference and family of a rule that vanished.
pub(crate) fn lost_rule(message: &RuleMessage) -> Option<(u32, bool)> {
    let preference = message.attributes.iter().find_map(|attribute| match attribute {
        RuleAttribute::Priority(preference) => Some(*preference),
        _ => None,
    })?;
    Some((preference, message.header.family == AddressFamily::Inet6))
}
