//! The data of a drill's picture: who owned the VIP and how clients fared, as stretches of time. Times count from the
//! start of the measurement.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use super::lanes::{Has, Span, Stretch, together};
use super::listen::Happened;
use super::observe::{Observations, Owners, Stream};
use super::scenario::Measure;

/// Everything a picture shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timeline {
    /// End of the measurement.
    pub end: Duration,
    /// When the fault began and was undone.
    pub fault: (Duration, Duration),
    /// For each host that ever owned the VIP, or may have, by name: what it had to do with it.
    pub owners: BTreeMap<String, Vec<Stretch>>,
    /// Those of them that told nothing: their stretches are what was asked of them now and then.
    pub asked: Vec<String>,
    /// How long two were owners at a time, by what the agents told.
    pub two_owners: Duration,
    /// How long an owner still answered while it handed over to the next one, as a planned move does.
    pub handed_over: Duration,
    /// By how much the clock of an agent may be aside from what was taken for it, at most.
    pub clock_within: Duration,
    /// What the agents told.
    pub events: Vec<Happened>,
    /// Pings of the VIP: stretches of answered and lost ones in turn.
    pub pings: Vec<Run>,
    /// HTTP requests likewise.
    pub requests: Vec<Run>,
    /// Requests of clients at other places.
    pub elsewhere: BTreeMap<String, Vec<Run>>,
    /// The longest outage of the clients that the scenario is judged by.
    pub worst: Option<Span>,
}

/// Probes in a row with the same result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// From the first probe's sending until that of the next run.
    pub span: Span,
    /// Answered, or lost.
    pub ok: bool,
    /// How many.
    pub count: usize,
}

/// Draws together what was seen; `measure` is the scenario's.
pub fn timeline(seen: &Observations, measure: Measure) -> Timeline {
    let end = seen.end();
    let outages = seen.stream(measure).outages();
    let (owners, asked) = lanes(seen, end);
    let heard: BTreeMap<_, _> = owners
        .iter()
        .filter(|(host, _)| !asked.contains(host))
        .map(|(host, lane)| (host.clone(), lane.clone()))
        .collect();
    let (two_owners, handed_over) = together(&heard);
    Timeline {
        end,
        fault: (seen.fault_begin, seen.fault_end),
        owners,
        asked,
        two_owners,
        handed_over,
        clock_within: seen.clock_within(),
        events: seen.told.events.iter().filter(|one| one.at <= end).cloned().collect(),
        pings: runs(&seen.pings),
        requests: runs(&seen.requests),
        elsewhere: seen.elsewhere.iter().map(|(host, stream)| (host.clone(), runs(stream))).collect(),
        worst: outages.map(|(from, to)| Span { from, to }).max_by_key(|span| span.to.saturating_sub(span.from)),
    }
}

/// Lanes by what the agents told, and those of hosts that told nothing by samples, with their names. Who had nothing to
/// do with the VIP all the time has none.
fn lanes(seen: &Observations, end: Duration) -> (BTreeMap<String, Vec<Stretch>>, Vec<String>) {
    let told = seen.told.hosts.iter().filter(|(_, heard)| heard.spoke());
    let mut lanes: BTreeMap<String, Vec<Stretch>> = told.map(|(host, heard)| (host.clone(), heard.lane(end))).collect();
    let mut asked = Vec::new();
    for (host, spans) in owners(&seen.owners, end) {
        if let Entry::Vacant(place) = lanes.entry(host) {
            asked.push(place.key().clone());
            place.insert(spans.into_iter().map(|span| Stretch { span, has: Has::Owner }).collect());
        }
    }
    lanes.retain(|_, lane| lane.iter().any(|one| one.has != Has::Nothing));
    (lanes, asked)
}

/// A host owns from the sample that first shows it until the sample that no longer does.
fn owners(samples: &[Owners], end: Duration) -> BTreeMap<String, Vec<Span>> {
    let mut lanes: BTreeMap<String, Vec<Span>> = BTreeMap::new();
    let ends = samples.iter().skip(1).map(|sample| sample.at).chain([end]);
    for (sample, to) in samples.iter().zip(ends) {
        for host in &sample.hosts {
            let lane = lanes.entry(host.clone()).or_default();
            match lane.last_mut() {
                Some(span) if span.to == sample.at => span.to = to,
                _ => lane.push(Span { from: sample.at, to }),
            }
        }
    }
    lanes
}

fn runs(stream: &Stream) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for mark in &stream.marks {
        let to = mark.at + stream.interval;
        match runs.last_mut() {
            Some(run) if run.ok == mark.ok => {
                run.span.to = to;
                run.count += 1;
            }
            previous => {
                if let Some(run) = previous {
                    run.span.to = mark.at;
                }
                runs.push(Run { span: Span { from: mark.at, to }, ok: mark.ok, count: 1 });
            }
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::super::observe::Mark;
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn span(from: u32, to: u32) -> Span {
        Span { from: MS * from, to: MS * to }
    }

    #[test]
    fn probes_become_runs_and_samples_become_lanes() {
        let marks = "###..####".chars().zip(0_u32..).map(|(c, n)| Mark { at: MS * n, ok: c == '#' });
        let sample = |at, hosts: &[&str]| Owners { at: MS * at, hosts: hosts.iter().map(|h| (*h).into()).collect() };
        let seen = Observations {
            fault_begin: MS * 3,
            fault_end: MS * 6,
            pings: Stream { interval: MS, marks: marks.collect() },
            owners: vec![sample(0, &["a"]), sample(3, &["a", "b"]), sample(5, &["b"]), sample(7, &["a"])],
            ..Observations::default()
        };
        let picture = timeline(&seen, Measure::Pings);
        assert_eq!(picture.end, MS * 9);
        let runs: Vec<_> = picture.pings.iter().map(|run| (run.span, run.ok, run.count)).collect();
        assert_eq!(runs, [(span(0, 3), true, 3), (span(3, 5), false, 2), (span(5, 9), true, 4)]);
        let owned = |host: &str| picture.owners[host].iter().map(|one| (one.span, one.has)).collect::<Vec<_>>();
        assert_eq!(owned("a"), [(span(0, 5), Has::Owner), (span(7, 9), Has::Owner)]);
        assert_eq!(owned("b"), [(span(3, 7), Has::Owner)]);
        assert_eq!((picture.asked, picture.two_owners), (vec!["a".to_owned(), "b".to_owned()], Duration::ZERO));
        assert_eq!(picture.worst, Some(span(3, 5)));
        assert!(picture.requests.is_empty());
    }

    #[test]
    fn nothing_seen_is_an_empty_picture() {
        assert_eq!(timeline(&Observations::default(), Measure::Requests), Timeline::default());
    }
}
