//! What a plan would do to each virtual address, as far as that can be known before: see
//! [`rehearse`](crate::ctl::rehearse).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

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
            Ok(effects) => Traffic { effects, not_rehearsed: None },
            Err(why) => Traffic { effects: Vec::new(), not_rehearsed: Some(why.to_string()) },
        },
        Err(why) => Traffic { effects: Vec::new(), not_rehearsed: Some(why.0) },
    }
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
        let text = job.wanted.files.iter().find(|file| file.dest == HA_CONFIG);
        let text = text.map(|file| String::from_utf8_lossy(&file.content)).unwrap_or_default();
        let after = read(&text, |path| gets(job, path));
        let before = match (&seen.agent, configurations.get(host)) {
            (None, _) => None,
            (Some(_), None) => Some(read(&text, |path| has(job, path))),
            (Some(_), Some(Found::Text(text))) => Some(read(text, |path| has(job, path))),
            (Some(_), Some(_)) => return Err(Unknown(format!("what the agent on {host} runs is not known"))),
        };
        for address in before.iter().flat_map(|config| &config.instances).flat_map(|one| &one.addresses) {
            let address = address.address.addr();
            if seen.has(address) && owners.insert(address, host.to_owned()).is_some() {
                return Err(Unknown(format!("{address} has two owners")));
            }
        }
        let step = |step: &Vec<u8>| read(&String::from_utf8_lossy(step), |path| gets(job, path));
        let steps = job.ladder.steps.iter().map(step).collect();
        let addresses = seen.addresses.clone();
        parts.push(Part { name: host.to_owned(), addresses, before, steps, after, turn: turn(job) });
    }
    parts.sort_by_key(|part| owners.values().any(|owner| *owner == part.name)); // as they are rolled out
    Ok((parts, owners))
}

/// A configuration with its keys of signed adverts in the place of their files, as the agent reads it. While keys
/// change, the one that goes stands in the configuration itself, and must be the one that the other load balancer still
/// has in a file. Where nobody knows a key, those of one number are alike.
fn read(text: &str, key: impl Fn(&str) -> Option<Vec<u8>>) -> Config {
    let mut config = parse(HA_CONFIG, text).config;
    let signing = config.instances.iter_mut().filter(|one| one.hmac.is_some()).map(Arc::make_mut);
    for one in signing.filter_map(|one| one.hmac.as_mut()).flat_map(|hmac| &mut hmac.keys) {
        if let Some(path) = &one.file {
            one.secret = key(path).unwrap_or_else(|| vec![one.id]);
        }
    }
    config
}

/// The key that lies there on a host; where that was not looked at it stays what it is.
fn has(job: &Job, path: &str) -> Option<Vec<u8>> {
    found(job, path).or_else(|| sent(job, path))
}

/// The key that lies there once the files of a plan are in place.
fn gets(job: &Job, path: &str) -> Option<Vec<u8>> {
    sent(job, path).or_else(|| found(job, path))
}

fn found(job: &Job, path: &str) -> Option<Vec<u8>> {
    job.facts.keys.get(path).map(|key| key.0.clone().into_bytes())
}

/// The line breaks at its end do not belong to it.
fn sent(job: &Job, path: &str) -> Option<Vec<u8>> {
    let file = job.wanted.files.iter().find(|file| file.dest == path)?;
    let last = file.content.iter().rposition(|byte| !b"\r\n".contains(byte))?;
    file.content.get(..=last).map(<[u8]>::to_vec)
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

#[cfg(test)]
mod tests;
