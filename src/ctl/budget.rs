//! What somebody allows a drill to cost, as an inventory says it.

use std::time::Duration;

use super::words::closest;
use crate::error::{Code, Problem};

/// Every drill that there is, for whoever needs no more of them than their names.
pub const NAMES: [&str; 21] = [
    "stop",
    "agent-killed",
    "hung-agent",
    "crash",
    "reboot",
    "both-die",
    "link",
    "flapping-cable",
    "nginx",
    "heartbeat-blocked",
    "one-way-cut",
    "lan-cut",
    "packet-loss",
    "delay",
    "stranger",
    "wrong-password",
    "gateway-gone",
    "dns-gone",
    "disk-full",
    "clock-step",
    "web-down",
];

/// Budgets of somebody's own, in place of a scenario's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Budget {
    /// The longest outage that passes.
    pub gap: Option<Duration>,
    /// The most lost requests that pass.
    pub requests: Option<usize>,
}

/// What is said of a name that nobody knows.
pub fn unknown(name: &str) -> Problem {
    let problem = Problem::new(Code::UnknownScenario, format!("no scenario is called {name:?}"));
    match closest(name, NAMES.into_iter()) {
        Some(known) => problem.next(format!("hactl drill {known}")),
        None => problem.next("hactl drill --list"),
    }
}
