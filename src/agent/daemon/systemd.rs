//! What only systemd knows: whether a stop is half of a restart; and what it wants to hear.

use std::fs;
use std::process::{Command, Stdio};

use sd_notify::NotifyState;

/// Tells systemd (when it listens) how the agent fares.
pub(crate) fn say(states: &[NotifyState<'_>]) {
    // Without a notify socket this does nothing; a failing one only costs systemd's opinion of us.
    let _ = sd_notify::notify(states);
}

/// Whether the unit this process belongs to is being restarted rather than stopped.
pub(crate) fn is_restarting() -> bool {
    let Some(unit) = own_unit() else { return false };
    let jobs = Command::new("systemctl")
        .args(["list-jobs", "--no-legend", "--plain", "--full"])
        .arg(&unit)
        .stdin(Stdio::null())
        .output();
    let Ok(jobs) = jobs else { return false };
    String::from_utf8_lossy(&jobs.stdout).lines().any(|line| {
        let mut words = line.split_whitespace();
        words.nth(1) == Some(&unit) && words.next().is_some_and(|kind| kind == "restart" || kind == "start")
    })
}

fn own_unit() -> Option<String> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    groups.lines().find_map(|line| line.rsplit('/').find(|part| part.ends_with(".service")).map(str::to_owned))
}
