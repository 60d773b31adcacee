//! What one step of a router is given: time, timers, interfaces, tracked objects, and room for its actions.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::action::{Action, RouterId};
use crate::links::Links;
use crate::neighbours::Neighbours;
use crate::time::Instant;
use crate::timer::Timers;

/// What a router sees of its surroundings during one step, and where its actions go.
pub struct Context<'a> {
    /// Now.
    pub now: Instant,
    /// The wall clock, since 1970: only signatures need it.
    pub wall: Duration,
    /// Everyone's timers.
    pub timers: &'a mut Timers<(RouterId, Timer)>,
    /// The interfaces.
    pub links: &'a Links,
    /// Own addresses of the other load balancers, as configured.
    pub peers: &'a [IpAddr],
    /// Whose hardware addresses are known.
    pub neighbours: &'a mut Neighbours,
    /// Scripts by name.
    pub scripts: &'a HashMap<String, bool>,
    /// Tracked files by name.
    pub files: &'a HashMap<String, i32>,
    /// Tracked processes by name.
    pub processes: &'a HashMap<String, bool>,
    /// The router has just given up because its lease had run out: what it waited for is void.
    pub lapsed: bool,
    /// This router's actions.
    pub actions: &'a mut Vec<Action>,
}

/// What a router waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The master's silence.
    MasterDown,
    /// The next advert.
    Advert,
    /// The end of a handover.
    Linger,
    /// The end of `preempt_delay`.
    Preempt,
    /// The second burst of announcements.
    Announce,
    /// The next of announcements that are sent one after another.
    Pace,
    /// The periodic refresh of announcements.
    Refresh,
    /// The end of an operator's override.
    Pin,
    /// Another try after a failed action.
    Retry,
    /// The guard asks who answers for the addresses.
    Probe,
    /// Time for an answer to that question is over.
    Asked,
    /// The end of a startup delay.
    Startup,
    /// Another host claimed our addresses: time to see what came of it.
    DuplicateCheck,
    /// Connections are drained no longer.
    Draining,
}

/// Settings of the agent that every router follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// The kernel lets go of the addresses when we stand still.
    pub lease: bool,
    /// The LAN is asked before the addresses are claimed.
    pub guard: bool,
    /// Open connections go on with a former master for so long.
    pub draining: Duration,
    /// Wait so long before taking part, unless the addresses are adopted.
    pub startup_delay: Duration,
}

pub(super) fn recently(at: Option<Instant>, within: Duration, now: Instant) -> bool {
    at.is_some_and(|at| now.since(at) < within)
}

/// How long after a failed action the router tries again.
pub(super) const RETRY: Duration = Duration::from_secs(5);
