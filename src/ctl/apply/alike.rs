//! What the load balancers of a VIP must have alike. In the middle of such a change they do not understand each other: the one
//! that changed first hears nobody and would claim the VIP, were it not for the guard, which asks who answers. So the change
//! needs the guard, and all of them.

use std::time::Duration;

use hactl_engine::control::InstanceStatus;
use serde_json::Value;

use super::stage::Job;
use crate::ctl::cluster::{Cluster, Vip};
use crate::error::{Code, Exit, Failure, Problem};

/// Refuses a change that would give a VIP two owners, or none for as long as one of its balancers stays as it is.
///
/// # Errors
/// Exit 4; nothing was changed.
pub(super) fn all_or_none(cluster: &Cluster, jobs: &[Job]) -> Result<(), Failure> {
    let problems: Vec<Problem> = cluster.vips.iter().filter_map(|vip| refused(cluster, jobs, vip)).collect();
    if problems.is_empty() { Ok(()) } else { Err(Failure { exit: Exit::Preflight, problems }) }
}

fn refused(cluster: &Cluster, jobs: &[Job], vip: &Vip) -> Option<Problem> {
    let live = |job: &&Job| job.wanted.binary && instance(job, vip).is_some();
    let plain = jobs.iter().filter(live).find_map(|job| changed(instance(job, vip)?, vip));
    // Steps between which everybody understands everybody need no guard.
    let mut all = jobs.iter().filter(|job| job.wanted.binary).flat_map(|job| &job.ladder.signed);
    let signed = all.find(|signed| signed.vip == vip.name);
    let stepwise = plain.is_none() && signed.is_some_and(|signed| signed.stepwise);
    let what = plain.or_else(|| signed.map(|signed| signed.what.clone()))?;
    let others: Vec<&str> = vip
        .members
        .iter()
        .map(|member| member.host.as_str())
        .filter(|host| jobs.iter().all(|job| job.host() != *host))
        .collect();
    let problem = |message: String| Problem::new(Code::NotTogether, message).why("nothing was changed");
    if !others.is_empty() {
        let message = format!(
            "{}: {what} on some of its load balancers: {} would not understand the others, and the VIP would have two owners or none",
            vip.name,
            others.join(" and ")
        );
        let next = "deploy all of them together, or take one that is gone out of the inventory; --accept-gap does it all the same";
        return Some(problem(message).next(next));
    }
    let guard = cluster.role_params.get("vip").and_then(|params| params.get("guard"));
    if guard == Some(&Value::Bool(false)) && vip.members.len() > 1 && !stepwise {
        let message = format!(
            "{}: {what} while the guard is off: the load balancer that changes first hears nobody and claims the VIP as well",
            vip.name
        );
        let next = "take `guard: no` out of the inventory for this change; --accept-gap does it all the same";
        return Some(problem(message).next(next));
    }
    None
}

fn instance<'j>(job: &'j Job, vip: &Vip) -> Option<&'j InstanceStatus> {
    job.facts.seen.agent.as_ref()?.instances.iter().find(|one| one.name == vip.name)
}

/// What of it changes, of what an agent tells.
fn changed(now: &InstanceStatus, vip: &Vip) -> Option<String> {
    let interval = Duration::from_millis(now.advert_interval_ms);
    if now.vrid != vip.vrid {
        return Some(format!("VRID {} becomes {}", now.vrid, vip.vrid));
    }
    (interval != vip.interval)
        .then(|| format!("the interval changes from {} to {} ms", interval.as_millis(), vip.interval.as_millis()))
}
