//! The state machine of RFC 9568 §6.4 (and RFC 3768 §6.4), as one table.
//!
//! ```text
//!               Start                      MasterDown, Promote
//!  Initialize ─────────► Backup ──────────► (Claiming) ───────► Master
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
//! `Claiming` is the guard's: a router that is to be master advertises, and takes the addresses when nobody answers for
//! them: at once when the old master has acknowledged (priority 0). A master that hangs answers until its lease is
//! over. A router that claims at the same moment is heard before anything is taken. On the wire it looks like an RFC
//! router that became Master.
//!
//! The function is pure: what it needs to know comes in a [`View`], what shall happen goes out as [`Effect`]s in
//! order. The vocabulary is the RFC's; `router` translates it into what Linux understands.

use smallvec::smallvec;

use super::priority::OWNER;
use super::state::Effect;
use super::state::Effects;
use super::state::Event;
use super::state::Heard;
use super::state::Next;
use super::state::State;
use super::view::{Preempt, View};

/// The table. No wildcard over states or events: a new one must be thought about everywhere.
pub(super) fn transition(state: State, event: Event, view: &View) -> (State, Effects) {
    use Effect as E;
    use State::{Backup, Claiming, Fault, Handover, Initialize, Master, Stopped};
    match (state, event) {
        // --- Initialize (RFC 9568 §6.4.1) ---
        (Initialize, Event::Start { adopt: true }) if !view.faulty => {
            (Master, smallvec![E::Advertise, E::AddAddresses, E::Announce, E::StartAdvertTimer])
        }
        (Initialize, Event::Start { .. }) if view.faulty => (Fault, smallvec![E::RemoveAddresses]),
        (Initialize, Event::Start { .. }) if view.priority == OWNER => elected(smallvec![E::RemoveAddresses], view),
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
            | Event::Promote { .. }
            | Event::Unanswered
            | Event::Resign
            | Event::AddressLost
            | Event::LeaseLapsed
            | Event::Yield,
        ) => (Initialize, smallvec![]),

        // --- Backup (RFC 9568 §6.4.2) ---
        (Backup, Event::Advert(heard)) => (Backup, heard_as_backup(&heard, view)),
        (Backup, Event::MasterDown) => elected(smallvec![], view),
        (Backup, Event::Promote { force }) if view.guard && !force => claiming(smallvec![]),
        (Backup, Event::Promote { .. }) => promoted(),
        (Backup, Event::Failed) => (Fault, smallvec![E::DropPin]),
        (Backup, Event::Stop | Event::StopKeeping) => (Stopped, smallvec![]),
        // Resigned while another is master already: only the override counts.
        (
            Backup,
            Event::Resign
            | Event::Recovered
            | Event::AdvertDue
            | Event::LingerDue
            | Event::Unanswered
            | Event::AddressLost
            | Event::LeaseLapsed
            | Event::Yield,
        ) => (Backup, smallvec![]),
        (Backup, Event::Start { .. }) => (Backup, smallvec![]),

        // --- Claiming: says so, and waits ---
        (Claiming, Event::Advert(heard)) => heard_while_claiming(&heard, view),
        (Claiming, Event::Unanswered | Event::Promote { force: true }) => promoted(),
        (Claiming, Event::AdvertDue | Event::Promote { force: false }) => {
            (Claiming, smallvec![E::Advertise, E::StartAdvertTimer])
        }
        // Nothing is sent: priority 0 says that a master releases its addresses, and a claiming router has none.
        (Claiming, Event::Failed) => (Fault, smallvec![E::DropPin]),
        (Claiming, Event::Stop | Event::StopKeeping) => (Stopped, smallvec![]),
        (Claiming, Event::Resign) => backup(smallvec![], view),
        (
            Claiming,
            Event::MasterDown
            | Event::LingerDue
            | Event::Recovered
            | Event::AddressLost
            | Event::LeaseLapsed
            | Event::Yield
            | Event::Start { .. },
        ) => (Claiming, smallvec![]),

        // --- Master (RFC 9568 §6.4.3) ---
        (Master, Event::AdvertDue) => (Master, smallvec![E::Advertise, E::StartAdvertTimer]),
        (Master, Event::Advert(heard)) => heard_as_master(&heard, view),
        (Master, Event::Failed) => (Fault, smallvec![E::AdvertiseZero, E::RemoveAddresses, E::DropPin]),
        (Master, Event::Resign) => {
            (Handover(Next::Backup), smallvec![E::AdvertiseZero, E::StartLinger(view.handover_limit())])
        }
        (Master, Event::Stop) => {
            (Handover(Next::Stopped), smallvec![E::AdvertiseZero, E::StartLinger(view.stop_limit())])
        }
        (Master, Event::StopKeeping) => (Stopped, smallvec![]),
        (Master, Event::AddressLost) => (Master, smallvec![E::AddAddresses, E::Announce]),
        (Master, Event::LeaseLapsed) => backup(smallvec![E::RemoveAddresses], view),
        (Master, Event::Yield) => backup(smallvec![E::RemoveAddresses, E::DropPin], view),
        (Master, Event::Promote { .. }) => (Master, smallvec![E::Advertise, E::StartAdvertTimer]),
        (Master, Event::MasterDown | Event::LingerDue | Event::Unanswered | Event::Recovered | Event::Start { .. }) => {
            (Master, smallvec![])
        }

        // --- Handover: given up, still answering ---
        (Handover(next), Event::Advert(heard)) if heard.priority > 0 => {
            let mut effects = smallvec![E::Follow(heard), E::StartLinger(view.linger())];
            if view.may_answer {
                acknowledge(&mut effects, view);
            }
            (Handover(next), effects)
        }
        (Handover(Next::Backup), Event::LingerDue) => backup(smallvec![E::RemoveAddresses], view),
        (Handover(Next::Stopped), Event::LingerDue) => (Stopped, smallvec![E::RemoveAddresses]),
        // The next master may hold the addresses already.
        (Handover(Next::Backup), Event::Promote { force: false }) if view.guard && view.handed_over => {
            claiming(smallvec![E::RemoveAddresses])
        }
        (Handover(Next::Backup), Event::Promote { .. }) => promoted(),
        (Handover(Next::Backup), Event::Failed) => (Fault, smallvec![E::RemoveAddresses, E::DropPin]),
        (Handover(_), Event::Stop) => (Handover(Next::Stopped), smallvec![E::StartLinger(view.stop_limit())]),
        (Handover(_), Event::StopKeeping) => (Stopped, smallvec![E::RemoveAddresses]),
        (Handover(Next::Stopped), Event::Failed) => (Stopped, smallvec![E::RemoveAddresses]),
        (Handover(next), Event::AddressLost | Event::LeaseLapsed | Event::Yield) => (Handover(next), smallvec![]),
        (Handover(Next::Stopped), Event::Promote { .. }) => (Handover(Next::Stopped), smallvec![]),
        (
            Handover(next),
            Event::Advert(_)
            | Event::MasterDown
            | Event::AdvertDue
            | Event::Unanswered
            | Event::Recovered
            | Event::Resign
            | Event::Start { .. },
        ) => (Handover(next), smallvec![]),

        // --- Fault ---
        (Fault, Event::Recovered) if view.priority == OWNER => elected(smallvec![], view),
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
            | Event::Promote { .. }
            | Event::Unanswered
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
            | Event::Promote { .. }
            | Event::Unanswered
            | Event::Resign
            | Event::Stop
            | Event::StopKeeping
            | Event::AddressLost
            | Event::LeaseLapsed
            | Event::Yield,
        ) => (Stopped, smallvec![]),
    }
}

/// This router wins the election. With the guard it becomes master as soon as nobody else answers.
fn elected(first: Effects, view: &View) -> (State, Effects) {
    if view.guard { claiming(first) } else { master(first) }
}

/// Advertises as master and waits until nobody else answers.
fn claiming(mut first: Effects) -> (State, Effects) {
    first.extend([Effect::Advertise, Effect::StartAdvertTimer, Effect::Ask]);
    (State::Claiming, first)
}

/// With the guard a master that steps down acknowledges with priority 0, since the other router waits for that. The
/// kernel ends the handover in any case.
fn acknowledge(effects: &mut Effects, view: &View) {
    if view.guard && !view.handed_over {
        effects.push(Effect::ShortenLease);
    }
    if view.guard {
        effects.push(Effect::AdvertiseZero);
    }
}

/// This router wins the election: the advert goes first, so that other backups stay quiet (RFC 9568 §6.4.2).
fn master(mut first: Effects) -> (State, Effects) {
    first.extend([Effect::Advertise, Effect::AddAddresses, Effect::Announce, Effect::StartAdvertTimer]);
    (State::Master, first)
}

/// An operator promotes this router: make before break. The old master steps down on our advert, so the addresses are
/// here and announced before it is sent.
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
        // A router other than the master says priority 0. The master has been heard since then, so it lives.
        let anothers = view.followed.is_some_and(|master| master != heard.source);
        return if anothers { smallvec![] } else { smallvec![Effect::StartMasterDown(view.goodbye_wait())] };
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

fn heard_while_claiming(heard: &Heard, view: &View) -> (State, Effects) {
    if heard.priority == 0 {
        let ours = view.awaits == Some(heard.source);
        return (State::Claiming, if ours { smallvec![Effect::Acknowledged] } else { smallvec![] });
    }
    let mut effects: Effects = smallvec![Effect::Follow(*heard)];
    if view.loses_to(heard) {
        if view.promoted_for.is_some() {
            effects.push(Effect::DropPin);
        }
        return backup(effects, &view.with_interval(heard));
    }
    // The other router has not heard us yet, and our next advert is due soon. An immediate answer would be answered
    // immediately, without end.
    (State::Claiming, effects)
}

fn heard_as_master(heard: &Heard, view: &View) -> (State, Effects) {
    if heard.priority == 0 {
        // Another master stops: tell its listeners at once that we are here.
        let answer = smallvec![Effect::Advertise, Effect::StartAdvertTimer];
        return (State::Master, if view.may_answer { answer } else { smallvec![] });
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
            // Both routers claimed after the same silence, and both have announced themselves. No client relies on us
            // yet, so nothing is handed over: while we lingered the address would have two owners.
            effects.push(Effect::RemoveAddresses);
            if view.guard {
                effects.push(Effect::AdvertiseZero);
            }
            return backup(effects, &view.with_interval(heard));
        }
        effects.push(Effect::StartLinger(view.linger()));
        acknowledge(&mut effects, view);
        return (State::Handover(Next::Backup), effects);
    }
    // Two masters and we win: say so, and correct every cache on the LAN.
    match (view.may_answer, view.answers_lower) {
        (true, true) => (State::Master, smallvec![Effect::Advertise, Effect::AnnounceLower, Effect::StartAdvertTimer]),
        (true, false) => (State::Master, smallvec![Effect::AnnounceLower]),
        (false, _) => (State::Master, smallvec![]),
    }
}

#[cfg(test)]
mod tests;
