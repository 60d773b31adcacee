//! Events worded for people. Logs, history, `watch` and alerts all read this and nothing else.

pub mod account;
mod mac;

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::state::RouterState;
use crate::time::span;
use crate::wire::arp::{Mac, mac_text};

/// How much attention an event deserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Normal course of events.
    Info,
    /// Somebody should look.
    Warning,
    /// Service is or may be affected.
    Error,
}

/// An event of one instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Instance name.
    pub instance: String,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// A change of state.
    Entered {
        /// The state left.
        from: RouterState,
        /// The state entered.
        to: RouterState,
        /// Why.
        reason: String,
        /// Priority in force.
        priority: u8,
        /// How long the state left had lasted, in milliseconds.
        lasted_ms: u64,
    },
    /// A sync group changed its state; the notice bears the group's name.
    GroupEntered {
        /// The state left.
        from: RouterState,
        /// The state entered.
        to: RouterState,
        /// Why.
        reason: String,
    },
    /// The guard found that another host answers for an address whose master is silent: its adverts are lost on the
    /// way, it is not dead. The router stays backup and asks again.
    HeartbeatBlocked {
        /// The address.
        address: IpAddr,
        /// Who answers.
        #[serde(with = "mac")]
        mac: Mac,
        /// It is a router of this cluster; otherwise no other one is known, so it may be a stranger.
        known: bool,
    },
    /// This router has claimed an address, and the old master neither lets go nor falls silent: it hangs, or does not
    /// hear the claim. The router goes on claiming, and waits.
    NotReleased {
        /// The address.
        address: IpAddr,
        /// Who answers.
        #[serde(with = "mac")]
        mac: Mac,
    },
    /// Another host answers for an address that this master holds.
    Duplicate {
        /// The address.
        address: IpAddr,
        /// Who answers.
        #[serde(with = "mac")]
        mac: Mac,
    },
    /// A host that is no router of this cluster claims one of our addresses.
    Stranger {
        /// The address.
        address: IpAddr,
        /// Who says so.
        #[serde(with = "mac")]
        mac: Mac,
    },
    /// An advert that bears our VRID and shares no address with ours: another cluster uses the same number.
    OtherCluster {
        /// Who sent it.
        source: IpAddr,
        /// The number.
        vrid: u8,
        /// Its first address.
        address: IpAddr,
    },
    /// Somebody removed a route or rule; it was put back.
    RoutingRestored {
        /// The route or rule, worded.
        what: String,
    },
    /// A bad packet; said once a kind until the next change of state.
    BadAdvert {
        /// Who sent it.
        source: IpAddr,
        /// What is wrong with it.
        error: String,
    },
    /// Another router is master with a lower claim, at the same time as this one.
    SecondMaster {
        /// The other.
        source: IpAddr,
        /// Its priority.
        priority: u8,
    },
    /// The other router advertises other addresses.
    AddressesDiffer {
        /// The other.
        source: IpAddr,
    },
    /// An advert for a virtual router that is not configured here (`log_unknown_vrids`); said once for each.
    UnknownVrid {
        /// Its number.
        vrid: u8,
        /// Who sent it.
        source: IpAddr,
    },
    /// Somebody removed an address; it was put back.
    AddressRestored {
        /// The address.
        address: IpAddr,
    },
    /// An action failed.
    Failed {
        /// What the kernel said.
        error: String,
    },
    /// A real server went up or down; the notice bears the virtual server's name.
    RealServer {
        /// Where it listens.
        address: SocketAddr,
        /// Up, or down.
        up: bool,
        /// Why.
        reason: String,
        /// How long it had been the other way, in milliseconds.
        lasted_ms: u64,
    },
    /// A check failed, which alone decides nothing yet (`log_all_failures`).
    CheckFailed {
        /// The real server.
        address: SocketAddr,
        /// Why.
        reason: String,
    },
    /// A virtual server gained or lost its quorum.
    Quorum {
        /// Gained, or lost.
        up: bool,
        /// Weight that is alive.
        alive: u32,
        /// Weight that must be.
        quorum: u32,
        /// Who serves without quorum.
        sorry: Option<SocketAddr>,
        /// Nothing has changed: the virtual server begins with it.
        begun: bool,
    },
    /// An operator drained a real server, gave it another weight, or took that back.
    Overridden {
        /// The real server.
        address: SocketAddr,
        /// Gets no new connections.
        drained: bool,
        /// A weight instead of the configured one.
        weight: Option<u32>,
    },
    /// A step of a takeover has ended (`takeover_start`, `takeover_stop`).
    Step {
        /// The command.
        command: String,
        /// How long it took, in milliseconds.
        took_ms: u64,
        /// How it failed, if it did.
        failed: Option<String>,
        /// The last line that it said; empty when it said nothing.
        last_words: String,
    },
    /// The priority in force changed.
    Priority {
        /// Before.
        from: u8,
        /// Now.
        to: u8,
        /// The state, which stays.
        state: RouterState,
    },
}

impl What {
    /// How much attention it deserves.
    pub fn level(&self) -> Level {
        match self {
            Self::Entered { to: RouterState::Fault, .. }
            | Self::GroupEntered { to: RouterState::Fault, .. }
            | Self::Failed { .. }
            | Self::HeartbeatBlocked { .. }
            | Self::NotReleased { .. }
            | Self::Duplicate { .. }
            | Self::Stranger { .. }
            | Self::OtherCluster { .. }
            | Self::Quorum { up: false, .. } => Level::Error,
            Self::Entered { .. }
            | Self::GroupEntered { .. }
            | Self::Priority { .. }
            | Self::RealServer { up: true, .. }
            | Self::Quorum { up: true, .. }
            | Self::Overridden { .. }
            | Self::Step { failed: None, .. } => Level::Info,
            Self::RoutingRestored { .. }
            | Self::UnknownVrid { .. }
            | Self::BadAdvert { .. }
            | Self::SecondMaster { .. }
            | Self::AddressesDiffer { .. }
            | Self::AddressRestored { .. }
            | Self::RealServer { up: false, .. }
            | Self::CheckFailed { .. }
            | Self::Step { failed: Some(_), .. } => Level::Warning,
        }
    }
}

impl What {
    /// The state that a virtual router has entered, where it has.
    pub fn state(&self) -> Option<RouterState> {
        if let Self::Entered { to, .. } = self { Some(*to) } else { None }
    }
}

/// The state's name as people write it.
pub fn state_name(state: RouterState) -> &'static str {
    match state {
        RouterState::Init => "INIT",
        RouterState::Backup => "BACKUP",
        RouterState::Master => "MASTER",
        RouterState::Handover => "HANDOVER",
        RouterState::Fault => "FAULT",
        RouterState::Stopped => "STOPPED",
    }
}

/// keepalived's word for a state, as its scripts and FIFOs hear it; it tells of no INIT and no HANDOVER.
pub fn keepalived_word(state: RouterState) -> Option<&'static str> {
    match state {
        RouterState::Master => Some("MASTER"),
        RouterState::Backup => Some("BACKUP"),
        RouterState::Fault => Some("FAULT"),
        RouterState::Stopped => Some("STOP"),
        RouterState::Init | RouterState::Handover => None,
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entered { from, to, reason, .. } => {
                write!(f, "{} -> {}: {reason}", state_name(*from), state_name(*to))
            }
            Self::GroupEntered { from, to, reason } => {
                write!(f, "group {} -> {}: {reason}", state_name(*from), state_name(*to))
            }
            Self::HeartbeatBlocked { address, mac, known: false } => write!(
                f,
                "no master is heard, but {} answers for {address}: a master whose adverts are blocked on the way, or a \
                 stranger (no other router has been heard or named by `peers`, so it cannot be told); this node stays \
                 backup; check firewalls for IP protocol 112, or take the address with `hactl agent promote --force`",
                mac_text(mac)
            ),
            Self::HeartbeatBlocked { address, mac, known: true } => write!(
                f,
                "the master is silent, but {} still answers for {address}: adverts are blocked on the way, so this \
                 node stays backup; check firewalls and switches for IP protocol 112",
                mac_text(mac)
            ),
            Self::NotReleased { address, mac } => write!(
                f,
                "{} is to hand over {address} and does not: it hangs, and its lease will end that, or adverts from \
                 here do not reach it; if this lasts, check firewalls and switches for IP protocol 112",
                mac_text(mac)
            ),
            Self::Duplicate { address, mac } => write!(
                f,
                "{address} is answered by {} too, while this node is master: two hosts hold the address; see what \
                 runs there, and `hactl verify` from the desk",
                mac_text(mac)
            ),
            Self::Stranger { address, mac } => write!(
                f,
                "DUPLICATE: {} answers for {address} and is no load balancer of this cluster: another host has the \
                 address, or answers in its name (proxy ARP); it keeps nobody from being master, and what it claims is \
                 announced again at once; find it and take the address from it",
                mac_text(mac)
            ),
            Self::OtherCluster { source, vrid, address } => write!(
                f,
                "{source} advertises virtual router {vrid} with {address}, which is not ours: another cluster on this \
                 LAN uses the same VRID; its adverts are not obeyed; give one of the two another virtual_router_id"
            ),
            Self::RoutingRestored { what } => write!(f, "{what} was removed by somebody else; put back"),
            Self::BadAdvert { source, error } => {
                write!(f, "advert from {source} dropped: {error} (further ones are only counted)")
            }
            Self::SecondMaster { source, priority } => write!(
                f,
                "{source} is master too, with priority {priority}; this node stays and repeats its announcements \
                 (if it goes on, adverts do not reach {source}: check its firewall)"
            ),
            Self::AddressesDiffer { source } => {
                write!(f, "{source} advertises other addresses than configured here; make the two files agree")
            }
            Self::UnknownVrid { vrid, source } => {
                write!(f, "{source} advertises virtual router {vrid}, which is not configured on this interface")
            }
            Self::AddressRestored { address } => write!(f, "{address} was removed by somebody else; put back"),
            Self::Failed { error } => f.write_str(error),
            Self::Step { command, took_ms, failed, last_words } => {
                let took = span(*took_ms);
                match failed {
                    None => write!(f, "takeover: `{command}` is done after {took}")?,
                    Some(how) => write!(f, "takeover: `{command}` failed after {took}: {how}")?,
                }
                if last_words.is_empty() { Ok(()) } else { write!(f, "; it said: {last_words}") }
            }
            Self::Priority { from, to, .. } => write!(f, "priority {from} -> {to}"),
            Self::RealServer { address, up: true, reason, .. } => write!(f, "real server {address} is up: {reason}"),
            Self::RealServer { address, up: false, reason, .. } => write!(f, "real server {address} is down: {reason}"),
            Self::CheckFailed { address, reason } => write!(f, "a check of real server {address} failed: {reason}"),
            Self::Quorum { up: true, alive, quorum, begun: true, .. } => {
                write!(f, "quorum from the start: weight {alive} counts as alive, {quorum} is needed")
            }
            Self::Quorum { up: true, alive, quorum, .. } => {
                write!(f, "quorum gained: weight {alive} is alive, {quorum} is needed")
            }
            Self::Quorum { up: false, alive, quorum, sorry, .. } => {
                write!(f, "quorum lost: weight {alive} is alive, {quorum} is needed; ")?;
                match sorry {
                    Some(sorry) => write!(f, "sorry server {sorry} serves"),
                    None => f.write_str("there is no sorry server"),
                }
            }
            Self::Overridden { address, drained, weight } => {
                let share = match (drained, weight) {
                    (true, _) => "is drained: no new connections".to_owned(),
                    (false, Some(weight)) => format!("has weight {weight} by an operator's word"),
                    (false, None) => "serves as configured".to_owned(),
                };
                write!(f, "real server {address} {share}")
            }
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.instance, self.what)
    }
}
