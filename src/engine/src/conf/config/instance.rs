//! `vrrp_instance` and `vrrp_sync_group`.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::address::VirtualAddress;
use super::notify::Notify;
use super::route::{Route, Rule};
use super::track::Track;
use super::vmac::Vmac;
use crate::conf::text::diagnostic::Location;
use crate::wire::vrrp::Version;

/// `state`: a hint only; every node that is not the address owner (255) starts as backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitialState {
    /// `state MASTER`.
    Master,
    /// `state BACKUP`.
    Backup,
}

/// `authentication { auth_type PASS auth_pass … }`: the first 8 bytes, zero-padded (RFC 2338 §5.3.10).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SimplePassword(pub [u8; 8]);

impl fmt::Debug for SimplePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimplePassword(…)") // a secret never reaches a log or a dump
    }
}

/// GARP and unsolicited NA timing; names and defaults are keepalived's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announcement {
    /// `garp_master_delay`: second burst after becoming master; default 5 s, 0 sends no second burst.
    pub delay: Duration,
    /// `garp_master_repeat`: announcements per address and burst; default 5.
    pub repeat: u32,
    /// `garp_master_refresh`: interval of later refreshes; 0 is off, the default.
    pub refresh: Duration,
    /// `garp_master_refresh_repeat`: announcements per refresh; default 1.
    pub refresh_repeat: u32,
    /// `garp_lower_prio_delay`: second burst after a master with a lower claim was heard; as `delay` unless given.
    pub lower_delay: Duration,
    /// `garp_lower_prio_repeat`: announcements in each of those bursts; as `repeat` unless given.
    pub lower_repeat: u32,
    /// `garp_interval`: pause between two GARPs of one interface; default 0.
    pub interval: Duration,
    /// `gna_interval`: pause between two unsolicited NAs of one interface; default 0.
    pub na_interval: Duration,
}

impl Default for Announcement {
    fn default() -> Self {
        Self {
            delay: Duration::from_secs(5),
            repeat: 5,
            refresh: Duration::ZERO,
            refresh_repeat: 1,
            lower_delay: Duration::from_secs(5),
            lower_repeat: 5,
            interval: Duration::ZERO,
            na_interval: Duration::ZERO,
        }
    }
}

/// `vrrp_instance NAME`: one virtual router.
#[derive(Debug, Clone, PartialEq)]
pub struct VrrpInstance {
    /// Block name.
    pub name: String,
    /// `state`.
    pub initial_state: InitialState,
    /// `interface` that carries adverts (and addresses that name no `dev`). Empty for a unicast instance without one:
    /// then it is whichever carries the source address.
    pub interface: String,
    /// `virtual_router_id`, 1..=255.
    pub vrid: u8,
    /// `priority`, 1..=255; default 100.
    pub priority: u8,
    /// `version`: default 2, 3 when the addresses are IPv6.
    pub version: Version,
    /// `advert_int`: whole seconds in v2, 10 ms..=40.95 s in v3; default 1 s.
    pub advert_interval: Duration,
    /// PASS authentication; v2 only.
    pub password: Option<SimplePassword>,
    /// `virtual_ipaddress`; all of one family.
    pub addresses: Vec<VirtualAddress>,
    /// `virtual_ipaddress_excluded`: owned but not advertised.
    pub excluded: Vec<VirtualAddress>,
    /// Adverts and the addresses in them are IPv6.
    pub ipv6: bool,
    /// `nopreempt`.
    pub nopreempt: bool,
    /// `preempt_delay`, 0..=1000 s.
    pub preempt_delay: Duration,
    /// `track_interface`.
    pub track_interfaces: Vec<Track>,
    /// `track_script`.
    pub track_scripts: Vec<Track>,
    /// `dont_track_primary`: ignore the state of `interface` itself.
    pub dont_track_primary: bool,
    /// `unicast_src_ip` or `mcast_src_ip`: the interface's primary address when absent.
    pub source: Option<IpAddr>,
    /// `track_file`.
    pub track_files: Vec<Track>,
    /// `track_process`.
    pub track_processes: Vec<Track>,
    /// `track_src_ip`: FAULT while the source address is not on the interface.
    pub track_source: bool,
    /// `virtual_routes`: come and go with the addresses.
    pub routes: Vec<Route>,
    /// `virtual_rules`: come and go with the addresses.
    pub rules: Vec<Rule>,
    /// `promote_secondaries`: when the first address of a subnet goes from the interface, the others stay.
    pub promote_secondaries: bool,
    /// `use_vmac`: addresses stand on a macvlan with the virtual router's MAC.
    pub vmac: Option<Vmac>,
    /// `accept`: the addresses take traffic. Off with `no_accept`, or with `strict_mode` and no `accept`.
    pub accept: bool,
    /// `strict_mode` (`vrrp_strict`).
    pub strict: bool,
    /// `mcast_dst_ip` (`vrrp_mcast_group4`, `vrrp_mcast_group6`): the standard group when absent.
    pub group_address: Option<IpAddr>,
    /// `unicast_peer`: empty means multicast, unless there are `peer_names`.
    pub unicast_peers: Vec<Peer>,
    /// Peers given by name: the agent resolves them and puts what it finds into `unicast_peers`.
    pub peer_names: Vec<String>,
    /// `unicast_fault_no_peer`: without peers the instance is in FAULT rather than on multicast.
    pub fault_without_peer: bool,
    /// `unicast_ttl`: 255 when absent.
    pub unicast_ttl: Option<u8>,
    /// `check_unicast_src`: adverts from others than the peers are dropped.
    pub check_unicast_source: bool,
    /// `old_unicast_checksum`.
    pub old_checksum: OldChecksum,
    /// `down_timer_adverts`: silent intervals until the master counts as down, 1..=100; default 3.
    pub down_adverts: u32,
    /// `lower_prio_no_advert`: a master that hears a lower claim does not answer at once.
    pub lower_prio_no_advert: bool,
    /// `higher_prio_send_advert`: a master that hears a higher claim sends one more advert before it steps down.
    pub higher_prio_send_advert: bool,
    /// `owner_ignore_adverts`: the address owner (255) does not listen.
    pub owner_ignore_adverts: bool,
    /// `auth_hmac`: adverts carry a signed trailer.
    pub hmac: Option<HmacSettings>,
    /// `smtp_alert`: changes of state are mailed.
    pub smtp_alert: bool,
    /// `v3_checksum_as_v2`: leave the pseudo-header out (RFC 9568 §5.2.8) when sending v3 over IPv4.
    pub v3_checksum_as_v2: bool,
    /// GARP and NA timing.
    pub announcement: Announcement,
    /// Notify scripts; shared, because most instances have the same, or none.
    pub notify: Arc<Notify>,
    /// Where the block begins.
    pub location: Location,
}

impl VrrpInstance {
    /// An instance with every setting at its default.
    pub fn new(name: &str, interface: &str, vrid: u8) -> Self {
        Self {
            name: name.to_owned(),
            initial_state: InitialState::Backup,
            interface: interface.to_owned(),
            vrid,
            priority: 100,
            version: Version::V2,
            advert_interval: Duration::from_secs(1),
            password: None,
            addresses: Vec::new(),
            excluded: Vec::new(),
            ipv6: false,
            nopreempt: false,
            preempt_delay: Duration::ZERO,
            track_interfaces: Vec::new(),
            track_scripts: Vec::new(),
            dont_track_primary: false,
            source: None,
            track_files: Vec::new(),
            track_processes: Vec::new(),
            track_source: false,
            routes: Vec::new(),
            rules: Vec::new(),
            promote_secondaries: false,
            vmac: None,
            accept: true,
            strict: false,
            group_address: None,
            unicast_peers: Vec::new(),
            peer_names: Vec::new(),
            fault_without_peer: false,
            unicast_ttl: None,
            check_unicast_source: false,
            old_checksum: OldChecksum::Detect,
            down_adverts: 3,
            lower_prio_no_advert: false,
            higher_prio_send_advert: false,
            owner_ignore_adverts: false,
            hmac: None,
            smtp_alert: false,
            v3_checksum_as_v2: false,
            announcement: Announcement::default(),
            notify: Arc::default(),
            location: Location::default(),
        }
    }

    /// Whether it runs on the interface of this name, which has these addresses.
    pub fn is_on(&self, name: &str, addresses: &[IpAddr]) -> bool {
        match self.interface.as_str() {
            "" => self.source.is_some_and(|source| addresses.contains(&source)),
            own => own == name,
        }
    }

    /// Whether adverts go to peers rather than to the group.
    pub fn is_unicast(&self) -> bool {
        !self.unicast_peers.is_empty() || !self.peer_names.is_empty() || self.fault_without_peer
    }
}

/// One line of `unicast_peer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// `min_ttl`: adverts with a lower TTL are dropped; default 0.
    pub min_ttl: u8,
    /// `max_ttl`: adverts with a higher TTL are dropped; default 255.
    pub max_ttl: u8,
}

impl From<IpAddr> for Peer {
    fn from(address: IpAddr) -> Self {
        Self { address, min_ttl: 0, max_ttl: u8::MAX }
    }
}

/// `old_unicast_checksum [never]`: keepalived before 1.3.6 put the multicast group into the pseudo-header of unicast
/// adverts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldChecksum {
    /// Both are accepted, and a peer that uses the old one is answered alike.
    Detect,
    /// `old_unicast_checksum`: sent from the start.
    Send,
    /// `old_unicast_checksum never`: not accepted.
    Never,
}

/// What `auth_hmac` does with adverts that carry no valid trailer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HmacMode {
    /// Dropped.
    Enforce,
    /// Counted and taken. One that carries a wrong trailer is dropped in every mode.
    Permissive,
    /// Taken if they carry none, and none is sent.
    ReceiveOnly,
}

/// How replayed adverts are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replay {
    /// Their time may be off by the window only, and must grow.
    Time,
    /// Their time must grow; clocks are not compared.
    Monotonic,
}

/// One key. It prints as `HmacKey(ID)`.
#[derive(Clone, PartialEq, Eq)]
pub struct HmacKey {
    /// Key id, sent with each advert.
    pub id: u8,
    /// The secret: bytes as given, or as read from a file by the agent.
    pub secret: Vec<u8>,
    /// `file:PATH`: the agent reads it before the configuration is used.
    pub file: Option<String>,
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HmacKey({})", self.id) // a secret never reaches a log or a dump
    }
}

/// `auth_hmac` of keepalived 2.4.2 and later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HmacSettings {
    /// The keys, at least one.
    pub keys: Vec<HmacKey>,
    /// `active_key`: what adverts are signed with; the first by default.
    pub active: u8,
    /// `anti_replay`; default time.
    pub replay: Replay,
    /// `time_window`: 1..=300 s; default three intervals, at least 5 s.
    pub window: Duration,
    /// `mode`; default enforce.
    pub mode: HmacMode,
}

/// `vrrp_sync_group NAME`: instances that are master together or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncGroup {
    /// Block name.
    pub name: String,
    /// `group`: names of instances.
    pub members: Vec<String>,
    /// Notify scripts of the group.
    pub notify: Notify,
    /// `smtp_alert`: changes of the group's state are mailed.
    pub smtp_alert: bool,
    /// Where the block begins.
    pub location: Location,
}
