//! What hosts remember of their generations, and what they do not: numbers are never used again, so whatever failed or
//! passed a host by leaves a hole in its history. What became of it others remember: hosts that were asked as well, and
//! this desk.

use serde::Serialize;

use crate::ctl::journal;
use crate::error::Exit;

/// What one host remembers.
#[derive(Debug, Clone, Serialize)]
pub struct HostHistory {
    /// Its name.
    pub host: String,
    /// The generation in force; 0 before the first deploy.
    pub generation: u64,
    /// The oldest first; 200 at most.
    pub entries: Vec<Entry>,
    /// Numbers between those of its entries, and after them, of which it remembers nothing; the lowest first.
    pub gaps: Vec<Gap>,
}

/// One thing that happened to a generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// By the host's clock, RFC 3339.
    pub time: String,
    /// The generation.
    pub generation: u64,
    /// `begun`, `committed`, `taken-back`, `kept`, `stuck`, `lock-broken`, and `left` for what was never put in place
    /// there.
    pub event: String,
    /// Who began it, what is stuck, where it went back to; empty where there is nothing to add.
    pub detail: String,
}

/// Numbers in a row of which the same is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The first of them.
    pub from: u64,
    /// The last of them.
    pub to: u64,
    /// What became of them.
    pub became: Became,
    /// Where; none where that is not known.
    pub hosts: Vec<String>,
}

/// What became of a generation that a host knows nothing of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    /// It was put in place for good, elsewhere.
    Committed,
    /// It was taken back, elsewhere.
    TakenBack,
    /// It failed and was left as it was, elsewhere.
    Kept,
    /// It was begun, and nothing live was changed by it, wherever it is remembered.
    Left,
    /// It was begun elsewhere, and how it ended is not known.
    Begun,
    /// Nobody who was asked remembers it.
    Unknown,
}

/// As many numbers of a gap are looked into one by one; nobody has deployed that often in between.
const LOOKED_INTO: u64 = 10_000;

/// Finds the gaps of each host, and tells what became of them. `highest`: the highest number that is over there, 0
/// where one is at work.
pub(super) fn explain(told: &mut [HostHistory], highest: &[u64], desk: &[journal::Entry]) {
    let gaps: Vec<Vec<Gap>> =
        told.iter().zip(highest).map(|(host, highest)| gaps(host, *highest, told, desk)).collect();
    for (host, gaps) in told.iter_mut().zip(gaps) {
        host.gaps = gaps;
    }
}

fn gaps(host: &HostHistory, highest: u64, all: &[HostHistory], desk: &[journal::Entry]) -> Vec<Gap> {
    let mut found: Vec<Gap> = Vec::new();
    // What came before all that it remembers is no gap: it may have forgotten, or not have been there yet.
    let Some(mut last) = host.entries.first().map(|entry| entry.generation) else { return found };
    let after = (highest > 0).then(|| highest.saturating_add(1));
    for next in host.entries.iter().map(|entry| entry.generation).chain(after) {
        let end = next.min(last.saturating_add(LOOKED_INTO));
        for number in last.saturating_add(1)..end {
            let (became, hosts) = became(number, all, desk);
            match found.last_mut() {
                Some(gap) if gap.to + 1 == number && gap.became == became && gap.hosts == hosts => gap.to = number,
                _ => found.push(Gap { from: number, to: number, became, hosts }),
            }
        }
        last = last.max(next);
    }
    found
}

fn became(number: u64, all: &[HostHistory], desk: &[journal::Entry]) -> (Became, Vec<String>) {
    let whose = |event: &str| -> Vec<String> {
        let has =
            |host: &&HostHistory| host.entries.iter().any(|entry| entry.generation == number && entry.event == event);
        all.iter().filter(has).map(|host| host.host.clone()).collect()
    };
    for (event, became) in [
        ("committed", Became::Committed),
        ("taken-back", Became::TakenBack),
        ("kept", Became::Kept),
        ("begun", Became::Begun),
        ("left", Became::Left),
    ] {
        let hosts = whose(event);
        if !hosts.is_empty() {
            return (became, hosts);
        }
    }
    let made = desk.iter().rfind(|entry| entry.generation == Some(number) && entry.command != "lock break");
    let Some(entry) = made else { return (Became::Unknown, Vec::new()) };
    let is = |exit: Exit| entry.exit == Some(exit as u8);
    let became = match () {
        () if is(Exit::Done) => Became::Committed,
        () if is(Exit::RolledBack) || is(Exit::Interrupted) => Became::TakenBack,
        () if is(Exit::Preflight) || is(Exit::Locked) => Became::Left,
        () => Became::Begun,
    };
    (became, entry.hosts.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::journal::State;

    fn host(name: &str, events: &[(u64, &str)]) -> HostHistory {
        let entry = |(generation, event): &(u64, &str)| Entry {
            time: "2026-11-29T01:00:00Z".into(),
            generation: *generation,
            event: (*event).into(),
            detail: String::new(),
        };
        HostHistory { host: name.into(), generation: 0, entries: events.iter().map(entry).collect(), gaps: Vec::new() }
    }

    fn desk(generation: u64, exit: Option<u8>) -> journal::Entry {
        journal::Entry {
            began: None,
            time: None,
            who: "ann@desk 12".into(),
            command: "deploy".into(),
            inventory: "/i.yaml".into(),
            plan: None,
            generation: Some(generation),
            hosts: vec!["web-9".into()],
            exit,
            codes: Vec::new(),
            state: State::Ended,
        }
    }

    #[test]
    fn what_became_of_missing_numbers_is_told_from_what_others_remember() {
        let lb = host(
            "lb-5",
            &[(3, "begun"), (3, "committed"), (4, "left"), (13, "begun"), (13, "committed"), (3, "lock-broken")],
        );
        let web = host(
            "web-7",
            &[
                (5, "begun"),
                (5, "committed"),
                (6, "begun"),
                (6, "taken-back"),
                (7, "begun"),
                (7, "taken-back"),
                (8, "left"),
            ],
        );
        let desk = [desk(9, Some(0)), desk(10, Some(5)), desk(11, None)];
        let mut told = [lb, web, host("web-8", &[])];
        explain(&mut told, &[15, 8, 15], &desk);
        let gap = |from, to, became, host: &str| {
            let hosts = if host.is_empty() { Vec::new() } else { vec![host.to_owned()] };
            Gap { from, to, became, hosts }
        };
        assert_eq!(
            told[0].gaps,
            [
                gap(5, 5, Became::Committed, "web-7"),
                gap(6, 7, Became::TakenBack, "web-7"),
                gap(8, 8, Became::Left, "web-7"),
                gap(9, 9, Became::Committed, "web-9"),
                gap(10, 10, Became::TakenBack, "web-9"),
                gap(11, 11, Became::Begun, "web-9"),
                gap(12, 12, Became::Unknown, ""),
                gap(14, 15, Became::Unknown, ""),
            ]
        );
        assert_eq!((told[1].gaps.len(), told[2].gaps.len()), (0, 0), "nothing is missing, and nothing is remembered");
        // A host's number is what it says: no list is made of it.
        let mut told = [host("lb-5", &[(3, "committed"), (u64::MAX, "committed")])];
        explain(&mut told, &[u64::MAX], &[]);
        assert_eq!(told[0].gaps, [gap(4, 10_002, Became::Unknown, "")]);
    }
}
