//! One `vrrp_instance` as written: each value by itself is checked, what depends on others is left to `resolve`.

use std::net::IpAddr;
use std::time::Duration;

use super::address::virtual_address;
use super::authentication::{Authentication, Hmac};
use super::notify::notify;
use super::route::route;
use super::rule::rule;
use super::track::TrackLists;
use super::unicast::Peers;
use super::vmac::VmacLine;
use crate::conf::config::{InitialState, Notify, OldChecksum, Version, VirtualAddress, VrrpInstance};
use crate::conf::global::defaults::{Defaults, Timing};
use crate::conf::grammar::keywords::VRRP_INSTANCE;
use crate::conf::grammar::values::{
    address, block_name, flag, integer, interface, seconds, single, surplus, switched, unread, version,
};
use crate::conf::grammar::walk::{inside, walk};
use crate::conf::text::place::{At, Place};
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// A `vrrp_instance` with its own lines read.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) name: At<String>,
    /// The keyword `vrrp_instance` itself.
    pub(crate) place: Place,
    /// What no other setting has a say in; the rest of it is filled by `resolve`.
    pub(crate) plain: VrrpInstance,
    pub(crate) state: Option<At<InitialState>>,
    pub(crate) interface: Option<String>,
    pub(super) interface_given: bool,
    pub(crate) vrid: Option<At<u8>>,
    pub(super) vrid_given: bool,
    pub(crate) priority: Option<u8>,
    pub(crate) version: Option<At<Version>>,
    pub(crate) advert_interval: Option<At<Duration>>,
    pub(crate) authentication: Authentication,
    pub(crate) hmac: Option<Hmac>,
    pub(crate) addresses: Vec<At<VirtualAddress>>,
    pub(crate) excluded: Vec<At<VirtualAddress>>,
    pub(super) no_address_meant: bool,
    pub(crate) native_ipv6: Option<Place>,
    pub(crate) nopreempt: Option<Place>,
    pub(crate) preempt_delay: Option<At<Duration>>,
    pub(crate) tracks: TrackLists,
    pub(crate) source: Option<At<IpAddr>>,
    pub(super) unicast_source: Option<Place>,
    pub(crate) peers: Peers,
    pub(crate) group: Option<At<IpAddr>>,
    pub(crate) timing: Timing,
    pub(crate) vmac: Option<VmacLine>,
    pub(crate) transmit_base: Option<Place>,
    /// `use_vmac_addr`.
    pub(super) vmac_for_addresses: bool,
    pub(crate) accept: Option<At<bool>>,
    pub(crate) strict: Option<Place>,
    pub(crate) notify: Notify,
    /// `lvs_sync_daemon_interface`.
    pub(crate) sync_interface: Option<At<String>>,
}

impl Draft {
    /// Reads a block; `None` when it has no name.
    pub(crate) fn read(block: &Statement, defaults: &Defaults, sink: &mut Sink<'_>) -> Option<Self> {
        let name = block_name(block, sink)?;
        let mut draft = Self::empty(name, block.place(), defaults);
        walk(inside(block), &VRRP_INSTANCE, sink, |line, sink| draft.line(line, sink));
        Some(draft)
    }

    fn empty(name: At<String>, place: Place, defaults: &Defaults) -> Self {
        let mut plain = VrrpInstance::new(&name.0, "", 0);
        plain.strict = defaults.strict;
        plain.down_adverts = defaults.down_adverts;
        plain.lower_prio_no_advert = defaults.lower_prio_no_advert;
        plain.higher_prio_send_advert = defaults.higher_prio_send_advert;
        plain.owner_ignore_adverts = defaults.owner_ignore_adverts;
        plain.check_unicast_source = defaults.check_unicast_source;
        plain.v3_checksum_as_v2 = defaults.v3_checksum_as_v2;
        plain.smtp_alert = defaults.mails();
        Self {
            name,
            place,
            plain,
            state: None,
            interface: defaults.interface.clone(),
            interface_given: defaults.interface.is_some(),
            vrid: None,
            vrid_given: false,
            priority: None,
            version: None,
            advert_interval: None,
            authentication: Authentication::default(),
            hmac: None,
            addresses: Vec::new(),
            excluded: Vec::new(),
            no_address_meant: false,
            native_ipv6: None,
            nopreempt: None,
            preempt_delay: None,
            tracks: TrackLists::default(),
            source: None,
            unicast_source: None,
            peers: Peers::default(),
            group: None,
            timing: defaults.timing,
            vmac: None,
            transmit_base: None,
            vmac_for_addresses: false,
            accept: None,
            strict: None,
            notify: Notify { priority_changes: defaults.priority_changes, ..Notify::default() },
            sync_interface: None,
        }
    }

    fn line(&mut self, line: &Statement, sink: &mut Sink<'_>) {
        let place = line.place();
        match line.name() {
            "state" => self.state = state(line, sink).map(|state| (state, place)),
            "interface" => {
                self.interface_given = true;
                self.interface = single(line, sink).and_then(|word| interface(word, sink));
                if self.interface.as_deref() == Some("lo") {
                    let help = "name the interface that the other hosts are on; keepalived refuses lo";
                    sink.warning_help(place, "`interface lo`: adverts on the loopback interface reach nobody", help);
                }
            }
            "lvs_sync_daemon_interface" => {
                let name = single(line, sink).and_then(|word| interface(word, sink));
                self.sync_interface = name.map(|name| (name, place));
            }
            "virtual_router_id" => {
                self.vrid_given = true;
                let ignored = "the instance is ignored";
                self.vrid = integer(line, 1..=255, ignored, sink).map(|vrid| (vrid, place));
            }
            "priority" => self.priority = integer(line, 1..=255, "100 is used", sink).or(Some(PRIORITY_DEFAULT)),
            "advert_int" => self.advert_interval = advert_interval(line, sink),
            "version" => self.version = version(line, "the default is used", sink).map(|version| (version, place)),
            "preempt_delay" => {
                let range = Duration::ZERO..=PREEMPT_DELAY_MAX;
                self.preempt_delay = seconds(line, range, "0 is used", sink).map(|delay| (delay, place));
            }
            "unicast_src_ip" | "mcast_src_ip" => self.source(line, sink),
            "mcast_dst_ip" => {
                self.group = single(line, sink)
                    .and_then(|word| address(word, sink).map(|address| (address, word.place)))
                    .filter(|(group, at)| is_group(*group, *at, sink));
            }
            "use_vmac" => self.vmac = Some(VmacLine::read(line, sink)),
            "auth_hmac" => self.hmac = Some(Hmac::read(line, sink)),
            name if name.starts_with("notify") || name.starts_with("takeover") => notify(line, &mut self.notify, sink),
            name if name.starts_with("garp_") => self.timing.line(name, line, sink),
            _ if line.block.is_some() => self.block(line, sink),
            _ => self.switches(line, sink),
        }
    }

    /// Lines with at most a switch or a number after them.
    fn switches(&mut self, line: &Statement, sink: &mut Sink<'_>) {
        let plain = &mut self.plain;
        match line.name() {
            "v3_checksum_as_v2" => plain.v3_checksum_as_v2 = switched(line, false, sink),
            "lower_prio_no_advert" => plain.lower_prio_no_advert = switched(line, true, sink),
            "higher_prio_send_advert" => plain.higher_prio_send_advert = switched(line, true, sink),
            "owner_ignore_adverts" => plain.owner_ignore_adverts = switched(line, true, sink),
            "smtp_alert" => plain.smtp_alert = switched(line, true, sink),
            "strict_mode" => {
                plain.strict = switched(line, true, sink);
                self.strict = Some(line.place());
            }
            "check_unicast_src" => plain.check_unicast_source = switched(line, true, sink),
            "down_timer_adverts" => plain.down_adverts = integer(line, 1..=100, "3 is used", sink).unwrap_or(3),
            "unicast_ttl" => plain.unicast_ttl = integer(line, 0..=u8::MAX, "255 is used", sink),
            "track_src_ip" => plain.track_source = switched(line, true, sink),
            "unicast_fault_no_peer" => plain.fault_without_peer = switched(line, true, sink),
            "vmac_xmit_base" => self.transmit_base = switched(line, true, sink).then_some(line.place()),
            "old_unicast_checksum" => plain.old_checksum = old_checksum(line, sink),
            _ => {
                flag(line, sink);
                self.flag(line, sink);
            }
        }
    }

    fn flag(&mut self, line: &Statement, sink: &mut Sink<'_>) {
        let place = line.place();
        match line.name() {
            "nopreempt" => self.nopreempt = Some(place),
            "preempt" => self.nopreempt = None,
            "accept" => self.accept = Some((true, place)),
            "no_accept" => self.accept = Some((false, place)),
            "use_vmac_addr" => self.vmac_for_addresses = true,
            "no_virtual_ipaddress" => self.no_address_meant = true,
            "native_ipv6" => self.native_ipv6 = Some(place),
            "dont_track_primary" => self.plain.dont_track_primary = true,
            "promote_secondaries" => self.plain.promote_secondaries = true,
            _ => unread(line, sink),
        }
    }

    fn block(&mut self, block: &Statement, sink: &mut Sink<'_>) {
        surplus(block, &block.arguments, sink);
        if self.tracks.read(block, sink) {
            return;
        }
        match block.name() {
            "authentication" => self.authentication.read(block, sink),
            "virtual_ipaddress" => self.addresses.extend(addresses(block, sink)),
            "virtual_ipaddress_excluded" => self.excluded.extend(addresses(block, sink)),
            "virtual_routes" => self.plain.routes.extend(inside(block).iter().filter_map(|line| route(line, sink))),
            "virtual_rules" => self.plain.rules.extend(inside(block).iter().filter_map(|line| rule(line, sink))),
            "unicast_peer" => self.peers.read(block, sink),
            _ => self.switches(block, sink), // the block after it has been reported
        }
    }

    fn source(&mut self, line: &Statement, sink: &mut Sink<'_>) {
        let Some(word) = single(line, sink) else { return };
        self.source = address(word, sink).map(|address| (address, word.place));
        if line.name() == "unicast_src_ip" {
            self.unicast_source = Some(line.place());
        }
    }
}

fn state(line: &Statement, sink: &mut Sink<'_>) -> Option<InitialState> {
    let word = single(line, sink)?;
    match word.text.as_str() {
        "MASTER" => Some(InitialState::Master),
        "BACKUP" => Some(InitialState::Backup),
        other => {
            let message = format!("unknown state `{other}`; BACKUP is used");
            sink.error_help(word.place, message, "write MASTER or BACKUP");
            None
        }
    }
}

fn advert_interval(line: &Statement, sink: &mut Sink<'_>) -> Option<At<Duration>> {
    let range = Duration::from_millis(10)..=Duration::from_secs(255);
    seconds(line, range, "1 s is used", sink)
        .map(|interval| (interval, line.arguments.first().map_or(line.place(), |word| word.place)))
}

fn is_group(group: IpAddr, place: Place, sink: &mut Sink<'_>) -> bool {
    if !group.is_multicast() {
        sink.error(place, format!("`mcast_dst_ip {group}` is ignored: not a multicast address"));
    }
    group.is_multicast()
}

fn old_checksum(line: &Statement, sink: &mut Sink<'_>) -> OldChecksum {
    match line.arguments.split_first() {
        None => OldChecksum::Send,
        Some((word, rest)) => {
            surplus(line, rest, sink);
            if word.text != "never" {
                let message = format!("unknown word `{}` after `old_unicast_checksum`; not read", word.text);
                sink.error_help(word.place, message, "write never, or nothing");
                return OldChecksum::Send;
            }
            OldChecksum::Never
        }
    }
}

fn addresses(block: &Statement, sink: &mut Sink<'_>) -> Vec<At<VirtualAddress>> {
    let lines = inside(block).iter();
    lines.filter_map(|line| virtual_address(line, sink).map(|address| (address, line.place()))).collect()
}

/// `priority` when none is given.
pub(super) const PRIORITY_DEFAULT: u8 = 100;
/// Largest `preempt_delay`.
const PREEMPT_DELAY_MAX: Duration = Duration::from_secs(1000);
