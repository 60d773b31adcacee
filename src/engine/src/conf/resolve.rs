//! Drafts to instances: defaults, and everything that one line alone cannot tell: family, version, interval,
//! names that must exist, things that must not exist twice.

use std::net::IpAddr;
use std::time::Duration;

use super::build::Defaults;
use super::config::{InitialState, Peer, SimplePassword, Track, Version, VirtualAddress, VrrpInstance, VrrpScript};
use super::conflict::{clash, taken_addresses};
use super::draft::{At, Draft, PRIORITY_DEFAULT, Tracked};
use super::schema::nearest;
use super::sink::{Place, Sink};

/// Resolves all instances of a file; one that cannot run is reported and left out.
pub(super) fn resolve(
    drafts: Vec<Draft>,
    scripts: &[VrrpScript],
    broken_scripts: &[String],
    defaults: Defaults,
    sink: &mut Sink<'_>,
) -> Vec<VrrpInstance> {
    let mut instances: Vec<VrrpInstance> = Vec::new();
    for draft in drafts {
        if let Some(earlier) = instances.iter().find(|earlier| earlier.name == draft.name.0) {
            let line = earlier.location.line;
            let message = format!("vrrp_instance `{}` exists already on line {line}; ignored", draft.name.0);
            sink.error(draft.name.1, message);
            continue;
        }
        let Some((mut instance, places)) = one(draft, scripts, broken_scripts, defaults, sink) else { continue };
        if let Some(earlier) = instances.iter().find(|earlier| clash(earlier, &instance)) {
            let (vrid, interface) = (instance.vrid, &instance.interface);
            let message =
                format!("virtual_router_id {vrid} is already used on {interface} by `{}`; ignored", earlier.name);
            sink.error_help(places.vrid, message, "give each instance on an interface a number of its own");
            continue;
        }
        taken_addresses(&instances, &mut instance, &places.addresses, sink);
        instances.push(instance);
    }
    instances
}

/// Where things stand that later checks may have to point at.
struct Places {
    vrid: Place,
    addresses: Vec<Place>,
}

fn one(
    mut draft: Draft,
    scripts: &[VrrpScript],
    broken_scripts: &[String],
    defaults: Defaults,
    sink: &mut Sink<'_>,
) -> Option<(VrrpInstance, Places)> {
    let announcement = draft.announcement(defaults.announcement, sink);
    let (addresses, overflow) = advertised(&mut draft, sink);
    let ipv6 = addresses.first().map_or_else(|| draft.speaks_ipv6(), |(first, _)| first.address.addr().is_ipv6());
    let version = draft.version_for(ipv6, defaults.version, sink);
    let advert_interval = interval(draft.advert_interval, version, sink);
    let password = draft.password(version, sink);
    let (nopreempt, preempt_delay) = draft.preemption(sink);
    let excluded = without_repeats(&addresses, overflow.into_iter().chain(draft.excluded.drain(..)).collect(), sink);
    let source = same_family(draft.source.take(), ipv6, "source address", sink);
    let unicast_peers: Vec<Peer> = std::mem::take(&mut draft.unicast_peers)
        .into_iter()
        .filter_map(|peer| same_family(Some(peer), ipv6, "peer", sink).map(Peer::from))
        .collect();
    if let Some(place) = draft.unicast_source.filter(|_| unicast_peers.is_empty()) {
        sink.warning_help(place, "without `unicast_peer` adverts are sent by multicast", "add a `unicast_peer` block");
    }
    let track_scripts = track_scripts(&draft.track_scripts, scripts, broken_scripts, sink);
    let track_interfaces = draft.track_interfaces.iter().map(track_interface).collect::<Vec<_>>();
    weights_without_preemption(&draft, nopreempt, track_scripts.iter().chain(&track_interfaces), sink);
    let priority = draft.priority(sink);
    if addresses.is_empty() && excluded.is_empty() {
        let message = format!("vrrp_instance `{}` has no virtual address", draft.name.0);
        sink.warning_help(draft.name.1, message, "add `virtual_ipaddress { ADDRESS/LENGTH }`");
    }
    let (vrid, interface) = draft.required(sink)?;
    let places = Places { vrid: vrid.1, addresses: addresses.iter().chain(&excluded).map(|(_, at)| *at).collect() };
    let mut instance = VrrpInstance::new(&draft.name.0, &interface, vrid.0);
    instance.initial_state = draft.state.map_or(InitialState::Backup, |(state, _)| state);
    instance.priority = priority;
    instance.version = version;
    instance.advert_interval = advert_interval;
    instance.password = password;
    instance.addresses = addresses.into_iter().map(|(address, _)| address).collect();
    instance.excluded = excluded.into_iter().map(|(address, _)| address).collect();
    instance.nopreempt = nopreempt;
    instance.preempt_delay = preempt_delay;
    instance.track_interfaces = track_interfaces;
    instance.track_scripts = track_scripts;
    instance.dont_track_primary = draft.dont_track_primary;
    instance.source = source;
    instance.unicast_peers = unicast_peers;
    instance.v3_checksum_as_v2 = draft.v3_checksum_as_v2;
    instance.announcement = announcement;
    instance.notify = draft.notify;
    instance.location = sink.locate(draft.place);
    Some((instance, places))
}

impl Draft {
    fn speaks_ipv6(&self) -> bool {
        let witness = self.source.as_ref().or_else(|| self.unicast_peers.first());
        witness.is_some_and(|(address, _)| address.is_ipv6())
    }

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

    fn password(&mut self, version: Version, sink: &mut Sink<'_>) -> Option<SimplePassword> {
        let read = std::mem::take(&mut self.authentication);
        let block = read.place?;
        if version == Version::V3 {
            sink.warning(block, "VRRP version 3 has no authentication; ignored (RFC 5798 §9)");
            return None;
        }
        match (read.pass, read.password) {
            (true, Some((text, place))) => Some(cut_password(&text, place, sink)),
            (true, None) if read.misplaced => None,
            (true, None) => {
                let help = "add a line `auth_pass SECRET`";
                sink.error_help(block, "`authentication` has no `auth_pass`; adverts carry no authentication", help);
                None
            }
            (false, Some((_, place))) if !read.type_given => {
                let help = "add a line `auth_type PASS`";
                sink.error_help(place, "`auth_pass` without `auth_type`; adverts carry no authentication", help);
                None
            }
            (false, _) => None,
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

    /// What an instance cannot be without.
    fn required(&self, sink: &mut Sink<'_>) -> Option<(At<u8>, String)> {
        let (name, place) = &self.name;
        if !self.vrid_given {
            let message = format!("vrrp_instance `{name}` has no `virtual_router_id`; the instance is ignored");
            sink.error_help(*place, message, "add `virtual_router_id` with a number from 1 to 255");
        }
        if !self.interface_given {
            let message = format!("vrrp_instance `{name}` has no `interface`; the instance is ignored");
            sink.error_help(*place, message, "add `interface` with the name of the network interface");
        }
        Some((self.vrid?, self.interface.clone()?))
    }
}

fn cut_password(text: &str, place: Place, sink: &mut Sink<'_>) -> SimplePassword {
    if text.len() > PASSWORD_BYTES {
        // The word itself is a secret and stays out of the message.
        let message = format!("`auth_pass` has {} bytes; only the first {PASSWORD_BYTES} count", text.len());
        sink.warning(place, message);
    }
    let mut bytes = [0; PASSWORD_BYTES];
    bytes.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    SimplePassword(bytes)
}

fn interval(given: Option<At<Duration>>, version: Version, sink: &mut Sink<'_>) -> Duration {
    let Some((asked, place)) = given else { return Duration::from_secs(1) };
    let shown = super::values::show_seconds(asked);
    let (step, max, why) = match version {
        Version::V2 => (Duration::from_secs(1), Duration::from_secs(255), "version 2 counts whole seconds"),
        Version::V3 => (Duration::from_millis(10), V3_INTERVAL_MAX, "version 3 counts steps of 10 ms up to 40.95 s"),
    };
    let used = round(asked, step).clamp(step, max);
    if used != asked {
        let message = format!("`advert_int {shown}`: {why}; {} s is used", super::values::show_seconds(used));
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
fn advertised(draft: &mut Draft, sink: &mut Sink<'_>) -> (Vec<At<VirtualAddress>>, Vec<At<VirtualAddress>>) {
    let mut addresses = without_repeats(&[], std::mem::take(&mut draft.addresses), sink);
    let ipv6 = addresses.first().is_some_and(|(first, _)| first.address.addr().is_ipv6());
    addresses.retain(|(one, place)| {
        let fits = one.address.addr().is_ipv6() == ipv6;
        if !fits {
            let message = format!("`{}` is of another family than the first address; ignored", one.address.addr());
            sink.error_help(*place, message, "put it into `virtual_ipaddress_excluded` or an instance of its own");
        }
        fits
    });
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

fn track_interface(tracked: &Tracked) -> Track {
    let (weight, reverse) = tracked.weight.unwrap_or_default();
    Track { name: tracked.name.clone(), weight, reverse }
}

fn track_scripts(
    tracked: &[Tracked],
    scripts: &[VrrpScript],
    broken_scripts: &[String],
    sink: &mut Sink<'_>,
) -> Vec<Track> {
    let mut found = Vec::new();
    for entry in tracked {
        match scripts.iter().find(|script| script.name == entry.name) {
            Some(script) => {
                let (weight, reverse) = entry.weight.unwrap_or((script.weight, script.reverse));
                found.push(Track { name: entry.name.clone(), weight, reverse });
            }
            None if broken_scripts.contains(&entry.name) => {} // its own block has been reported
            None => {
                let message = format!("no vrrp_script is called `{}`; not tracked", entry.name);
                let help = match nearest(&entry.name, scripts.iter().map(|script| script.name.as_str())) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("add `vrrp_script {} {{ script … }}`", entry.name),
                };
                sink.error_help(entry.place, message, help);
            }
        }
    }
    found
}

fn weights_without_preemption<'t>(
    draft: &Draft,
    nopreempt: bool,
    mut tracks: impl Iterator<Item = &'t Track>,
    sink: &mut Sink<'_>,
) {
    if let Some(place) = draft.nopreempt.filter(|_| nopreempt)
        && let Some(track) = tracks.find(|track| track.weight != 0)
    {
        let message = format!("with `nopreempt` the weight of `{}` never moves the addresses", track.name);
        sink.warning_help(place, message, "use weight 0, so that a failure means FAULT, or remove `nopreempt`");
    }
}

/// Addresses that the count field of an advert can express (RFC 9568 §5.2.5).
pub const ADVERTISED_MAX: usize = 255;
/// Bytes of a simple text password (RFC 2338 §5.3.10).
pub const PASSWORD_BYTES: usize = 8;
/// The 12-bit interval field of version 3, in centiseconds (RFC 9568 §5.2.7).
pub const V3_INTERVAL_MAX: Duration = Duration::from_millis(40_950);
