//! Routes and policy rules: `virtual_routes`, `virtual_rules`, `static_routes`, `static_rules`. Words and defaults are
//! those of ip-route(8) and ip-rule(8).

use std::net::IpAddr;

use ipnet::IpNet;

/// Where a route leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Destination {
    /// `default`.
    Default,
    /// A prefix.
    Prefix(IpNet),
}

/// What becomes of a packet that matches a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RouteKind {
    /// Sent on.
    Unicast,
    /// Delivered here.
    Local,
    /// Delivered here as a broadcast.
    Broadcast,
    /// A multicast route.
    Multicast,
    /// Silently dropped.
    Blackhole,
    /// Dropped with "unreachable".
    Unreachable,
    /// Dropped with "prohibited".
    Prohibit,
    /// The lookup goes on in the next table.
    Throw,
}

/// One way of a route.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NextHop {
    /// `via` (`gw`).
    pub via: Option<IpAddr>,
    /// `dev` (`oif`).
    pub interface: Option<String>,
    /// `weight` 1..=256, default 1; counts only when there are several.
    pub weight: u16,
    /// `onlink`.
    pub onlink: bool,
}

/// One route.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Route {
    /// Whether it is an IPv6 route: from its addresses, `inet6`, else IPv4.
    pub ipv6: bool,
    /// The destination.
    pub destination: Destination,
    /// `from`: source prefix (IPv6).
    pub from: Option<IpNet>,
    /// `src`: preferred source address.
    pub source: Option<IpAddr>,
    /// Type.
    pub kind: RouteKind,
    /// `table`: number; 254 (main) by default.
    pub table: u32,
    /// `proto`: kernel number; 18 (keepalived) by default.
    pub protocol: u8,
    /// `scope`: kernel number; absent means what ip-route(8) would take.
    pub scope: Option<u8>,
    /// `metric` (`priority`, `preference`).
    pub metric: Option<u32>,
    /// `tos`.
    pub tos: u8,
    /// The ways: one as a rule, several with `nexthop`, none for blackhole and its like.
    pub hops: Vec<NextHop>,
    /// `mtu`, `advmss`, `window`…: RTAX numbers with values.
    pub metrics: Vec<(u16, u32)>,
    /// RTAX numbers that are locked (`mtu lock 1400`), as a bit mask.
    pub locked: u32,
    /// `no_track`: not put back when somebody deletes it.
    pub no_track: bool,
}

/// An inclusive range of ports or user ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PortRange<T> {
    /// First.
    pub first: T,
    /// Last.
    pub last: T,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RuleAction {
    /// `table` (`lookup`).
    Table(u32),
    /// `goto`: to the rule with this preference.
    Goto(u32),
    /// `nop`.
    Nop,
    /// `blackhole`.
    Blackhole,
    /// `unreachable`.
    Unreachable,
    /// `prohibit`.
    Prohibit,
}

/// One policy rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rule {
    /// Whether it is an IPv6 rule.
    pub ipv6: bool,
    /// `not`.
    pub invert: bool,
    /// `from`; `None` is all.
    pub from: Option<IpNet>,
    /// `to`; `None` is all.
    pub to: Option<IpNet>,
    /// `preference` (`order`, `priority`): always set; given out downwards from 16384 where the file is silent.
    pub preference: u32,
    /// `tos` (`dsfield`).
    pub tos: u8,
    /// `fwmark VALUE[/MASK]`.
    pub fwmark: Option<(u32, u32)>,
    /// `iif` (`dev`).
    pub iif: Option<String>,
    /// `oif`.
    pub oif: Option<String>,
    /// `suppress_prefixlength`.
    pub suppress_prefix_length: Option<u32>,
    /// `suppress_ifgroup`.
    pub suppress_interface_group: Option<u32>,
    /// `uidrange`.
    pub uids: Option<PortRange<u32>>,
    /// `ipproto`: protocol number.
    pub ip_protocol: Option<u8>,
    /// `sport`.
    pub source_ports: Option<PortRange<u16>>,
    /// `dport`.
    pub destination_ports: Option<PortRange<u16>>,
    /// `protocol`: who installed it; 18 (keepalived) by default.
    pub protocol: u8,
    /// What it does.
    pub action: RuleAction,
    /// `no_track`.
    pub no_track: bool,
}
