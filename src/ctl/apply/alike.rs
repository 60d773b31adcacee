//! What the load balancers of a VIP must have alike. In the middle of such a change they do not understand each other:
//! the one that changed first hears nobody and would claim the VIP, were it not for the guard, which asks who answers.
//! So the change needs the guard, and all of them.

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

/// What of it changes, of what an agent tells. A password that becomes another one cannot be seen: nobody tells it.
fn changed(now: &InstanceStatus, vip: &Vip) -> Option<String> {
    let interval = Duration::from_millis(now.advert_interval_ms);
    if now.vrid != vip.vrid {
        return Some(format!("VRID {} becomes {}", now.vrid, vip.vrid));
    }
    if interval != vip.interval {
        let (from, to) = (interval.as_millis(), vip.interval.as_millis());
        return Some(format!("the interval changes from {from} to {to} ms"));
    }
    let wire = now.wire?;
    if wire.version != vip.version.number() {
        return Some(format!("VRRP version {} becomes {}", wire.version, vip.version.number()));
    }
    if wire.unicast != vip.unicast {
        let way = |unicast: bool| if unicast { "unicast" } else { "multicast" };
        return Some(format!("adverts by {} go by {}", way(wire.unicast), way(vip.unicast)));
    }
    match (wire.password, vip.auth.is_some()) {
        (false, true) => Some("adverts get a password".to_owned()),
        (true, false) => Some("adverts lose their password".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use hactl_engine::control::Wire;
    use serde_json::json;

    use super::*;

    /// Everything that an agent tells and that must be alike.
    #[test]
    fn each_change_has_its_words() {
        let vip = |keys: &str| {
            let text = include_str!("../../../inventories/homework.yaml");
            let text = text.replace("vip: 10.0.0.3/24", &format!("vip: {{ address: 10.0.0.3/24{keys} }}"));
            crate::ctl::inventory::load::parse(std::path::Path::new("x.yaml"), &text).unwrap().cluster.vips.remove(0)
        };
        let instance = |wire: Option<Wire>| -> InstanceStatus {
            let mut one: InstanceStatus = serde_json::from_value(json!({
                "name": "VI_1", "state": "BACKUP", "interface": "eth0", "vrid": 3, "base_priority": 100,
                "effective_priority": 100, "advert_interval_ms": 1000, "addresses": [],
            }))
            .unwrap();
            one.wire = wire;
            one
        };
        let plain = Wire { version: 2, unicast: false, password: false };
        let said = |wire, keys: &str| changed(&instance(wire), &vip(keys)).unwrap_or_default();
        assert_eq!(said(Some(plain), ""), "");
        assert_eq!(said(Some(plain), ", vrid: 7"), "VRID 3 becomes 7");
        assert_eq!(said(Some(plain), ", interval: 2s"), "the interval changes from 1000 to 2000 ms");
        assert_eq!(said(Some(plain), ", version: 3"), "VRRP version 2 becomes 3");
        assert_eq!(said(Some(plain), ", unicast: yes"), "adverts by multicast go by unicast");
        assert_eq!(said(Some(Wire { unicast: true, ..plain }), ""), "adverts by unicast go by multicast");
        assert_eq!(said(Some(plain), ", auth: { pass: hunter2 }"), "adverts get a password");
        assert_eq!(said(Some(Wire { password: true, ..plain }), ""), "adverts lose their password");
        assert_eq!(said(None, ", version: 3"), "", "an older agent does not say");
    }
}
