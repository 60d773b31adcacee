//! From the names typed to the scenarios to run.

use super::scenario::Scenario;
use super::table::SCENARIOS;
use crate::ctl::budget::unknown;
use crate::error::{Code, Exit, Failure, Problem};

/// The scenarios named, in the order named, or every one that can run here when `all`. `lab` tells whether the
/// cluster's hosts are those of the lab.
///
/// # Errors
/// Every unknown name, with the nearest known one; scenarios that need the lab where there is none; no name at all.
pub fn select(names: &[String], all: bool, lab: bool) -> Result<Vec<&'static Scenario>, Failure> {
    if all {
        return Ok(SCENARIOS.iter().filter(|scenario| lab || !scenario.needs_lab()).collect());
    }
    let mut problems = Vec::new();
    let mut chosen: Vec<&'static Scenario> = Vec::new();
    for name in names {
        match find(name) {
            None => problems.push(unknown(name)),
            Some(scenario) if scenario.needs_lab() && !lab => problems.push(lab_only(scenario)),
            Some(scenario) if chosen.iter().any(|known| known.name == scenario.name) => {}
            Some(scenario) => chosen.push(scenario),
        }
    }
    if names.is_empty() {
        problems
            .push(Problem::new(Code::NoScenario, "no scenario named").next("hactl drill --list, or hactl drill --all"));
    }
    if problems.is_empty() { Ok(chosen) } else { Err(Failure { exit: Exit::Usage, problems }) }
}

/// As many of these as wanted, in an order that follows from the seed: the same one each time. None comes again before
/// all have come.
pub fn sequence(among: &[&'static Scenario], seed: u64, count: usize) -> Vec<&'static Scenario> {
    // Splitmix64: a step of a fixed size, and its bits mixed.
    let mut state = seed;
    let mut random = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    let mut sequence = Vec::new();
    let mut left: Vec<&'static Scenario> = Vec::new();
    while sequence.len() < count && !among.is_empty() {
        if left.is_empty() {
            left = among.to_vec();
        }
        // Sixteen bits are more than there are scenarios, and fit everywhere.
        let [high, low, ..] = random().to_be_bytes();
        sequence.push(left.remove(usize::from(u16::from_be_bytes([high, low])) % left.len()));
    }
    sequence
}

/// A scenario by name.
pub fn find(name: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().find(|scenario| scenario.name == name)
}

fn lab_only(scenario: &Scenario) -> Problem {
    Problem::new(Code::LabOnly, format!("{} runs on lab hosts only", scenario.name))
        .why("it cuts a host's power, and nothing here can give power back to a host that is not the lab's")
        .next("hactl lab up, or hactl drill link, which is as silent for the standby")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn named_scenarios_keep_their_order_and_run_once() {
        let chosen = select(&names(&["link", "stop", "link"]), false, false).unwrap();
        assert_eq!(chosen.iter().map(|scenario| scenario.name).collect::<Vec<_>>(), ["link", "stop"]);
    }

    #[test]
    fn a_seed_is_a_sequence() {
        let all = select(&[], true, true).unwrap();
        let names = |seed, count| sequence(&all, seed, count).iter().map(|one| one.name).collect::<Vec<_>>();
        assert_eq!(names(37, 5), names(37, 5));
        assert_ne!(names(37, 5), names(38, 5));
        let mut round = names(37, all.len());
        round.sort_unstable();
        round.dedup();
        assert_eq!((round.len(), names(37, 50).len()), (all.len(), 50));
        assert!(sequence(&[], 1, 5).is_empty());
    }

    #[test]
    fn all_leaves_out_what_needs_the_lab() {
        assert_eq!(select(&[], true, true).unwrap().len(), SCENARIOS.len());
        assert!(select(&[], true, false).unwrap().iter().all(|scenario| scenario.name != "crash"));
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let failure = select(&names(&["stopp", "crash", "earthquake"]), false, false).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        let codes: Vec<_> = failure.problems.iter().map(|problem| problem.code.id()).collect();
        assert_eq!(codes, ["E611", "E612", "E611"]);
        assert!(failure.to_string().contains("hactl drill stop"), "{failure}");
        assert_eq!(select(&[], false, true).unwrap_err().problems[0].code.id(), "E610");
    }
}
