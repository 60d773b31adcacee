//! The data of a drill's picture: who owned the VIP and how clients fared, as stretches of time. Times count from the
//! start of the measurement.

use std::collections::BTreeMap;
use std::time::Duration;

use super::observe::{Observations, Owners, Stream};
use super::scenario::Measure;

/// Everything a picture shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timeline {
    /// End of the measurement.
    pub end: Duration,
    /// When the fault began and was undone.
    pub fault: (Duration, Duration),
    /// For each host that ever owned the VIP, by name: when it did.
    pub owners: BTreeMap<String, Vec<Span>>,
    /// Pings of the VIP: stretches of answered and lost ones in turn.
    pub pings: Vec<Run>,
    /// HTTP requests likewise.
    pub requests: Vec<Run>,
    /// The longest outage of the clients that the scenario is judged by.
    pub worst: Option<Span>,
}

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Start.
    pub from: Duration,
    /// End.
    pub to: Duration,
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
    let last = |stream: &Stream| stream.marks.last().map(|mark| mark.at + stream.interval);
    let sampled = seen.owners.last().map(|sample| sample.at);
    let ends = [last(&seen.pings), last(&seen.requests), sampled, Some(seen.fault_end)];
    let end = ends.into_iter().flatten().max().unwrap_or_default();
    let outages = seen.stream(measure).outages();
    Timeline {
        end,
        fault: (seen.fault_begin, seen.fault_end),
        owners: owners(&seen.owners, end),
        pings: runs(&seen.pings),
        requests: runs(&seen.requests),
        worst: outages.map(|(from, to)| Span { from, to }).max_by_key(|span| span.to.saturating_sub(span.from)),
    }
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
        assert_eq!(picture.owners["a"], [span(0, 5), span(7, 9)]);
        assert_eq!(picture.owners["b"], [span(3, 7)]);
        assert_eq!(picture.worst, Some(span(3, 5)));
        assert!(picture.requests.is_empty());
    }

    #[test]
    fn nothing_seen_is_an_empty_picture() {
        assert_eq!(timeline(&Observations::default(), Measure::Requests), Timeline::default());
    }
}
