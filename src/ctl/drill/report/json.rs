//! The list that scripts read. Its keys are a contract.

use serde::Serialize;

use super::entry::Run;
use crate::ctl::drill::judge::Verdict;

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
}

impl<'v> From<&'v Verdict> for Row<'v> {
    fn from(verdict: &'v Verdict) -> Self {
        Self {
            scenario: &verdict.scenario,
            expected: &verdict.expected,
            passed: verdict.passed,
            // Tenths: a finer figure would pretend to a precision that a probe every millisecond has not.
            gap_ms: (verdict.gap.as_secs_f64() * 10_000.0).round() / 10.0,
            sent: verdict.sent,
            lost: verdict.lost,
            owner_before: verdict.owner_before.as_deref(),
            owner_after: verdict.owner_after.as_deref(),
            restored: verdict.restored,
        }
    }
}

/// The scenarios, in the order run.
pub fn rows(run: &Run) -> Vec<Row<'_>> {
    run.entries.iter().map(|entry| Row::from(&entry.verdict)).collect()
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
    fn rows_have_exactly_the_agreed_keys() {
        let rows: Vec<serde_json::Map<String, serde_json::Value>> =
            serde_json::from_str(&json(&run()).unwrap()).unwrap();
        assert_eq!(rows.len(), 5);
        for row in &rows {
            let keys: Vec<_> = row.keys().map(String::as_str).collect();
            assert_eq!(
                keys,
                ["scenario", "expected", "passed", "gap_ms", "sent", "lost", "owner_before", "owner_after", "restored"]
            );
        }
        assert_eq!(
            (&rows[0]["scenario"], &rows[0]["gap_ms"], &rows[0]["lost"]),
            (&"stop".into(), &4.0.into(), &4.into())
        );
        assert_eq!((&rows[0]["owner_before"], &rows[0]["owner_after"]), (&"lb-5".into(), &"lb-6".into()));
        assert!(rows[4]["owner_before"].is_null() && rows[4]["passed"] == false);
    }
}
