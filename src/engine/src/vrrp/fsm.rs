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
pub fn transition(state: State, event: Event, view: &View) -> (State, Vec<Effect>) {
    use Effect as E;
    use State::{Backup, Fault, Handover, Initialize, Master, Stopped};
    match (state, event) {
        // --- Initialize (RFC 9568 §6.4.1) ---
        (Initialize, Event::Start { adopt: true }) if !view.faulty => {
            (Master, vec![E::Advertise, E::AddAddresses, E::Announce, E::StartAdvertTimer])
        }
        (Initialize, Event::Start { .. }) if view.faulty => (Fault, vec![E::RemoveAddresses]),
        (Initialize, Event::Start { .. }) if view.priority == OWNER => master(vec![E::RemoveAddresses]),
        (Initialize, Event::Start { .. }) => backup(vec![E::RemoveAddresses], view),
        (Initialize, Event::Stop | Event::StopKeeping) => (Stopped, vec![]),
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
        ) => (Initialize, vec![]),

        // --- Backup (RFC 9568 §6.4.2) ---
        (Backup, Event::Advert(heard)) => (Backup, heard_as_backup(&heard, view)),
        (Backup, Event::MasterDown) => master(vec![]),
        (Backup, Event::Promote) => promoted(),
        (Backup, Event::Failed) => (Fault, vec![E::DropPin]),
        (Backup, Event::Stop | Event::StopKeeping) => (Stopped, vec![]),
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
        ) => (Backup, vec![]),
        (Backup, Event::Start { .. }) => (Backup, vec![]),

        // --- Master (RFC 9568 §6.4.3) ---
        (Master, Event::AdvertDue) => (Master, vec![E::Advertise, E::StartAdvertTimer]),
        (Master, Event::Advert(heard)) => heard_as_master(&heard, view),
        (Master, Event::Failed) => (Fault, vec![E::AdvertiseZero, E::RemoveAddresses, E::DropPin]),
        (Master, Event::Resign) => {
            (Handover(Next::Backup), vec![E::AdvertiseZero, E::StartLinger(view.handover_limit())])
        }
        (Master, Event::Stop) => {
            (Handover(Next::Stopped), vec![E::AdvertiseZero, E::StartLinger(view.handover_limit())])
        }
        (Master, Event::StopKeeping) => (Stopped, vec![]),
        (Master, Event::AddressLost) => (Master, vec![E::AddAddresses, E::Announce]),
        (Master, Event::LeaseLapsed) => backup(vec![E::RemoveAddresses], view),
        (Master, Event::Yield) => backup(vec![E::RemoveAddresses, E::DropPin], view),
        (Master, Event::Promote) => (Master, vec![E::Advertise, E::StartAdvertTimer]),
        (Master, Event::MasterDown | Event::LingerDue | Event::Recovered | Event::Start { .. }) => (Master, vec![]),

        // --- Handover: given up, still answering ---
        (Handover(next), Event::Advert(heard)) if heard.priority > 0 => {
            (Handover(next), vec![E::Follow(heard), E::StartLinger(LINGER)])
        }
        (Handover(Next::Backup), Event::LingerDue) => backup(vec![E::RemoveAddresses], view),
        (Handover(Next::Stopped), Event::LingerDue) => (Stopped, vec![E::RemoveAddresses]),
        (Handover(Next::Backup), Event::Promote) => promoted(),
        (Handover(Next::Backup), Event::Failed) => (Fault, vec![E::RemoveAddresses, E::DropPin]),
        (Handover(_), Event::Stop) => (Handover(Next::Stopped), vec![]),
        (Handover(_), Event::StopKeeping) => (Stopped, vec![E::RemoveAddresses]),
        (Handover(Next::Stopped), Event::Failed) => (Stopped, vec![E::RemoveAddresses]),
        (Handover(next), Event::AddressLost | Event::LeaseLapsed | Event::Yield) => (Handover(next), vec![]),
        (Handover(Next::Stopped), Event::Promote) => (Handover(Next::Stopped), vec![]),
        (
            Handover(next),
            Event::Advert(_)
            | Event::MasterDown
            | Event::AdvertDue
            | Event::Recovered
            | Event::Resign
            | Event::Start { .. },
        ) => (Handover(next), vec![]),

        // --- Fault ---
        (Fault, Event::Recovered) if view.priority == OWNER => master(vec![]),
        (Fault, Event::Recovered) => backup(vec![], view),
        (Fault, Event::Stop | Event::StopKeeping) => (Stopped, vec![]),
        (Fault, Event::Advert(heard)) if heard.priority > 0 => (Fault, vec![E::Follow(heard)]),
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
        ) => (Fault, vec![]),

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
        ) => (Stopped, vec![]),
    }
}

/// The election says master: advert first, so that other backups stay quiet (RFC 9568 §6.4.2).
fn master(mut first: Vec<Effect>) -> (State, Vec<Effect>) {
    first.extend([Effect::Advertise, Effect::AddAddresses, Effect::Announce, Effect::StartAdvertTimer]);
    (State::Master, first)
}

/// An operator says master: make before break. The old master steps down on our advert, so the addresses are here
/// and announced before it is sent.
fn promoted() -> (State, Vec<Effect>) {
    (State::Master, vec![Effect::AddAddresses, Effect::Announce, Effect::Advertise, Effect::StartAdvertTimer])
}

fn backup(mut first: Vec<Effect>, view: &View) -> (State, Vec<Effect>) {
    first.push(Effect::StartMasterDown(view.master_down()));
    (State::Backup, first)
}

fn heard_as_backup(heard: &Heard, view: &View) -> Vec<Effect> {
    let view = view.with_interval(heard);
    let follow = [Effect::Follow(*heard), Effect::StartMasterDown(view.master_down())];
    if heard.priority == 0 {
        return vec![Effect::StartMasterDown(view.skew())];
    }
    if heard.priority >= view.priority {
        return [follow.as_slice(), &[Effect::DisarmPreempt]].concat();
    }
    match view.preempt {
        // A lower master: the timer runs on, so we take over within one master-down interval.
        Preempt::Now => vec![Effect::Follow(*heard)],
        Preempt::Never | Preempt::Waiting => follow.to_vec(),
        Preempt::Unarmed => [follow.as_slice(), &[Effect::ArmPreempt]].concat(),
    }
}

fn heard_as_master(heard: &Heard, view: &View) -> (State, Vec<Effect>) {
    if heard.priority == 0 {
        // Another master stops: tell its listeners at once that we are here.
        return (State::Master, vec![Effect::Advertise, Effect::StartAdvertTimer]);
    }
    if view.loses_to(heard) {
        let mut effects = vec![Effect::Follow(*heard), Effect::StartLinger(LINGER)];
        if view.answers_higher {
            effects.insert(0, Effect::Advertise);
        }
        if view.promoted_for.is_some() {
            effects.push(Effect::DropPin);
        }
        return (State::Handover(Next::Backup), effects);
    }
    // Two masters and we win: say so, and correct every cache on the LAN.
    match view.answers_lower {
        true => (State::Master, vec![Effect::Advertise, Effect::AnnounceLower, Effect::StartAdvertTimer]),
        false => (State::Master, vec![Effect::AnnounceLower]),
    }
}

#[cfg(test)]
mod tests;
