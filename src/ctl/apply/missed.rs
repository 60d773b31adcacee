//! Hosts that a deploy did without, since they could not be reached: those that took part remember it, until whoever missed it has
//! been compared again.

use std::collections::BTreeSet;

use super::prepare::Prepared;
use super::stage::Job;
use crate::ctl::desk::Desk;
use crate::ctl::host::Script;
use crate::ctl::report::Report;
use crate::error::{Code, Exit, Problem};

/// Tells whoever remembers that one of these hosts missed a deploy that it has been compared since. Who cannot be told says so
/// at the next look.
pub(super) async fn caught_up(desk: &Desk, jobs: &[Job]) {
    let here: BTreeSet<&str> = jobs.iter().map(Job::host).collect();
    let asks = jobs.iter().filter_map(|job| {
        let names = job.facts.seen.missed.iter().map(|one| one.host.as_str());
        let names: Vec<&str> = names.filter(|name| here.contains(name)).collect();
        let script = || Script::new().call("caught_up", names.iter().copied()).text();
        (!names.is_empty()).then(|| (job.host(), script(), Vec::new()))
    });
    desk.on_all(asks.collect::<Vec<_>>()).await;
}

/// What became of a deploy that was to reach more hosts: changes are pending there.
pub(super) fn with_skipped<T>(mut report: Report<T>, prepared: &Prepared) -> Report<T> {
    for (host, why) in &prepared.skipped {
        let prefix = format!("{host}: ");
        let reason = why.message.strip_prefix(&prefix).unwrap_or(&why.message);
        let problem = Problem::on(host, Code::MissedDeploy, format!("left out, since it cannot be reached: {reason}"));
        let problem = problem.why("it has what it had").next("when it is back: the same command again");
        report.problems.push(problem.warn());
    }
    if report.exit == Exit::Done && !prepared.skipped.is_empty() {
        report.exit = Exit::Pending;
    }
    report
}
