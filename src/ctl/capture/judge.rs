//! Verdicts on what was captured: strangers, VRIDs in use twice, two owners, adverts that are not as the inventory has
//! them, and ways on which adverts do not come through. Each is said once, and only where it was seen: who was not
//! listened on at the time is not said to lack anything.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use hactl_engine::wire::arp::mac_text;

use super::align::Place;
use super::names::{Names, is_virtual};
use super::packet::Kind;
use super::routers::Routers;
use super::timeline::Line;
use super::{differs, routers};
use crate::ctl::cluster::{Cluster, Vip};
use crate::error::{Code, Problem};

/// So many adverts in a row that do not arrive are no accident.
const IN_A_ROW: u32 = 3;
/// So many findings are told: somebody may make senders up.
const FINDINGS_MAX: usize = 256;

/// What is held against what.
pub(super) struct Judge<'c> {
    cluster: Option<&'c Cluster>,
    /// The hosts that are listened on, by their places.
    hosts: Vec<String>,
    said: BTreeSet<(Code, String)>,
    ways: BTreeMap<(Place, Place, u8, bool), Way>,
    /// Who advertises what, and how often.
    pub routers: Routers,
}

/// Adverts on their way from one host to another.
#[derive(Debug, Default)]
struct Way {
    /// In a row that did not arrive.
    missed: u32,
    /// In a row that arrived, and did not come through the firewall.
    stopped: u32,
}

impl<'c> Judge<'c> {
    /// Of these hosts; without an inventory only what shows by itself.
    pub(super) fn new(cluster: Option<&'c Cluster>, hosts: Vec<String>) -> Self {
        Self { cluster, hosts, said: BTreeSet::new(), ways: BTreeMap::new(), routers: Routers::default() }
    }

    /// What a line shows that was not said before.
    pub(super) fn line(&mut self, line: &Line, names: &Names) -> Vec<Problem> {
        let mut found = match line.packet.kind {
            Kind::Advert | Kind::Goodbye => self.advert(line, names),
            _ => self.claim(line, names).into_iter().collect(),
        };
        found.retain(|problem| {
            self.said.len() < FINDINGS_MAX && self.said.insert((problem.code, problem.message.clone()))
        });
        found
    }

    /// The name of a host that is listened on.
    pub(super) fn host(&self, place: Place) -> &str {
        self.hosts.get(place).map_or("somebody", String::as_str)
    }

    /// Who sent it, where that is known.
    fn sender<'n>(&'n self, line: &Line, names: &'n Names) -> Option<&'n str> {
        line.sent_by.map(|place| self.host(place)).or_else(|| names.sender(&line.packet))
    }

    /// The hosts with agents that were not listened on when a line was seen: it may be one of theirs.
    fn unheard(&self, line: &Line) -> Vec<&'c str> {
        let agents = self.cluster.into_iter().flat_map(Cluster::agents).map(|host| host.name.as_str());
        let listened = |name: &&str| line.listened.iter().any(|place| self.host(*place) == *name);
        agents.filter(|name| !listened(name)).collect()
    }

    fn advert(&mut self, line: &Line, names: &Names) -> Vec<Problem> {
        let Some(seen) = &line.packet.advert else { return Vec::new() };
        let ipv6 = line.packet.from.is_some_and(|from| from.is_ipv6());
        let vip = self.cluster.and_then(|cluster| vip_of(cluster, seen.advert.vrid, &seen.advert.addresses, ipv6));
        let sender = self.sender(line, names).map(str::to_owned);
        let shown = sender.clone().unwrap_or_else(|| names.shown(&line.packet));
        let mut found = Vec::new();
        let member = |vip: &Vip| sender.as_ref().is_some_and(|sender| vip.is_carried_by(sender));
        let router = routers::Router { vrid: seen.advert.vrid, ipv6, vip: vip.map(|vip| vip.name.clone()) };
        let twice = self.routers.advert(&router, &shown, line.at, &seen.advert);
        match vip {
            Some(vip) if member(vip) => {
                found.extend(differs::differs(vip, &shown, line, seen));
                found.extend(twice.map(|other| two_owners(vip, &shown, &other)));
                found.extend(self.ways(line, vip, ipv6));
            }
            vip => found.extend(self.stranger(line, vip, (&shown, sender.as_deref()))),
        }
        found
    }

    /// Somebody advertises who should not.
    fn stranger(&self, line: &Line, vip: Option<&Vip>, (shown, sender): (&str, Option<&str>)) -> Option<Problem> {
        let (cluster, seen) = (self.cluster?, line.packet.advert.as_ref()?);
        let vrid = seen.advert.vrid;
        let unheard = self.unheard(line);
        let ours = sender.is_some_and(|name| cluster.hosts.iter().any(|host| host.name == name));
        // Adverts of IPv6 come from link-local addresses, which no inventory names.
        let other_address = line.packet.from.is_some_and(|from| from.is_ipv4());
        if !ours && !unheard.is_empty() && !other_address {
            return None;
        }
        let who = match line.packet.mac {
            Some(mac) if !ours => format!("{shown} ({})", mac_text(&mac)),
            _ => shown.to_owned(),
        };
        let addresses = seen.advert.addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", ");
        let caveat = match unheard.as_slice() {
            [] => "none of the hosts that were listened on has sent it".to_owned(),
            some => format!("by its address; {} was not listened on, and may have this one, too", some.join(", ")),
        };
        let Some(vip) = vip else {
            // Agents of ours that advertise what the inventory lacks are a deploy's business.
            let what = if ours { "which no VIP of the inventory has" } else { "and is no host of the inventory" };
            let message = format!("{who} advertises VRID {vrid} for {addresses}, {what}");
            let problem = Problem::new(Code::StrangerAdvertises, message).why(caveat);
            return Some(problem.warn().next("ask whose it is; do not give a VIP of this LAN the same VRID"));
        };
        let message = format!("{who} advertises VRID {vrid} for {addresses}, which is {}'s", vip.name);
        let why = format!("two clusters with one VRID are one virtual router, and one loses its VIP; {caveat}");
        let next = format!("stop it there, or give {} another one: `vrid:` in the inventory", vip.name);
        Some(Problem::new(Code::VridTaken, message).why(why).next(next))
    }

    /// Somebody says that a VIP is at a hardware address that none of ours has.
    fn claim(&self, line: &Line, names: &Names) -> Option<Problem> {
        let (address, mac) = line.packet.claims?;
        let vip = self.cluster?.vips.iter().find(|vip| vip.addresses.iter().any(|net| net.addr() == address))?;
        let member = |name: &str| vip.is_carried_by(name);
        if line.sent_by.is_some_and(|place| member(self.host(place))) || names.of_mac(mac).is_some_and(member) {
            return None;
        }
        let [.., vrid] = mac;
        // Whoever has it, the owner of the virtual MAC is told by adverts.
        if is_virtual(mac) && vrid == vip.vrid || !self.unheard(line).is_empty() {
            return None;
        }
        let who = names.of_mac(mac).map_or_else(|| mac_text(&mac), |name| format!("{name} ({})", mac_text(&mac)));
        let message = format!("{address} ({}) is claimed by {who}, which is none of its load balancers", vip.name);
        let next =
            format!("`ip neigh show {address}` on a neighbour; find the port of {} at the switch", mac_text(&mac));
        let why = "neighbours send there what is for the VIP, until its owner announces it again";
        Some(Problem::new(Code::ForeignAnswer, message).why(why).next(next))
    }

    /// The hosts that an advert is for, as the inventory has them, but for its sender.
    pub(super) fn meant_for(&self, line: &Line) -> Vec<Place> {
        let (Some(cluster), Some(from), Some(to), Some(seen)) =
            (self.cluster, line.packet.from, line.packet.to, &line.packet.advert)
        else {
            return Vec::new();
        };
        let vip = vip_of(cluster, seen.advert.vrid, &seen.advert.addresses, from.is_ipv6());
        let Some((vip, sender)) = vip.zip(line.sent_by) else { return Vec::new() };
        let meant = |host: &str| {
            let addressed = || cluster.host(host).is_some_and(|host| host.address == to);
            vip.is_carried_by(host) && (to.is_multicast() || addressed())
        };
        let places = self.hosts.iter().enumerate().filter(|(place, host)| *place != sender && meant(host));
        places.map(|(place, _)| place).collect()
    }

    /// Whether an advert reached a host, and its firewall kept it from programs.
    pub(super) fn is_stopped(&self, line: &Line, place: Place) -> bool {
        // What bears a virtual MAC may be for a macvlan on that host alone.
        let judged = line.listened_behind.contains(&place) && !line.packet.mac.is_some_and(is_virtual);
        judged && line.reached.contains(&place) && !line.behind.contains(&place)
    }

    /// Whether adverts arrive where they should.
    fn ways(&mut self, line: &Line, vip: &Vip, ipv6: bool) -> Vec<Problem> {
        let Some(from) = line.sent_by else { return Vec::new() };
        let mut found = Vec::new();
        for place in self.meant_for(line).into_iter().filter(|place| line.listened.contains(place)) {
            let (sender, receiver) = (self.host(from).to_owned(), self.host(place).to_owned());
            let (reached, stopped) = (line.reached.contains(&place), self.is_stopped(line, place));
            let way = self.ways.entry((from, place, vip.vrid, ipv6)).or_default();
            way.missed = if reached { 0 } else { way.missed + 1 };
            way.stopped = if stopped { way.stopped + 1 } else { 0 };
            let of = format!("for {} (VRID {})", vip.name, vip.vrid);
            if way.missed >= IN_A_ROW {
                let message = format!("adverts {of} that {sender} sends do not reach it");
                let why = format!(
                    "{receiver} cannot tell that {sender} lives: {IN_A_ROW} in a row left there and did not arrive"
                );
                let next = format!(
                    "look at the switch between them (VLAN, IGMP snooping, port security), and at what filters frames on {receiver}"
                );
                found.push(Problem::on(&receiver, Code::DeafStandby, message).why(why).next(next));
            }
            if way.stopped >= IN_A_ROW {
                let message = format!("adverts {of} of {sender} reach its interface, but no program on it");
                let why =
                    format!("its agent does not hear that {sender} lives: a firewall drops them, or rp_filter does");
                let next = format!("`nft list ruleset` on {receiver}: let IP protocol 112 in from {sender}");
                found.push(Problem::on(&receiver, Code::DeafStandby, message).why(why).next(next));
            }
        }
        found
    }

    /// What shows only at the end: VIPs that nobody advertises. `covered` is when hosts were listened on.
    pub(super) fn end(&self, covered: impl Fn(Place) -> Option<(u64, u64)>) -> Vec<Problem> {
        let mut found = Vec::new();
        for vip in self.cluster.iter().flat_map(|cluster| &cluster.vips) {
            if self.routers.was_advertised(vip) {
                continue;
            }
            let places = vip.members.iter().map(|member| self.hosts.iter().position(|host| *host == member.host));
            let times: Option<Vec<(u64, u64)>> = places.map(|place| covered(place?)).collect();
            let Some(times) = times else { continue }; // somebody was not listened on
            let from = times.iter().map(|(from, _)| *from).max().unwrap_or(0);
            let until = times.iter().map(|(_, until)| *until).min().unwrap_or(0);
            let listened = std::time::Duration::from_nanos(until.saturating_sub(from));
            if listened < vip.interval * 3 {
                continue;
            }
            let message =
                format!("{}: nobody advertises VRID {}, {:.0} s long", vip.name, vip.vrid, listened.as_secs_f64());
            let why =
                "no load balancer says that it owns the VIP: either none does, or its own firewall drops what it sends";
            let problem = Problem::new(Code::NoOwner, message).why(why);
            found.push(problem.next("`hactl status` shows what each of them takes itself for"));
        }
        found
    }
}

/// The VIP that an advert is about.
fn vip_of<'c>(cluster: &'c Cluster, vrid: u8, addresses: &[IpAddr], ipv6: bool) -> Option<&'c Vip> {
    let of_family = |vip: &&Vip| vip.vrid == vrid && vip.addresses.iter().any(|net| net.addr().is_ipv6() == ipv6);
    let names = |vip: &&Vip| vip.addresses.iter().any(|net| addresses.contains(&net.addr()));
    let mut candidates = cluster.vips.iter().filter(of_family);
    candidates.clone().find(names).or_else(|| candidates.next())
}

fn two_owners(vip: &Vip, one: &str, other: &str) -> Problem {
    let mut both = [one, other];
    both.sort_unstable();
    let [one, other] = both;
    let message = format!("{}: {one} and {other} advertise VRID {} in turns", vip.name, vip.vrid);
    let why = "each takes itself for the owner, and clients reach one or the other by chance";
    let next = format!("`hactl status`; if one does not hear the other, see the findings on {one} and {other}");
    Problem::new(Code::TwoOwners, message).why(why).next(next)
}

#[cfg(test)]
mod tests;
