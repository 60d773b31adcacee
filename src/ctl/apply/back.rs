//! `hactl rollback`, `uninstall` and `remove`: a transaction to what was, an earlier generation or the hosts before hactl. What is
//! carried out is on the hosts already (`restore.sh`), so the desk shows what they say they would do, and asks for it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::activate::{Keepalived, Turn, owns_any};
use super::deploy::{Confirm, Planned, PlannedChange, PlannedHost};
use super::end::{commit, give_up, still_active};
use super::roll_out::{roll_out, settle};
use super::transaction::Known;
use super::work::{Beginner, Signals, Work, next_number, owner_name, transaction_in};
use crate::ctl::cluster::{Cluster, Host};
use crate::ctl::desk::{Desk, Options, open};
use crate::ctl::host::{FUNCTIONS, Script};
use crate::ctl::look::members;
use crate::ctl::look::observe::{self, sections};
use crate::ctl::progress::Event;
use crate::ctl::remote::Output;
use crate::ctl::report::{Outcome, Report};
use crate::error::{Code, Exit, Failure, Problem};

/// What to go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// This generation; `None`: the one before the last.
    Generation(Option<u64>),
    /// The hosts as they were before hactl.
    Before,
}

/// What to go back to, and where.
#[derive(Debug, Clone)]
pub struct Back {
    /// Inventory, when named.
    pub inventory: Option<PathBuf>,
    /// Only these hosts; empty means all.
    pub hosts: Vec<String>,
    /// What to go back to.
    pub target: Target,
    /// How long hosts, and then the cluster, may take to come to rest.
    pub settle: Duration,
}

/// What was done.
#[derive(Debug, Clone, Serialize)]
pub struct WentBack {
    /// The generation that was gone back to; `None` for before the first one.
    pub to: Option<u64>,
    /// Hosts that have other files now.
    pub hosts: usize,
    /// From the first connection to the last answer, in seconds.
    pub seconds: f64,
    /// Whether the whole cluster was judged and is good; `None` where nothing is left to judge.
    pub verified: Option<bool>,
    /// Somebody was asked and did not want it.
    pub declined: bool,
    /// Packages that hactl installed and that stay, by host.
    pub packages: Vec<HostPackages>,
    /// What was to be done.
    pub plan: Planned,
}

/// Packages that stay on a host.
#[derive(Debug, Clone, Serialize)]
pub struct HostPackages {
    /// Its name.
    pub host: String,
    /// Their names.
    pub packages: Vec<String>,
}

/// How a host says that keepalived comes back.
const KEEPALIVED: &str = "enable and start keepalived";

/// What a host says that it would do.
struct Offer {
    host: String,
    changes: Vec<String>,
    packages: Vec<String>,
    number: u64,
    owner: bool,
    holder: Option<String>,
}

/// Goes back on all hosts, or on none.
///
/// # Errors
/// As a deploy.
pub async fn go_back(back: &Back, options: Options, confirm: Confirm<'_>) -> Outcome<WentBack> {
    let begin = Instant::now();
    let mut cluster = open(back.inventory.as_deref(), &options)?;
    let inventory: Vec<Host> = cluster.managed().cloned().collect();
    if back.hosts.iter().any(|host| cluster.host(host).is_none()) {
        add_gone(&mut cluster, back, &options).await?;
    }
    let names = cluster.managed().map(|host| host.name.clone());
    let chosen = names.filter(|name| back.hosts.is_empty() || back.hosts.contains(name)).collect();
    let desk = Desk::connect_to(cluster, options, chosen).await?.whole()?;
    let target = resolve(&desk, back.target).await?;
    let offers = ask(&desk, target).await?;
    let planned = planned(&offers);
    let done = |changed: bool, declined: bool| WentBack {
        to: target,
        hosts: if changed { offers.iter().filter(|offer| !offer.changes.is_empty()).count() } else { 0 },
        seconds: begin.elapsed().as_secs_f64(),
        verified: None,
        declined,
        packages: offers
            .iter()
            .filter(|offer| target.is_none() && !offer.packages.is_empty())
            .map(|offer| HostPackages { host: offer.host.clone(), packages: offer.packages.clone() })
            .collect(),
        plan: planned.clone(),
    };
    if offers.iter().all(|offer| offer.changes.is_empty() && target.is_some()) {
        return Ok(Report::done(done(false, false)));
    }
    if !confirm(&planned)? {
        return Ok(Report { value: done(false, true), problems: Vec::new(), exit: Exit::Pending });
    }
    transaction(&desk, back, target, &offers).await?;
    if !back.hosts.is_empty() {
        tell_the_others(&desk, &inventory, &back.hosts).await;
    }
    let verified = target.is_some().then_some(true);
    Ok(Report::done(WentBack { verified, ..done(true, false) }))
}

/// Hosts that were deployed once and are not in the inventory any more: the others know where they are.
async fn add_gone(cluster: &mut Cluster, back: &Back, options: &Options) -> Result<(), Failure> {
    let desk = Desk::connect(cluster.clone(), options.clone()).await?;
    let sight = observe::look(&desk, false).await;
    let gone = members::gone(cluster, sight.hosts.values().flat_map(|seen| &seen.members));
    for name in back.hosts.iter().filter(|name| desk.cluster.host(name).is_none()) {
        let member = gone.iter().find(|member| member.name == *name);
        let like = member.and_then(|member| desk.cluster.group(member.group).next().or(desk.cluster.hosts.first()));
        let (Some(member), Some(like)) = (member, like) else {
            let known: Vec<&str> = desk.cluster.hosts.iter().map(|host| host.name.as_str()).collect();
            let message = format!(
                "no host is named {name}: it is not in the inventory ({}), and no host that answers remembers it",
                known.join(", ")
            );
            let next = "write it into the inventory for as long as it takes to remove it";
            return Err(Failure::one(Exit::Invalid, Problem::new(Code::NothingSelected, message).next(next)));
        };
        // Reached as the others of its group are.
        cluster.hosts.push(Host {
            name: member.name.clone(),
            address: member.address,
            group: member.group,
            ..like.clone()
        });
    }
    Ok(())
}

/// Who stays forgets who was removed. Hosts that cannot be told go on remembering, and say so at the next look.
async fn tell_the_others(desk: &Desk, inventory: &[Host], removed: &[String]) {
    let others: Vec<String> =
        inventory.iter().map(|host| host.name.clone()).filter(|name| !removed.contains(name)).collect();
    let desk = desk.again(others).await;
    let script = Script::new().each(removed, |script, name| script.call("forget_member", [name.as_str()])).text();
    desk.on_all(desk.hosts.keys().map(|host| (host.as_str(), script.clone(), Vec::new()))).await;
}

/// The generation that is meant; `None` for before the first.
async fn resolve(desk: &Desk, target: Target) -> Result<Option<u64>, Failure> {
    match target {
        Target::Before => Ok(None),
        Target::Generation(Some(number)) => Ok(Some(number)),
        Target::Generation(None) => {
            let asked = desk.hosts.keys().map(|host| (host.as_str(), observe::show(), Vec::new()));
            let mut last = 0;
            for (host, answer) in desk.on_all(asked).await {
                let output = answer.map_err(|problem| Failure::one(Exit::Preflight, problem))?;
                let state = transaction_in(&output).ok_or_else(|| unknown(&host))?;
                last = last.max(state.committed);
            }
            if last > 0 {
                return Ok(Some(last - 1));
            }
            let problem =
                Problem::new(Code::NothingSelected, "nothing was deployed yet, so there is nothing to go back to");
            Err(Failure::one(Exit::Invalid, problem))
        }
    }
}

fn unknown(host: &str) -> Failure {
    let problem = Problem::on(host, Code::CannotExamine, "it does not say which generation is in force");
    Failure::one(Exit::Preflight, problem.why("nothing was changed"))
}

/// The script that lets a host say what it would do.
fn question(target: Option<u64>) -> Script {
    let script = Script::new().call("show", []);
    match target {
        Some(number) => script.call("preview_to", [number.to_string().as_str()]),
        None => script.call("preview_first", []),
    }
}

async fn ask(desk: &Desk, target: Option<u64>) -> Result<Vec<Offer>, Failure> {
    let names = desk.cluster.hosts.iter().map(|host| host.name.as_str()).filter(|name| desk.hosts.contains_key(*name));
    let asked: Vec<(&str, String, Vec<u8>)> = names.map(|name| (name, question(target).text(), Vec::new())).collect();
    let mut offers = Vec::new();
    let mut problems = Vec::new();
    for (host, answer) in desk.on_all(asked).await {
        match answer {
            Ok(output) if output.code == 0 => offers.push(offer(desk, &host, &output)?),
            Ok(output) => {
                let problem = Problem::on(&host, Code::NoWayBack, output.complaint());
                problems.push(
                    problem.why("nothing was changed").next("`hactl history` shows the generations of each host"),
                );
            }
            Err(problem) => problems.push(problem.why("nothing was changed")),
        }
    }
    if problems.is_empty() { Ok(offers) } else { Err(Failure { exit: Exit::Preflight, problems }) }
}

fn offer(desk: &Desk, host: &str, output: &Output) -> Result<Offer, Failure> {
    let state = transaction_in(output).ok_or_else(|| unknown(host))?;
    let sections = sections(output.text());
    let lines = |name: &str| -> Vec<String> {
        sections.get(name).into_iter().flatten().map(|line| (*line).to_owned()).collect()
    };
    let mut changes: Vec<String> = Vec::new();
    if state.unfinished() {
        changes.push(format!("take back generation {}, which was never committed", state.number));
    }
    for line in lines("back") {
        if !changes.contains(&line) {
            changes.push(line);
        }
    }
    Ok(Offer {
        host: host.to_owned(),
        changes,
        packages: lines("packages"),
        number: state.number,
        owner: owns_any(desk, &observe::parse(output.text())),
        holder: state.lock.map(|lock| lock.owner),
    })
}

fn planned(offers: &[Offer]) -> Planned {
    let change =
        |what: &String| PlannedChange { kind: "way_back", what: what.clone(), theirs: false, difference: None };
    let host = |offer: &Offer| PlannedHost {
        host: offer.host.clone(),
        derived: Vec::new(),
        drift: Vec::new(),
        changes: offer.changes.iter().map(change).collect(),
    };
    Planned { hosts: offers.iter().map(host).collect() }
}

async fn transaction(desk: &Desk, back: &Back, target: Option<u64>, offers: &[Offer]) -> Result<(), Failure> {
    let mut signals = Signals::heed()?;
    let number = next_number(offers.iter().map(|offer| (offer.host.as_str(), offer.number)))?;
    let work = Work::new(desk, number, owner_name(), offers.iter().map(|offer| offer.host.as_str()));
    let outcome = tokio::select! {
        outcome = until_ready(&work, back, target, offers) => outcome,
        () = signals.one() => {
            Err(Failure::one(Exit::Interrupted, Problem::new(Code::Interrupted, "interrupted")))
        }
        never = work.renew() => match never {},
    };
    match outcome {
        Ok(again) => {
            let hosts = work.with(|known| known == Known::New);
            commit(&work, again, &[], back.settle).await?;
            if target.is_none() { forget(desk, &hosts).await } else { Ok(()) }
        }
        Err(failure) => Err(give_up(&work, false, back.settle, failure).await),
    }
}

async fn until_ready(work: &Work<'_>, back: &Back, target: Option<u64>, offers: &[Offer]) -> Result<Desk, Failure> {
    let beginners = offers.iter().map(|offer| Beginner {
        host: &offer.host,
        facts: question(target),
        dead: super::stage::dead(offer.holder.as_deref(), &work.owner),
    });
    let outputs = work.begin(beginners.collect()).await?;
    for (offer, (host, output)) in offers.iter().zip(&outputs) {
        let now = self::offer(work.desk, host, output)?;
        if now.changes != offer.changes {
            let problem = Problem::on(host, Code::PlanIsOld, "what would be done is not what was shown any more")
                .why("somebody else works on this host, or an unfinished deploy was taken back; nothing else was changed")
                .next("run the same command again");
            return Err(Failure::one(Exit::Preflight, problem));
        }
    }
    let busy: Vec<&Offer> = offers.iter().filter(|offer| target.is_none() || !offer.changes.is_empty()).collect();
    work.desk.options.tell(Event::Begin { what: "going back", steps: busy.len() });
    let turns: Vec<Turn> = busy
        .iter()
        .map(|offer| Turn {
            host: offer.host.clone(),
            script: activation(work, target),
            agent: false,
            owner: offer.owner,
            keepalived: if offer.changes.iter().any(|what| what == KEEPALIVED) {
                Keepalived::ComesBack
            } else {
                Keepalived::Nothing
            },
        })
        .collect();
    roll_out(work, &turns, 1, back.settle).await?;
    if target.is_some() {
        settle(work.desk, back.settle).await?;
    }
    let names: Vec<&str> = turns.iter().map(|turn| turn.host.as_str()).collect();
    let again = still_active(work, &names).await?;
    work.leave().await;
    work.dismiss();
    Ok(again)
}

fn activation(work: &Work<'_>, target: Option<u64>) -> String {
    let (number, script) = (work.step.number.to_string(), work.step.enter("staged"));
    let script = match target {
        Some(to) => script.call("go_to", [number.as_str(), &to.to_string(), FUNCTIONS, &work.owner]),
        None => script.call("go_to_first", [number.as_str(), FUNCTIONS, &work.owner]),
    };
    script.call("wrote_anew", [number.as_str()]).text()
}

/// What hactl keeps for itself goes as well.
async fn forget(desk: &Desk, hosts: &[String]) -> Result<(), Failure> {
    let script = Script::new().call("forget_all", []).text();
    let mut problems = Vec::new();
    for (host, answer) in desk.on_all(hosts.iter().map(|host| (host.as_str(), script.clone(), Vec::new()))).await {
        let why = match answer {
            Ok(output) if output.code == 0 => continue,
            Ok(output) => output.complaint(),
            Err(problem) => problem.message,
        };
        let problem = Problem::on(&host, Code::NotForgotten, format!("/var/lib/hactl may be left: {why}"));
        problems.push(problem.next(format!("everything else is as it was; `rm -r /var/lib/hactl` on {host}")));
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure { exit: Exit::HandNeeded, problems }) }
}
