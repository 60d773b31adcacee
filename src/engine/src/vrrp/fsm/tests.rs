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
