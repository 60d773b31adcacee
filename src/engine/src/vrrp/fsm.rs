//! The state machine of RFC 9568 §6.4 (and RFC 3768 §6.4), as one table.
//!
//! ```text
//!               Start                      MasterDown, Promote
//!  Initialize ─────────► Backup ──────────────────────────────► Master
//!      │ Start{adopt}, owner ▲ ▲                                 │  │
//!      └─────────────────────┼─┼─► Master                        │  │ higher advert, Resign, Stop
//!                            │ └────────── LingerDue ── Handover ◄──┘
//!                  Recovered │                             │     │ Failed
//!                            └──── Fault ◄─────────────────┼─────┘
//!                                                          └─► Stopped
//! ```
//!
//! `Handover` is ours: a master that gives up keeps answering for the addresses until the next master has announced
//! itself, so that clients miss nothing. On the wire it looks like an RFC router that left Master.
//!
//! The function is pure: what it needs to know comes in a [`View`], what shall happen goes out as [`Effect`]s in
//! order. The vocabulary is the RFC's; `router` translates it into what Linux understands.

use std::net::IpAddr;
use std::time::Duration;

use smallvec::{SmallVec, smallvec};

use super::priority::{OWNER, PROMOTED};
use crate::conf::config::Version;

/// Where a virtual router stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Before the start.
    Initialize,
    /// Listens; takes over when the master falls silent.
    Backup,
    /// Owns the addresses and says so.
    Master,
    /// Gave up, still answers; then goes on as told.
    Handover(Next),
    /// Forbidden to be master.
    Fault,
    /// Gone.
    Stopped,
}

/// What follows a handover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Listen again.
    Backup,
    /// The agent stops, or the instance left the configuration.
    Stopped,
}

/// An advert of another router, as far as the election cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// Its address.
    pub source: IpAddr,
    /// Its priority.
    pub priority: u8,
    /// Its advertisement interval.
    pub interval: Duration,
}

/// What happens to a virtual router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The agent starts. `adopt`: the addresses are here and were ours a moment ago.
    Start {
        /// Resume as master.
        adopt: bool,
    },
    /// Another router advertises.
    Advert(Heard),
    /// The master has been silent for the master-down interval.
    MasterDown,
    /// Time for the next advert.
    AdvertDue,
    /// The handover has lasted long enough.
    LingerDue,
    /// Something tracked forbids being master.
    Failed,
    /// Nothing does any more.
    Recovered,
    /// An operator wants this router to be master.
    Promote,
    /// An operator wants another router to be master.
    Resign,
    /// Clean stop.
    Stop,
    /// Stop for a successor on this host: addresses stay, nothing is said.
    StopKeeping,
    /// Somebody removed an address that is ours.
    AddressLost,
    /// We stood still so long that the kernel let go of the addresses: another may have claimed them.
    LeaseLapsed,
    /// Another host holds the addresses and does not hear us.
    Yield,
}

/// What shall happen, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Send an advert with the priority in force.
    Advertise,
    /// Send an advert with priority 0.
    AdvertiseZero,
    /// Put the addresses on their interfaces.
    AddAddresses,
    /// Take them off.
    RemoveAddresses,
    /// GARP or NA for every address, now and again after the configured delay.
    Announce,
    /// The same after a master with a lower claim was heard: the caches may follow that one.
    AnnounceLower,
    /// Arm the advert timer with one interval.
    StartAdvertTimer,
    /// Arm the master-down timer.
    StartMasterDown(Duration),
    /// Arm the handover timer.
    StartLinger(Duration),
    /// The other router is the master: remember it.
    Follow(Heard),
    /// Start waiting for `preempt_delay`.
    ArmPreempt,
    /// A better master is there: `preempt_delay` begins anew the next time.
    DisarmPreempt,
    /// The operator's override has served its purpose.
    DropPin,
}

/// What one event asks for, in order.
pub type Effects = SmallVec<[Effect; 4]>;

/// Whether a lower master may be preempted now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preempt {
    /// Yes.
    Now,
    /// `nopreempt`.
    Never,
    /// `preempt_delay` has not begun.
    Unarmed,
    /// `preempt_delay` runs.
    Waiting,
}

/// What the table needs to know of a router.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// Priority in force.
    pub priority: u8,
    /// Own address on the wire; breaks ties.
    pub source: Option<IpAddr>,
    /// Protocol version: decides how skew is computed.
    pub version: Version,
    /// Own advertisement interval.
    pub interval: Duration,
    /// The master's interval (v3), own otherwise.
    pub master_interval: Duration,
    /// May a lower master be preempted?
    pub preempt: Preempt,
    /// How long ago an operator promoted this router; `None` without override.
    pub promoted_for: Option<Duration>,
    /// Master for less than [`LINGER`]: nobody counts on this router yet.
    pub just_claimed: bool,
    /// Whether something forbids being master.
    pub faulty: bool,
    /// Silent intervals until the master counts as down.
    pub down_adverts: u32,
    /// A master that hears a lower claim answers with an advert at once (RFC 9568 §6.4.3).
    pub answers_lower: bool,
    /// A master that hears a higher claim sends one more advert before it steps down.
    pub answers_higher: bool,
}

/// How long a router that gave up answers on after the next master was heard: time for that master's own GARP.
pub const LINGER: Duration = Duration::from_millis(10);

impl View {
    /// Skew time: v2 (256 - priority) / 256 s (RFC 3768 §6.1); v3 that share of the master's interval
    /// (RFC 9568 §6.1). Nanosecond arithmetic: never truncated to 0.
    pub fn skew(&self) -> Duration {
        let unit = match self.version {
            Version::V2 => Duration::from_secs(1),
            Version::V3 => self.master_interval,
        };
        unit * (256 - u32::from(self.priority)) / 256
    }

    /// Master-down interval.
    pub fn master_down(&self) -> Duration {
        self.master_interval * self.down_adverts + self.skew()
    }

    /// The longest a backup of any priority waits after priority 0, and one advert: when a clean stop ends unheard.
    fn handover_limit(&self) -> Duration {
        let longest_skew = match self.version {
            Version::V2 => Duration::from_secs(1),
            Version::V3 => self.interval,
        };
        self.interval + longest_skew
    }

    fn with_interval(mut self, heard: &Heard) -> Self {
        if self.version == Version::V3 {
            self.master_interval = heard.interval;
        }
        self
    }

    fn just_promoted(&self) -> bool {
        self.promoted_for.is_some_and(|age| age < self.interval)
    }

    /// Does the other router win against us as master? (RFC 9568 §6.4.3)
    fn loses_to(&self, heard: &Heard) -> bool {
        if heard.priority == PROMOTED && self.priority == PROMOTED && self.promoted_for.is_some() {
            // Two operators' overrides: the latest promotion wins, whatever the addresses say.
            return !self.just_promoted();
        }
        heard.priority > self.priority
            || heard.priority == self.priority && self.source.is_some_and(|own| heard.source > own)
    }
}

/// The table. No wildcard over states or events: a new one must be thought about everywhere.
pub fn transition(state: State, event: Event, view: &View) -> (State, Effects) {
    use Effect as E;
    use State::{Backup, Fault, Handover, Initialize, Master, Stopped};
    match (state, event) {
        // --- Initialize (RFC 9568 §6.4.1) ---
        (Initialize, Event::Start { adopt: true }) if !view.faulty => {
            (Master, smallvec![E::Advertise, E::AddAddresses, E::Announce, E::StartAdvertTimer])
        }
        (Initialize, Event::Start { .. }) if view.faulty => (Fault, smallvec![E::RemoveAddresses]),
        (Initialize, Event::Start { .. }) if view.priority == OWNER => master(smallvec![E::RemoveAddresses]),
        (Initialize, Event::Start { .. }) => backup(smallvec![E::RemoveAddresses], view),
        (Initialize, Event::Stop | Event::StopKeeping) => (Stopped, smallvec![]),
        (
            Initialize,
            Event::Advert(_)
            | Event::MasterDown
            | Event::AdvertDue
            | Event::LingerDue
            | Event::Failed
            | Event::Recovered
            | Event::Promote
            | Event::Resign
            | Event::AddressLost
            | Event::LeaseLapsed
            | Event::Yield,
        ) => (Initialize, smallvec![]),

        // --- Backup (RFC 9568 §6.4.2) ---
        (Backup, Event::Advert(heard)) => (Backup, heard_as_backup(&heard, view)),
        (Backup, Event::MasterDown) => master(smallvec![]),
        (Backup, Event::Promote) => promoted(),
        (Backup, Event::Failed) => (Fault, smallvec![E::DropPin]),
        (Backup, Event::Stop | Event::StopKeeping) => (Stopped, smallvec![]),
        // Resigned while another is master already: only the override counts.
        (
            Backup,
            Event::Resign
            | Event::Recovered
            | Event::AdvertDue
            | Event::LingerDue
            | Event::AddressLost
            | Event::LeaseLapsed
            | Event::Yield,
        ) => (Backup, smallvec![]),
        (Backup, Event::Start { .. }) => (Backup, smallvec![]),

        // --- Master (RFC 9568 §6.4.3) ---
        (Master, Event::AdvertDue) => (Master, smallvec![E::Advertise, E::StartAdvertTimer]),
        (Master, Event::Advert(heard)) => heard_as_master(&heard, view),
        (Master, Event::Failed) => (Fault, smallvec![E::AdvertiseZero, E::RemoveAddresses, E::DropPin]),
        (Master, Event::Resign) => {
            (Handover(Next::Backup), smallvec![E::AdvertiseZero, E::StartLinger(view.handover_limit())])
        }
        (Master, Event::Stop) => {
            (Handover(Next::Stopped), smallvec![E::AdvertiseZero, E::StartLinger(view.handover_limit())])
        }
        (Master, Event::StopKeeping) => (Stopped, smallvec![]),
        (Master, Event::AddressLost) => (Master, smallvec![E::AddAddresses, E::Announce]),
        (Master, Event::LeaseLapsed) => backup(smallvec![E::RemoveAddresses], view),
        (Master, Event::Yield) => backup(smallvec![E::RemoveAddresses, E::DropPin], view),
        (Master, Event::Promote) => (Master, smallvec![E::Advertise, E::StartAdvertTimer]),
        (Master, Event::MasterDown | Event::LingerDue | Event::Recovered | Event::Start { .. }) => {
            (Master, smallvec![])
        }

        // --- Handover: given up, still answering ---
        (Handover(next), Event::Advert(heard)) if heard.priority > 0 => {
            (Handover(next), smallvec![E::Follow(heard), E::StartLinger(LINGER)])
        }
        (Handover(Next::Backup), Event::LingerDue) => backup(smallvec![E::RemoveAddresses], view),
        (Handover(Next::Stopped), Event::LingerDue) => (Stopped, smallvec![E::RemoveAddresses]),
        (Handover(Next::Backup), Event::Promote) => promoted(),
        (Handover(Next::Backup), Event::Failed) => (Fault, smallvec![E::RemoveAddresses, E::DropPin]),
        (Handover(_), Event::Stop) => (Handover(Next::Stopped), smallvec![]),
        (Handover(_), Event::StopKeeping) => (Stopped, smallvec![E::RemoveAddresses]),
        (Handover(Next::Stopped), Event::Failed) => (Stopped, smallvec![E::RemoveAddresses]),
        (Handover(next), Event::AddressLost | Event::LeaseLapsed | Event::Yield) => (Handover(next), smallvec![]),
        (Handover(Next::Stopped), Event::Promote) => (Handover(Next::Stopped), smallvec![]),
        (
            Handover(next),
            Event::Advert(_)
            | Event::MasterDown
            | Event::AdvertDue
            | Event::Recovered
            | Event::Resign
            | Event::Start { .. },
        ) => (Handover(next), smallvec![]),

        // --- Fault ---
        (Fault, Event::Recovered) if view.priority == OWNER => master(smallvec![]),
        (Fault, Event::Recovered) => backup(smallvec![], view),
        (Fault, Event::Stop | Event::StopKeeping) => (Stopped, smallvec![]),
        (Fault, Event::Advert(heard)) if heard.priority > 0 => (Fault, smallvec![E::Follow(heard)]),
        (
            Fault,
            Event::Advert(_)
            | Event::MasterDown
            | Event::AdvertDue
            | Event::LingerDue
            | Event::Failed
            | Event::Promote
            | Event::Resign
            | Event::AddressLost
            | Event::LeaseLapsed
            | Event::Yield
            | Event::Start { .. },
        ) => (Fault, smallvec![]),

        // --- Stopped ---
        (
            Stopped,
            Event::Start { .. }
            | Event::Advert(_)
            | Event::MasterDown
            | Event::AdvertDue
            | Event::LingerDue
            | Event::Failed
            | Event::Recovered
            | Event::Promote
            | Event::Resign
            | Event::Stop
            | Event::StopKeeping
            | Event::AddressLost
            | Event::LeaseLapsed
            | Event::Yield,
        ) => (Stopped, smallvec![]),
    }
}

/// The election says master: advert first, so that other backups stay quiet (RFC 9568 §6.4.2).
fn master(mut first: Effects) -> (State, Effects) {
    first.extend([Effect::Advertise, Effect::AddAddresses, Effect::Announce, Effect::StartAdvertTimer]);
    (State::Master, first)
}

/// An operator says master: make before break. The old master steps down on our advert, so the addresses are here
/// and announced before it is sent.
fn promoted() -> (State, Effects) {
    (State::Master, smallvec![Effect::AddAddresses, Effect::Announce, Effect::Advertise, Effect::StartAdvertTimer])
}

fn backup(mut first: Effects, view: &View) -> (State, Effects) {
    first.push(Effect::StartMasterDown(view.master_down()));
    (State::Backup, first)
}

fn heard_as_backup(heard: &Heard, view: &View) -> Effects {
    let view = view.with_interval(heard);
    if heard.priority == 0 {
        return smallvec![Effect::StartMasterDown(view.skew())];
    }
    let (follow, wait) = (Effect::Follow(*heard), Effect::StartMasterDown(view.master_down()));
    if heard.priority >= view.priority {
        return smallvec![follow, wait, Effect::DisarmPreempt];
    }
    match view.preempt {
        // A lower master: the timer runs on, so we take over within one master-down interval.
        Preempt::Now => smallvec![follow],
        Preempt::Never | Preempt::Waiting => smallvec![follow, wait],
        Preempt::Unarmed => smallvec![follow, wait, Effect::ArmPreempt],
    }
}

fn heard_as_master(heard: &Heard, view: &View) -> (State, Effects) {
    if heard.priority == 0 {
        // Another master stops: tell its listeners at once that we are here.
        return (State::Master, smallvec![Effect::Advertise, Effect::StartAdvertTimer]);
    }
    if view.loses_to(heard) {
        let mut effects = smallvec![Effect::Follow(*heard)];
        if view.answers_higher {
            effects.insert(0, Effect::Advertise);
        }
        if view.promoted_for.is_some() {
            effects.push(Effect::DropPin);
        }
        if view.just_claimed {
            // Both claimed after the same silence, and the other announced itself as we did: nothing is handed over,
            // and each moment of lingering would be a second owner's.
            effects.push(Effect::RemoveAddresses);
            return backup(effects, &view.with_interval(heard));
        }
        effects.push(Effect::StartLinger(LINGER));
        return (State::Handover(Next::Backup), effects);
    }
    // Two masters and we win: say so, and correct every cache on the LAN.
    match view.answers_lower {
        true => (State::Master, smallvec![Effect::Advertise, Effect::AnnounceLower, Effect::StartAdvertTimer]),
        false => (State::Master, smallvec![Effect::AnnounceLower]),
    }
}

#[cfg(test)]
mod tests;
