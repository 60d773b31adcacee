//! Hosts that a deploy did without, since they could not be reached: those that took part remember it, until whoever
//! missed it has been compared again.

use std::collections::BTreeSet;

use super::prepare::Prepared;
use super::stage::Job;
use super::step::Step;
use crate::ctl::desk::{Desk, owner_name};
use crate::ctl::host::Script;
use crate::ctl::look::transaction::Phase;
use crate::ctl::report::Report;
use crate::error::{Code, Exit, Problem};

/// Tells whoever remembers that one of these hosts missed a deploy that it has been compared since. Who cannot be told
/// says so at the next look.
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

/// Takes away what a desk that died has prepared and never put in place, where nothing is to change: the next deploy
/// with changes would. A desk that may still be at work is left alone.
pub(super) async fn swept(desk: &Desk, jobs: &[Job]) {
    let own = owner_name();
    let asks = jobs.iter().filter_map(|job| {
        let seen = &job.facts.seen.transaction;
        let ended = seen.lock.is_none() || job.dead_holder(&own).is_some();
        let owner = seen.lock.as_ref().map_or("nobody", |lock| lock.owner.as_str());
        let step = Step { number: seen.number, limit: desk.options.limit };
        (seen.phase == Phase::Staged && ended).then(|| (job.host(), step.leave(owner), Vec::new()))
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
