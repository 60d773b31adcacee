//! `hactl lock status` and `break`: who deploys, and how an operator ends what a dead desk left.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::history::chosen;
use crate::ctl::desk::{Desk, Options, open};
use crate::ctl::host::Script;
use crate::ctl::look::observe::sections;
use crate::ctl::look::transaction::{self, LOCK, Phase, STUCK, Transaction};
use crate::ctl::progress::Event;
use crate::ctl::remote::Output;
use crate::ctl::report::{Outcome, Report};
use crate::error::{Code, Exit, Problem};

/// Between two looks at a host that goes back.
const PAUSE: Duration = Duration::from_millis(300);

/// The locks.
#[derive(Debug, Clone, Serialize)]
pub struct Locks {
    /// One entry a host that answered, in the inventory's order.
    pub hosts: Vec<HostLock>,
    /// Whether they were broken.
    pub broken: bool,
}

/// One host's lock.
#[derive(Debug, Clone, Serialize)]
pub struct HostLock {
    /// Its name.
    pub host: String,
    /// Who holds it, or held it before it was broken; `None` when nobody does or did.
    pub owner: Option<String>,
    /// Seconds until it ends, unless it is renewed.
    pub left_s: Option<u64>,
    /// The generation that it is for.
    pub generation: Option<u64>,
    /// The generation in force, or the one that the way back leads to; 0 before the first. After a break: what was seen
    /// last; `None` where the host did not answer any more.
    pub in_force: Option<u64>,
    /// How far the highest generation is, seen in the same moment.
    pub phase: Option<Phase>,
    /// What was put in place and not committed had to go back when the lock was broken.
    pub to_go_back: bool,
}

impl HostLock {
    fn of(host: &str, seen: &Transaction) -> Self {
        let lock = seen.lock.as_ref();
        Self {
            host: host.to_owned(),
            owner: lock.map(|lock| lock.owner.clone()),
            left_s: lock.map(|lock| lock.left_s),
            generation: lock.map(|lock| lock.number),
            in_force: Some(seen.committed),
            phase: Some(seen.phase),
            to_go_back: false,
        }
    }
}

/// Tells who holds the lock of each host.
///
/// # Errors
/// No such host; the report says 4 when a host does not answer.
pub async fn locks(inventory: Option<&Path>, options: Options, host: Option<&str>) -> Outcome<Locks> {
    let cluster = open(inventory, &options)?;
    let names = chosen(&cluster, host)?;
    let script = look();
    let (mut problems, mut hosts) = (Vec::new(), Vec::new());
    for (host, answer) in Desk::ask_in_turns(&cluster, options, &names, |_| script.clone()).await? {
        match answer.and_then(|output| seen_in(&host, &output)) {
            Ok(seen) => hosts.push(HostLock::of(&host, &seen)),
            Err(problem) => problems.push(problem),
        }
    }
    let exit = if problems.is_empty() { Exit::Done } else { Exit::Preflight };
    Ok(Report { value: Locks { hosts, broken: false }, problems, exit })
}

/// Takes the lock of each host away, and waits until what was not committed has gone back there, for no longer than
/// `patience`.
///
/// # Errors
/// No such host. The report says 4 when a host does not answer, 6 when one has not gone back: it goes on by itself.
pub async fn break_locks(
    inventory: Option<&Path>,
    options: Options,
    host: Option<&str>,
    who: &str,
    patience: Duration,
) -> Outcome<Locks> {
    let cluster = open(inventory, &options)?;
    let names = chosen(&cluster, host)?;
    let desk = Desk::connect_to(cluster, options, names.clone()).await?;
    let script = Script::new().call("transaction", []).call("break_lock", [who]).text();
    let answers = desk.on_all(names.iter().map(|name| (name.as_str(), script.clone(), Vec::new()))).await;
    let held: Vec<(&str, u64)> =
        answers.iter().filter_map(|(host, answer)| Some((host.as_str(), broken(answer)?))).collect();
    if let Some(generation) = held.iter().map(|(_, number)| *number).max() {
        let hosts: Vec<&str> = held.iter().map(|(host, _)| *host).collect();
        desk.options.tell(Event::Changes { generation, hosts: &hosts });
    }
    desk.options.tell(Event::Begin { what: "going back", steps: names.len() });
    let ends = desk.at_once(answers.into_iter().map(|(host, answer)| end_of(&desk, host, answer, patience))).await;
    let (mut problems, mut hosts, mut exit) = (Vec::new(), Vec::new(), Exit::Done);
    for end in ends {
        hosts.extend(end.lock);
        let Some(problem) = end.problem else { continue };
        exit = match problem.code {
            Code::NotTakenBack | Code::NotCommitted => Exit::HandNeeded,
            _ if exit == Exit::Done => Exit::Preflight,
            _ => exit,
        };
        problems.push(problem);
    }
    Ok(Report { value: Locks { hosts, broken: true }, problems, exit })
}

/// The generation whose lock a host had.
fn broken(answer: &Result<Output, Problem>) -> Option<u64> {
    let output = answer.as_ref().ok().filter(|output| output.code == 0)?;
    Some(transaction::parse(sections(output.text()).get("transaction")?)?.lock?.number)
}

/// What became of one host.
struct End {
    lock: Option<HostLock>,
    problem: Option<Problem>,
}

async fn end_of(desk: &Desk, host: String, answer: Result<Output, Problem>, patience: Duration) -> End {
    let was = match answer.and_then(|output| seen_in(&host, &output)) {
        Ok(was) => was,
        Err(problem) => {
            let by_itself = format!(
                "if a deploy was under way there, {host} goes back by itself when its lock ends, within {} s; then `hactl status`",
                LOCK.as_secs()
            );
            let problem = problem.why("whether its lock was broken is not known").next(by_itself);
            return End { lock: None, problem: Some(problem) };
        }
    };
    let mut lock = HostLock::of(&host, &was);
    lock.to_go_back = matches!(was.phase, Phase::Active | Phase::Reverting);
    let (now, lost) = gone_back(desk, &host, &mut lock.to_go_back, Instant::now() + patience).await;
    desk.options.tell(Event::Step);
    (lock.in_force, lock.phase) = (now.as_ref().map(|now| now.committed), now.as_ref().map(|now| now.phase));
    let problem = match (now, lost) {
        // A lock that is there now is another deploy's: it is at work, and that is no news of this one.
        (Some(now), _) => now.problem(&host).filter(|_| now.lock.is_none()),
        (None, lost) => lost.map(|problem| {
            let message = format!("its lock is broken, and whether it has gone back is not known: {}", problem.message);
            Problem::on(&host, Code::NotTakenBack, message)
                .next("it goes back by itself, at once where it runs, else when it starts; then `hactl status`")
        }),
    };
    End { lock: Some(lock), problem }
}

/// Has a host go back that has no lock any more, over a new connection where the old one is gone. Returns what was seen
/// last, and why nothing was.
async fn gone_back(desk: &Desk, host: &str, live: &mut bool, end: Instant) -> (Option<Transaction>, Option<Problem>) {
    let mut again: Option<Desk> = None;
    loop {
        let desk = again.as_ref().unwrap_or(desk);
        let mut seen = looked(desk, host).await;
        if let Ok(now) = &seen
            && now.lock.is_none()
            && matches!(now.phase, Phase::Staged | Phase::Active | Phase::Reverting)
        {
            *live |= now.phase != Phase::Staged;
            // The host's own way back may be at it already: whoever comes second finds nothing to do.
            let script = Script::new().call("take_back", [now.number.to_string().as_str()]).text();
            let answer = desk.on(host, &script, b"", desk.options.limit * 2).await;
            let stuck = answer.is_ok_and(|output| output.code == STUCK);
            seen = looked(desk, host).await;
            if stuck && seen.is_ok() {
                return (seen.ok(), None);
            }
        }
        match seen {
            Ok(now) if now.lock.is_some() || !matches!(now.phase, Phase::Active | Phase::Reverting) => {
                return (Some(now), None);
            }
            Ok(now) if Instant::now() > end => return (Some(now), None),
            Err(problem) if Instant::now() > end => return (None, Some(problem)),
            Ok(_) => tokio::time::sleep(PAUSE).await,
            Err(_) => {
                tokio::time::sleep(PAUSE).await;
                again = Some(desk.again(vec![host.to_owned()]).await);
            }
        }
    }
}

fn look() -> String {
    Script::new().call("transaction", []).text()
}

async fn looked(desk: &Desk, host: &str) -> Result<Transaction, Problem> {
    seen_in(host, &desk.on(host, &look(), b"", desk.options.limit).await?)
}

/// What a host says of its transaction.
fn seen_in(host: &str, output: &Output) -> Result<Transaction, Problem> {
    let sections = sections(output.text());
    let seen = sections.get("transaction").and_then(|lines| transaction::parse(lines));
    match seen.filter(|_| output.code == 0) {
        Some(seen) => Ok(seen),
        None if output.code == 0 => {
            Err(Problem::on(host, Code::CannotExamine, "it does not say which generation is in force"))
        }
        None => Err(Problem::on(host, Code::CannotExamine, output.complaint())),
    }
}
