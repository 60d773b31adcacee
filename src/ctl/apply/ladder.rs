//! How signed adverts come to a pair that serves, and go again: by steps in each of which every load balancer
//! understands every other one, whether that has taken the step already or not. All of them take one step before any
//! takes the next.
//!
//! ```text
//!   off -- receive-only -- permissive -- enforce      each understands itself and its neighbours
//!   old key signs -- both known -- new key signs      so does this, with the old key known until all have the new one
//! ```

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hactl_engine::conf::config::HmacMode;
use hactl_engine::control::{InstanceStatus, RouterState, Signing};

use super::activate::{Turn, agent_answers, failed};
use super::signed::{Ladder, Signed};
use super::stage::Job;
use super::work::Work;
use crate::ctl::cluster::{Cluster, Host, Secret, Vip};
use crate::ctl::desk::Desk;
use crate::ctl::look;
use crate::ctl::look::facts::Facts;
use crate::ctl::look::observe;
use crate::ctl::plan::{Change, sha256};
use crate::ctl::render::context::Interfaces;
use crate::ctl::render::host::Renderer;
use crate::ctl::signing::{Former, Hmac, Key, Origin, given_file, minted_file};
use crate::ctl::wanted::{HA_CONFIG, OnChange, WantedFile};
use crate::error::{Code, Exit, Failure, Problem};

/// Speaks VRRP, and is replaced by our agent; how it signs is not known, and most do not.
const OTHER: &str = "keepalived";
/// Between two looks whether everybody hears.
const POLL: Duration = Duration::from_millis(200);
/// For so many intervals an advert is waited for.
const PATIENCE: u32 = 4;

/// How a load balancer signs now.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Now {
    level: u8,
    signing: Option<Signing>,
}

fn level(mode: Option<HmacMode>) -> u8 {
    match mode {
        None => 0,
        Some(HmacMode::ReceiveOnly) => 1,
        Some(HmacMode::Permissive) => 2,
        Some(HmacMode::Enforce) => 3,
    }
}

fn mode(level: u8) -> Option<HmacMode> {
    match level {
        0 => None,
        1 => Some(HmacMode::ReceiveOnly),
        2 => Some(HmacMode::Permissive),
        _ => Some(HmacMode::Enforce),
    }
}

fn word(level: u8) -> &'static str {
    match level {
        0 => "off",
        1 => "receive-only",
        2 => "permissive",
        _ => "enforce",
    }
}

/// The ways of these hosts. `cluster` has its keys already.
///
/// # Errors
/// A step cannot be rendered.
pub(super) fn ladders(
    cluster: &Cluster,
    facts: &BTreeMap<&str, Facts>,
    interfaces: &Interfaces,
) -> Result<BTreeMap<String, Ladder>, Failure> {
    let ways: Vec<Way> = cluster.vips.iter().map(|vip| way(vip, facts)).collect();
    let signed: Vec<Signed> = ways.iter().filter_map(|(signed, _)| signed.clone()).collect();
    let steps = ways.iter().map(|(_, steps)| steps.len()).max().unwrap_or(1).saturating_sub(1);
    let mut all: BTreeMap<String, Ladder> = BTreeMap::new();
    let hosts: Vec<&Host> = cluster.hosts.iter().filter(|host| facts.contains_key(host.name.as_str())).collect();
    for host in &hosts {
        all.insert(host.name.clone(), Ladder { steps: Vec::new(), signed: signed.clone() });
    }
    for step in 0..steps {
        let mut then = cluster.clone();
        for (vip, (_, steps)) in then.vips.iter_mut().zip(&ways) {
            vip.hmac = steps.get(step).or(steps.last()).cloned().flatten();
        }
        let renderer = Renderer::new(&then, interfaces);
        for host in &hosts {
            let files = renderer.host(host)?.files;
            let conf = files.into_iter().find(|file| file.dest == HA_CONFIG).map(|file| file.content);
            if let (Some(conf), Some(ladder)) = (conf, all.get_mut(&host.name)) {
                ladder.steps.push(conf);
            }
        }
    }
    Ok(all)
}

/// What changes, and the steps of a VIP, the last one being what is wanted.
type Way = (Option<Signed>, Vec<Option<Hmac>>);

fn way(vip: &Vip, facts: &BTreeMap<&str, Facts>) -> Way {
    let members: Vec<&Facts> = vip.members.iter().filter_map(|member| facts.get(member.host.as_str())).collect();
    let now: Vec<Now> = members.iter().filter_map(|facts| speaks(facts, vip)).collect();
    let (low, high) = (now.iter().map(|now| now.level).min(), now.iter().map(|now| now.level).max());
    let (Some(low), Some(high)) = (low, high) else { return (None, vec![vip.hmac.clone()]) }; // nobody speaks yet
    let signing: Vec<&Signing> = now.iter().filter_map(|now| now.signing.as_ref()).collect();
    let former = signing.first().and_then(|signing| {
        let secret = former(vip, &members, signing.active_key)?;
        Some(Former { id: signing.active_key, secret, signs: true })
    });
    let of_keys = vip.hmac.as_ref().and_then(|wanted| other_key(vip, wanted, &signing, former.as_ref(), (low, high)));
    of_keys.unwrap_or_else(|| other_mode(vip, &signing, former.as_ref(), (low, high)))
}

/// The way to another key; `None` where it stays.
fn other_key(
    vip: &Vip,
    wanted: &Hmac,
    signing: &[&Signing],
    former: Option<&Former>,
    (low, high): (u8, u8),
) -> Option<Way> {
    let id = signing.first()?.active_key;
    let alike = signing.iter().all(|signing| signing.active_key == id);
    let end = |what: String| Some((Some(signed(vip, what, false)), vec![Some(wanted.clone())]));
    if id == wanted.key.id && alike {
        let same = former.is_none_or(|former| Some(&former.secret) == wanted.key.secret());
        return if same { None } else { end(format!("another key is to have the number {id}")) };
    }
    let what = format!("the key that signs adverts changes from number {id} to {}", wanted.key.id);
    let (Some(former), true) = (former, alike && low == high) else { return end(what) };
    let both =
        |signs| mode(low).map(|mode| Hmac { mode, former: Some(Former { signs, ..former.clone() }), ..wanted.clone() });
    let mut steps = vec![both(true), both(false)];
    let levels = between(low, high, level(Some(wanted.mode))).into_iter().flatten();
    steps.extend(levels.map(|level| mode(level).map(|mode| Hmac { mode, ..wanted.clone() })));
    Some((Some(signed(vip, what, true)), steps))
}

/// The way to another mode.
fn other_mode(vip: &Vip, signing: &[&Signing], former: Option<&Former>, (low, high): (u8, u8)) -> Way {
    let wanted = vip.hmac.clone();
    let target = level(wanted.as_ref().map(|hmac| hmac.mode));
    if low == target && high == target {
        return (None, vec![wanted]);
    }
    let from = if low == high { word(low).to_owned() } else { format!("{} and {}", word(low), word(high)) };
    let what = format!("signing of adverts changes from {from} to {}", word(target));
    // Where it is switched off, its last steps are those of what is there now.
    let of = wanted.clone().or_else(|| Some(present(signing.first()?, former?)));
    let (Some(of), Some(levels)) = (of, between(low, high, target)) else {
        return (Some(signed(vip, what, false)), vec![wanted]);
    };
    let steps = levels.map(|level| mode(level).map(|mode| Hmac { mode, ..of.clone() }));
    (Some(signed(vip, what, true)), steps.collect())
}

fn signed(vip: &Vip, what: String, stepwise: bool) -> Signed {
    Signed { vip: vip.name.clone(), what, stepwise }
}

/// The levels to go through, the target last. `None` where those who speak are too far apart to understand each other.
fn between(low: u8, high: u8, target: u8) -> Option<Box<dyn Iterator<Item = u8>>> {
    match (high - low, target) {
        (0, target) if target > high => Some(Box::new(high + 1..=target)),
        (0, target) if target < low => Some(Box::new((target..low).rev())),
        (0, target) => Some(Box::new(std::iter::once(target))),
        // First all of them come to the one that is nearer to the target.
        (1, target) if target >= high => Some(Box::new(high..=target)),
        (1, target) => Some(Box::new((target..=low).rev())),
        _ => None,
    }
}

/// How a load balancer signs the adverts of a VIP; `None` where no agent of it speaks of that one.
fn speaks(facts: &Facts, vip: &Vip) -> Option<Now> {
    let Some(agent) = &facts.seen.agent else {
        // Whose place ours takes, one host after the other.
        let other = facts.services.get(OTHER).is_some_and(|unit| unit.active);
        return other.then_some(Now { level: 0, signing: None });
    };
    let one = instance(agent.instances.as_slice(), vip)?;
    Some(Now { level: level(one.signing.as_ref().map(|signing| signing.mode)), signing: one.signing.clone() })
}

fn instance<'i>(instances: &'i [InstanceStatus], vip: &Vip) -> Option<&'i InstanceStatus> {
    instances.iter().find(|one| one.name == vip.name)
}

/// The key of this number that lies on one of the load balancers.
fn former(vip: &Vip, members: &[&Facts], id: u8) -> Option<Secret> {
    let paths = [given_file(&vip.name, id), minted_file(id)];
    let find = |path: &String| members.iter().find_map(|facts| facts.keys.get(path));
    paths.iter().find_map(find).cloned()
}

/// What is there now, with its key in place of the file that goes.
fn present(signing: &Signing, former: &Former) -> Hmac {
    Hmac {
        key: Key { id: former.id, origin: Origin::Leaving(former.secret.clone()) },
        former: None,
        mode: signing.mode,
        window: Some(Duration::from_millis(signing.window_ms)),
        replay: signing.replay,
    }
}

/// What is staged first: the HA configuration of the first step where there are several.
pub(super) fn first(jobs: &[&Job]) -> Vec<Job> {
    jobs.iter()
        .map(|job| {
            let mut first = (*job).clone();
            let step = job.ladder.steps.first().filter(|_| changes(job));
            if let (Some(step), Some(file)) = (step, first.wanted.files.iter_mut().find(|file| file.dest == HA_CONFIG))
            {
                file.content.clone_from(step);
            }
            first
        })
        .collect()
}

/// Whether this deploy writes the HA configuration of a host: only then the way back leads to the one before.
fn changes(job: &Job) -> bool {
    job.plan.changes.iter().any(|change| matches!(change, Change::File { dest, .. } if dest == HA_CONFIG))
}

/// Takes the other steps, with all hosts one by one in the order of the turns, the owner last. Before each of them
/// every standby has heard an advert that was sent after the one before.
///
/// # Errors
/// What failed; the caller takes everything back.
pub(super) async fn climb(work: &Work<'_>, jobs: &[&Job], turns: &[Turn], patience: Duration) -> Result<(), Failure> {
    let climbers: Vec<&&Job> = jobs.iter().filter(|job| changes(job) && !job.ladder.steps.is_empty()).collect();
    let Some(most) = climbers.iter().map(|job| job.ladder.steps.len()).max() else { return Ok(()) };
    let failed = |problem| Failure::one(Exit::RolledBack, problem);
    let mut climbers: Vec<(&&Job, bool)> =
        climbers.into_iter().map(|job| (job, turns.iter().any(|turn| turn.host == job.host() && turn.owner))).collect();
    climbers.sort_by_key(|(_, owner)| *owner); // stable: the inventory's order among equals
    for step in 1..=most {
        all_hear(work.desk, patience).await.map_err(failed)?;
        for (job, _) in &climbers {
            put(work, job, step, patience).await.map_err(failed)?;
        }
    }
    all_hear(work.desk, patience).await.map_err(failed)
}

/// Puts one step in place on one host.
async fn put(work: &Work<'_>, job: &Job, step: usize, patience: Duration) -> Result<(), Problem> {
    let (desk, host) = (work.desk, job.host());
    let Some(file) = job.wanted.files.iter().find(|file| file.dest == HA_CONFIG) else { return Ok(()) };
    let content = job.ladder.steps.get(step).unwrap_or(&file.content);
    if Some(content) == job.ladder.steps.get(step - 1) {
        return Ok(());
    }
    let (script, limit) = (replace(work, file, content), desk.options.limit * 2);
    let output = desk.on(host, &script, content, limit).await?;
    if output.code != 0 {
        return Err(failed(host, &output));
    }
    agent_answers(desk, host, patience).await
}

fn replace(work: &Work<'_>, file: &WantedFile, content: &[u8]) -> String {
    let (mode, bytes, sum) = (format!("{:o}", file.mode), content.len().to_string(), sha256(content));
    let words = [&file.dest, &file.owner, &mode, &bytes, &sum].map(String::as_str);
    let script = work.step.enter("active").call("stage_file", words).call("swap_file", [file.dest.as_str()]);
    match &file.on_change {
        Some(OnChange::Reload(name)) => script.call("service", ["reload-or-restart", name]),
        Some(OnChange::Restart(name) | OnChange::UnitChanged(name)) => script.call("service", ["restart", name]),
        None => script,
    }
    .text()
}

/// Waits until every standby of every VIP has heard an advert that came after this was called.
async fn all_hear(desk: &Desk, patience: Duration) -> Result<(), Problem> {
    let begin = Instant::now();
    let hosts: Vec<&str> = desk.agents().iter().map(|host| host.name.as_str()).collect();
    let slowest = desk.cluster.vips.iter().map(|vip| vip.interval).max().unwrap_or_default();
    let end = begin + patience.max(slowest * PATIENCE);
    loop {
        let asked = Instant::now();
        let answers = desk.on_all(hosts.iter().map(|host| (*host, observe::show(), Vec::new()))).await;
        let mut deaf = None;
        for (host, answer) in answers {
            let seen = observe::parse(answer?.text());
            let instances = seen.agent.map(|agent| agent.instances).unwrap_or_default();
            for vip in &desk.cluster.vips {
                let Some(one) = instance(&instances, vip).filter(|one| one.state == RouterState::Backup) else {
                    continue;
                };
                let ago = one.last_advert_ms.map(Duration::from_millis);
                if ago.and_then(|ago| asked.checked_sub(ago)).is_none_or(|heard| heard < begin) {
                    deaf = Some((host.clone(), vip.name.clone()));
                }
            }
        }
        let Some((host, vip)) = deaf else { return Ok(()) };
        if Instant::now() > end {
            let message = format!("hears no adverts of {vip} any more");
            let problem = Problem::on(&host, Code::DeafStandby, message).why(
                "adverts are being signed step by step, and the next one would make it deaf or let it claim the VIP",
            );
            return Err(
                problem.next(format!("`journalctl -u hactl-agent -n 50` on {host} says why adverts are dropped"))
            );
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Refuses signed adverts among hosts whose clocks are too far apart, where a deploy writes how adverts are signed.
///
/// # Errors
/// Exit 4; nothing was changed.
pub(super) fn clocks(cluster: &Cluster, jobs: &[Job]) -> Result<(), Failure> {
    if !jobs.iter().any(changes) {
        return Ok(());
    }
    let clock = |name: &str| jobs.iter().find(|job| job.host() == name).and_then(|job| job.facts.clock);
    let found = cluster.vips.iter().filter_map(|vip| look::clocks::judge(vip, clock));
    let problems: Vec<Problem> =
        found.map(|problem| problem.why("they would not believe each other; nothing was changed")).collect();
    if problems.is_empty() { Ok(()) } else { Err(Failure { exit: Exit::Preflight, problems }) }
}

#[cfg(test)]
mod tests;
