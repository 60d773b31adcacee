//! What past drills of a cluster measured, one line each in this user's state folder, and what has become of it since.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::report::entry::Run;
use crate::ctl::state::state_folder;

/// Of each scenario so many are remembered by `trend`, the latest.
const LATEST: usize = 20;

/// One drill of the past.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// When: Unix time.
    pub unix_s: i64,
    /// What.
    pub scenario: String,
    /// Whether it passed.
    pub passed: bool,
    /// The longest outage.
    pub gap_ms: f64,
    /// Requests lost.
    pub http_lost: usize,
}

/// A scenario's past.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trend {
    /// What.
    pub scenario: String,
    /// Drills that are remembered.
    pub runs: usize,
    /// Of these, those that did not pass.
    pub failed: usize,
    /// The shortest of the outages.
    pub least_ms: f64,
    /// The one in the middle.
    pub median_ms: f64,
    /// The longest.
    pub most_ms: f64,
    /// All of them, the oldest first.
    pub gaps_ms: Vec<f64>,
    /// When the last one was: Unix time.
    pub last_unix_s: i64,
}

/// Where a cluster's drills are remembered; `None` for a user without a home.
pub fn file(cluster: &str) -> Option<PathBuf> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let name: String = cluster.chars().map(plain).collect();
    Some(state_folder()?.join("drills").join(format!("{name}.jsonl")))
}

/// Remembers a run.
///
/// # Errors
/// The file cannot be written.
pub fn remember(file: &Path, run: &Run) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut lines = String::new();
    for entry in run.entries.iter().filter(|entry| entry.timeline.is_some()) {
        let past = Past {
            unix_s: run.started_unix_s,
            scenario: entry.verdict.scenario.clone(),
            passed: entry.verdict.passed,
            gap_ms: tenths(entry.verdict.gap),
            http_lost: entry.verdict.requests_lost,
        };
        lines = lines + &serde_json::to_string(&past)? + "\n";
    }
    fs::OpenOptions::new().create(true).append(true).open(file)?.write_all(lines.as_bytes())
}

/// Tells each drill of a run what drills like it measured before.
pub fn compare(run: &mut Run, past: &[Trend]) {
    for entry in &mut run.entries {
        let like = past.iter().filter(|one| one.scenario == entry.verdict.scenario);
        let seconds = like.flat_map(|one| &one.gaps_ms).map(|ms| ms / 1000.0);
        entry.before = seconds.filter_map(|seconds| Duration::try_from_secs_f64(seconds).ok()).collect();
    }
}

fn tenths(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

/// What a file remembers, by scenario; lines that are not understood are passed over.
///
/// # Errors
/// The file cannot be read, though it is there.
pub fn recall(file: &Path) -> io::Result<Vec<Trend>> {
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        read => read?,
    };
    let mut by_name: BTreeMap<String, Vec<Past>> = BTreeMap::new();
    for past in text.lines().filter_map(|line| serde_json::from_str::<Past>(line).ok()) {
        by_name.entry(past.scenario.clone()).or_default().push(past);
    }
    Ok(by_name.into_iter().filter_map(|(scenario, past)| trend(scenario, past)).collect())
}

fn trend(scenario: String, mut past: Vec<Past>) -> Option<Trend> {
    past.drain(..past.len().saturating_sub(LATEST));
    let gaps_ms: Vec<f64> = past.iter().map(|one| one.gap_ms).collect();
    let mut sorted = gaps_ms.clone();
    sorted.sort_by(f64::total_cmp);
    Some(Trend {
        scenario,
        runs: past.len(),
        failed: past.iter().filter(|one| !one.passed).count(),
        least_ms: *sorted.first()?,
        median_ms: *sorted.get(sorted.len() / 2)?,
        most_ms: *sorted.last()?,
        gaps_ms,
        last_unix_s: past.last()?.unix_s,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::drill::report::entry::tests::run;

    #[test]
    fn runs_are_remembered_one_after_another() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("drills/home.jsonl");
        assert_eq!(recall(&file).unwrap(), []);
        remember(&file, &run()).unwrap();
        let mut slower = run();
        slower.entries[1].verdict.gap = Duration::from_millis(4000);
        slower.entries[1].verdict.passed = false;
        remember(&file, &slower).unwrap();
        fs::OpenOptions::new().append(true).open(&file).unwrap().write_all(b"not json\n").unwrap();
        let trends = recall(&file).unwrap();
        let names: Vec<&str> = trends.iter().map(|one| one.scenario.as_str()).collect();
        assert_eq!(names, ["heartbeat-blocked", "link", "stop", "web-down"], "what could not be run is not among them");
        let link = &trends[1];
        assert_eq!((link.runs, link.failed, link.least_ms, link.most_ms), (2, 1, 3412.0, 4000.0));
        assert_eq!(link.gaps_ms, [3412.0, 4000.0]);
        let mut next = run();
        compare(&mut next, &trends);
        assert_eq!(next.entries[1].before, [3412, 4000].map(Duration::from_millis));
        assert!(next.entries[4].before.is_empty(), "no crash is remembered");
    }

    #[test]
    fn only_the_latest_count() {
        let past = |n: u32| Past {
            unix_s: i64::from(n),
            scenario: "stop".into(),
            passed: true,
            gap_ms: f64::from(n),
            http_lost: 0,
        };
        let trend = trend("stop".into(), (0..37).map(past).collect()).unwrap();
        assert_eq!((trend.runs, trend.least_ms, trend.median_ms, trend.last_unix_s), (20, 17.0, 27.0, 36));
    }
}
