//! `hactl plan`: what a deploy would change, with the lines that differ.

use std::collections::BTreeMap;
use std::path::Path;

use super::deploy::{Planned, planned};
use super::order::Order;
use super::plan_file::PlanFile;
use super::prepare::Prepared;
use super::rehearsal::rehearse;
use super::stage::Job;
use super::vrids::heard_collisions;
use crate::ctl::desk::{Desk, Options, find_inventory};
use crate::ctl::difference;
use crate::ctl::host::Script;
use crate::ctl::look::contents::{self, Found};
use crate::ctl::look::{facts, members};
use crate::ctl::plan::Change;
use crate::ctl::render::derived::derived;
use crate::ctl::report::{Outcome, Report};
use crate::ctl::wanted::HA_CONFIG;
use crate::error::{Exit, Failure, Problem};

/// Compares, and shows each file's lines: one more round trip to each host. `out` is where the plan is
/// written to, for a deploy of exactly this.
///
/// # Errors
/// Invalid input, unreachable hosts, failed preflight. A VRID that somebody else uses is told beside the plan, exit 4.
pub async fn show_plan(order: &Order, options: Options, out: Option<&Path>) -> Outcome<Planned> {
    let (prepared, mut jobs) = Prepared::new(order, options).await?;
    let desk = &prepared.desk;
    let secrets = desk.secrets();
    let found = fetch(desk, &mut jobs).await?;
    let mut planned = planned(&jobs);
    let mut configurations = BTreeMap::new();
    for ((job, host), found) in jobs.iter().zip(&mut planned.hosts).zip(&found) {
        let mut found = found.iter();
        for (change, shown) in job.plan.changes.iter().zip(&mut host.changes) {
            if path(change).is_none() {
                continue;
            }
            let there = found.next().unwrap_or(&Found::Nothing);
            shown.difference = lines(job, change, there, &secrets).filter(|lines| !lines.is_empty());
            if let Change::File { dest, .. } = change
                && dest == HA_CONFIG
            {
                host.derived = routers(job, there);
                configurations.insert(job.host(), there);
            }
        }
    }
    planned.traffic = Some(rehearse(&desk.cluster, &jobs, &configurations)).filter(|told| !told.is_empty());
    if let Some(out) = out {
        let inventory = find_inventory(order.inventory.as_deref())?;
        PlanFile::new(&inventory, &order.limit, &order.only, &jobs, &prepared.binary.sha256).write(out)?;
    }
    let taken = heard_collisions(desk, &jobs).await;
    let exit = match (taken.is_empty(), jobs.iter().all(|job| job.plan.changes.is_empty())) {
        (false, _) => Exit::Preflight, // a deploy would end so
        (true, true) => Exit::Done,
        (true, false) => Exit::Pending,
    };
    let members = members::judge(&desk.cluster, jobs.iter().flat_map(|job| &job.facts.seen.members));
    let problems = members.into_iter().chain(taken).collect();
    Ok(Report { value: planned, problems, exit })
}

/// The path whose content a change replaces or removes.
fn path(change: &Change) -> Option<&str> {
    match change {
        Change::File { dest, only_rights: false, .. } | Change::Remove(dest) => Some(dest),
        _ => None,
    }
}

/// What is at the paths that change, for each job in its order, and the versions of packages, which tell of drift.
async fn fetch(desk: &Desk, jobs: &mut [Job]) -> Result<Vec<Vec<Found>>, Failure> {
    let asks = jobs.iter_mut().map(|job| async move {
        let paths: Vec<String> = job.plan.changes.iter().filter_map(path).map(str::to_owned).collect();
        if paths.is_empty() && job.wanted.packages.is_empty() {
            return Ok(Vec::new());
        }
        let script = contents::ask(Script::new(), paths.iter().map(String::as_str));
        let script = facts::ask_versions(script, &job.wanted).text();
        let output = desk.on(job.host(), &script, b"", desk.options.limit).await?;
        job.facts.versions = facts::versions(output.text());
        Ok::<_, Problem>(contents::parse(output.text(), paths.len()))
    });
    let found = desk.at_once(asks).await.into_iter().collect::<Result<_, _>>();
    found.map_err(|problem| Failure::one(Exit::Preflight, problem.why("nothing was changed")))
}

fn lines(job: &Job, change: &Change, there: &Found, secrets: &[&str]) -> Option<String> {
    match change {
        Change::File { dest, .. } => {
            let file = job.wanted.files.iter().find(|file| file.dest == *dest)?;
            Some(difference::written(file, there, secrets))
        }
        Change::Remove(dest) => {
            let hidden = job.wanted.hidden().any(|path| path == dest);
            Some(difference::removed(dest, there, hidden, secrets))
        }
        _ => None,
    }
}

fn routers(job: &Job, there: &Found) -> Vec<String> {
    let old = if let Found::Text(text) = there { text.as_str() } else { "" };
    let file = job.wanted.files.iter().find(|file| file.dest == HA_CONFIG);
    file.map_or_else(Vec::new, |file| derived(old, &String::from_utf8_lossy(&file.content)))
}
