//! What a plan would do to each virtual address, as far as that can be known before: see [`rehearse`](crate::ctl::rehearse).

use std::collections::BTreeMap;
use std::net::IpAddr;

use hactl_engine::conf::config::Config;
use hactl_engine::conf::parse;
use serde::Serialize;

use super::stage::Job;
use crate::ctl::cluster::Cluster;
use crate::ctl::look::contents::Found;
use crate::ctl::plan::Change;
use crate::ctl::rehearse::effect::{Effect, Part, Turn, effects};
use crate::ctl::wanted::HA_CONFIG;

/// The unit of the agent.
const AGENT: &str = "hactl-agent";

/// What would become of the virtual addresses.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Traffic {
    /// One entry an address, where it could be rehearsed.
    pub effects: Vec<Effect>,
    /// Why it could not be.
    pub not_rehearsed: Option<String>,
}

impl Traffic {
    /// Whether there is nothing to say: no agent is touched.
    pub(super) fn is_empty(&self) -> bool {
        self.effects.is_empty() && self.not_rehearsed.is_none()
    }
}

/// Rehearses a plan. `configurations` are those that load balancers have now, by host, where they would change.
pub(super) fn rehearse(cluster: &Cluster, jobs: &[Job], configurations: &BTreeMap<&str, &Found>) -> Traffic {
    match parts(cluster, jobs, configurations) {
        Ok((parts, _)) if parts.iter().all(|part| part.turn == Turn::Stays) => Traffic::default(),
        Ok((parts, owners)) => match effects(&parts, &owners) {
            Ok(effects) if by_steps(jobs) && effects.iter().any(|one| one.two_owners_ms > 0) => {
                let why = "keys of signed adverts change by steps, of which a rehearsal knows only a part";
                Traffic { effects: Vec::new(), not_rehearsed: Some(why.to_owned()) }
            }
            Ok(effects) => Traffic { effects, not_rehearsed: None },
            Err(why) => Traffic { effects: Vec::new(), not_rehearsed: Some(why.to_string()) },
        },
        Err(why) => Traffic { effects: Vec::new(), not_rehearsed: Some(why.0) },
    }
}

/// Whether signing changes in steps between which everybody understands everybody.
fn by_steps(jobs: &[Job]) -> bool {
    jobs.iter().flat_map(|job| &job.ladder.signed).any(|signed| signed.stepwise)
}

type Scene = (Vec<Part>, BTreeMap<IpAddr, String>);

/// What is not known, in words.
struct Unknown(String);

/// The load balancers in the order of their turns, and who has which address; or, in words, why that is not known.
fn parts(cluster: &Cluster, jobs: &[Job], configurations: &BTreeMap<&str, &Found>) -> Result<Scene, Unknown> {
    let lbs: Vec<&Job> = jobs.iter().filter(|job| job.wanted.binary).collect();
    let members = cluster.vips.iter().flat_map(|vip| &vip.members);
    if let Some(member) = members.clone().find(|member| lbs.iter().all(|job| job.host() != member.host)) {
        return Err(Unknown(format!("{} was not looked at", member.host)));
    }
    let mut owners = BTreeMap::new();
    let mut parts = Vec::new();
    for job in lbs {
        let host = job.host();
        let seen = &job.facts.seen;
        if job.facts.services.get("keepalived").is_some_and(|service| service.active) {
            return Err(Unknown(format!("keepalived runs on {host}")));
        }
        for instance in seen.agent.iter().flat_map(|agent| &agent.instances) {
            if instance.pinned.is_some() {
                return Err(Unknown(format!("an operator's override is in force for {} on {host}", instance.name)));
            }
            if !instance.fault_reasons.is_empty() {
                return Err(Unknown(format!("{} is in FAULT on {host}", instance.name)));
            }
        }
        let after = job.wanted.files.iter().find(|file| file.dest == HA_CONFIG);
        let after = after.map(|file| read(&String::from_utf8_lossy(&file.content))).unwrap_or_default();
        let before = match (&seen.agent, configurations.get(host)) {
            (None, _) => None,
            (Some(_), None) => Some(after.clone()),
            (Some(_), Some(Found::Text(text))) => Some(read(text)),
            (Some(_), Some(_)) => return Err(Unknown(format!("what the agent on {host} runs is not known"))),
        };
        for address in before.iter().flat_map(|config| &config.instances).flat_map(|one| &one.addresses) {
            let address = address.address.addr();
            if seen.has(address) && owners.insert(address, host.to_owned()).is_some() {
                return Err(Unknown(format!("{address} has two owners")));
            }
        }
        let steps = job.ladder.steps.iter().map(|step| read(&String::from_utf8_lossy(step))).collect();
        let addresses = seen.addresses.clone();
        parts.push(Part { name: host.to_owned(), addresses, before, steps, after, turn: turn(job) });
    }
    parts.sort_by_key(|part| owners.values().any(|owner| *owner == part.name)); // as they are rolled out
    Ok((parts, owners))
}

/// Files with keys of signed adverts are not read: here all keys of one number are alike.
fn read(text: &str) -> Config {
    parse(HA_CONFIG, text).config
}

fn turn(job: &Job) -> Turn {
    let has = |wanted: &dyn Fn(&Change) -> bool| job.plan.changes.iter().any(wanted);
    if has(&|change| matches!(change, Change::Start(name) if name == AGENT)) {
        Turn::Starts
    } else if has(&|change| matches!(change, Change::Restart(name) if name == AGENT)) {
        Turn::Restarts
    } else if has(&|change| matches!(change, Change::Reload(name) if name == AGENT)) {
        Turn::Reloads
    } else {
        Turn::Stays
    }
}
