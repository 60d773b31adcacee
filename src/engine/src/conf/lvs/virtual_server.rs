//! `virtual_server`: its own lines first, since they are what its real servers start from.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use super::family::{Families, member};
use super::group::{Group, family};
use super::head::{Head, address_port};
use super::lint::lint;
use super::network::host_name;
use super::pool::{ports, quorum};
use super::real_server::{Outer, command, real_server, weight};
use super::scheduling::{Granularity, SCHEDULER_DEFAULT, SchedulingLines, forward, granularity, protocol};
use super::shared::Shared;
use super::timing::Timing;
use super::upstream::proxied;
use crate::conf::config::Script;
use crate::conf::config::lvs::{Persistence, RealServer, SorryServer, VirtualServer};
use crate::conf::grammar::keywords::VIRTUAL_SERVER;
use crate::conf::grammar::values::{flag, integer, seconds, single, switched};
use crate::conf::grammar::walk::{inside, walk};
use crate::conf::text::place::{At, Place};
use crate::conf::text::sink::{Reported, Sink};
use crate::conf::text::statement::Statement;
use crate::ipvs::{Family, Forward, Protocol, ServiceKey};

/// Reads a block. Nothing when it cannot serve, which is reported.
pub(crate) fn virtual_server(block: &Statement, shared: &mut Shared<'_>, sink: &mut Sink<'_>) -> Option<VirtualServer> {
    let head = Head::read(block, sink)?;
    let mut draft = Draft::read(block, shared, sink);
    let group = draft.group(&head, shared, sink).ok()?;
    let outer = draft.outer(&head, group.as_deref(), shared);
    let read = |block: &&Statement| Some((real_server(block, &outer, shared, sink)?, block.place()));
    let mut servers = Vec::with_capacity(draft.servers.len());
    servers.extend(draft.servers.iter().filter_map(read));
    let mut sorry = draft.sorry(&outer);
    let members: Vec<_> = servers
        .iter()
        .map(|(server, _)| member(server))
        .chain(sorry.iter().map(|(sorry, _)| (sorry.address, sorry.forward)))
        .collect();
    let families = Families::settle(&head, group.as_deref(), &members, draft.ip_family, draft.granularity);
    if let Some(place) = group.as_deref().and_then(Group::doubtful_mark).filter(|_| families.only.is_none()) {
        let help = "write `fwmark N inet` or `fwmark N inet6`";
        sink.warning_help(place, "in a group of both families a mark should name its own", help);
    }
    servers.retain(|(one, place)| families.reach("real server", (one.address, *place), one.forward, sink));
    sorry = sorry.filter(|(one, place)| families.reach("sorry server", (one.address, *place), one.forward, sink));
    let name = head.name();
    if servers.is_empty() {
        let message = format!("virtual_server {name} has no real server; ignored");
        sink.warning_help(block.place(), message, "add `real_server ADDRESS PORT { … }`");
        return None;
    }
    let addresses = match &head {
        Head::Address(_) => true,
        Head::Mark(_) | Head::Upstream(_) => false,
        Head::Group(_) => group.as_deref().is_some_and(Group::has_addresses),
    };
    let protocol = draft.protocol(block, addresses, sink);
    let upstream = matches!(head, Head::Upstream(_));
    match &head {
        Head::Upstream(name) => {
            shared.claims.upstream(name, sink).ok()?;
            proxied(&mut servers, block, sink);
        }
        Head::Address(_) | Head::Mark(_) | Head::Group(_) => draft.tell_defaults(&head, block, sink),
    }
    if upstream && servers.is_empty() {
        return None; // each of them has been reported
    }
    let transport = protocol.unwrap_or(Protocol::Udp);
    let services = shared.claims.services(&head, group.as_deref(), block.place(), transport, families, sink);
    if services.is_empty() && !upstream {
        return None; // each of them has been reported
    }
    ports(&head, &services, &mut servers, sink);
    once_each(&mut servers, sink);
    let persistence = draft.persistence(&head, &services, block, sink);
    let (quorum, hysteresis) = quorum(draft.quorum, draft.hysteresis, &servers, block.place(), sink);
    let marks = services.iter().any(|key| matches!(key, ServiceKey::Mark { .. }));
    let ha_suspend = draft.ha_suspend.is_some() && !marks;
    if let Some(place) = draft.ha_suspend.filter(|_| marks) {
        sink.error(place, "`ha_suspend` is ignored: a mark has no address that this host could hold");
    }
    let master_only = draft.master_only.is_some() && !marks;
    if let Some(place) = draft.master_only.filter(|_| marks) {
        sink.error(place, "`master_only` is ignored: a mark has no address that this host could hold");
    }
    let places: Vec<Place> = servers.iter().map(|(_, place)| *place).collect();
    let server = VirtualServer {
        name,
        services,
        upstream,
        scheduling: draft.scheduling.complete(protocol, sink),
        persistence,
        real_servers: servers.into_iter().map(|(server, _)| server).collect(),
        sorry_server: sorry.map(|(sorry, _)| sorry),
        quorum,
        hysteresis,
        quorum_up: draft.quorum_up,
        quorum_down: draft.quorum_down,
        alpha: draft.timing.alpha.unwrap_or(false),
        omega: draft.omega,
        ha_suspend,
        master_only,
        smtp_alert: draft.smtp_alert,
        slow_start: draft.slow_start,
        location: sink.locate(block.place()),
    };
    lint(&server, block.place(), &places, sink);
    Some(server)
}

/// The block's own lines, as far as they were given.
struct Draft<'s> {
    scheduling: SchedulingLines,
    forward: Option<Forward>,
    protocol: Option<At<Protocol>>,
    ip_family: Option<Family>,
    persistence: Option<Duration>,
    granularity: Option<At<Granularity>>,
    host: Option<String>,
    weight: u32,
    ha_suspend: Option<Place>,
    master_only: Option<Place>,
    omega: bool,
    quorum: Option<At<u32>>,
    hysteresis: Option<At<u32>>,
    quorum_up: Option<Script>,
    quorum_down: Option<Script>,
    inhibit: bool,
    smtp_alert: bool,
    slow_start: Duration,
    timing: Timing,
    sorry: Option<At<(IpAddr, Option<u16>)>>,
    sorry_inhibit: bool,
    sorry_forward: Option<Forward>,
    servers: Vec<&'s Statement>,
}

impl<'s> Draft<'s> {
    fn read(block: &'s Statement, shared: &mut Shared<'_>, sink: &mut Sink<'_>) -> Self {
        let mut draft = Self {
            scheduling: SchedulingLines::default(),
            forward: None,
            protocol: None,
            ip_family: None,
            persistence: None,
            granularity: None,
            host: None,
            weight: 1,
            ha_suspend: None,
            master_only: None,
            omega: false,
            quorum: None,
            hysteresis: None,
            quorum_up: None,
            quorum_down: None,
            inhibit: false,
            smtp_alert: shared.smtp_alert.unwrap_or(false),
            slow_start: Duration::ZERO,
            timing: Timing { log_all_failures: shared.log_all_failures, ..Timing::default() },
            sorry: None,
            sorry_inhibit: false,
            sorry_forward: None,
            servers: Vec::new(),
        };
        walk(inside(block), &VIRTUAL_SERVER, sink, |line, sink| draft.line(line, shared, sink));
        draft
    }

    fn line(&mut self, line: &'s Statement, shared: &mut Shared<'_>, sink: &mut Sink<'_>) {
        let place = line.place();
        match line.name() {
            "real_server" => self.servers.push(line),
            "lb_algo" | "lvs_sched" => self.scheduling.algorithm(line, sink),
            "lb_kind" | "lvs_method" => self.forward = forward(line, sink),
            "protocol" => self.protocol = protocol(line, sink).map(|protocol| (protocol, place)),
            "ip_family" => self.ip_family = single(line, sink).and_then(|word| family(word, sink)),
            "persistence_timeout" => self.persistence = persistence(line, sink),
            "persistence_granularity" => self.granularity = granularity(line, sink),
            "virtualhost" => self.host = single(line, sink).and_then(|word| host_name("virtualhost", word, sink)),
            "weight" => self.weight = weight(line, sink),
            "quorum" => self.quorum = integer(line, 1..=u32::MAX, "1 is used", sink).map(|quorum| (quorum, place)),
            "hysteresis" => self.hysteresis = integer(line, 0..=u32::MAX, "0 is used", sink).map(|one| (one, place)),
            "quorum_up" => self.quorum_up = command(line, sink),
            "quorum_down" => self.quorum_down = command(line, sink),
            "slow_start" => {
                let range = Duration::ZERO..=SLOW_START_MAX;
                self.slow_start = seconds(line, range, "0 is used", sink).unwrap_or_default();
            }
            "sorry_server" => self.sorry = address_port(line, &line.arguments, sink).map(|sorry| (sorry, place)),
            "sorry_server_lvs_method" => self.sorry_forward = forward(line, sink),
            "smtp_alert" => self.smtp_alert = shared.alert(line, sink),
            "sorry_server_inhibit" => self.sorry_inhibit = switched(line, true, sink),
            "master_only" => self.master_only = switched(line, true, sink).then_some(place),
            "ha_suspend" => self.ha_suspend = switched(line, true, sink).then_some(place),
            "inhibit_on_failure" => self.inhibit = switched(line, true, sink),
            "omega" => self.omega = switched(line, true, sink),
            _ if self.timing.line(line, sink) => {}
            _ => {
                flag(line, sink);
                self.scheduling.flag(line, sink);
            }
        }
    }

    /// The group that the head names.
    fn group(&self, head: &Head, shared: &mut Shared<'_>, sink: &mut Sink<'_>) -> Result<Option<Rc<Group>>, Reported> {
        let Head::Group((name, place)) = head else { return Ok(None) };
        let Some(group) = shared.groups.get(name).map(Rc::clone) else {
            let message = format!("no virtual_server_group is called `{name}`; the virtual server is ignored");
            let help = match sink.guess(name, shared.groups.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("add `virtual_server_group {name} {{ ADDRESS PORT … }}`"),
            };
            sink.error_help(*place, message, help);
            return Err(Reported);
        };
        let protocol = self.protocol.map_or(Protocol::Udp, |(protocol, _)| protocol);
        let protocol = Some(protocol).filter(|_| group.has_addresses());
        let users = shared.used_groups.entry(name.clone()).or_default();
        if let Some((_, earlier)) = users.iter().find(|(other, _)| *other == protocol) {
            let line = sink.earlier(*earlier);
            let what = protocol.map_or(String::new(), |protocol| format!(" with {protocol}"));
            let message = format!("group `{name}` is served{what} already by the virtual server on {line}; ignored");
            sink.error_help(*place, message, "give each a group, or a protocol, of its own");
            return Err(Reported);
        }
        users.push((protocol, *place));
        Ok(Some(group))
    }

    fn outer(&mut self, head: &Head, group: Option<&Group>, shared: &Shared<'_>) -> Outer {
        let port = if let Head::Address(address) = head { address.port() } else { 0 };
        Outer {
            port,
            check_port: group.and_then(Group::common_port).unwrap_or(port),
            forward: self.forward.unwrap_or(Forward::Nat),
            weight: self.weight,
            inhibit: self.inhibit,
            host: self.host.take(),
            timing: Timing { log_all_failures: shared.log_all_failures, ..self.timing },
        }
    }

    fn sorry(&self, outer: &Outer) -> Option<At<SorryServer>> {
        let ((ip, port), place) = self.sorry?;
        let address = SocketAddr::new(ip, port.unwrap_or(outer.port));
        let forward = self.sorry_forward.unwrap_or(outer.forward);
        Some((SorryServer { address, forward, inhibit: self.sorry_inhibit }, place))
    }

    /// Of the addresses, when there are some.
    fn protocol(&self, block: &Statement, addresses: bool, sink: &mut Sink<'_>) -> Option<Protocol> {
        match self.protocol {
            _ if !addresses => None,
            Some((protocol, _)) => Some(protocol),
            None => {
                let message = "without `protocol` this is a service of UDP, as in keepalived";
                sink.warning_help(block.place(), message, "add `protocol TCP`, or `protocol UDP` if that is meant");
                Some(Protocol::Udp)
            }
        }
    }

    /// What keepalived says of a block that leaves things out, or says them in vain.
    fn tell_defaults(&self, head: &Head, block: &Statement, sink: &mut Sink<'_>) {
        let place = block.place();
        let given = |names: [&str; 2]| inside(block).iter().any(|line| names.contains(&line.name()));
        if !given(["lb_algo", "lvs_sched"]) {
            let message = format!("without `lb_algo` the scheduler is {SCHEDULER_DEFAULT}, as in keepalived");
            sink.warning_help(place, message, format!("add `lb_algo {SCHEDULER_DEFAULT}`, or the one that is meant"));
        }
        let all_named = |server: &&Statement| inside(server).iter().any(|line| line.name() == "lvs_method");
        if !given(["lb_kind", "lvs_method"]) && !self.servers.iter().all(all_named) {
            let message = "without `lb_kind` packets are forwarded by NAT, as in keepalived";
            sink.warning_help(place, message, "add `lb_kind NAT`, or DR or TUN if that is meant");
        }
        if let (Head::Mark(_), Some((_, place))) = (head, self.protocol) {
            sink.warning_help(place, "`protocol` changes nothing: a mark has none", "take it out");
        }
        if let (Head::Address(address), Some(given)) = (head, self.ip_family)
            && given != Family::of(address.ip())
        {
            sink.warning_help(place, format!("`ip_family` is ignored: {} decides", address.ip()), "take it out");
        }
    }

    fn persistence(
        &self,
        head: &Head,
        services: &[ServiceKey],
        block: &Statement,
        sink: &mut Sink<'_>,
    ) -> Option<Persistence> {
        let every_port = |key: &ServiceKey| matches!(key, ServiceKey::Address { address, .. } if address.port() == 0);
        let timeout = match self.persistence {
            None if services.iter().any(every_port) => {
                let message =
                    format!("virtual_server {} takes every port, which needs persistence: 360 s is used", head.name());
                sink.error_help(block.place(), message, "add a port, or `persistence_timeout SECONDS`");
                Some(PERSISTENCE_DEFAULT)
            }
            given => given,
        };
        let ipv4 = services.iter().any(|key| key.family() == Family::V4);
        let ipv6 = services.iter().any(|key| key.family() == Family::V6);
        let whole = if ipv6 { 128 } else { 32 };
        let prefix = match self.granularity {
            None => whole,
            Some((_, place)) if timeout.is_none() => {
                sink.warning(place, "`persistence_granularity` without `persistence_timeout` changes nothing");
                whole
            }
            Some((Granularity::Mask(_), place)) if ipv6 => {
                sink.error_help(place, "a netmask is of IPv4, and this serves IPv6; ignored", "write a prefix length");
                whole
            }
            Some((Granularity::Length(length), place)) if ipv4 && length > 32 => {
                sink.error(place, format!("`persistence_granularity {length}` is ignored: IPv4 has 32 bits"));
                whole
            }
            Some((Granularity::Mask(length) | Granularity::Length(length), _)) => length,
        };
        timeout.map(|timeout| Persistence { timeout, prefix })
    }
}

/// No address twice.
fn once_each(servers: &mut Vec<(RealServer, Place)>, sink: &mut Sink<'_>) {
    let mut known: HashMap<SocketAddr, Place> = HashMap::with_capacity(servers.len());
    servers.retain(|(server, place)| {
        let Some(earlier) = known.get(&server.address) else {
            known.insert(server.address, *place);
            return true;
        };
        let line = sink.earlier(*earlier);
        sink.error(*place, format!("real server `{}` stands already on {line}; ignored", server.address));
        false
    });
}

/// `persistence_timeout [SECONDS]`: what the kernel takes is whole seconds.
fn persistence(line: &Statement, sink: &mut Sink<'_>) -> Option<Duration> {
    if line.arguments.is_empty() {
        return Some(PERSISTENCE_DEFAULT);
    }
    if let [zero] = line.arguments.as_slice()
        && zero.text == "0"
    {
        sink.warning_help(zero.place, "`persistence_timeout 0` leaves persistence off", "leave the line out");
        return None;
    }
    integer(line, 1..=PERSISTENCE_MAX_S, "persistence stays off", sink).map(Duration::from_secs)
}

const PERSISTENCE_DEFAULT: Duration = Duration::from_secs(360);
/// 31 days.
const PERSISTENCE_MAX_S: u64 = 31 * 86_400;
/// Longest `slow_start`.
const SLOW_START_MAX: Duration = Duration::from_secs(3600);
