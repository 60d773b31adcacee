//! Everything that does not touch traffic: lock, files, packages, checks, on all hosts at once.

use super::binary::Binary;
use super::script::{self, LOCKED, unlock};
use crate::ctl::desk::Desk;
use crate::ctl::look::facts::Facts;
use crate::ctl::plan::{Change, HostPlan};
use crate::ctl::remote::Output;
use crate::ctl::wanted::WantedHost;
use crate::error::{Code, Exit, Failure, Problem};

/// A host with what it shall have, what it has, and the difference.
pub struct Job {
    /// What it shall have.
    pub wanted: WantedHost,
    /// What it has.
    pub facts: Facts,
    /// The difference.
    pub plan: HostPlan,
}

impl Job {
    /// Its name.
    pub fn host(&self) -> &str {
        &self.wanted.host
    }
}

/// Stages all jobs. Packages are installed here: a package that cannot be had must stop a deploy before it starts.
///
/// # Errors
/// Exit 8 when locked, 4 otherwise; the locks taken here are given back and nothing live was changed.
pub async fn stage(desk: &Desk, jobs: &[Job], binary: &Binary, owner: &str) -> Result<(), Failure> {
    let gzip =
        if jobs.iter().any(|job| job.plan.changes.contains(&Change::Binary)) { binary.gzip()? } else { Vec::new() };
    let result = stage_all(desk, jobs, &gzip, owner).await;
    if let Err(failure) = &result {
        // Locks of other operators are theirs.
        if failure.exit != Exit::Locked {
            desk.on_all(jobs.iter().map(|job| (job.host(), unlock(), Vec::new()))).await;
        }
    }
    result
}

async fn stage_all(desk: &Desk, jobs: &[Job], gzip: &[u8], owner: &str) -> Result<(), Failure> {
    let shipments = jobs.iter().map(|job| {
        let binary = job.plan.changes.contains(&Change::Binary).then_some(gzip);
        let dead = job.facts.lock.as_ref().filter(|lock| is_dead(&lock.owner, owner)).map(|lock| lock.owner.as_str());
        let shipment = script::stage(&job.wanted, &job.plan, owner, dead, binary);
        (job.host(), shipment.script, shipment.stdin)
    });
    let staged = desk.on_all(shipments).await;
    if let Some((host, output)) =
        staged.iter().find_map(|(host, result)| Some((host, result.as_ref().ok()?)).filter(|(_, o)| o.code == LOCKED))
    {
        let holder = output.complaint();
        let mine: Vec<_> = staged
            .iter()
            .filter(|(_, r)| r.as_ref().is_ok_and(|o| o.code == 0))
            .map(|(host, _)| host.clone())
            .collect();
        desk.on_all(mine.iter().map(|host| (host.as_str(), unlock(), Vec::new()))).await;
        let problem = Problem::on(host, Code::Locked, format!("locked by {holder}"))
            .why("two deploys at once would mix their files; nothing was changed")
            .next("wait for it to finish; a lock left by a killed desk ends by itself after 15 minutes");
        return Err(Failure::one(Exit::Locked, problem));
    }
    all_good(staged, "staging")?;
    let packages = jobs.iter().filter_map(|job| {
        let manager = job.facts.package_manager.as_deref().unwrap_or("apt-get");
        Some((job.host(), script::packages(&job.plan, manager)?))
    });
    // Package mirrors are slower than hosts.
    let packages: Vec<_> = packages.collect();
    let installs = packages.iter().map(|(host, script)| async move {
        ((*host).to_owned(), desk.on(host, script, b"", desk.options.limit * 10).await)
    });
    all_good(futures_util::future::join_all(installs).await, "installing packages")?;
    let checks = jobs.iter().filter_map(|job| Some((job.host(), script::checks(&job.wanted, &job.plan)?, Vec::new())));
    all_good(desk.on_all(checks).await, "testing the staged files")
}

fn all_good(results: Vec<(String, Result<Output, Problem>)>, doing: &str) -> Result<(), Failure> {
    let problems: Vec<Problem> =
        results.into_iter().filter_map(|(host, result)| complaint(&host, result, doing)).collect();
    if problems.is_empty() { Ok(()) } else { Err(Failure { exit: Exit::Preflight, problems }) }
}

fn complaint(host: &str, result: Result<Output, Problem>, doing: &str) -> Option<Problem> {
    match result {
        Err(problem) => Some(problem.why("nothing live was changed")),
        Ok(output) if output.code == 0 => None,
        Ok(output) => Some(
            Problem::on(host, Code::StageFailed, format!("{doing} failed: {}", output.complaint()))
                .why("nothing live was changed; the VIP keeps serving")
                .next("mend that, then run the same command again"),
        ),
    }
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
