//! `virtual_server`.

use std::time::Duration;

use super::real_server::{RealServer, SorryServer};
use crate::conf::config::notify::Script;
use crate::conf::text::diagnostic::Location;
use crate::ipvs::{Scheduling, ServiceKey};

/// `virtual_server IP [PORT] | fwmark N | group NAME`: a pool of real servers behind one or more of the kernel's
/// services. `virtual_server upstream NAME` (hactl's own): one that a proxy of this host spreads requests to.
#[derive(Debug, Clone, PartialEq)]
pub struct VirtualServer {
    /// As people call it: `10.0.0.3:80`, `[2001:db8::3]:80`, `fwmark 5`, `group web`, `upstream web`.
    pub name: String,
    /// The services that share the pool: one, or those of the group, ranges spread out. Empty for an upstream only.
    pub services: Vec<ServiceKey>,
    /// `upstream`: nothing is balanced by the kernel. Real servers that fail, or are drained, are refused to the proxy
    /// of this host.
    pub upstream: bool,
    /// `lb_algo` (`lvs_sched`) and its flags.
    pub scheduling: Scheduling,
    /// `persistence_timeout` and `persistence_granularity`.
    pub persistence: Option<Persistence>,
    /// `real_server` blocks in file order. Never empty.
    pub real_servers: Vec<RealServer>,
    /// `sorry_server`: serves while there is no quorum.
    pub sorry_server: Option<SorryServer>,
    /// `quorum`: weight that must be alive; default 1.
    pub quorum: u32,
    /// `hysteresis`: gained at `quorum + hysteresis`, lost below `quorum - hysteresis`; default 0.
    pub hysteresis: u32,
    /// `quorum_up`.
    pub quorum_up: Option<Script>,
    /// `quorum_down`.
    pub quorum_down: Option<Script>,
    /// `alpha`: real servers are down, and the quorum lost, until shown otherwise.
    pub alpha: bool,
    /// `omega`: the stop of the agent runs `notify_down` and `quorum_down`.
    pub omega: bool,
    /// `ha_suspend`: checks rest while this host does not hold the address.
    pub ha_suspend: bool,
    /// `master_only` (hactl's own): the kernel has it only while this host holds the address, so that a director that
    /// is a real server too does not balance what the other one sends it.
    pub master_only: bool,
    /// `smtp_alert`: gain and loss of the quorum are mailed; default off, else what `global_defs` says.
    pub smtp_alert: bool,
    /// `slow_start SECONDS` (hactl's own): a server that comes back gets its weight bit by bit; default 0.
    pub slow_start: Duration,
    /// Where the block begins.
    pub location: Location,
}

/// Clients that return within the timeout get the server they had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Persistence {
    /// `persistence_timeout`; without a number 360 s, at most 31 days.
    pub timeout: Duration,
    /// `persistence_granularity`: prefix length of what counts as one client; by default 32 or 128.
    pub prefix: u8,
}
