//! The table, state by state.

use std::time::Duration;

use super::*;
use crate::conf::config::Version;
use crate::vrrp::view::LINGER;

fn view() -> View {
    View {
        priority: 91,
        source: Some("10.0.0.5".parse().unwrap()),
        version: Version::V3,
        interval: Duration::from_millis(700),
        master_interval: Duration::from_millis(700),
        preempt: Preempt::Now,
        promoted_for: None,
        just_claimed: false,
        faulty: false,
        down_adverts: 3,
        answers_lower: true,
        answers_higher: false,
        guard: false,
        awaits: None,
        handed_over: false,
        followed: None,
        pair: false,
        stale: false,
        hurried: false,
        may_answer: true,
    }
}

fn heard(priority: u8, source: &str) -> Event {
    Event::Advert(Heard { source: source.parse().unwrap(), priority, interval: Duration::from_millis(400) })
}

#[test]
fn skew_and_master_down_are_the_rfcs() {
    let v3 = view();
    assert_eq!(v3.skew(), Duration::from_millis(700) * 165 / 256);
    assert_eq!(v3.master_down(), Duration::from_millis(2100) + v3.skew());
    let v2 = View { version: Version::V2, priority: 100, master_interval: Duration::from_secs(1), ..view() };
    assert_eq!(v2.skew(), Duration::from_micros(609_375));
    assert_eq!(v2.master_down(), Duration::from_micros(3_609_375));
    assert!(View { priority: 254, master_interval: Duration::from_millis(10), ..view() }.skew() > Duration::ZERO);
}

#[test]
fn a_backup_adopts_the_masters_interval() {
    let (state, effects) = transition(State::Backup, heard(120, "10.0.0.6"), &view());
    let down = Duration::from_millis(1200) + Duration::from_millis(400) * 165 / 256;
    assert_eq!(state, State::Backup);
    assert!(effects.contains(&Effect::StartMasterDown(down)), "{effects:?}");
}

#[test]
fn a_backup_lets_its_timer_run_on_a_lower_master() {
    let (_, effects) = transition(State::Backup, heard(37, "10.0.0.6"), &view());
    assert!(effects.iter().all(|e| matches!(e, Effect::Follow(_))), "{effects:?}");
    let never = View { preempt: Preempt::Never, ..view() };
    let (_, effects) = transition(State::Backup, heard(37, "10.0.0.6"), &never);
    assert!(effects.iter().any(|e| matches!(e, Effect::StartMasterDown(_))), "{effects:?}");
}

#[test]
fn priority_0_shortens_the_wait_to_the_skew() {
    let (_, effects) = transition(State::Backup, heard(0, "10.0.0.6"), &view());
    assert_eq!(effects[..], [Effect::StartMasterDown(Duration::from_millis(400) * 165 / 256)]);
}

#[test]
fn equal_priorities_are_decided_by_address() {
    let (state, _) = transition(State::Master, heard(91, "10.0.0.6"), &view());
    assert_eq!(state, State::Handover(Next::Backup));
    let (state, effects) = transition(State::Master, heard(91, "10.0.0.4"), &view());
    assert_eq!(state, State::Master);
    assert_eq!(effects[..], [Effect::Advertise, Effect::AnnounceLower, Effect::StartAdvertTimer]);
}

#[test]
fn who_claimed_in_the_same_moment_and_loses_lets_go_at_once() {
    let claimed = View { just_claimed: true, ..view() };
    let (state, effects) = transition(State::Master, heard(91, "10.0.0.6"), &claimed);
    assert_eq!(state, State::Backup);
    let down = Duration::from_millis(1200) + Duration::from_millis(400) * 165 / 256;
    assert_eq!(effects[1..], [Effect::RemoveAddresses, Effect::StartMasterDown(down)]);
    assert_eq!(transition(State::Master, heard(91, "10.0.0.4"), &claimed).0, State::Master);
}

#[test]
fn an_election_adverts_first_and_a_promotion_last() {
    let (_, effects) = transition(State::Backup, Event::MasterDown, &view());
    assert_eq!(effects[..3], [Effect::Advertise, Effect::AddAddresses, Effect::Announce]);
    let (_, effects) = transition(State::Backup, Event::Promote { force: false }, &view());
    assert_eq!(effects[..3], [Effect::AddAddresses, Effect::Announce, Effect::Advertise]);
}

#[test]
fn the_latest_promotion_wins() {
    let old = View { priority: 254, promoted_for: Some(Duration::from_secs(60)), ..view() };
    let (state, effects) = transition(State::Master, heard(254, "10.0.0.4"), &old);
    assert_eq!(state, State::Handover(Next::Backup));
    assert!(effects.contains(&Effect::DropPin));
    let new = View { promoted_for: Some(Duration::from_millis(3)), ..old };
    let (state, _) = transition(State::Master, heard(254, "10.0.0.6"), &new);
    assert_eq!(state, State::Master);
}

#[test]
fn a_clean_stop_answers_until_the_next_master_is_heard() {
    let (state, effects) = transition(State::Master, Event::Stop, &view());
    assert_eq!(state, State::Handover(Next::Stopped));
    assert_eq!(effects[..], [Effect::AdvertiseZero, Effect::StartLinger(Duration::from_millis(1400))]);
    let (state, effects) = transition(state, heard(37, "10.0.0.6"), &view());
    assert_eq!(state, State::Handover(Next::Stopped));
    assert!(effects.contains(&Effect::StartLinger(LINGER)));
    let (state, effects) = transition(state, Event::LingerDue, &view());
    assert_eq!((state, effects.as_slice()), (State::Stopped, [Effect::RemoveAddresses].as_slice()));
}

#[test]
fn stop_for_a_successor_says_and_removes_nothing() {
    assert_eq!(transition(State::Master, Event::StopKeeping, &view()), (State::Stopped, Effects::new()));
}

#[test]
fn a_fault_removes_the_addresses() {
    let (state, effects) = transition(State::Master, Event::Failed, &view());
    assert_eq!(state, State::Fault);
    assert_eq!(effects[..2], [Effect::AdvertiseZero, Effect::RemoveAddresses]);
    let (state, _) = transition(State::Fault, Event::Recovered, &view());
    assert_eq!(state, State::Backup);
}

#[test]
fn an_owner_starts_as_master_and_others_as_backup() {
    let start = Event::Start { adopt: false };
    assert_eq!(transition(State::Initialize, start, &view()).0, State::Backup);
    assert_eq!(transition(State::Initialize, start, &View { priority: 255, ..view() }).0, State::Master);
    assert_eq!(transition(State::Initialize, start, &View { faulty: true, ..view() }).0, State::Fault);
    assert_eq!(transition(State::Initialize, Event::Start { adopt: true }, &view()).0, State::Master);
}

/// Every state with every event: first as a router sees them that has nothing special about it, then what is otherwise
/// where something is. Read it beside RFC 9568 §6.4 before a change of it is accepted.
#[test]
fn every_state_with_every_event() {
    let plain = View { followed: Some(MASTER.parse().unwrap()), ..view() };
    let rows = |view: View| {
        STATES.iter().flat_map(move |state| events().into_iter().map(move |event| row(*state, event, &view)))
    };
    let mut text: String = rows(plain).collect();
    for (base, what, other) in others(plain) {
        let differs = rows(base).zip(rows(other)).filter(|(before, after)| before != after);
        let differing: String = differs.map(|(_, after)| after).collect();
        assert!(!differing.is_empty(), "{what} makes no difference");
        text.push_str(&format!("\n--- {what} ---\n{differing}"));
    }
    insta::assert_snapshot!("every_state_with_every_event", text);
}

fn row(state: State, event: Event, view: &View) -> String {
    let (next, effects) = transition(state, event, view);
    let effect = |effect: &Effect| match effect {
        Effect::Follow(_) => "Follow".to_owned(),
        other => format!("{other:?}"),
    };
    let effects: Vec<String> = effects.iter().map(effect).collect();
    let next = if next == state { "=".to_owned() } else { format!("{next:?}") };
    let line = format!("{:18} {:24} {next:18} {}", format!("{state:?}"), words(event), effects.join(", "));
    format!("{}\n", line.trim_end())
}

/// As the snapshot names an event. A new one must stand in `events`, too.
fn words(event: Event) -> String {
    match event {
        Event::Start { adopt: false } => "Start".into(),
        Event::Start { adopt: true } => "Start, adopting".into(),
        Event::Advert(heard) => format!("Advert {:3} of {}", heard.priority, heard.source),
        Event::Promote { force: false } => "Promote".into(),
        Event::Promote { force: true } => "Promote by force".into(),
        Event::MasterDown
        | Event::AdvertDue
        | Event::LingerDue
        | Event::Failed
        | Event::Recovered
        | Event::Unanswered
        | Event::Resign
        | Event::Stop
        | Event::StopKeeping
        | Event::AddressLost
        | Event::LeaseLapsed
        | Event::Yield => format!("{event:?}"),
    }
}

/// This router has priority 91 and the address 10.0.0.5.
fn events() -> Vec<Event> {
    vec![
        Event::Start { adopt: false },
        Event::Start { adopt: true },
        heard(0, MASTER),
        heard(0, "10.0.0.7"),
        heard(37, MASTER),
        heard(91, "10.0.0.4"),
        heard(91, MASTER),
        heard(120, MASTER),
        heard(254, "10.0.0.4"),
        Event::MasterDown,
        Event::AdvertDue,
        Event::LingerDue,
        Event::Failed,
        Event::Recovered,
        Event::Promote { force: false },
        Event::Promote { force: true },
        Event::Unanswered,
        Event::Resign,
        Event::Stop,
        Event::StopKeeping,
        Event::AddressLost,
        Event::LeaseLapsed,
        Event::Yield,
    ]
}

/// What else there may be about a router, with what it is compared with.
fn others(plain: View) -> Vec<(View, &'static str, View)> {
    let guarded = View { guard: true, ..plain };
    let promoted = View { priority: 254, promoted_for: Some(Duration::from_secs(60)), ..plain };
    vec![
        (plain, "version 2", View { version: Version::V2, ..plain }),
        (plain, "the addresses' owner", View { priority: 255, ..plain }),
        (plain, "something forbids being master", View { faulty: true, ..plain }),
        (plain, "nopreempt", View { preempt: Preempt::Never, ..plain }),
        (plain, "preempt_delay that has not begun", View { preempt: Preempt::Unarmed, ..plain }),
        (plain, "preempt_delay that runs", View { preempt: Preempt::Waiting, ..plain }),
        (plain, "it follows nobody", View { followed: None, ..plain }),
        (plain, "there is one other router", View { pair: true, ..plain }),
        (plain, "an answer to higher claims", View { answers_higher: true, ..plain }),
        (plain, "no answer to lower claims", View { answers_lower: false, ..plain }),
        (plain, "it has answered within this interval", View { may_answer: false, ..plain }),
        (plain, "it claimed a moment ago", View { just_claimed: true, ..plain }),
        (plain, "it was promoted a minute ago", promoted),
        (plain, "it was promoted just now", View { promoted_for: Some(Duration::from_millis(3)), ..promoted }),
        (plain, "the guard", guarded),
        (guarded, "the guard, and a claim that waits for 10.0.0.6", View { awaits: plain.followed, ..guarded }),
        (guarded, "the guard, and the next master was heard", View { handed_over: true, ..guarded }),
        (guarded, "the guard, and it claimed a moment ago", View { just_claimed: true, ..guarded }),
        (guarded, "the guard, and a moment ago it stood still", View { stale: true, ..guarded }),
        (
            guarded,
            "the guard, and one other router that says goodbye again and again",
            View { pair: true, hurried: true, ..guarded },
        ),
    ]
}

const MASTER: &str = "10.0.0.6";
const STATES: [State; 8] = [
    State::Initialize,
    State::Backup,
    State::Claiming,
    State::Master,
    State::Handover(Next::Backup),
    State::Handover(Next::Stopped),
    State::Fault,
    State::Stopped,
];
