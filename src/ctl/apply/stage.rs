//! Everything that does not touch traffic: lock, files, packages, checks, on all hosts at once.

use std::collections::BTreeSet;

use super::binary::Binary;
use super::script;
use super::signed::Ladder;
use super::step::Step;
use super::work::Work;
use crate::ctl::look::facts::Facts;
use crate::ctl::plan::{Change, HostPlan};
use crate::ctl::remote::Output;
use crate::ctl::wanted::WantedHost;
use crate::error::{Code, Exit, Failure, Problem};

/// A host with what it shall have, what it has, and the difference.
#[derive(Clone)]
pub(super) struct Job {
    /// What it shall have.
    pub wanted: WantedHost,
    /// What it has.
    pub facts: Facts,
    /// The difference.
    pub plan: HostPlan,
    /// The steps in which the signing of adverts changes.
    pub ladder: Ladder,
}

impl Job {
    /// Its name.
    pub(super) fn host(&self) -> &str {
        &self.wanted.host
    }

    /// Whether the binary is to come there.
    pub(super) fn carries_binary(&self) -> bool {
        self.plan.changes.contains(&Change::Binary)
    }

    /// Who holds its lock, where that is a desk of this user and machine that has ended.
    pub(super) fn dead_holder(&self, own: &str) -> Option<&str> {
        dead(self.facts.seen.transaction.lock.as_ref().map(|lock| lock.owner.as_str()), own)
    }
}

/// Brings the files, and the binary where it is to come.
///
/// # Errors
/// Exit 4; nothing live was changed.
pub(super) async fn ship(work: &Work<'_>, jobs: &[&Job], binary: &Binary) -> Result<(), Failure> {
    let gzip = if jobs.iter().any(|job| job.carries_binary()) { Some(binary.gzip().await?) } else { None };
    let shipments = jobs.iter().map(|job| {
        let binary = gzip.as_deref().filter(|_| job.carries_binary());
        let shipment = script::stage(&job.wanted, &job.plan, work.step, binary);
        (job.host(), shipment.script, shipment.stdin)
    });
    all_good(work.desk.on_all(shipments).await, "staging", NOTHING)
}

/// Installs packages: one that cannot be had must stop a deploy before it starts. Returns in words what stays of that,
/// whatever comes after it.
///
/// # Errors
/// Exit 4; nothing live was changed.
pub(super) async fn install(work: &Work<'_>, jobs: &[&Job]) -> Result<String, Failure> {
    let desk = work.desk;
    // Package mirrors are slower than hosts.
    let limit = desk.options.limit * 10;
    let step = Step { limit, ..work.step };
    let packages = jobs.iter().filter_map(|job| {
        let manager = job.facts.package_manager.as_deref().unwrap_or("apt-get");
        Some((job.host(), script::packages(&job.wanted, &job.plan, step, manager)?))
    });
    let packages: Vec<_> = packages.collect();
    let installs = packages
        .iter()
        .map(|(host, script)| async move { ((*host).to_owned(), desk.on(host, script, b"", limit).await) });
    let installed = futures_util::future::join_all(installs).await;
    let done = |(host, answer): &(String, Result<Output, Problem>)| {
        answer.as_ref().is_ok_and(|output| output.code == 0).then(|| host.clone())
    };
    let done: Vec<String> = installed.iter().filter_map(done).collect();
    let stays = what_stays(&packages_of(jobs), &done);
    all_good(installed, "installing packages", &stays)?;
    Ok(stays)
}

/// Tests what was staged.
///
/// # Errors
/// Exit 4; nothing live was changed.
pub(super) async fn test(work: &Work<'_>, jobs: &[&Job], stays: &str) -> Result<(), Failure> {
    let checks = jobs
        .iter()
        .filter_map(|job| Some((job.host(), script::checks(&job.wanted, &job.plan, work.step)?, Vec::new())));
    all_good(work.desk.on_all(checks).await, "testing the staged files", stays)
}

const NOTHING: &str = "nothing live was changed; the VIP keeps serving";

/// The packages that a deploy installs.
fn packages_of(jobs: &[&Job]) -> String {
    let changes = jobs.iter().flat_map(|job| &job.plan.changes);
    let names =
        changes.filter_map(|change| if let Change::Package(name) = change { Some(name.as_str()) } else { None });
    names.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
}

/// What is true when a deploy ends after these hosts have got these packages.
fn what_stays(packages: &str, hosts: &[String]) -> String {
    if hosts.is_empty() {
        return NOTHING.to_owned();
    }
    let hosts = hosts.join(", ");
    format!(
        "no file was put in place, but {packages} was installed on {hosts}: it stays, and runs where its package starts it"
    )
}

/// `stays` is what is true all the same when something failed.
fn all_good(results: Vec<(String, Result<Output, Problem>)>, doing: &str, stays: &str) -> Result<(), Failure> {
    let problems: Vec<Problem> =
        results.into_iter().filter_map(|(host, result)| complaint(&host, result, doing, stays)).collect();
    if problems.is_empty() { Ok(()) } else { Err(Failure { exit: Exit::Preflight, problems }) }
}

fn complaint(host: &str, result: Result<Output, Problem>, doing: &str, stays: &str) -> Option<Problem> {
    match result {
        Err(problem) => Some(problem.why(stays)),
        Ok(output) if output.code == 0 => None,
        Ok(output) => Some(
            Problem::on(host, Code::StageFailed, format!("{doing} failed: {}", output.complaint()))
                .why(stays)
                .next("mend that, then run the same command again"),
        ),
    }
}

/// The holder of a lock, where it is a desk of this user and machine that has ended.
pub(super) fn dead<'o>(holder: Option<&'o str>, own: &str) -> Option<&'o str> {
    holder.filter(|holder| is_dead(holder, own))
}

/// Whether a lock's holder was this user on this machine, in a process that has ended: a desk that was killed.
fn is_dead(holder: &str, own: &str) -> bool {
    let (Some((who, pid)), Some((me, _))) = (holder.rsplit_once(' '), own.rsplit_once(' ')) else { return false };
    who == me && pid.parse().is_ok_and(|pid| !lives(pid))
}

/// A process that has ended but was not waited for has no command line left.
fn lives(pid: u32) -> bool {
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_dead_process_of_ones_own_loses_its_lock() {
        let own = format!("ann@desk {}", std::process::id());
        assert!(is_dead("ann@desk 4194999", &own), "beyond the largest process id there is");
        assert!(!is_dead(&own, &own));
        assert!(!is_dead("bob@desk 4194999", &own) && !is_dead("ann@other 4194999", &own));
        assert!(!is_dead("ann@desk", &own) && !is_dead("ann@desk x", &own));
    }
}
