//! What is known as JSON for the page, key by key. A host that is not heard has no routers here: what it said last may
//! be otherwise by now.

use std::net::{IpAddr, SocketAddr};

use hactl_engine::control::{RealServerStatus, RouterState, VirtualServerStatus};
use hactl_engine::notice::{Level, state_name};
use serde::Serialize;

use super::lanes::{Change, Lanes};
use crate::ctl::cluster::{Cluster, Vip};
use crate::ctl::drill::scenario::Scenario;
use crate::ctl::verify::certificates::HeldStatus;
use crate::ctl::verify::sites::SiteStatus;
use crate::ctl::verify::status::{HostStatus, ServiceStatus};
use crate::ctl::view::host::{Link, Router, Seen};
use crate::ctl::view::known::{Event, Known};
use crate::error::Problem;

/// Events that the page shows.
const EVENTS: usize = 120;

/// Everything as it stands.
#[derive(Debug, Serialize)]
pub struct Picture<'k> {
    /// The cluster's name.
    pub cluster: &'k str,
    /// The desk's clock: Unix time in milliseconds.
    pub now_ms: u64,
    /// This program's.
    pub version: &'static str,
    /// Hosts whose agents are heard, of those that have one.
    pub heard: usize,
    /// See `heard`.
    pub agents: usize,
    /// VIPs, in the inventory's order.
    pub vips: Vec<VipNow<'k>>,
    /// Hosts, in the inventory's order.
    pub hosts: Vec<HostNow<'k>>,
    /// Pools, as the owner of their VIP sees them.
    pub pools: Vec<PoolNow<'k>>,
    /// Servers that can be drained.
    pub servers: Vec<ServerNow<'k>>,
    /// Whether the kernel spreads the requests, and not nginx: another command drains then.
    pub by_kernel: bool,
    /// Sites, as the desk asked them last.
    pub sites: &'k [SiteStatus],
    /// Certificates by ACME.
    pub certificates: &'k [HeldStatus],
    /// What is wrong.
    pub findings: &'k [Problem],
    /// When the desk looked last.
    pub looked_ms: Option<u64>,
    /// What can be drilled here.
    pub drills: &'k [Drill],
    /// Whether orders are carried out.
    pub read_only: bool,
}

/// A VIP.
#[derive(Debug, Serialize)]
pub struct VipNow<'k> {
    /// Its name in the inventory.
    pub name: &'k str,
    /// Its first address.
    pub address: Option<IpAddr>,
    /// Who answers for it.
    pub owners: Vec<String>,
    /// Who may and is not heard.
    pub unknown: Vec<String>,
    /// Whether those are only being asked.
    pub asking: bool,
    /// Since when, where it is one.
    pub since_ms: Option<u64>,
    /// Whether clients' requests come through it.
    pub has_sites: bool,
    /// What the service answered.
    pub service: Option<&'k ServiceStatus>,
    /// Between two adverts.
    pub interval_ms: u64,
    /// Who can have it, with who was in which state when.
    pub lanes: Vec<Lane<'k>>,
}

/// A host that can have a VIP.
#[derive(Debug, Serialize)]
pub struct Lane<'k> {
    /// Its name.
    pub host: &'k str,
    /// Its states, the oldest first.
    pub changes: Vec<Change>,
}

/// A host.
#[derive(Debug, Serialize)]
pub struct HostNow<'k> {
    /// Its name.
    pub name: &'k str,
    /// Where it is.
    pub address: IpAddr,
    /// `lb` or `web`.
    pub group: &'static str,
    /// How its agent is heard.
    pub link: LinkNow,
    /// Why it is not.
    pub why: Option<&'k str>,
    /// When it was heard last.
    pub heard_ms: Option<u64>,
    /// When it is tried again.
    pub again_ms: Option<u64>,
    /// Its virtual routers; none where it is not heard.
    pub routers: Vec<RouterNow<'k>>,
    /// Whether the desk reached it last; nothing before the first look.
    pub reached: Option<bool>,
    /// Whether nginx runs there; nothing where that is not known.
    pub nginx: Option<bool>,
    /// Firewalls that run there.
    pub firewalls: &'k [String],
}

/// How an agent is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkNow {
    /// None is to run there.
    None,
    /// It is being connected to.
    Connecting,
    /// It is.
    Heard,
    /// Connected, and silent for longer than it should.
    Silent,
    /// Not any more.
    Lost,
}

/// A virtual router.
#[derive(Debug, Serialize)]
pub struct RouterNow<'k> {
    /// Its name.
    pub name: &'k str,
    /// Its VRID.
    pub vrid: u8,
    /// MASTER, BACKUP, FAULT…
    pub state: &'static str,
    /// In force.
    pub priority: u8,
    /// As configured.
    pub base: u8,
    /// Whether an operator raised it.
    pub pinned: bool,
    /// Since when it is in this state.
    pub since_ms: Option<u64>,
    /// Why.
    pub reason: Option<&'k str>,
    /// Why it is in FAULT.
    pub faults: &'k [String],
    /// Another host answers, so it claims nothing.
    pub withheld: bool,
    /// Adverts in ten seconds, sent by a master and heard by a backup.
    pub adverts_10s: Option<u64>,
    /// When the last one was.
    pub advert_ms: Option<u64>,
    /// Whose they are, where they are another's.
    pub from: Option<String>,
}

/// A pool.
#[derive(Debug, Serialize)]
pub struct PoolNow<'k> {
    /// Its name.
    pub name: &'k str,
    /// Whether nginx spreads the requests, and not the kernel.
    pub upstream: bool,
    /// Who sees it so.
    pub seen_by: &'k str,
    /// Enough of it is alive.
    pub quorum: bool,
    /// The sorry server, while it serves.
    pub sorry: Option<&'k str>,
    /// New connections a second; nothing where nginx spreads them.
    pub connections_per_s: Option<u64>,
    /// Bytes a second from clients.
    pub bytes_per_s: Option<u64>,
    /// Its servers.
    pub servers: Vec<MemberNow<'k>>,
}

/// A server of a pool.
#[derive(Debug, Serialize)]
pub struct MemberNow<'k> {
    /// The host's name, or its address.
    pub name: String,
    /// Its port.
    pub port: Option<u16>,
    /// `up`, `down`, `drained` or `unknown`.
    pub state: &'static str,
    /// Why.
    pub reason: Option<&'k str>,
    /// Its weight.
    pub weight: u32,
    /// Established connections; nothing where nginx has them.
    pub active: Option<u32>,
}

/// A server that can be drained.
#[derive(Debug, Serialize)]
pub struct ServerNow<'k> {
    /// Its name.
    pub host: &'k str,
    /// Whether it is.
    pub drained: bool,
}

/// A drill.
#[derive(Debug, Clone, Serialize)]
pub struct Drill {
    /// Its name.
    pub name: &'static str,
    /// What breaks.
    pub title: &'static str,
    /// What has to come of it.
    pub expected: &'static str,
}

impl From<&'static Scenario> for Drill {
    fn from(scenario: &'static Scenario) -> Self {
        Self { name: scenario.name, title: scenario.title, expected: scenario.expected }
    }
}

/// A line of what happened.
#[derive(Debug, Serialize)]
pub struct Line<'k> {
    at_ms: u64,
    host: &'k str,
    /// What, without the host.
    pub words: &'k str,
    level: &'static str,
}

/// The last events, the oldest first.
pub fn log(known: &Known) -> Vec<Line<'_>> {
    known.events.iter().skip(known.events.len().saturating_sub(EVENTS)).map(line).collect()
}

fn line(event: &Event) -> Line<'_> {
    let Event { at_ms, host, words, level } = event;
    let level = match level {
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Error => "error",
    };
    let words = words.strip_prefix(host.as_str()).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(words);
    Line { at_ms: *at_ms, host, words, level }
}

/// Everything as it stands at this time.
pub fn picture<'k>(known: &'k Known, lanes: &Lanes, drills: &'k [Drill], read_only: bool, now_ms: u64) -> Picture<'k> {
    let looked = known.looked.as_ref();
    let has_agent = |host: &&Seen| host.link != Link::None;
    Picture {
        cluster: &known.cluster.name,
        now_ms,
        version: env!("CARGO_PKG_VERSION"),
        heard: known.hosts.iter().filter(has_agent).filter(|host| host.is_heard(now_ms)).count(),
        agents: known.hosts.iter().filter(has_agent).count(),
        vips: known.cluster.vips.iter().map(|one| vip(known, lanes, one, now_ms)).collect(),
        hosts: known.hosts.iter().map(|one| host(known, one, now_ms)).collect(),
        pools: known.pools(now_ms).into_iter().map(|(owner, server)| pool(known, owner, server)).collect(),
        servers: servers(known),
        by_kernel: known.cluster.lvs.is_some(),
        sites: looked.map_or(&[], |(_, report)| &report.value.sites),
        certificates: looked.map_or(&[], |(_, report)| &report.value.certificates),
        findings: looked.map_or(&[], |(_, report)| &report.problems),
        looked_ms: looked.map(|(at, _)| *at),
        drills,
        read_only,
    }
}

fn vip<'k>(known: &'k Known, lanes: &Lanes, vip: &'k Vip, now_ms: u64) -> VipNow<'k> {
    let owners = known.owners(vip, now_ms);
    let connecting = |name: &String| known.host(name).is_some_and(|host| host.link == Link::Connecting);
    let seen = known.looked.as_ref().map(|(_, report)| report.value.vips.as_slice()).unwrap_or_default();
    let seen = seen.iter().find(|seen| Some(seen.address) == vip.address());
    VipNow {
        name: &vip.name,
        address: vip.address(),
        asking: !owners.unknown.is_empty() && owners.unknown.iter().all(connecting),
        owners: owners.names,
        unknown: owners.unknown,
        since_ms: owners.since_ms,
        has_sites: vip.has_sites(&known.cluster.hosts),
        service: seen.and_then(|seen| seen.service.as_ref()),
        interval_ms: u64::try_from(vip.interval.as_millis()).unwrap_or(u64::MAX),
        lanes: vip
            .members
            .iter()
            .map(|one| Lane { host: &one.host, changes: lanes.of(&one.host, &vip.name) })
            .collect(),
    }
}

fn host<'k>(known: &'k Known, host: &'k Seen, now_ms: u64) -> HostNow<'k> {
    let looked = known.looked.as_ref().map(|(_, report)| report.value.hosts.as_slice()).unwrap_or_default();
    let looked = looked.iter().find(|seen| seen.name == host.name);
    let (why, again_ms) = match &host.link {
        Link::Lost { why, again_ms } => (Some(why.as_str()), Some(*again_ms)),
        Link::None => (looked.and_then(|seen| seen.reason.as_deref()), None),
        Link::Connecting | Link::Heard => (None, None),
    };
    let heard = host.is_heard(now_ms);
    HostNow {
        name: &host.name,
        address: host.address,
        group: host.group,
        link: match &host.link {
            Link::None => LinkNow::None,
            Link::Connecting => LinkNow::Connecting,
            Link::Heard if heard => LinkNow::Heard,
            Link::Heard => LinkNow::Silent,
            Link::Lost { .. } => LinkNow::Lost,
        },
        why,
        heard_ms: host.heard_ms,
        again_ms,
        routers: if heard { host.routers.iter().map(|one| router(known, one)).collect() } else { Vec::new() },
        reached: looked.map(|seen| seen.reachable),
        nginx: looked.filter(|seen| seen.reachable).map(|seen| seen.nginx),
        firewalls: looked.map_or(&[], |seen: &HostStatus| &seen.firewalls),
    }
}

fn router<'k>(known: &Known, router: &'k Router) -> RouterNow<'k> {
    let status = &router.status;
    RouterNow {
        name: &status.name,
        vrid: status.vrid,
        state: state_name(status.state),
        priority: status.effective_priority,
        base: status.base_priority,
        pinned: status.pinned.is_some(),
        since_ms: router.since_ms,
        reason: status.last_reason.as_deref(),
        faults: if status.state == RouterState::Fault { &status.fault_reasons } else { &[] },
        withheld: status.withheld,
        adverts_10s: router.beats.tenths_per_s(),
        advert_ms: router.beats.last_ms(),
        from: router.beats.from.as_deref().map(|from| known.name_of(from)),
    }
}

fn pool<'k>(known: &Known, owner: &'k Seen, server: &'k VirtualServerStatus) -> PoolNow<'k> {
    let carries = |number: u64| (!server.upstream).then_some(number);
    let member = |real: &'k RealServerStatus| {
        let at = real.address.parse::<SocketAddr>().ok();
        MemberNow {
            name: at.map_or_else(|| real.address.clone(), |at| known.name_of(&at.ip().to_string())),
            port: at.map(|at| at.port()),
            state: match () {
                () if real.drained => "drained",
                () if !real.judged => "unknown",
                () if real.up => "up",
                () => "down",
            },
            reason: real.reason.as_deref(),
            weight: real.weight,
            active: (!server.upstream).then_some(real.active),
        }
    };
    PoolNow {
        name: server.name.strip_prefix("upstream ").unwrap_or(&server.name),
        upstream: server.upstream,
        seen_by: &owner.name,
        quorum: server.quorum,
        sorry: server.sorry_server.as_deref(),
        connections_per_s: carries(server.traffic.connections_per_s),
        bytes_per_s: carries(server.traffic.bytes_in_per_s),
        servers: server.real_servers.iter().map(member).collect(),
    }
}

fn servers(known: &Known) -> Vec<ServerNow<'_>> {
    let cluster: &Cluster = &known.cluster;
    cluster.backends().map(|host| ServerNow { host: &host.name, drained: known.is_drained(host) }).collect()
}

#[cfg(test)]
mod tests;
