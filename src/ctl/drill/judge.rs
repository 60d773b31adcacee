//! From what was expected and what was seen to a verdict with every reason why it is not a pass.

use std::time::Duration;

use super::observe::{Observations, Restored, Stream};
use super::scenario::{Context, FOUND_WITHIN, Measure, Outcome, Plan, Scenario};

/// How a drill ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Scenario name.
    pub scenario: String,
    /// What should have happened.
    pub expected: String,
    /// Whether it did.
    pub passed: bool,
    /// The longest outage that the scenario's clients saw.
    pub gap: Duration,
    /// The longest that would have passed.
    pub budget: Duration,
    /// Probes sent.
    pub sent: usize,
    /// Probes lost.
    pub lost: usize,
    /// Requests sent by the client at the desk.
    pub requests: usize,
    /// Requests lost of them.
    pub requests_lost: usize,
    /// The most that would have passed.
    pub requests_max: usize,
    /// The outage that the settings foretell: at least, and at most; `None` where nothing was measured.
    pub predicted: Option<(Duration, Duration)>,
    /// What clients elsewhere saw: where, requests sent, lost, the longest outage.
    pub elsewhere: Vec<(String, usize, usize, Duration)>,
    /// Owner before the fault; several are joined by a comma, none is `None`.
    pub owner_before: Option<String>,
    /// Owner that the fault left the VIP with: while it lasted, or after it where two owners are expected.
    pub owner_after: Option<String>,
    /// Whether everything works again with one owner.
    pub restored: bool,
    /// What was not as expected; empty when passed.
    pub why: Vec<String>,
    /// Those of them that are about budgets.
    pub over: Vec<String>,
}

/// Judges one drill.
pub fn judge(scenario: &Scenario, plan: &Plan, context: &Context, seen: &Observations) -> Verdict {
    let stream = seen.stream(scenario.measure);
    let mut why = Vec::new();
    owners(scenario.outcome, seen, &mut why);
    let mut over = Vec::new();
    outage(scenario.measure, stream, plan, &mut why, &mut over);
    requests(&seen.requests, plan, &mut over);
    elsewhere(seen, plan, &mut over);
    why.extend(over.iter().cloned());
    let restored = restored(seen, &mut why);
    let after = match scenario.outcome {
        Outcome::TwoOwners | Outcome::Settles | Outcome::Nobody => seen.owners_after(),
        Outcome::Moves => seen.moved_to().unwrap_or_else(|| seen.owners_during()),
        Outcome::TakeOver | Outcome::Stay => seen.owners_during(),
    };
    let places = seen.elsewhere.iter();
    Verdict {
        scenario: scenario.name.into(),
        expected: scenario.expected.into(),
        passed: why.is_empty(),
        gap: stream.gap(),
        budget: plan.budget,
        sent: stream.sent(),
        lost: stream.lost(),
        requests: seen.requests.sent(),
        requests_lost: seen.requests.lost(),
        requests_max: plan.requests_max,
        predicted: Some((scenario.predicted)(context)),
        elsewhere: places.map(|(host, seen)| (host.clone(), seen.sent(), seen.lost(), seen.gap())).collect(),
        owner_before: joined(seen.owners_before()),
        owner_after: joined(after),
        restored,
        why,
        over,
    }
}

/// A drill that could not be run, with the reason: nothing was measured.
pub fn not_run(scenario: &Scenario, plan: &Plan, reason: String, restored: bool) -> Verdict {
    Verdict {
        scenario: scenario.name.into(),
        expected: scenario.expected.into(),
        passed: false,
        gap: Duration::ZERO,
        budget: plan.budget,
        sent: 0,
        lost: 0,
        requests: 0,
        requests_lost: 0,
        requests_max: plan.requests_max,
        predicted: None,
        elsewhere: Vec::new(),
        owner_before: None,
        owner_after: None,
        restored,
        why: vec![reason],
        over: Vec::new(),
    }
}

fn owners(outcome: Outcome, seen: &Observations, why: &mut Vec<String>) {
    let (before, during) = (seen.owners_before(), seen.owners_during());
    if before.len() != 1 {
        why.push(format!("before the fault {} the VIP, not one host", own(before)));
    }
    match outcome {
        Outcome::TakeOver if during.len() != 1 => {
            why.push(format!("while the fault lasted {} the VIP, not one host", own(during)));
        }
        Outcome::TakeOver if during == before => {
            why.push(format!("{} kept the VIP, nobody took it over", list(before)));
        }
        Outcome::Stay if during != before => {
            why.push(format!("the VIP should have stayed, but while the fault lasted {} it", own(during)));
        }
        Outcome::Moves if seen.moved_to().is_none() => {
            why.push(format!("nobody but {} owned the VIP while the fault lasted", list(before)));
        }
        Outcome::Nobody if !during.is_empty() => {
            why.push(format!("nobody should have been left, but while the fault lasted {} the VIP", own(during)));
        }
        Outcome::TwoOwners => match seen.two_owners_found {
            None => why.push(format!("two owners were not found; while the fault lasted {} the VIP", own(during))),
            Some(after) if after > FOUND_WITHIN => {
                why.push(format!("two owners were found only after {}", shown(after)));
            }
            Some(_) => {}
        },
        Outcome::TakeOver | Outcome::Stay | Outcome::Moves | Outcome::Settles | Outcome::Nobody => {}
    }
    // What samples miss in between the agents tell.
    let two = seen.two_owners();
    let allowed = HANDOVER + seen.clock_within() * 2;
    if outcome != Outcome::TwoOwners && two > allowed {
        why.push(format!("two hosts were owners at a time for {} by what their agents told", shown(two)));
    }
}

/// A planned move has two owners for a moment, by design: the old one answers until it hears the new one.
const HANDOVER: Duration = Duration::from_millis(100);

fn requests(stream: &Stream, plan: &Plan, over: &mut Vec<String>) {
    let (lost, most) = (stream.lost(), plan.requests_max);
    if lost > most {
        over.push(format!("{lost} of {} requests were lost, allowed are {most}", stream.sent()));
    }
}

/// Clients elsewhere ask a few times a second: an outage that they see is up to this much longer than it was.
const ELSEWHERE: Duration = Duration::from_millis(600);

fn elsewhere(seen: &Observations, plan: &Plan, over: &mut Vec<String>) {
    for (host, stream) in &seen.elsewhere {
        let (gap, allowed) = (stream.gap(), plan.budget + ELSEWHERE);
        if gap > allowed {
            over.push(format!("{host} was without an answer for {}, allowed are {}", shown(gap), shown(allowed)));
        }
    }
}

fn outage(measure: Measure, stream: &Stream, plan: &Plan, why: &mut Vec<String>, over: &mut Vec<String>) {
    let what = match measure {
        Measure::Pings => "ping",
        Measure::Requests => "request",
    };
    if stream.marks.iter().all(|mark| !mark.ok) {
        why.push(format!("no {what} was ever answered ({} sent)", stream.sent()));
        return;
    }
    let gap = stream.gap();
    if gap > plan.budget {
        over.push(format!("clients were without an answer for {}, allowed are {}", shown(gap), shown(plan.budget)));
    }
    if let Some(lost_max) = plan.lost_max.filter(|lost_max| stream.lost() > *lost_max) {
        over.push(format!("{} of {} {what}s were lost, allowed are {lost_max}", stream.lost(), stream.sent()));
    }
}

fn restored(seen: &Observations, why: &mut Vec<String>) -> bool {
    let after = seen.owners_after();
    if after.len() != 1 {
        why.push(format!("after the fault {} the VIP, not one host", own(after)));
    }
    if let Restored::No(reason) = &seen.restored {
        why.push(format!("not restored: {reason}"));
    }
    after.len() == 1 && seen.restored == Restored::Yes
}

fn joined(hosts: &[String]) -> Option<String> {
    (!hosts.is_empty()).then(|| hosts.join(","))
}

fn list(hosts: &[String]) -> String {
    joined(hosts).unwrap_or_else(|| "nobody".into())
}

fn own(hosts: &[String]) -> String {
    match hosts {
        [] => "nobody owned".into(),
        [one] => format!("{one} owned"),
        [several @ .., last] => format!("{} and {last} owned", several.join(", ")),
    }
}

/// A time for people: milliseconds with one digit below 100 ms, else whole.
pub fn shown(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    if ms == 0.0 || ms >= 100.0 { format!("{ms:.0} ms") } else { format!("{ms:.1} ms") }
}

/// A range of time for people.
pub fn foretold((least, most): (Duration, Duration)) -> String {
    if least == most { shown(most) } else { format!("{:.0}-{}", least.as_secs_f64() * 1000.0, shown(most)) }
}

#[cfg(test)]
mod tests;
