//! `hactl rollback`, `uninstall` and `remove`: a transaction to what was, an earlier generation or the hosts before
//! hactl. What is carried out is on the hosts already (`restore.sh`), so the desk shows what they say they would do,
//! and asks for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::activate::{Keepalived, Turn, owns_any};
use super::deploy::{Confirm, Planned, PlannedChange, PlannedHost, ROUNDS, Ready, never_still};
use super::end::{commit, give_up, still_active};
use super::roll_out::{Pace, roll_out, take_down};
use super::settle::settle;
use super::step::Memory;
use super::transaction::Known;
use super::work::{Beginner, Signals, Work, next_number, transaction_in};
use crate::ctl::cluster::{Cluster, Host};
use crate::ctl::desk::{Desk, Options, open, owner_name};
use crate::ctl::host::{FUNCTIONS, Script};
use crate::ctl::look::generations;
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
    /// Something of hactl is there, be it only its memory.
    there: bool,
    number: u64,
    owner: bool,
    holder: Option<String>,
}

impl Offer {
    fn is_busy(&self, target: Option<u64>) -> bool {
        !self.changes.is_empty() || (target.is_none() && self.there)
    }
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
    if let Some(number) = target {
        desk.options.tell(Event::GoesBackTo(number));
    }
    still_wanted(&desk, &inventory, &back.hosts);
    let mut offers = ask(&desk, target).await?;
    for _ in 0..ROUNDS {
        // A host that has nothing of hactl takes no part: even a lock would leave something there.
        offers.retain(|offer| target.is_some() || offer.there);
        if !offers.iter().any(|offer| offer.is_busy(target)) {
            return Ok(Report::done(compared(target, &offers, begin)));
        }
        if !confirm(&planned(&offers))? {
            let value = WentBack { declined: true, ..compared(target, &offers, begin) };
            return Ok(Report { value, problems: Vec::new(), exit: Exit::Pending });
        }
        match transaction(&desk, back, target, &offers).await? {
            Some(now) => {
                desk.options.tell(Event::PlanIsOld);
                offers = now;
            }
            None => {
                if !back.hosts.is_empty() {
                    tell_the_others(&desk, &inventory, &back.hosts).await;
                }
                let hosts = offers.iter().filter(|offer| offer.is_busy(target)).count();
                let verified = target.is_some().then_some(true);
                return Ok(Report::done(WentBack { hosts, verified, ..compared(target, &offers, begin) }));
            }
        }
    }
    Err(never_still())
}

/// Nothing changed, nothing verified: what going back begins with.
fn compared(target: Option<u64>, offers: &[Offer], begin: Instant) -> WentBack {
    let stay = offers.iter().filter(|offer| target.is_none() && !offer.packages.is_empty());
    WentBack {
        to: target,
        hosts: 0,
        seconds: begin.elapsed().as_secs_f64(),
        verified: None,
        declined: false,
        packages: stay
            .map(|offer| HostPackages { host: offer.host.clone(), packages: offer.packages.clone() })
            .collect(),
        plan: planned(offers),
    }
}

/// Warns of hosts that are removed while the inventory has them.
fn still_wanted(desk: &Desk, inventory: &[Host], removed: &[String]) {
    for name in inventory.iter().map(|host| &host.name).filter(|name| removed.contains(name)) {
        let file = desk.cluster.source.display();
        let problem = Problem::new(Code::StillWanted, format!("{name} is still in {file}"))
            .why("the other hosts go on as if it were there, and the next deploy brings everything back to it")
            .next(format!("take it out of {file}, `hactl deploy`, then `hactl remove {name}`"));
        desk.options.tell(Event::Warning(&problem.warn()));
    }
}

/// Hosts that were deployed once and are not in the inventory any more: the others know where they are.
async fn add_gone(cluster: &mut Cluster, back: &Back, options: &Options) -> Result<(), Failure> {
    let desk = Desk::connect(cluster.clone(), options.clone()).await?;
    let observed = observe::look(&desk, false).await;
    let gone = members::gone(cluster, observed.hosts.values().flat_map(|seen| &seen.members));
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
    let Target::Generation(wanted) = target else { return Ok(None) };
    let all = generations::look(desk).await?;
    let unfinished = all.values().any(|one| one.unfinished);
    let reach: BTreeMap<String, Vec<u64>> = all.into_iter().map(|(host, one)| (host, one.reach)).collect();
    let refused = |code, message: String, next: String| {
        let problem = Problem::new(code, message).why("nothing was changed").next(next);
        Err(Failure::one(Exit::Invalid, problem))
    };
    let last = reach.values().filter_map(|of| of.first()).max().copied().unwrap_or_default();
    if last == 0 {
        let message = "nothing was deployed yet, so there is nothing to go back to";
        let next = match unfinished {
            true => "`hactl uninstall` takes away what the deploy has left that was not committed",
            false => "`hactl history` shows what was deployed",
        };
        return refused(Code::NothingSelected, message.into(), next.into());
    }
    if wanted.is_none() && unfinished {
        return Ok(Some(last)); // what failed and stayed goes, and the last good one is there again
    }
    let before = reach.values().filter(|of| of.first() == Some(&last)).filter_map(|of| of.get(1)).max();
    match (wanted, before) {
        (Some(0), _) | (None, Some(0)) => refused(
            Code::NoWayBack,
            "before its first generation a host has nothing of hactl, and that is not what `rollback` goes back to"
                .into(),
            "`hactl uninstall` takes everything away".into(),
        ),
        (None, None) => refused(
            Code::NoWayBack,
            format!("the way back from generation {last} is not there any more"),
            "deploy the earlier inventory again".into(),
        ),
        (Some(number), _) if !reach.values().flatten().any(|one| *one == number) => {
            let known: BTreeSet<u64> = reach.values().flatten().copied().filter(|one| *one > 0).collect();
            let known = known.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
            refused(
                Code::NoWayBack,
                format!(
                    "no host can go back to generation {number}: it was never in force there, or is not kept any more"
                ),
                format!("there is {known}; `hactl history` says what each of them was"),
            )
        }
        (Some(number), _) | (None, Some(&number)) => {
            let nothing_then =
                |of: &&Vec<u64>| of.last() == Some(&0) && of.iter().all(|one| *one == 0 || *one > number);
            for (host, _) in reach.iter().filter(|(_, of)| of.len() > 1 && nothing_then(of)) {
                let problem = Problem::on(
                    host,
                    Code::NoWayBack,
                    format!("it had nothing of hactl in generation {number}, and stays as it is"),
                );
                desk.options.tell(Event::Warning(
                    &problem.next(format!("`hactl remove {host}` takes away what it has")).warn(),
                ));
            }
            Ok(Some(number))
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
    let mut changes: Vec<String> = state.to_take_back().into_iter().collect();
    for line in lines("back") {
        if !changes.contains(&line) {
            changes.push(line);
        }
    }
    Ok(Offer {
        host: host.to_owned(),
        changes,
        packages: lines("packages"),
        there: !lines("home").is_empty(),
        number: state.number,
        owner: owns_any(desk, &observe::parse(output.text())),
        holder: state.lock.map(|lock| lock.owner),
    })
}

fn planned(offers: &[Offer]) -> Planned {
    let change =
        |what: &String| PlannedChange { kind: kind(what), what: what.clone(), theirs: false, difference: None };
    let host = |offer: &Offer| PlannedHost {
        host: offer.host.clone(),
        derived: Vec::new(),
        drift: Vec::new(),
        changes: offer.changes.iter().map(change).collect(),
    };
    Planned { hosts: offers.iter().map(host).collect(), traffic: None }
}

/// A change in one word, as in a deploy. The hosts word these themselves (`preview` in restore.sh).
fn kind(what: &str) -> &'static str {
    let known = [
        ("take back ", "take_back"),
        ("put back ", "change"),
        ("remove ", "remove"),
        ("set ", "sysctl"),
        ("enable ", "enable"),
        ("stop ", "replace"),
        ("disable ", "replace"),
        ("run: ", "run"),
        ("restart ", "restart"),
        ("start ", "start"),
    ];
    known.iter().find(|(begin, _)| what.starts_with(begin)).map_or("reload", |(_, kind)| kind)
}

/// Carries it out on all hosts or on none. Returns what they would do now when that is not what was shown: then nothing
/// was done.
async fn transaction(
    desk: &Desk,
    back: &Back,
    target: Option<u64>,
    offers: &[Offer],
) -> Result<Option<Vec<Offer>>, Failure> {
    let mut signals = Signals::heed()?;
    let number = next_number(offers.iter().map(|offer| (offer.host.as_str(), offer.number)))?;
    let work = Work::new(desk, number, owner_name(), offers.iter().map(|offer| offer.host.as_str()));
    let busy: Vec<&str> =
        offers.iter().filter(|offer| offer.is_busy(target)).map(|offer| offer.host.as_str()).collect();
    desk.options.tell(Event::Changes { generation: number, hosts: &busy });
    let outcome = tokio::select! {
        outcome = until_ready(&work, back, target, offers) => outcome,
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
        Ok(Ready::ToCommit(again)) => {
            let hosts = work.with(|known| known == Known::New);
            commit(&work, *again, &Memory::default(), back.settle).await?;
            if target.is_none() {
                forget(desk, &hosts).await?;
            }
            Ok(None)
        }
        Err(failure) => Err(give_up(&work, false, back.settle, failure).await),
    }
}

async fn until_ready(
    work: &Work<'_>,
    back: &Back,
    target: Option<u64>,
    offers: &[Offer],
) -> Result<Ready<Vec<Offer>>, Failure> {
    let beginners = offers.iter().map(|offer| Beginner {
        host: &offer.host,
        facts: question(target),
        dead: super::stage::dead(offer.holder.as_deref(), &work.owner),
    });
    let outputs = work.begin(beginners.collect()).await?;
    // Under the locks no other desk changes them any more.
    let now = outputs.iter().map(|(host, output)| offer(work.desk, host, output)).collect::<Result<Vec<_>, _>>()?;
    if offers.iter().zip(&now).any(|(shown, now)| shown.changes != now.changes) {
        return Ok(Ready::Changed(now));
    }
    let busy: Vec<&Offer> = offers.iter().filter(|offer| offer.is_busy(target)).collect();
    work.desk.options.tell(Event::Begin { what: "going back", steps: busy.len() });
    let turns: Vec<Turn> = busy
        .iter()
        .map(|offer| Turn {
            host: offer.host.clone(),
            script: activation(work, target),
            agent: false,
            owner: offer.owner,
            new: false,
            keepalived: if offer.changes.iter().any(|what| what == KEEPALIVED) {
                Keepalived::ComesBack
            } else {
                Keepalived::Nothing
            },
        })
        .collect();
    if target.is_some() {
        roll_out(work, &turns, Pace { batch: 1, canary: None, patience: back.settle, free: &BTreeSet::new() }).await?;
        settle(work, back.settle).await?;
    } else {
        take_down(work, &turns, back.settle).await?;
    }
    let names: Vec<&str> = turns.iter().map(|turn| turn.host.as_str()).collect();
    let again = still_active(work, &names).await?;
    work.leave().await;
    work.dismiss();
    Ok(Ready::ToCommit(Box::new(again)))
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
        let problem = Problem::on(
            &host,
            Code::NotForgotten,
            format!("/var/lib/hactl may be left, with its unit hactl-revert: {why}"),
        );
        problems.push(problem.next(format!(
            "everything else is as it was; `systemctl disable --now hactl-revert; rm -rf /var/lib/hactl /run/hactl /etc/systemd/system/hactl-revert.service` on {host}"
        )));
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure { exit: Exit::HandNeeded, problems }) }
}
