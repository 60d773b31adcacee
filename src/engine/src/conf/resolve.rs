//! Drafts to instances: defaults, and everything that one line alone cannot tell: family, version, interval,
//! names that must exist, things that must not exist twice.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::config::{
    InitialState, Peer, SimplePassword, SyncGroup, Track, TrackFile, TrackProcess, Version, VirtualAddress, Vmac,
    VrrpInstance, VrrpScript,
};
use super::conflict::Taken;
use super::draft::{At, Draft, PRIORITY_DEFAULT, PeerLine, Tracked as TrackedLine};
use super::global::Defaults;
use super::group::{GroupDraft, GroupTracks};
use super::options::{self, Said};
use super::schema::nearest;
use super::sink::{Place, Sink};
use super::values::interface;
use super::{hmac, routing};
use crate::wire::arp::Mac;

/// What may be tracked by name.
pub(super) struct Tracked<'c> {
    pub(super) scripts: &'c [VrrpScript],
    pub(super) broken_scripts: &'c [String],
    pub(super) files: &'c [TrackFile],
    pub(super) processes: &'c [TrackProcess],
}

/// Resolves all instances and groups of a file; one that cannot run is reported and left out.
pub(super) fn resolve(
    drafts: Vec<Draft>,
    groups: Vec<GroupDraft>,
    known: &Tracked<'_>,
    defaults: &Defaults,
    preference: &mut u32,
    sink: &mut Sink<'_>,
) -> (Vec<VrrpInstance>, Vec<SyncGroup>) {
    let mut instances: Vec<VrrpInstance> = Vec::new();
    let mut taken = Taken::default();
    for draft in drafts {
        if let Some(line) = taken.line_of(&draft.name.0) {
            let message = format!("vrrp_instance `{}` exists already on line {line}; ignored", draft.name.0);
            sink.error(draft.name.1, message);
            continue;
        }
        let Some((mut instance, places)) = one(draft, known, defaults, preference, sink) else { continue };
        if let Some(earlier) = taken.clash(&instances, &instance) {
            let (vrid, interface) = (instance.vrid, &instance.interface);
            let message = format!("virtual_router_id {vrid} is already used on {interface} by `{earlier}`; ignored");
            sink.error_help(places.vrid, message, "give each instance on an interface a number of its own");
            continue;
        }
        taken.addresses(&mut instance, &places.addresses, sink);
        taken.note(&instance, instances.len());
        instances.push(instance);
    }
    let mut joined: Vec<SyncGroup> = Vec::new();
    for group in groups {
        let tracks = GroupTracks {
            interfaces: group.interfaces.iter().map(track_interface).collect(),
            scripts: track_scripts(&group.scripts, known, sink),
            files: track_files(&group.files, known, sink),
            processes: track_processes(&group.processes, known, sink),
        };
        joined.extend(group.join(&joined, &mut instances, tracks, sink));
    }
    (instances, joined)
}

/// Where things stand that later checks may have to point at.
struct Places {
    vrid: Place,
    addresses: Vec<Place>,
}

fn one(
    mut draft: Draft,
    known: &Tracked<'_>,
    defaults: &Defaults,
    preference: &mut u32,
    sink: &mut Sink<'_>,
) -> Option<(VrrpInstance, Places)> {
    let announcement = options::announcements(&draft.announcements, defaults.instance.announcement, sink);
    let (addresses, overflow) = advertised(&mut draft, sink);
    let ipv6 = addresses.first().map_or_else(|| draft.speaks_ipv6(), |(first, _)| first.address.addr().is_ipv6());
    let version = draft.version_for(ipv6, defaults.version, sink);
    let advert_interval = interval(draft.advert_interval, version, sink);
    let password = draft.password(version, sink);
    let (nopreempt, preempt_delay) = draft.preemption(sink);
    let excluded = without_repeats(&addresses, overflow.into_iter().chain(draft.excluded.drain(..)).collect(), sink);
    let source = same_family(draft.source.take(), ipv6, "source address", sink);
    let (unicast_peers, peer_names) = draft.peers(ipv6, sink);
    let track_scripts = track_scripts(&draft.track_scripts, known, sink);
    let track_interfaces = draft.track_interfaces.iter().map(track_interface).collect::<Vec<_>>();
    let track_files = track_files(&draft.track_files, known, sink);
    let track_processes = track_processes(&draft.track_processes, known, sink);
    let weighted = track_scripts.iter().chain(&track_interfaces).chain(&track_processes).chain(&track_files);
    weights_without_preemption(&draft, nopreempt, weighted, sink);
    let priority = draft.priority(sink);
    if addresses.is_empty() && excluded.is_empty() && draft.no_address.is_none() {
        let message = format!("vrrp_instance `{}` has no virtual address", draft.name.0);
        let help = "add `virtual_ipaddress { ADDRESS/LENGTH }`, or `no_virtual_ipaddress` if it shall have none";
        sink.warning_help(draft.name.1, message, help);
    }
    let (vrid, interface) = draft.required(sink)?;
    let places = Places { vrid: vrid.1, addresses: addresses.iter().chain(&excluded).map(|(_, at)| *at).collect() };
    let mut instance = VrrpInstance::clone(&defaults.instance);
    instance.name.clone_from(&draft.name.0);
    instance.interface = interface;
    instance.vrid = vrid.0;
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
    instance.track_files = track_files;
    instance.track_processes = track_processes;
    instance.source = source;
    instance.unicast_peers = unicast_peers;
    instance.peer_names = peer_names;
    instance.announcement = announcement;
    instance.group_address = if ipv6 { defaults.group_v6 } else { defaults.group_v4 };
    let mut notify = std::mem::take(&mut draft.notify);
    notify.priority_changes = instance.notify.priority_changes;
    if notify != *instance.notify {
        instance.notify = Arc::new(notify);
    }
    let mut said = Said::default();
    for line in &draft.options {
        options::apply(line.name(), line, &mut instance, &mut said, sink);
    }
    for block in &draft.routing {
        match block.name() {
            "virtual_routes" => instance.routes.extend(routing::routes(block, sink)),
            _ => instance.rules.extend(routing::rules(block, preference, sink)),
        }
    }
    instance.hmac = draft.hmac.as_ref().and_then(|block| hmac::read(block, advert_interval, sink));
    instance.vmac = draft.vmac(&instance, &defaults.vmac_prefix, sink);
    instance.accept = said.accept.unwrap_or(!instance.strict);
    if let Some(place) = draft.unicast_source.filter(|_| !instance.is_unicast()) {
        sink.warning_help(place, "without `unicast_peer` adverts are sent by multicast", "add a `unicast_peer` block");
    }
    strict(&mut instance, &draft, sink);
    instance.location = sink.locate(draft.place);
    Some((instance, places))
}

/// What the RFC does not know is not permitted in strict mode.
fn strict(instance: &mut VrrpInstance, draft: &Draft, sink: &mut Sink<'_>) {
    if !instance.strict {
        return;
    }
    let place = draft.name.1;
    let help = "remove it, or the strict mode (`vrrp_strict`, `strict_mode`)";
    if instance.password.take().is_some() {
        sink.warning_help(place, "strict mode permits no password; adverts carry none", help);
    }
    if instance.is_unicast() {
        (instance.unicast_peers, instance.peer_names) = (Vec::new(), Vec::new());
        sink.warning_help(place, "strict mode permits no unicast; adverts are sent by multicast", help);
    }
    if !instance.preempt_delay.is_zero() {
        instance.preempt_delay = Duration::ZERO;
        sink.warning_help(place, "strict mode permits no preempt_delay; 0 is used", help);
    }
    if !instance.accept && instance.priority != u8::MAX {
        let message = "in strict mode the addresses do not answer, not even a ping (RFC 9568 §6.1, Accept_Mode)";
        sink.warning_help(place, message, "add `accept`");
    }
}

impl Draft {
    fn speaks_ipv6(&self) -> bool {
        let peer = self.unicast_peers.iter().find_map(|(peer, _)| match peer {
            PeerLine::Address(peer) => Some(peer.address),
            PeerLine::Name(_) => None,
        });
        let witness = self.source.map(|(address, _)| address).or(peer);
        witness.is_some_and(|address| address.is_ipv6())
    }

    /// The peers of the instance's family, and those that are names.
    fn peers(&mut self, ipv6: bool, sink: &mut Sink<'_>) -> (Vec<Peer>, Vec<String>) {
        let (mut peers, mut names) = (Vec::new(), Vec::new());
        for (peer, place) in std::mem::take(&mut self.unicast_peers) {
            match peer {
                PeerLine::Address(peer) => {
                    let fits = same_family(Some((peer.address, place)), ipv6, "peer", sink);
                    peers.extend(fits.map(|_| peer));
                }
                PeerLine::Name(name) => names.push(name),
            }
        }
        (peers, names)
    }

    /// `use_vmac [NAME] [MAC]`, `vmac_xmit_base`.
    fn vmac(&self, instance: &VrrpInstance, prefix: &str, sink: &mut Sink<'_>) -> Option<Vmac> {
        let line = self.vmac.as_ref()?;
        let version = if instance.is_ipv6() { 2 } else { 1 };
        let mut vmac = Vmac {
            name: format!("{prefix}.{}", instance.vrid),
            mac: [0, 0, 0x5e, 0, version, instance.vrid],
            transmit_base: self.transmit_base.is_some(),
        };
        let mut words = line.arguments.iter();
        while let Some(word) = words.next() {
            match (parse_mac(&word.text), word.text.as_str()) {
                (Some(mac), _) => vmac.mac = mac,
                (None, "netlink_notify_msg") => {}
                (None, "group") => {
                    words.next();
                    sink.warning(word.place, "`group` is known but not supported yet for a macvlan; ignored");
                }
                (None, _) => vmac.name = interface(word, sink).unwrap_or(vmac.name),
            }
        }
        if instance.is_unicast() && !vmac.transmit_base {
            vmac.transmit_base = true;
            let help = "add `vmac_xmit_base`";
            sink.warning_help(line.place(), "unicast adverts leave by the interface itself", help);
        }
        Some(vmac)
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

fn track_interface(tracked: &TrackedLine) -> Track {
    let (weight, reverse) = tracked.weight.unwrap_or_default();
    Track { name: tracked.name.clone(), weight, reverse }
}

fn track_scripts(lines: &[TrackedLine], known: &Tracked<'_>, sink: &mut Sink<'_>) -> Vec<Track> {
    // A script that is broken has been reported in its own block.
    let lines = lines.iter().filter(|line| !known.broken_scripts.contains(&line.name));
    let scripts = known.scripts.iter().map(|script| (script.name.as_str(), (script.weight, script.reverse)));
    named("vrrp_script", lines, &scripts.collect::<Vec<_>>(), sink)
}

fn track_files(lines: &[TrackedLine], known: &Tracked<'_>, sink: &mut Sink<'_>) -> Vec<Track> {
    let files = known.files.iter().map(|file| (file.name.as_str(), (file.weight, file.reverse)));
    named("track_file", lines.iter(), &files.collect::<Vec<_>>(), sink)
}

fn track_processes(lines: &[TrackedLine], known: &Tracked<'_>, sink: &mut Sink<'_>) -> Vec<Track> {
    let processes = known.processes.iter().map(|process| (process.name.as_str(), (process.weight, process.reverse)));
    named("vrrp_track_process", lines.iter(), &processes.collect::<Vec<_>>(), sink)
}

fn named<'t>(
    keyword: &str,
    lines: impl Iterator<Item = &'t TrackedLine>,
    known: &[(&str, (i16, bool))],
    sink: &mut Sink<'_>,
) -> Vec<Track> {
    let mut found = Vec::new();
    for entry in lines {
        match known.iter().find(|(name, _)| *name == entry.name) {
            Some((_, own)) => {
                let (weight, reverse) = entry.weight.unwrap_or(*own);
                found.push(Track { name: entry.name.clone(), weight, reverse });
            }
            None => {
                let message = format!("no {keyword} is called `{}`; not tracked", entry.name);
                let help = match nearest(&entry.name, known.iter().map(|(name, _)| *name)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("add `{keyword} {} {{ … }}`", entry.name),
                };
                sink.error_help(entry.place, message, help);
            }
        }
    }
    found
}

fn parse_mac(text: &str) -> Option<Mac> {
    let mut mac = [0; 6];
    let mut parts = text.split(':');
    for byte in &mut mac {
        *byte = parts
            .next()
            .filter(|part| (1..=2).contains(&part.len()))
            .and_then(|part| u8::from_str_radix(part, 16).ok())?;
    }
    parts.next().is_none().then_some(mac)
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
