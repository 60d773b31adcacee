//! The simulator: N engines, one clock, a network that loses, delays, duplicates and splits, one seed.
//!
//! Each day has seeds of its own, so that every run of the tests sees something new. `HACTL_SIM_SEEDS=10000 cargo test
//! --test sim` runs more, `HACTL_SIM_FROM=0` begins with that one; a failure names its seed, and `HACTL_SIM_SEED=N
//! cargo test --test sim -- --nocapture` tells that story again, line by line.

mod check;
mod give_up;
mod guarded;
mod random;
mod sent;
mod story;
mod world;

use std::io::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hactl_engine::action::{Action, Batch, Owner};
use hactl_engine::node::Node;
use hactl_engine::time::Instant;

use guarded::Guarded;
use sent::Sent;
use story::Story;

/// Seeds of one run of each kind.
const SEEDS: u64 = 2000;

fn seeds() -> std::ops::Range<u64> {
    if let Some(one) = number("HACTL_SIM_SEED") {
        return one..one + 1;
    }
    let count = number("HACTL_SIM_SEEDS").unwrap_or(SEEDS);
    let today = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / 86_400);
    let from = number("HACTL_SIM_FROM").unwrap_or(today * SEEDS);
    // Not by `println!`, which libtest keeps to itself when a test passes.
    let _ = writeln!(std::io::stderr(), "seeds {from} to {}", from + count - 1); // what cannot be said is no failure
    from..from + count
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn every_story_ends_with_one_master() {
    let tell = number("HACTL_SIM_SEED").is_some();
    for seed in seeds() {
        if let Err(broken) = Story::new(seed, tell).run() {
            panic!("seed {seed}: {broken}\n  again, told: HACTL_SIM_SEED={seed} cargo test --test sim -- --nocapture");
        }
    }
}

/// Stories that once went wrong: two masters by promotion answered each other for ever; two owners for 6 ms, of three
/// promotions while the owner handed over.
#[test]
fn what_once_went_wrong_goes_well() {
    Story::new(8077, false).run().unwrap();
    Guarded::new(114_963, false, true).run().unwrap();
}

/// With lease and guard no two hosts answer for an address.
#[test]
fn guarded_addresses_have_one_owner() {
    let tell = number("HACTL_SIM_SEED").is_some();
    for seed in seeds() {
        if let Err(broken) = Guarded::new(seed, tell, true).run() {
            panic!(
                "guarded seed {seed}: {broken}\n  again, told: HACTL_SIM_SEED={seed} cargo test --test sim guarded -- --nocapture"
            );
        }
    }
}

/// What plain VRRP does in the same stories: a hung master and blocked adverts make two owners.
#[test]
fn without_lease_and_guard_there_are_two_owners() {
    let doubled = (0..50).filter(|seed| Guarded::new(*seed, false, false).run().is_err()).count();
    assert!(doubled > 25, "only {doubled} of 50 stories had two owners: the check sees nothing");
}

#[test]
fn the_same_seed_tells_the_same_story() {
    for seed in [1, 7, 42] {
        assert_eq!(Story::new(seed, false).run(), Story::new(seed, false).run(), "seed {seed}");
    }
}

/// The checkers themselves must be able to fail.
#[test]
fn a_deaf_network_is_noticed() {
    let mut story = Story::new(3, false);
    story.never_heal();
    let verdict = story.run();
    assert!(verdict.as_ref().is_err_and(|why| why.contains("masters")), "{verdict:?}");
}

/// Agents that keep each other busy are a failure with a seed, and no test that never ends.
#[test]
fn a_story_without_an_end_is_noticed() {
    let mut story = Story::new(3, false);
    story.may_take(99);
    let verdict = story.run();
    assert!(
        verdict.as_ref().is_err_and(|why| why == "99 steps and no end: the agents keep each other busy"),
        "{verdict:?}"
    );
}

/// The purse can be empty.
#[test]
fn a_chatterbox_is_noticed() {
    let config = story::config("3", "1", "", 0, 100, 1);
    let agent = Node::new(&config);
    let chatter = |count| {
        let one = Action::Send {
            link: 2,
            source: [10, 0, 0, 5].into(),
            destination: [224, 0, 0, 18].into(),
            packet: Vec::new(),
        };
        vec![Batch { owner: Owner::Router(agent.router_ids().next().unwrap()), actions: vec![one; count] }]
    };
    let (mut sent, begin) = (Sent::default(), Instant(1_000_000_000));
    sent.follow(begin, &agent, &chatter(12), false).unwrap();
    assert!(sent.follow(begin.after(Duration::from_millis(100)), &agent, &chatter(1), false).is_err());
    sent.follow(begin.after(Duration::from_secs(1)), &agent, &chatter(5), false).unwrap();
}
