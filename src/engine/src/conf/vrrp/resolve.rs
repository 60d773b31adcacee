//! Drafts to instances: defaults, and everything that one line alone cannot tell: family, version, interval,
//! names that must exist, things that must not exist twice.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::conflict::Known;
use super::family::Spoken;
use super::instance::{Draft, PRIORITY_DEFAULT};
use super::resolved::Resolved;
use super::strict;
use super::tracked::Objects;
use super::vmac::settle;
use crate::conf::config::{InitialState, Version, VirtualAddress, VrrpInstance};
use crate::conf::global::defaults::Defaults;
use crate::conf::text::place::{At, Place};
use crate::conf::text::sink::Sink;

/// Resolves all instances of a file; one that cannot run is reported and left out.
pub(crate) fn resolve(
    drafts: Vec<Draft>,
    objects: &Objects,
    defaults: &Defaults,
    sink: &mut Sink<'_>,
) -> Vec<Resolved> {
    let mut found: Vec<Resolved> = Vec::new();
    let mut known = Known::default();
    for draft in drafts {
        let (name, place) = draft.name.clone();
        if let Some(earlier) = known.name(&name) {
            let line = sink.earlier(earlier);
            sink.error(place, format!("vrrp_instance `{name}` exists already on {line}; ignored"));
            continue;
        }
        let Some((resolved, places)) = one(draft, objects, defaults, (&known, &found), sink) else { continue };
        if let Some(earlier) = known.clash(&found, &resolved.instance) {
            let (vrid, interface) = (resolved.instance.vrid, &resolved.instance.interface);
            let message = format!("virtual_router_id {vrid} is already used on {interface} by `{earlier}`; ignored");
            sink.error_help(places.vrid, message, "give each instance on an interface a number of its own");
            continue;
        }
        known.add(&resolved.instance, places.name, found.len());
        found.push(resolved);
    }
    found
}

/// Where things stand that later checks may have to point at.
struct Places {
    name: Place,
    vrid: Place,
}

fn one(
    mut draft: Draft,
    objects: &Objects,
    defaults: &Defaults,
    (known, found): (&Known, &[Resolved]),
    sink: &mut Sink<'_>,
) -> Option<(Resolved, Places)> {
    let spoken = draft.family(sink);
    let ipv6 = spoken.ipv6;
    let (addresses, overflow) = advertised(&mut draft, spoken, sink);
    let given = overflow.into_iter().chain(draft.excluded.drain(..)).collect();
    let excluded = without_repeats(&addresses, given, sink);
    if addresses.is_empty() && excluded.is_empty() && !draft.no_address_meant {
        let message = format!("vrrp_instance `{}` has no virtual address", draft.name.0);
        sink.warning_help(draft.name.1, message, "add `virtual_ipaddress { ADDRESS/LENGTH }`");
    }
    let home = draft.interface.as_deref().filter(|_| draft.vmac.is_none());
    known.tell_of_others(found, addresses.iter().chain(&excluded), home, sink);
    let version = draft.version_for(ipv6, defaults.version, sink);
    let advert_interval = interval(draft.advert_interval, version, sink);
    let priority = draft.priority(sink);
    strict::enforce(&mut draft, addresses.first(), priority, sink);
    let password = std::mem::take(&mut draft.authentication).complete(version, sink);
    let hmac = draft.hmac.take().and_then(|hmac| hmac.complete(advert_interval, sink));
    let (nopreempt, preempt_delay) = draft.preemption(sink);
    let source = same_family(draft.source.take(), ipv6, "source address", sink);
    draft.peers(ipv6, sink)?;
    let group = draft.group_address(ipv6, defaults, sink);
    let mut tracks = draft.tracks.resolve(objects, sink);
    tracks.interfaces.retain(|(track, place)| {
        let own = draft.interface.as_ref() == Some(&track.name);
        if own {
            let message = format!(
                "`{}` is the instance's own interface, which is followed anyway; this line is ignored",
                track.name
            );
            sink.warning_help(*place, message, "take it out; `dont_track_primary` is how not to follow it");
        }
        !own
    });
    let (vrid, interface) = draft.required(source, sink)?;
    let transmit_base = draft.transmits_base(sink);
    let vmac = draft.vmac.take().map(|line| {
        let taken = |name: &str| known.vmac(name);
        line.complete(&defaults.macvlan_prefixes[0], vrid.0, ipv6, transmit_base, taken, sink)
    });
    let places = Places { name: draft.place, vrid: vrid.1 };
    let mut instance = VrrpInstance {
        initial_state: draft.state.map_or(InitialState::Backup, |(state, _)| state),
        interface,
        vrid: vrid.0,
        priority,
        version,
        advert_interval,
        password,
        hmac,
        addresses: addresses.into_iter().map(|(address, _)| address).collect(),
        excluded: excluded.into_iter().map(|(address, _)| address).collect(),
        ipv6,
        nopreempt,
        preempt_delay,
        source,
        group_address: group,
        vmac,
        announcement: draft.timing.complete(),
        notify: known.shared(draft.notify),
        location: sink.locate(draft.place),
        ..draft.plain
    };
    settle(&mut instance, draft.vmac_for_addresses, &defaults.macvlan_prefixes[1], |name| known.vmac(name));
    let nopreempt = draft.nopreempt.filter(|_| nopreempt);
    Some((Resolved { instance, tracks, nopreempt }, places))
}

impl Draft {
    fn version_for(&self, ipv6: bool, standard: Version, sink: &mut Sink<'_>) -> Version {
        match self.version {
            Some((Version::V2, place)) if ipv6 => {
                sink.warning(place, "`version 2` has no IPv6; version 3 is used");
                Version::V3
            }
            _ if ipv6 => Version::V3,
            Some((version, _)) => version,
            None => standard,
        }
    }

    /// `nopreempt` and `preempt_delay`; `state MASTER` clears both, as in keepalived.
    fn preemption(&self, sink: &mut Sink<'_>) -> (bool, Duration) {
        let delay = self.preempt_delay.map_or(Duration::ZERO, |(delay, _)| delay);
        let Some((InitialState::Master, _)) = self.state else { return (self.nopreempt.is_some(), delay) };
        let cleared = [("nopreempt", self.nopreempt), ("preempt_delay", self.preempt_delay.map(|(_, place)| place))];
        for (name, place) in cleared {
            if let Some(place) = place {
                let message = format!("`{name}` is cleared by `state MASTER`");
                sink.warning_help(place, message, "write `state BACKUP`; priorities decide who is master");
            }
        }
        (false, Duration::ZERO)
    }

    fn priority(&self, sink: &mut Sink<'_>) -> u8 {
        match (self.priority, self.state) {
            (Some(priority), _) => priority,
            (None, Some((InitialState::Master, place))) => {
                let message = "`state MASTER` without `priority` means priority 255, the address owner";
                sink.warning_help(place, message, "add a `priority` from 1 to 254");
                255
            }
            (None, _) => PRIORITY_DEFAULT,
        }
    }

    /// The peers that speak the family of the instance. Nothing when peers were named and none of them is left: by
    /// multicast it would be master beside those that it does not hear.
    fn peers(&mut self, ipv6: bool, sink: &mut Sink<'_>) -> Option<()> {
        let peers = std::mem::take(&mut self.peers);
        self.plain.check_unicast_source |= peers.checked;
        self.plain.unicast_peers = peers
            .found
            .into_iter()
            .filter(|(peer, place)| same_family(Some((peer.address, *place)), ipv6, "peer", sink).is_some())
            .map(|(peer, _)| peer)
            .collect();
        self.plain.peer_names = peers.names;
        let somebody = !self.plain.unicast_peers.is_empty() || !self.plain.peer_names.is_empty();
        if somebody || self.plain.fault_without_peer {
            return Some(());
        }
        if let Some(place) = peers.named {
            let name = &self.name.0;
            let message =
                format!("vrrp_instance `{name}`: none of its unicast peers can be used; the instance is ignored");
            let help = "name a peer of the family that it speaks; without any it would not hear the other hosts, and be master beside them";
            sink.error_help(place, message, help);
            return None;
        }
        if let Some(place) = self.unicast_source.or(peers.block) {
            let help = "add a peer to `unicast_peer`";
            sink.warning_help(place, "without `unicast_peer` adverts are sent by multicast", help);
        }
        Some(())
    }

    /// The group that adverts go to, when it is not the standard one.
    fn group_address(&mut self, ipv6: bool, defaults: &Defaults, sink: &mut Sink<'_>) -> Option<IpAddr> {
        let own = same_family(self.group.take(), ipv6, "`mcast_dst_ip`", sink);
        let global = if ipv6 { defaults.group6.map(IpAddr::V6) } else { defaults.group4.map(IpAddr::V4) };
        let standard = if ipv6 { IpAddr::V6(GROUP6) } else { IpAddr::V4(GROUP4) };
        own.or(global).filter(|group| *group != standard)
    }

    /// `vmac_xmit_base`, which unicast needs.
    fn transmits_base(&self, sink: &mut Sink<'_>) -> bool {
        let Some(vmac) = &self.vmac else {
            if let Some(place) = self.transmit_base {
                sink.warning(place, "`vmac_xmit_base` without `use_vmac` changes nothing");
            }
            return false;
        };
        let unicast = !self.plain.unicast_peers.is_empty() || !self.plain.peer_names.is_empty();
        if unicast && self.transmit_base.is_none() {
            let message = "unicast adverts cannot leave by a macvlan; they leave by the interface itself";
            sink.warning_help(vmac.place, message, "add `vmac_xmit_base`");
        }
        unicast || self.transmit_base.is_some()
    }

    /// What an instance cannot be without.
    fn required(&self, source: Option<IpAddr>, sink: &mut Sink<'_>) -> Option<(At<u8>, String)> {
        let (name, place) = &self.name;
        if !self.vrid_given {
            let message = format!("vrrp_instance `{name}` has no `virtual_router_id`; the instance is ignored");
            sink.error_help(*place, message, "add `virtual_router_id` with a number from 1 to 255");
        }
        if self.interface_given {
            return Some((self.vrid?, self.interface.clone()?));
        }
        let unicast = !self.plain.unicast_peers.is_empty() || !self.plain.peer_names.is_empty();
        if !unicast || self.vmac.is_some() {
            let message = format!("vrrp_instance `{name}` has no `interface`; the instance is ignored");
            sink.error_help(*place, message, "add `interface` with the name of the network interface");
            return None;
        }
        let which = match source {
            Some(source) => format!("the one that carries {source} is used"),
            None => "the one that leads to its peers is used".to_owned(),
        };
        let help = "add `interface` with the name of the network interface; keepalived 2.2.7 does not start without it";
        sink.warning_help(*place, format!("vrrp_instance `{name}` has no `interface`; {which}"), help);
        Some((self.vrid?, String::new()))
    }
}

fn interval(given: Option<At<Duration>>, version: Version, sink: &mut Sink<'_>) -> Duration {
    let Some((asked, place)) = given else { return Duration::from_secs(1) };
    let shown = crate::conf::grammar::values::show_seconds(asked);
    let (step, max, why) = match version {
        Version::V2 => (Duration::from_secs(1), Duration::from_secs(255), "version 2 counts whole seconds"),
        Version::V3 => (Duration::from_millis(10), V3_INTERVAL_MAX, "version 3 counts steps of 10 ms up to 40.95 s"),
    };
    let used = round(asked, step).clamp(step, max);
    if used != asked {
        let message =
            format!("`advert_int {shown}`: {why}; {} s is used", crate::conf::grammar::values::show_seconds(used));
        match version {
            Version::V2 => sink.error_help(place, message, "add `version 3` on all hosts, or use whole seconds"),
            Version::V3 => sink.error(place, message),
        }
    }
    used
}

fn round(value: Duration, step: Duration) -> Duration {
    let steps = (value + step / 2).as_millis() / step.as_millis().max(1);
    step * u32::try_from(steps).unwrap_or(u32::MAX)
}

/// The addresses that adverts carry, of one family and each once, and those beyond what an advert can count.
fn advertised(
    draft: &mut Draft,
    spoken: Spoken,
    sink: &mut Sink<'_>,
) -> (Vec<At<VirtualAddress>>, Vec<At<VirtualAddress>>) {
    let mut addresses = without_repeats(&[], std::mem::take(&mut draft.addresses), sink);
    spoken.keep(&mut addresses, sink);
    let overflow = addresses.split_off(addresses.len().min(ADVERTISED_MAX));
    if let Some((_, place)) = overflow.first() {
        let message = format!("an advert holds {ADVERTISED_MAX} addresses; from here on they are not advertised");
        sink.warning(*place, message);
    }
    (addresses, overflow)
}

fn without_repeats(
    taken: &[At<VirtualAddress>],
    found: Vec<At<VirtualAddress>>,
    sink: &mut Sink<'_>,
) -> Vec<At<VirtualAddress>> {
    let key = |one: &VirtualAddress| (one.address.addr(), one.interface.clone());
    let mut seen: std::collections::HashSet<_> = taken.iter().map(|(one, _)| key(one)).collect();
    let mut kept = Vec::with_capacity(found.len());
    for (one, place) in found {
        if seen.insert(key(&one)) {
            kept.push((one, place));
        } else {
            sink.warning(place, format!("`{}` is listed twice; this line is ignored", one.address.addr()));
        }
    }
    kept
}

fn same_family(given: Option<At<IpAddr>>, ipv6: bool, what: &str, sink: &mut Sink<'_>) -> Option<IpAddr> {
    let (address, place) = given?;
    if address.is_ipv6() == ipv6 {
        return Some(address);
    }
    let family = if ipv6 { "IPv6" } else { "IPv4" };
    sink.error(place, format!("{what} `{address}` is ignored: the instance speaks {family}"));
    None
}

/// Addresses that the count field of an advert can express (RFC 9568 §5.2.5).
const ADVERTISED_MAX: usize = 255;
/// Where VRRP adverts go (RFC 9568 §5.1.1.2, §5.1.2.2).
const GROUP4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
const GROUP6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);
/// The 12-bit interval field of version 3, in centiseconds (RFC 9568 §5.2.7).
const V3_INTERVAL_MAX: Duration = Duration::from_millis(40_950);
