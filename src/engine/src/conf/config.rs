//! The typed configuration of an agent: what the keepalived.conf language means after parsing.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use super::diagnostic::Location;

/// Everything the agent needs to run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// `global_defs`.
    pub global: Global,
    /// `vrrp_script` blocks, in file order.
    pub scripts: Vec<VrrpScript>,
    /// `vrrp_instance` blocks, in file order.
    pub instances: Vec<VrrpInstance>,
}

/// `global_defs`: settings of the whole daemon.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Global {
    /// `router_id`: a name for people; the host name when absent.
    pub router_id: Option<String>,
    /// `script_user`: who runs scripts that name no user of their own.
    pub script_user: Option<ScriptUser>,
    /// `enable_script_security`: refuse scripts run by root that others could write.
    pub enable_script_security: bool,
}

/// A user and optional group that a script runs as, by name or number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptUser {
    /// User name or numeric id.
    pub user: String,
    /// Group name or numeric id; the user's own group when absent.
    pub group: Option<String>,
}

/// A command and its arguments; run directly, not through a shell.
pub type Argv = Vec<String>;

/// `vrrp_script NAME`: a check run on an interval.
#[derive(Debug, Clone, PartialEq)]
pub struct VrrpScript {
    /// Block name.
    pub name: String,
    /// `script`: command and arguments.
    pub command: Argv,
    /// `interval` between starts; default 1 s.
    pub interval: Duration,
    /// `timeout`: default the interval. A run that takes longer is killed and counts as failed.
    pub timeout: Duration,
    /// `weight`: -253..=253. 0 means a failure puts the instance in FAULT.
    pub weight: i16,
    /// `weight N reverse`: success and failure swap their meaning.
    pub reverse: bool,
    /// `rise`: successes in a row that make it good; default 1.
    pub rise: u32,
    /// `fall`: failures in a row that make it bad; default 1.
    pub fall: u32,
    /// `user`: default `script_user`.
    pub user: Option<ScriptUser>,
    /// `init_fail`: counts as failed until its first success.
    pub init_fail: bool,
    /// Where the block begins.
    pub location: Location,
}

/// VRRP protocol version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// RFC 3768: IPv4 only, whole seconds, optional PASS.
    V2,
    /// RFC 5798 and RFC 9568: IPv4 and IPv6, centiseconds, no authentication.
    V3,
}

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

impl std::fmt::Debug for SimplePassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SimplePassword(…)") // a secret never reaches a log or a dump
    }
}

/// One line of `virtual_ipaddress`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VirtualAddress {
    /// Address with its prefix length; /32 or /128 when the file gives none.
    pub address: IpNet,
    /// `dev`: the instance's interface when absent.
    pub interface: Option<String>,
    /// `label`, at most 15 bytes.
    pub label: Option<String>,
    /// `scope`: kernel number; 0 (global) by default.
    pub scope: u8,
    /// `brd`: broadcast address; `None` sets none.
    pub broadcast: Option<std::net::Ipv4Addr>,
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
}

impl Default for Announcement {
    fn default() -> Self {
        Self { delay: Duration::from_secs(5), repeat: 5, refresh: Duration::ZERO, refresh_repeat: 1 }
    }
}

/// A tracked object and how its failure counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// Name of the interface or script.
    pub name: String,
    /// -253..=253; 0 means FAULT on failure. For scripts the script's own weight unless overridden.
    pub weight: i16,
    /// Swaps success and failure.
    pub reverse: bool,
}

/// Commands run on state changes. Each gets `INSTANCE NAME STATE PRIORITY` appended (for `notify`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notify {
    /// `notify_master`.
    pub master: Option<Argv>,
    /// `notify_backup`.
    pub backup: Option<Argv>,
    /// `notify_fault`.
    pub fault: Option<Argv>,
    /// `notify_stop`.
    pub stop: Option<Argv>,
    /// `notify`: any change, with the arguments appended.
    pub any: Option<Argv>,
    /// Who runs them, where a line names a user of its own.
    pub users: NotifyUsers,
}

/// The user named after a notify script; `script_user` when absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotifyUsers {
    /// For `notify_master`.
    pub master: Option<ScriptUser>,
    /// For `notify_backup`.
    pub backup: Option<ScriptUser>,
    /// For `notify_fault`.
    pub fault: Option<ScriptUser>,
    /// For `notify_stop`.
    pub stop: Option<ScriptUser>,
    /// For `notify`.
    pub any: Option<ScriptUser>,
}

/// `vrrp_instance NAME`: one virtual router.
#[derive(Debug, Clone, PartialEq)]
pub struct VrrpInstance {
    /// Block name.
    pub name: String,
    /// `state`.
    pub initial_state: InitialState,
    /// `interface` that carries adverts (and addresses that name no `dev`).
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
    /// `unicast_peer`: empty means multicast.
    pub unicast_peers: Vec<IpAddr>,
    /// `v3_checksum_as_v2`: leave the pseudo-header out (RFC 9568 §5.2.8) when sending v3 over IPv4.
    pub v3_checksum_as_v2: bool,
    /// GARP and NA timing.
    pub announcement: Announcement,
    /// Notify scripts.
    pub notify: Notify,
    /// Where the block begins.
    pub location: Location,
}
