//! The list that scripts read. Its keys are a contract.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::entry::{Entry, Run};
use crate::ctl::drill::lanes::Has;
use crate::ctl::drill::timeline::Timeline;

/// One scenario as scripts see it.
#[derive(Debug, Serialize)]
pub struct Row<'v> {
    scenario: &'v str,
    expected: &'v str,
    passed: bool,
    gap_ms: f64,
    sent: usize,
    lost: usize,
    owner_before: Option<&'v str>,
    owner_after: Option<&'v str>,
    restored: bool,
    /// Host that it broke on.
    target: &'v str,
    why: &'v [String],
    budget_ms: f64,
    /// What the settings foretell: at least, and at most.
    predicted_ms: Option<[f64; 2]>,
    http_sent: usize,
    http_lost: usize,
    http_lost_max: usize,
    elsewhere: Vec<Elsewhere<'v>>,
    /// What drills like it measured before, the oldest first.
    before_ms: Vec<f64>,
    /// What the result depends on.
    settings: BTreeMap<&'v str, &'v str>,
    /// How long two hosts were owners at a time, by what their agents told.
    two_owners_ms: f64,
    /// How long an owner still answered while it handed over to the next one.
    handed_over_ms: f64,
    /// By how much the clocks that these times come from may be aside.
    clock_within_ms: f64,
    lanes: Vec<Lane<'v>>,
    events: Vec<Told<'v>>,
}

/// A client at another place.
#[derive(Debug, Serialize)]
struct Elsewhere<'v> {
    host: &'v str,
    sent: usize,
    lost: usize,
    gap_ms: f64,
}

/// What a host had to do with the VIP for some time. Times count from the beginning of the fault.
#[derive(Debug, Serialize)]
struct Lane<'v> {
    host: &'v str,
    state: &'static str,
    from_ms: f64,
    to_ms: f64,
    /// Its agent told it; otherwise it was asked now and then.
    told: bool,
}

/// What an agent told.
#[derive(Debug, Serialize)]
struct Told<'v> {
    at_ms: f64,
    host: &'v str,
    what: &'v str,
}

/// Tenths: a finer figure would pretend to a precision that a probe every millisecond has not.
fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

fn lanes(seen: &Timeline) -> Vec<Lane<'_>> {
    let since = |at: Duration| ms(at) - ms(seen.fault.0);
    let round = |at: f64| (at * 10.0).round() / 10.0;
    let all = seen.owners.iter().flat_map(|(host, lane)| lane.iter().map(move |one| (host, one)));
    all.map(|(host, one)| Lane {
        host,
        state: match one.has {
            Has::Owner => "owner",
            Has::HandingOver => "handing over",
            Has::Nothing => "standby",
            Has::Unknown => "unknown",
        },
        from_ms: round(since(one.span.from)),
        to_ms: round(since(one.span.to)),
        told: !seen.asked.contains(host),
    })
    .collect()
}

impl<'v> From<&'v Entry> for Row<'v> {
    fn from(entry: &'v Entry) -> Self {
        let (verdict, seen) = (&entry.verdict, entry.timeline.as_ref());
        let fault = seen.map(|seen| ms(seen.fault.0)).unwrap_or_default();
        let elsewhere = verdict.elsewhere.iter();
        Self {
            scenario: &verdict.scenario,
            expected: &verdict.expected,
            passed: verdict.passed,
            gap_ms: ms(verdict.gap),
            sent: verdict.sent,
            lost: verdict.lost,
            owner_before: verdict.owner_before.as_deref(),
            owner_after: verdict.owner_after.as_deref(),
            restored: verdict.restored,
            target: &entry.target,
            why: &verdict.why,
            budget_ms: ms(verdict.budget),
            predicted_ms: verdict.predicted.map(|(least, most)| [ms(least), ms(most)]),
            http_sent: verdict.requests,
            http_lost: verdict.requests_lost,
            http_lost_max: verdict.requests_max,
            elsewhere: elsewhere
                .map(|(host, sent, lost, gap)| Elsewhere { host, sent: *sent, lost: *lost, gap_ms: ms(*gap) })
                .collect(),
            before_ms: entry.before.iter().copied().map(ms).collect(),
            settings: entry.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
            two_owners_ms: seen.map(|seen| ms(seen.two_owners)).unwrap_or_default(),
            handed_over_ms: seen.map(|seen| ms(seen.handed_over)).unwrap_or_default(),
            clock_within_ms: seen.map(|seen| ms(seen.clock_within)).unwrap_or_default(),
            lanes: seen.map(lanes).unwrap_or_default(),
            events: seen
                .into_iter()
                .flat_map(|seen| &seen.events)
                .map(|one| Told {
                    at_ms: ((ms(one.at) - fault) * 10.0).round() / 10.0,
                    host: &one.host,
                    what: &one.what,
                })
                .collect(),
        }
    }
}

/// The scenarios, in the order run.
pub fn rows(run: &Run) -> Vec<Row<'_>> {
    run.entries.iter().map(Row::from).collect()
}

/// The report, with a line end.
///
/// # Errors
/// None in practice: plain values always serialise.
pub fn json(run: &Run) -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(&rows(run))? + "\n")
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::run;
    use super::*;

    #[test]
    fn what_is_wrong_has_a_code() {
        let codes: Vec<_> = run().problems().iter().map(|problem| problem.code.id()).collect();
        assert_eq!(codes, ["E617", "E618", "E618"], "beyond its budget, a reason of its own, not run");
    }

    #[test]
    fn rows_have_exactly_the_agreed_keys() {
        let rows: Vec<serde_json::Map<String, serde_json::Value>> =
            serde_json::from_str(&json(&run()).unwrap()).unwrap();
        assert_eq!(rows.len(), 5);
        for row in &rows {
            let keys: Vec<_> = row.keys().map(String::as_str).collect();
            assert_eq!(
                keys[..9],
                ["scenario", "expected", "passed", "gap_ms", "sent", "lost", "owner_before", "owner_after", "restored"]
            );
        }
        let lane = &rows[0]["lanes"][0];
        assert_eq!(
            (&lane["host"], &lane["state"], &lane["from_ms"]),
            (&"lb-5".into(), &"owner".into(), &(-2000.0).into())
        );
        assert_eq!((&rows[1]["predicted_ms"][1], &rows[1]["http_lost"]), (&3609.4.into(), &171.into()));
        assert_eq!(
            (&rows[0]["scenario"], &rows[0]["gap_ms"], &rows[0]["lost"]),
            (&"stop".into(), &4.0.into(), &4.into())
        );
        assert_eq!((&rows[0]["owner_before"], &rows[0]["owner_after"]), (&"lb-5".into(), &"lb-6".into()));
        assert!(rows[4]["owner_before"].is_null() && rows[4]["passed"] == false);
    }
}
