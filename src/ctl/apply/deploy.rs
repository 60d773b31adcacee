//! `hactl deploy`: load, connect, compare, confirm, apply, verify.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::activate::Turn;
use super::alike::all_or_none;
use super::beginning::free;
use super::end::{anew, commit, give_up, ready};
use super::issue::{issue, lacking};
use super::judged::judged;
use super::ladder;
use super::missed::{caught_up, swept, with_skipped};
use super::order::Canary;
pub use super::order::Order;
use super::prepare::Prepared;
use super::rehearsal::Traffic;
use super::roll_out::{Pace, roll_out};
use super::settle::settle;
use super::stage::{Job, install, ship, test};
use super::step::Memory;
use super::stranger::no_stranger;
use super::vrids::no_collision;
use super::work::{Beginner, Signals, Work, next_number};
use crate::ctl::cluster::Host;
use crate::ctl::desk::{Desk, Options, owner_name};
use crate::ctl::drift::{Drift, drift};
use crate::ctl::look::members;
use crate::ctl::look::observe::{self, Observed};
use crate::ctl::look::sites::ask_sites;
use crate::ctl::plan::{Change, Plan};
use crate::ctl::progress::Event;
use crate::ctl::report::{Outcome, Report};
use crate::ctl::verify::vips::judge;
use crate::error::{Code, Exit, Failure, Problem};

/// What a deploy would change.
#[derive(Debug, Clone, Serialize)]
pub struct Planned {
    /// One entry a host, in the inventory's order.
    pub hosts: Vec<PlannedHost>,
    /// What would become of the virtual addresses; where files were looked into, and agents are touched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic: Option<Traffic>,
}

/// What it would change on one host.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedHost {
    /// The host's name.
    pub host: String,
    /// What comes, goes or becomes another of the VIPs' virtual routers, in words; where files were looked into.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub derived: Vec<String>,
    /// What is not as the last deploy left it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<Drift>,
    /// In the order carried out.
    pub changes: Vec<PlannedChange>,
}

/// One change.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedChange {
    /// In one word, such as `create`.
    pub kind: &'static str,
    /// In words, such as `create /etc/nginx/conf.d/site.conf`.
    pub what: String,
    /// It replaces or removes what no deploy put there.
    pub theirs: bool,
    /// The lines of a file that come and go, where it was looked into. Secrets in them are `…`.
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

/// How long services may take to start, checks to get their first results, the cluster to settle on one owner, and a
/// host that does not answer to do so again.
pub const SETTLE: Duration = Duration::from_secs(20);
/// How often a plan is made anew because hosts changed while it was read.
pub(super) const ROUNDS: usize = 5;

/// `hactl deploy`. `confirm` is asked when something would change, and again when hosts changed since it was asked.
///
/// # Errors
/// Everything that `show_plan` reports, and what fails on the way; the exit code tells whether all was taken back.
pub async fn deploy(order: &Order, options: Options, confirm: Confirm<'_>) -> Outcome<Deployed> {
    let begin = Instant::now();
    let (mut prepared, mut jobs) = Prepared::new(order, options).await?;
    for _ in 0..ROUNDS {
        let plan = plan_of(&jobs);
        if plan.is_empty() {
            tokio::join!(caught_up(&prepared.desk, &jobs), swept(&prepared.desk, &jobs));
            let lack = if lacking(&prepared, &jobs) { issue(&prepared).await } else { Vec::new() };
            let mut report = nothing_to_do(&prepared.desk, &jobs, begin).await;
            report.problems.extend(lack);
            return Ok(with_skipped(report, &prepared));
        }
        if let Some(canary) = &order.canary {
            has_changes(canary, &plan)?;
        }
        if let Some(file) = &order.exactly {
            file.holds(&jobs, &prepared.binary.sha256)?;
        }
        if !order.accept_gap {
            all_or_none(&prepared.desk.cluster, &jobs)?;
        }
        if jobs.iter().any(Job::carries_binary) {
            prepared.binary.gzip_ahead();
        }
        let planned = planned(&jobs);
        if !confirm(&planned)? {
            let value = Deployed { declined: true, ..compared(&prepared.desk, planned, begin) };
            return Ok(Report { value, problems: Vec::new(), exit: Exit::Pending });
        }
        prepared.desk.wake().await?;
        match transaction(&prepared, order, jobs).await? {
            Some(now) => {
                prepared.desk.options.tell(Event::PlanIsOld);
                jobs = now;
            }
            None => {
                let (changed, hosts) = plan.size();
                let mut problems = judged(&prepared, order.settle).await;
                problems.extend(issue(&prepared).await);
                let done = compared(&prepared.desk, planned, begin);
                // Of hosts that were left out nothing was seen.
                let verified = (done.not_looked_at == 0).then_some(true);
                let report = Report { problems, ..Report::done(Deployed { changed, hosts, verified, ..done }) };
                return Ok(with_skipped(report, &prepared));
            }
        }
    }
    Err(never_still())
}

/// A canary that has nothing to show would only cost time.
fn has_changes(canary: &Canary, plan: &Plan) -> Result<(), Failure> {
    let busy = plan.hosts.iter().filter(|host| !host.changes.is_empty()).map(|host| host.host.as_str());
    let busy: Vec<&str> = busy.collect();
    if busy.contains(&canary.host.as_str()) {
        return Ok(());
    }
    let message = format!("--canary {}: nothing changes there", canary.host);
    let problem = Problem::new(Code::NothingSelected, message).why("nothing was changed");
    Err(Failure::one(Exit::Preflight, problem.next(format!("name one of {}", busy.join(", ")))))
}

/// Whenever a plan was shown, the hosts had changed again.
pub(super) fn never_still() -> Failure {
    let problem = Problem::new(Code::PlanIsOld, "the hosts change faster than a plan for them can be made")
        .why("what would be carried out is not what was shown; nothing was changed")
        .next("find out who else works on these hosts, then run the same command again");
    Failure::one(Exit::Preflight, problem)
}

/// Carries a plan out on all hosts or on none. Returns what would change now when that is not what was shown: then
/// nothing was done.
async fn transaction(prepared: &Prepared, order: &Order, shown: Vec<Job>) -> Result<Option<Vec<Job>>, Failure> {
    let desk = &prepared.desk;
    let mut signals = Signals::heed()?;
    let number = next_number(shown.iter().map(|job| (job.host(), job.facts.seen.transaction.number)))?;
    let work = Work::new(desk, number, owner_name(), shown.iter().map(Job::host));
    let busy: Vec<&str> = shown.iter().filter(|job| !job.plan.changes.is_empty()).map(Job::host).collect();
    desk.options.tell(Event::Changes { generation: number, hosts: &busy });
    let outcome = tokio::select! {
        outcome = until_ready(&work, prepared, order, &shown) => outcome,
        () = signals.one() => {
            Err(Failure::one(Exit::Interrupted, Problem::new(Code::Interrupted, "interrupted")))
        }
        never = work.renew() => match never {},
    };
    match outcome {
        Ok(Ready::Changed(now)) => {
            work.leave().await;
            Ok(Some(now))
        }
        // From here on signals are too late: one host may keep it already.
        Ok(Ready::ToCommit(again)) => {
            let memory = Memory {
                members: members::words(&desk.cluster.hosts),
                missed: prepared.skipped.iter().map(|(host, _)| host.clone()).collect(),
            };
            commit(&work, *again, &memory, order.settle).await?;
            caught_up(desk, &shown).await;
            Ok(None)
        }
        Err(failure) => Err(give_up(&work, order.keep_failed, order.settle, failure).await),
    }
}

/// How far a transaction comes before it commits.
pub(super) enum Ready<Now> {
    /// Under the locks something else would change than what was shown.
    Changed(Now),
    /// Every changed host answers here, and has what was sent.
    ToCommit(Box<Desk>),
}

async fn until_ready(
    work: &Work<'_>,
    prepared: &Prepared,
    order: &Order,
    shown: &[Job],
) -> Result<Ready<Vec<Job>>, Failure> {
    let desk = work.desk;
    let beginners = shown.iter().map(|job| Beginner {
        host: job.host(),
        facts: prepared.question(job.host()),
        dead: job.dead_holder(&work.owner),
    });
    let outputs = work.begin(beginners.collect()).await?;
    // Under the locks no other desk changes them any more.
    let jobs = prepared.jobs(&outputs)?;
    let same = |(shown, now): (&Job, &Job)| shown.plan == now.plan && shown.wanted == now.wanted;
    if shown.len() != jobs.len() || !shown.iter().zip(&jobs).all(same) {
        return Ok(Ready::Changed(jobs));
    }
    let busy: Vec<&Job> = jobs.iter().filter(|job| !job.plan.changes.is_empty()).collect();
    desk.options.tell(Event::Staging { hosts: busy.len() });
    desk.options.tell(Event::Begin { what: "staging", steps: busy.len() * 2 });
    let first = ladder::first(&busy);
    let first: Vec<&Job> = first.iter().collect();
    // To ask the LAN and to listen to it is mostly to wait. What listens is in the binary, so that goes first.
    let (with_binary, others): (Vec<&Job>, Vec<&Job>) = first.iter().partition(|job| job.carries_binary());
    let (shipped, unanswered) = tokio::join!(ship(work, &with_binary, &prepared.binary), no_stranger(desk, shown));
    shipped?;
    let unanswered = unanswered?;
    let made_ready = async {
        ship(work, &others, &prepared.binary).await?;
        test(work, &first, &install(work, &first).await?).await
    };
    let (made_ready, unheard) = tokio::join!(made_ready, no_collision(desk, &busy));
    made_ready?;
    let free = free(&desk.cluster, &busy, &unanswered, &unheard?);
    let turns: Vec<Turn> = busy.iter().map(|job| Turn::of(work, job)).collect();
    let pace = Pace { batch: order.batch, canary: order.canary.as_ref(), patience: order.settle, free: &free };
    roll_out(work, &turns, pace).await?;
    ladder::climb(work, &busy, &turns, order.settle).await?;
    // New connections are made while the VIPs come to their owners.
    let hosts: Vec<&str> = busy.iter().map(|job| job.host()).collect();
    let (settled, again) = tokio::join!(settle(work, order.settle), anew(work, &hosts));
    let again = settled.and(again)?;
    ready(work, prepared, &again, &busy).await?;
    work.leave().await; // who has nothing to change has nothing to commit
    work.dismiss();
    Ok(Ready::ToCommit(Box::new(again)))
}

/// Nothing changed, nothing verified: what a deploy begins with.
fn compared(desk: &Desk, plan: Planned, begin: Instant) -> Deployed {
    let looked_at = |host: &&Host| desk.hosts.contains_key(&host.name);
    Deployed {
        changed: 0,
        hosts: plan.hosts.len(),
        seconds: begin.elapsed().as_secs_f64(),
        verified: None,
        not_looked_at: desk.cluster.managed().filter(|host| !looked_at(host)).count(),
        declined: false,
        plan,
    }
}

fn plan_of(jobs: &[Job]) -> Plan {
    Plan { hosts: jobs.iter().map(|job| job.plan.clone()).collect() }
}

/// What would change, in words.
pub(super) fn planned(jobs: &[Job]) -> Planned {
    let change = |job: &Job, one: &Change| PlannedChange {
        kind: one.kind(),
        what: words(job, one),
        theirs: matches!(one, Change::File { dest, .. } | Change::Remove(dest) if is_theirs(job, dest)),
        difference: None,
    };
    let host = |job: &Job| PlannedHost {
        host: job.host().to_owned(),
        derived: Vec::new(),
        drift: drift(&job.wanted, &job.facts),
        changes: job.plan.changes.iter().map(|one| change(job, one)).collect(),
    };
    Planned { hosts: jobs.iter().map(host).collect(), traffic: None }
}

/// Whether what a change replaces or removes is somebody else's. Roles name what is never ours.
fn is_theirs(job: &Job, path: &str) -> bool {
    job.facts.is_foreign(path)
        || (job.wanted.absent.iter().any(|one| one == path) && job.facts.files.contains_key(path))
}

/// One change with what is there now, where that says more.
fn words(job: &Job, change: &Change) -> String {
    const THEIRS: &str = "which is not ours (kept in the way back)";
    match change {
        Change::File { dest, .. } if job.facts.is_foreign(dest) => format!("replace {dest}, {THEIRS}"),
        Change::Remove(dest) if !job.facts.files.contains_key(dest) => format!("{change}, where a package brings it"),
        Change::Remove(dest) if is_theirs(job, dest) => format!("{change}, {THEIRS}"),
        Change::Sysctl(key, _) => match job.facts.sysctl.get(key) {
            Some(now) => format!("{change} (it is {now})"),
            None => change.to_string(),
        },
        _ => change.to_string(),
    }
}

async fn nothing_to_do(desk: &Desk, jobs: &[Job], begin: Instant) -> Report<Deployed> {
    let compared_now = |name: &str| jobs.iter().any(|job| job.host() == name);
    let seen = |job: &Job| {
        let mut seen = job.facts.seen.clone();
        seen.missed.retain(|one| !compared_now(&one.host)); // and has missed nothing
        (job.host().to_owned(), seen)
    };
    let hosts = jobs.iter().map(seen).collect();
    let cluster = &desk.cluster;
    let (service, direct, sites) =
        tokio::join!(observe::ask_all(cluster), observe::ask_directly(cluster), ask_sites(cluster));
    let observed = Observed { hosts, service, direct, sites };
    // Some hosts tell nothing of the whole: what the others do to the service is not theirs to answer for.
    let whole = jobs.len() == desk.cluster.managed().count();
    let problems = if whole { judge(&desk.cluster, &observed) } else { Vec::new() };
    let good = problems.iter().all(|problem| problem.warning);
    let value = Deployed { verified: whole.then_some(good), ..compared(desk, planned(jobs), begin) };
    Report::judged(value, problems)
}
