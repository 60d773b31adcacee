//! `hactl status`: who owns each VIP, and how everybody feels.

use std::net::IpAddr;

use hactl_engine::control::{InstanceStatus, Safety, VirtualServerStatus};
use serde::Serialize;

use super::certificates::{self, HeldStatus};
use super::pools;
use super::sites::{self, SiteStatus};
use super::vips::judge;
use crate::ctl::cluster::{Cluster, Group, Host};
use crate::ctl::desk::{Desk, Options};
use crate::ctl::drift::{Drift, drift};
use crate::ctl::look::facts;
use crate::ctl::look::observe::{Observed, look, look_in_turns};
use crate::ctl::render::context::Interfaces;
use crate::ctl::render::host::Renderer;
use crate::ctl::report::{Outcome, Report};
use crate::error::{Exit, Problem};

/// The picture of a cluster, as it was seen.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// One entry a VIP.
    pub vips: Vec<VipStatus>,
    /// One entry a site and VIP, where the inventory has `sites`.
    pub sites: Vec<SiteStatus>,
    /// What each load balancer got by ACME, where sites ask for that.
    pub certificates: Vec<HeldStatus>,
    /// One entry a host, in the inventory's order.
    pub hosts: Vec<HostStatus>,
    /// What is not as the last deploy left it, on each host where something is; `None` when that was not asked.
    pub drift: Option<Vec<HostDrift>>,
    /// Hosts that were asked for that and did not answer: a view that goes on must not call them as they should be.
    #[serde(skip)]
    pub drift_unknown: Vec<String>,
    /// What the pair can rely on: the weakest promise of all agents. `None` when no agent answers.
    pub safety: Option<Safety>,
}

/// What has become of one host.
#[derive(Debug, Clone, Serialize)]
pub struct HostDrift {
    /// Its name.
    pub host: String,
    /// Everything that is not as the last deploy left it.
    pub drift: Vec<Drift>,
}

/// One VIP.
#[derive(Debug, Clone, Serialize)]
pub struct VipStatus {
    /// The address.
    pub address: IpAddr,
    /// Load balancers whose kernel has it.
    pub owners: Vec<String>,
    /// Load balancers that may have it and did not answer.
    pub unknown: Vec<String>,
    /// What the service answered through it; `None` when it was not asked.
    pub service: Option<ServiceStatus>,
}

/// What a service answered.
#[derive(Debug, Clone, Serialize)]
pub struct ServiceStatus {
    /// The HTTP status; `None` when nothing answered.
    pub status: Option<u16>,
    /// Why nothing did.
    pub error: Option<String>,
    /// Whether it is what the inventory expects.
    pub expected: bool,
}

/// One host.
#[derive(Debug, Clone, Serialize)]
pub struct HostStatus {
    /// Its name.
    pub name: String,
    /// Its group, `lb` or `web`.
    pub group: Group,
    /// Whether it answered.
    pub reachable: bool,
    /// Why it did not.
    pub reason: Option<String>,
    /// Firewalls that run there.
    pub firewalls: Vec<String>,
    /// Whether nginx runs.
    pub nginx: bool,
    /// The generation in force; 0 before the first deploy, `None` when it did not answer.
    pub generation: Option<u64>,
    /// The version of its agent; `None` when none answers.
    pub agent_version: Option<String>,
    /// The host's own clock when it answered: Unix time in milliseconds.
    pub now_unix_ms: Option<u64>,
    /// Its virtual routers.
    pub instances: Vec<InstanceStatus>,
    /// Its virtual servers; `None` when no agent answers.
    pub virtual_servers: Option<Vec<VirtualServerStatus>>,
}

/// Looks at a cluster once, and judges it.
pub async fn status(desk: &Desk) -> Report<Status> {
    let observed = look(desk, false).await;
    let problems = judged(&desk.cluster, &observed);
    Report::judged(picture(&desk.cluster, &observed), problems)
}

/// What is wrong, with what the agents find of web servers: they are not asked here.
fn judged(cluster: &Cluster, observed: &Observed) -> Vec<Problem> {
    let mut problems = judge(cluster, observed);
    problems.extend(pools::out(observed).into_iter().chain(pools::hopeless(observed)).chain(pools::unknown(observed)));
    problems.extend(certificates::problems(cluster, observed));
    problems
}

/// The same for who looks no second time: no host is held longer than until it has answered.
///
/// # Errors
/// Only what is wrong before anything is contacted.
pub async fn status_once(cluster: &Cluster, options: Options) -> Outcome<Status> {
    let observed = look_in_turns(cluster, options, false).await?;
    let problems = judged(cluster, &observed);
    Ok(Report::judged(picture(cluster, &observed), problems))
}

/// The same with what has become of each host since something was deployed there: one more round trip. Exit 2 where
/// there is any, unless something is wrong as well.
///
/// # Errors
/// What hosts shall have cannot be rendered.
pub async fn status_with_drift(desk: &Desk) -> Outcome<Status> {
    let mut report = status(desk).await;
    let wanted = desk.cluster.hosts.iter().filter(|host| desk.hosts.contains_key(&host.name));
    let interfaces = Interfaces::new();
    let renderer = Renderer::new(&desk.cluster, &interfaces);
    let wanted = wanted.map(|host| renderer.host(host)).collect::<Result<Vec<_>, _>>()?;
    let asks =
        wanted.iter().map(|one| (one.host.as_str(), facts::ask_versions(facts::script(one), one).text(), Vec::new()));
    let mut found = Vec::new();
    for (one, (host, answer)) in wanted.iter().zip(desk.on_all(asks).await) {
        match answer {
            Ok(output) => found.push(HostDrift { host, drift: drift(one, &facts::parse(one, output.text())) }),
            Err(problem) => report.problems.push(problem.warn()),
        }
    }
    let answered = |host: &Host| found.iter().any(|one| one.host == host.name);
    let unknown = desk.cluster.managed().filter(|host| !answered(host)).map(|host| host.name.clone()).collect();
    report.value.drift_unknown = unknown;
    found.retain(|one| !one.drift.is_empty());
    if report.exit == Exit::Done && !found.is_empty() {
        report.exit = Exit::Pending;
    }
    report.value.drift = Some(found);
    Ok(report)
}

fn picture(cluster: &Cluster, observed: &Observed) -> Status {
    let vips = cluster.vips.iter().filter_map(|vip| vip.address()).map(|address| {
        let owners = observed.who_owns(cluster, address);
        VipStatus {
            address,
            owners: owners.names,
            unknown: owners.unknown.into_iter().map(|(host, _)| host).collect(),
            service: observed.service.get(&address).map(|answer| ServiceStatus {
                status: answer.as_ref().ok().copied(),
                error: answer.as_ref().err().map(ToString::to_string),
                expected: answer.as_ref().is_ok_and(|status| cluster.site.expects(*status)),
            }),
        }
    });
    let promises = observed.hosts.values().filter_map(|seen| seen.agent.as_ref()?.safety.as_ref());
    Status {
        vips: vips.collect(),
        sites: sites::statuses(cluster, observed),
        certificates: certificates::statuses(cluster, observed),
        hosts: cluster.managed().map(|host| host_status(host, observed)).collect(),
        drift: None,
        drift_unknown: Vec::new(),
        safety: promises.min_by_key(|safety| safety.tier).cloned(),
    }
}

fn host_status(host: &Host, observed: &Observed) -> HostStatus {
    let seen = observed.hosts.get(&host.name).cloned().unwrap_or_default();
    let agent = seen.agent.as_ref();
    HostStatus {
        name: host.name.clone(),
        group: host.group,
        reachable: seen.reachable,
        reason: seen.why.as_ref().map(|why| why.message.clone()),
        firewalls: seen.firewalls.clone(),
        nginx: seen.nginx,
        generation: seen.reachable.then_some(seen.transaction.committed),
        agent_version: agent.map(|agent| agent.version.clone()),
        now_unix_ms: agent.map(|agent| agent.now_unix_ms),
        instances: agent.map(|agent| agent.instances.clone()).unwrap_or_default(),
        virtual_servers: agent.map(|agent| agent.virtual_servers.clone()),
    }
}

/// The picture of a cluster of which nobody was seen, for those who word it.
#[cfg(test)]
pub(crate) fn unseen(cluster: &Cluster, problems: Vec<crate::error::Problem>) -> Report<Status> {
    Report::judged(picture(cluster, &Observed::default()), problems)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::{Code, Problem};

    #[test]
    fn the_json_has_its_promised_keys() {
        let text = include_str!("../../../inventories/homework.yaml");
        let cluster = crate::ctl::inventory::load::parse(std::path::Path::new("x.yaml"), text).unwrap().cluster;
        let value = serde_json::to_value(unseen(&cluster, vec![Problem::new(Code::ServiceBad, "x").why("y")])).unwrap();
        assert_eq!(value["problems"][0]["code"], "E704");
        assert_eq!(value["vips"][0]["address"], "10.0.0.3");
        assert_eq!(value["vips"][0]["owners"], json!([]));
        assert_eq!(value["hosts"][0]["name"], "lb-5");
        assert_eq!(value["hosts"][2]["group"], "web");
        assert_eq!(value["hosts"][0]["reachable"], false);
    }
}
