//! `hactl plan` and `hactl deploy`: load, connect, compare, confirm, apply, verify.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde::Serialize;

use super::activate::activate;
use super::binary::Binary;
use super::revert::revert;
use super::script;
use super::stage::{Job, stage};
use super::stranger::no_stranger;
use super::vrids::no_collision;
use crate::ctl::cluster::{Cluster, Group, Host};
use crate::ctl::desk::{Desk, Options, open};
use crate::ctl::look::facts::{self, Facts};
use crate::ctl::look::observe::{self, Sight};
use crate::ctl::operate::drain;
use crate::ctl::plan::{Change, Plan, difference, plan};
use crate::ctl::progress::Event;
use crate::ctl::remote::quote;
use crate::ctl::render::context::Interfaces;
use crate::ctl::render::host::render;
use crate::ctl::report::{Outcome, Report};
use crate::ctl::verify::vips::judge;
use crate::ctl::wanted::WantedHost;
use crate::error::{Code, Exit, Failure, Problem};

/// What to deploy and how.
#[derive(Debug, Clone)]
pub struct Order {
    /// Inventory, when named.
    pub inventory: Option<PathBuf>,
    /// Only these hosts; empty means all.
    pub limit: Vec<String>,
    /// Only these roles; empty means all.
    pub only: Vec<String>,
    /// Web hosts changed at a time.
    pub batch: usize,
    /// Leave a failed deploy as it is.
    pub keep_failed: bool,
    /// The hactl binary for load balancers, when named.
    pub binary: Option<PathBuf>,
    /// How long a host, and then the cluster, may take to come to rest; [`SETTLE`] unless somebody plays them.
    pub settle: Duration,
}

/// What a deploy would change.
#[derive(Debug, Clone, Serialize)]
pub struct Planned {
    /// One entry a host, in the inventory's order.
    pub hosts: Vec<PlannedHost>,
}

/// What it would change on one host.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedHost {
    /// The host's name.
    pub host: String,
    /// In the order carried out.
    pub changes: Vec<PlannedChange>,
}

/// One change.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedChange {
    /// In words, such as `~ /etc/nginx/conf.d/site.conf`.
    pub what: String,
    /// A changed file's lines, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
}

/// What a deploy did.
#[derive(Debug, Clone, Serialize)]
pub struct Deployed {
    /// Changes carried out.
    pub changed: usize,
    /// Hosts changed; hosts compared where nothing differed.
    pub hosts: usize,
    /// From the first connection to the verdict, in seconds.
    pub seconds: f64,
    /// Whether the whole cluster was judged, and is good; `None` when part of it was not looked at or nothing was done.
    pub verified: Option<bool>,
    /// Hosts of the inventory that this deploy did not look at.
    pub not_looked_at: usize,
    /// Somebody was asked and did not want it.
    pub declined: bool,
    /// What was planned.
    pub plan: Planned,
}

/// Shows a plan and asks for consent.
pub type Confirm<'c> = &'c (dyn Fn(&Planned) -> Result<bool, Failure> + Sync);

/// Space that must be free for a deploy beside the binary, in kilobytes.
const ROOM_KB: u64 = 20 * 1024;
/// How long services may take to start, checks to get their first results, the cluster to settle on one owner.
pub const SETTLE: Duration = Duration::from_secs(20);

/// `hactl plan`: with the differences of changed files (one more round trip to hosts that have any).
///
/// # Errors
/// Invalid input, unreachable hosts, failed preflight.
pub async fn show_plan(order: &Order, options: Options) -> Outcome<Planned> {
    let (desk, jobs, _) = prepare(order, options).await?;
    let mut planned = planned(&jobs);
    for (job, host) in jobs.iter().zip(&mut planned.hosts) {
        for (change, shown) in job.plan.changes.iter().zip(&mut host.changes) {
            shown.difference = changed_lines(&desk, job, change).await?;
        }
    }
    let exit = if whole(&jobs).is_empty() { Exit::Done } else { Exit::Pending };
    Ok(Report { value: planned, problems: Vec::new(), exit })
}

/// `hactl deploy`. `confirm` is asked when something would change.
///
/// # Errors
/// Everything that `show_plan` reports, and what fails on the way; the exit code tells whether all was taken back.
pub async fn deploy(order: &Order, options: Options, confirm: Confirm<'_>) -> Outcome<Deployed> {
    let begin = Instant::now();
    let (desk, jobs, binary) = prepare(order, options).await?;
    let plan = whole(&jobs);
    if plan.is_empty() {
        return Ok(nothing_to_do(&desk, &jobs, begin).await);
    }
    let planned = planned(&jobs);
    if !confirm(&planned)? {
        let value = Deployed { declined: true, ..compared(&desk, planned, begin) };
        return Ok(Report { value, problems: Vec::new(), exit: Exit::Pending });
    }
    no_stranger(&desk, &jobs).await?;
    let (busy, idle): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|job| !job.plan.changes.is_empty());
    desk.options.tell(Event::Staging { hosts: busy.len() });
    desk.options.tell(Event::Begin { what: "staging", steps: busy.len() * 2 });
    stage(&desk, &busy, &binary, &owner_name()).await?;
    if let Err(failure) = no_collision(&desk, &busy).await {
        desk.on_all(busy.iter().map(|job| (job.host(), script::unlock(), Vec::new()))).await;
        return Err(failure);
    }
    let generation = busy.iter().chain(&idle).map(|job| job.facts.generation).max().unwrap_or_default() + 1;
    let mut activated = Vec::new();
    let result = tokio::select! {
        result = roll_out(&desk, &busy, order, generation, &mut activated) => result,
        _ = tokio::signal::ctrl_c() => Err(Failure { exit: Exit::Interrupted, problems: vec![Problem::new(Code::Interrupted, "interrupted")] }),
    };
    if let Err(failure) = result {
        return Err(give_up(&desk, order, failure, &busy, &activated, generation).await);
    }
    desk.on_all(busy.iter().map(|job| (job.host(), script::commit(generation), Vec::new()))).await;
    let (changed, hosts) = plan.size();
    let done = compared(&desk, planned, begin);
    // Of hosts that were left out nothing was seen.
    let verified = (done.not_looked_at == 0).then_some(true);
    Ok(Report::done(Deployed { changed, hosts, verified, ..done }))
}

/// Nothing changed, nothing verified: what a deploy begins with.
fn compared(desk: &Desk, plan: Planned, begin: Instant) -> Deployed {
    let looked_at = |host: &&Host| desk.hosts.contains_key(&host.name);
    Deployed {
        changed: 0,
        hosts: plan.hosts.len(),
        seconds: begin.elapsed().as_secs_f64(),
        verified: None,
        not_looked_at: desk.cluster.hosts.iter().filter(|host| !looked_at(host)).count(),
        declined: false,
        plan,
    }
}

async fn prepare(order: &Order, options: Options) -> Result<(Desk, Vec<Job>, Binary), Failure> {
    let mut cluster = open(order.inventory.as_deref(), &options)?;
    narrow(&mut cluster, order)?;
    // Everything is rendered once before anything is contacted: mistakes cost no connection.
    render_all(&cluster, &Interfaces::new())?;
    let binary = Binary::find(order.binary.as_deref())?;
    let chosen = chosen(&cluster, order);
    let desk = Desk::connect_to(cluster.clone(), options, needed(&cluster, &chosen)).await?.whole();
    let desk = desk.map_err(|failure| others(failure, &cluster, order))?;
    let mut offline = render_all(&desk.cluster, &Interfaces::new())?;
    spare(order, &mut offline);
    let facts = gather(&desk, &offline, &chosen).await?;
    let interfaces = facts.iter().map(|(name, facts)| (name.clone(), facts::interfaces(facts))).collect();
    let mut jobs = Vec::new();
    let mut all = render_all(&desk.cluster, &interfaces)?;
    spare(order, &mut all);
    for wanted in all {
        let Some(facts) = facts.get(&wanted.host).cloned() else { continue };
        let plan = plan(&wanted, &facts, &binary.sha256);
        jobs.push(Job { wanted, facts, plan });
    }
    preflight(&jobs, &binary)?;
    Ok((desk, jobs, binary))
}

/// `--only`: drops the other roles.
fn narrow(cluster: &mut Cluster, order: &Order) -> Result<(), Failure> {
    let mut problems = Vec::new();
    for name in &order.limit {
        if cluster.host(name).is_none() {
            let known: Vec<&str> = cluster.hosts.iter().map(|host| host.name.as_str()).collect();
            problems.push(Problem::new(
                Code::NothingSelected,
                format!("--limit {name}: no such host; there is {}", known.join(", ")),
            ));
        }
    }
    for role in &order.only {
        if !cluster.hosts.iter().any(|host| host.roles.contains(role)) {
            problems.push(Problem::new(Code::NothingSelected, format!("--only {role}: no host has this role")));
        }
    }
    if !problems.is_empty() {
        return Err(Failure { exit: Exit::Invalid, problems });
    }
    if !order.only.is_empty() {
        for host in &mut cluster.hosts {
            host.roles.retain(|role| order.only.contains(role));
        }
    }
    Ok(())
}

/// `--only`: the other roles are not wanted, but they are not gone either.
fn spare(order: &Order, wanted: &mut [WantedHost]) {
    for host in wanted.iter_mut().filter(|_| !order.only.is_empty()) {
        host.retired.clear();
        host.removed.clear();
    }
}

fn chosen(cluster: &Cluster, order: &Order) -> Vec<String> {
    let wanted = |name: &String| order.limit.is_empty() || order.limit.contains(name);
    cluster.hosts.iter().map(|host| host.name.clone()).filter(wanted).collect()
}

/// The chosen hosts, and the directors that drain those among them that serve.
fn needed(cluster: &Cluster, chosen: &[String]) -> Vec<String> {
    let drains = cluster.lvs.is_some() && cluster.backends().any(|host| chosen.contains(&host.name));
    let needed = |host: &&Host| chosen.contains(&host.name) || (drains && host.group == Group::Lb);
    cluster.hosts.iter().filter(needed).map(|host| host.name.clone()).collect()
}

/// Says how to go on without hosts that do not answer.
fn others(mut failure: Failure, cluster: &Cluster, order: &Order) -> Failure {
    let down = |name: &str| failure.problems.iter().any(|problem| problem.message.starts_with(&format!("{name}: ")));
    let names: Vec<&str> = cluster.hosts.iter().map(|host| host.name.as_str()).filter(|name| !down(name)).collect();
    if let Some(last) = failure.problems.last_mut().filter(|_| order.limit.is_empty() && !names.is_empty()) {
        let without = format!("the others can go on without it: --limit {}", names.join(","));
        last.next = Some(last.next.take().map_or_else(|| without.clone(), |next| format!("{next}; {without}")));
    }
    failure
}

fn render_all(cluster: &Cluster, interfaces: &Interfaces) -> Result<Vec<WantedHost>, Failure> {
    let mut problems: Vec<Problem> = Vec::new();
    let mut all = Vec::new();
    for host in &cluster.hosts {
        match render(cluster, host, interfaces) {
            Ok(wanted) => all.push(wanted),
            Err(failure) => {
                problems.extend(failure.problems.into_iter().filter(|new| !problems.contains(new)).collect::<Vec<_>>())
            }
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(Failure { exit: Exit::Invalid, problems }) }
}

/// One round trip a host.
async fn gather(desk: &Desk, wanted: &[WantedHost], chosen: &[String]) -> Result<BTreeMap<String, Facts>, Failure> {
    let wanted: Vec<&WantedHost> = wanted.iter().filter(|wanted| chosen.contains(&wanted.host)).collect();
    let script = |wanted: &WantedHost| match desk.cluster.host(&wanted.host) {
        Some(host) => observe::ask_peers(facts::script(wanted), &desk.cluster, host).text(),
        None => facts::script(wanted).text(),
    };
    let answers = desk.on_all(wanted.iter().map(|wanted| (wanted.host.as_str(), script(wanted), Vec::new()))).await;
    let mut facts = BTreeMap::new();
    let mut problems = Vec::new();
    for (wanted, (host, answer)) in wanted.iter().zip(answers) {
        match answer {
            Ok(output) if output.code == 0 => drop(facts.insert(host, facts::parse(wanted, output.text()))),
            Ok(output) => problems.push(Problem::on(
                &host,
                Code::CannotExamine,
                format!("cannot be examined: {}", output.complaint()),
            )),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(facts) } else { Err(Failure { exit: Exit::Preflight, problems }) }
}

/// What would make a deploy fail half-way, found before it begins.
fn preflight(jobs: &[Job], binary: &Binary) -> Result<(), Failure> {
    let mut problems = Vec::new();
    for job in jobs.iter().filter(|job| !job.plan.changes.is_empty()) {
        let host = job.host();
        if job.facts.init != "systemd" {
            let message = format!("{host}: process 1 is `{}`, not systemd", job.facts.init);
            problems.push(Problem::new(Code::NoSystemd, message).why("services are managed through systemd"));
        }
        for (missing, next) in &job.facts.missing {
            let problem =
                Problem::on(host, Code::ToolMissing, format!("{missing} is missing")).why("nothing was changed");
            let otherwise = || "install it there, or take the role that needs it out of the inventory".to_owned();
            problems.push(problem.next(next.clone().unwrap_or_else(otherwise)));
        }
        let installs = job.plan.changes.iter().any(|change| matches!(change, Change::Package(_)));
        if installs && job.facts.package_manager.is_none() {
            problems.push(Problem::on(
                host,
                Code::NoPackageManager,
                "neither apt-get nor dnf nor yum is there to install nginx".to_string(),
            ));
        }
        let needed = ROOM_KB + if job.wanted.binary { 3 * binary.kilobytes() } else { 0 };
        if job.facts.free_kb < needed {
            let message = format!("{host}: {} kB free below /var/lib/hactl, {needed} kB are needed", job.facts.free_kb);
            problems.push(
                Problem::new(Code::NoSpace, message).why("nothing was changed").next(format!("free space on {host}")),
            );
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure { exit: Exit::Preflight, problems }) }
}

fn whole(jobs: &[Job]) -> Plan {
    Plan { hosts: jobs.iter().map(|job| job.plan.clone()).collect() }
}

fn planned(jobs: &[Job]) -> Planned {
    let host = |job: &Job| PlannedHost {
        host: job.host().to_owned(),
        changes: job.plan.changes.iter().map(|one| PlannedChange { what: one.to_string(), difference: None }).collect(),
    };
    Planned { hosts: jobs.iter().map(host).collect() }
}

/// The lines that differ, of a file that is there and gets other content.
async fn changed_lines(desk: &Desk, job: &Job, change: &Change) -> Result<Option<String>, Failure> {
    let Change::File { dest, new: false, only_rights: false } = change else { return Ok(None) };
    let Some(file) = job.wanted.files.iter().find(|file| file.dest == *dest) else { return Ok(None) };
    let old = desk.on(job.host(), &format!("cat {}", quote(dest)), b"", desk.options.limit).await;
    let old = old.map_err(|problem| Failure::one(Exit::Preflight, problem))?;
    Ok(Some(difference(file, old.text())))
}

/// Web hosts in batches, then load balancers: backups first, the live owner last. Ends with the final verify.
async fn roll_out(
    desk: &Desk,
    jobs: &[Job],
    order: &Order,
    generation: u64,
    activated: &mut Vec<(String, u64)>,
) -> Result<(), Failure> {
    let group =
        |group| jobs.iter().filter(move |job| desk.cluster.host(job.host()).is_some_and(|host| host.group == group));
    let webs: Vec<&Job> = group(Group::Web).collect();
    let failed = |problem| Failure::one(Exit::RolledBack, problem);
    for some in webs.chunks(order.batch.max(1)) {
        // Noted before the first change: a failure half-way is taken back as well.
        activated.extend(some.iter().map(|job| (job.host().to_owned(), generation)));
        let drained = drain::take_out(desk, some.iter().filter_map(|job| desk.cluster.host(job.host()))).await;
        let results = join_all(some.iter().map(|job| activate(desk, job, generation, order.settle))).await;
        let back = drain::put_back(desk, drained).await; // whatever came of it: checks judge who serves
        for (job, result) in some.iter().zip(results) {
            result.map_err(failed)?;
            desk.options.tell(Event::HostDone { host: job.host() });
            desk.options.tell(Event::Step);
        }
        back.map_err(failed)?;
    }
    let mut lbs: Vec<&Job> = group(Group::Lb).collect();
    lbs.sort_by_key(|job| owns_any(desk, job)); // stable: the inventory's order among equals
    for job in lbs {
        activated.push((job.host().to_owned(), generation));
        activate(desk, job, generation, order.settle).await.map_err(failed)?;
        desk.options.tell(Event::HostDone { host: job.host() });
        desk.options.tell(Event::Step);
    }
    desk.options.tell(Event::Begin { what: "verifying", steps: desk.hosts.len() });
    settle(desk, order.settle).await.map(drop)
}

fn owns_any(desk: &Desk, job: &Job) -> bool {
    desk.cluster.vips.iter().filter_map(|vip| vip.address()).any(|vip| job.facts.seen.has(vip))
}

/// Waits until the whole cluster is good.
async fn settle(desk: &Desk, limit: Duration) -> Result<Sight, Failure> {
    let end = Instant::now() + limit;
    loop {
        let sight = observe::look(desk, false).await;
        let problems = judge(&desk.cluster, &sight);
        if problems.iter().all(|problem| problem.warning) {
            return Ok(sight);
        }
        if Instant::now() > end {
            return Err(Failure { exit: Exit::RolledBack, problems });
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

async fn give_up(
    desk: &Desk,
    order: &Order,
    mut failure: Failure,
    jobs: &[Job],
    activated: &[(String, u64)],
    generation: u64,
) -> Failure {
    if order.keep_failed {
        failure.exit = Exit::HandNeeded;
        let next =
            format!("look around; `sh /var/lib/hactl/generations/{generation}/revert.sh` on a host takes it back");
        failure
            .problems
            .push(Problem::new(Code::LeftAsItIs, "left as it is, as --no-auto-rollback asks").next(next).warn());
        desk.on_all(jobs.iter().map(|job| (job.host(), script::leave(), Vec::new()))).await;
        return failure;
    }
    let stuck = revert(desk, activated).await;
    desk.on_all(jobs.iter().map(|job| (job.host(), script::unlock(), Vec::new()))).await;
    if stuck.is_empty() {
        failure.problems.push(
            Problem::new(
                Code::TakenBack,
                "everything was taken back; the hosts are as before (installed packages stay)",
            )
            .warn(),
        );
    } else {
        failure.exit = Exit::HandNeeded;
        failure.problems.extend(stuck);
    }
    failure
}

async fn nothing_to_do(desk: &Desk, jobs: &[Job], begin: Instant) -> Report<Deployed> {
    let hosts = jobs.iter().map(|job| (job.host().to_owned(), job.facts.seen.clone())).collect();
    let (service, direct) = tokio::join!(observe::ask_all(&desk.cluster), observe::ask_directly(&desk.cluster));
    let sight = Sight { hosts, service, direct };
    // Some hosts tell nothing of the whole: what the others do to the service is not theirs to answer for.
    let whole = jobs.len() == desk.cluster.hosts.len();
    let problems = if whole { judge(&desk.cluster, &sight) } else { Vec::new() };
    let good = problems.iter().all(|problem| problem.warning);
    let value = Deployed { verified: whole.then_some(good), ..compared(desk, planned(jobs), begin) };
    Report::judged(value, problems)
}

/// Who deploys, for the lock.
fn owner_name() -> String {
    let user = std::env::var("USER").unwrap_or_else(|_| "somebody".into());
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default();
    let plain =
        |text: &str| text.chars().filter(|c| c.is_ascii_alphanumeric() || "-._".contains(*c)).collect::<String>();
    format!("{}@{} {}", plain(&user), plain(&host), std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_needs_nobody_else_but_who_drains() {
        let read =
            |text: &str| crate::ctl::inventory::load::parse(std::path::Path::new("x.yaml"), text).unwrap().cluster;
        let nginx = read(include_str!("../../../inventories/homework.yaml"));
        let lvs = read(include_str!("../../../inventories/lvs-dr.yaml"));
        assert_eq!(needed(&nginx, &["lb-6".into()]), ["lb-6"]);
        assert_eq!(needed(&nginx, &["web-7".into()]), ["web-7"]);
        assert_eq!(needed(&lvs, &["lb-6".into()]), ["lb-6"]);
        assert_eq!(needed(&lvs, &["web-7".into()]), ["lb-5", "lb-6", "web-7"]);
    }
}
