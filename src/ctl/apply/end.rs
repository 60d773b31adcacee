//! How a deploy ends: every host commits over a new connection, or everything is taken back. What is not known is said
//! to be unknown.

use std::time::{Duration, Instant};

use super::balancers::let_it_come_back;
use super::prepare::Prepared;
use super::stage::Job;
use super::step::{LATE, Memory};
use super::transaction::{Ask, Known, Verdict};
use super::work::{Work, transaction_in};
use crate::ctl::desk::Desk;
use crate::ctl::host::Script;
use crate::ctl::look::facts;
use crate::ctl::look::observe::show;
use crate::ctl::look::transaction::Phase;
use crate::ctl::plan::{Change, plan};
use crate::ctl::progress::Event;
use crate::ctl::remote::Output;
use crate::ctl::wanted::WantedHost;
use crate::error::{Code, Exit, Failure, Problem};

/// Between two attempts at a host that does not answer.
const PAUSE: Duration = Duration::from_millis(500);

/// New connections to these hosts, since the old ones may outlive a change that lets nobody in any more.
///
/// # Errors
/// The first of them that cannot be reached any more.
pub(super) async fn anew(work: &Work<'_>, hosts: &[&str]) -> Result<Desk, Failure> {
    let desk = work.desk.again(hosts.iter().map(|host| (*host).to_owned()).collect()).await;
    match desk.unreachable.first() {
        None => Ok(desk),
        Some((_, problem)) => {
            Err(Failure::one(Exit::RolledBack, problem.clone().why("it answered before the change: it is taken back")))
        }
    }
}

/// Whether a host has our generation and waits for its commit.
fn waits(work: &Work<'_>, host: &str, output: &Output) -> Result<(), Failure> {
    let active = transaction_in(output)
        .is_some_and(|seen| seen.phase == Phase::Active && seen.number == work.step.number && seen.lock.is_some());
    if active {
        return Ok(());
    }
    let message = format!("generation {} is not in place any more", work.step.number);
    let problem = Problem::on(host, Code::NotAsSent, message).why("the host went back by itself");
    Err(Failure::one(Exit::RolledBack, problem))
}

/// Over new connections: each of these hosts waits for its commit.
///
/// # Errors
/// A host that does not, or cannot be reached any more. Nothing is committed.
pub(super) async fn still_active(work: &Work<'_>, hosts: &[&str]) -> Result<Desk, Failure> {
    let desk = anew(work, hosts).await?;
    let asked = hosts.iter().map(|host| (*host, show(), Vec::new()));
    for (host, answer) in desk.on_all(asked).await {
        let output = answer.map_err(|problem| Failure::one(Exit::RolledBack, problem))?;
        waits(work, &host, &output)?;
    }
    Ok(desk)
}

/// Over new connections ([`anew`]): all that was sent is there, and each changed host waits for its commit.
///
/// # Errors
/// What is not as it was sent, or a host that cannot be reached any more. Nothing is committed.
pub(super) async fn ready(work: &Work<'_>, prepared: &Prepared, desk: &Desk, jobs: &[&Job]) -> Result<(), Failure> {
    let failed = |problem| Failure::one(Exit::RolledBack, problem);
    let asked = jobs.iter().map(|job| (job.host(), every_byte(&job.wanted), Vec::new()));
    let answers = desk.on_all(asked).await;
    for (job, (host, answer)) in jobs.iter().zip(answers) {
        let output = answer.map_err(failed)?;
        waits(work, &host, &output)?;
        let facts = facts::parse(&job.wanted, output.text());
        let left = plan(&job.wanted, &facts, prepared.program(&facts));
        if let Some(change) = left.changes.iter().find(|change| lasts(change)) {
            let message = format!("after the deploy there is still something to do: {change}");
            let problem = Problem::on(&host, Code::NotAsSent, message)
                .why("what is there is not what was sent: somebody or something changed it meanwhile");
            return Err(failed(problem.next(format!("find out who writes there on {host}, then deploy again"))));
        }
    }
    Ok(())
}

/// The facts of a host, with nothing taken from what it remembers.
fn every_byte(wanted: &WantedHost) -> String {
    Script::new().call("every_byte", []).then(facts::script(wanted)).text()
}

/// Whether a change that is still to be done says that something is not as it was sent. A role's commands may have to
/// be run each time.
fn lasts(change: &Change) -> bool {
    match change {
        Change::Binary
        | Change::File { .. }
        | Change::Remove(_)
        | Change::Sysctl(..)
        | Change::Enable(_)
        | Change::Start(_)
        | Change::Replace(_)
        | Change::Package(_) => true,
        Change::Repair(_) | Change::Run(..) | Change::Reload(_) | Change::Restart(_) => false,
    }
}

/// Every changed host keeps the new generation for good. Once the first was asked there is no way back for all: who
/// does not answer is asked again, over new connections, and named in the end.
///
/// # Errors
/// Exit 6 with each host that did not acknowledge, and when it goes back.
pub(super) async fn commit(work: &Work<'_>, desk: Desk, memory: &Memory, patience: Duration) -> Result<(), Failure> {
    let end = Instant::now() + patience;
    let script = work.step.commit(memory);
    let mut desk = desk;
    let mut last: Vec<Problem> = Vec::new();
    loop {
        let hosts = work.with(|known| matches!(known, Known::New | Known::MayBeCommitted));
        let asks = hosts.iter().map(|host| async {
            match work.ask(&desk, host, Ask::Commit, &script).await {
                Ok(output) if output.code == 0 => None,
                Ok(output) => Some(Problem::on(host, Code::NotCommitted, output.complaint())),
                Err(problem) => Some(problem),
            }
        });
        last.extend(futures_util::future::join_all(asks).await.into_iter().flatten());
        let open = work.with(|known| matches!(known, Known::New | Known::MayBeCommitted));
        if open.is_empty() || Instant::now() > end {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        desk = work.desk.again(open).await;
    }
    if work.verdict() == Verdict::Committed {
        return Ok(());
    }
    let committed = work.with(|known| known == Known::Committed);
    let others = if committed.is_empty() { "no host".to_owned() } else { committed.join(", ") };
    let problems = work.with(|known| known != Known::Committed).into_iter().map(|host| {
        let why = last.iter().rfind(|problem| problem.host.as_deref() == Some(&host));
        let why = why.map(|problem| problem.message.clone()).unwrap_or_default();
        let said = why.strip_prefix(&format!("{host}: ")).unwrap_or(&why);
        let (message, next) = match work.of(&host) {
            Known::MayBeCommitted => (
                format!("whether it keeps the change is not known: {said}"),
                format!("if it did not get the word it goes back by itself {}", work.goes_back(&host)),
            ),
            _ => (
                format!("it does not keep the change: {said}"),
                format!("it goes back by itself {}", work.goes_back(&host)),
            ),
        };
        Problem::on(&host, Code::NotCommitted, message)
            .why(format!("{others} committed it, so the hosts may differ"))
            .next(format!("{next}; `hactl status` shows what became of it, and the same deploy again makes all alike"))
    });
    Err(Failure { exit: Exit::HandNeeded, problems: problems.collect() })
}

/// After a failure: takes everything back, or leaves it where that was asked for, and says what is known then.
pub(super) async fn give_up(work: &Work<'_>, keep: bool, patience: Duration, mut failure: Failure) -> Failure {
    let hosts = work.touched();
    if keep && !hosts.is_empty() {
        return left(work, &hosts, failure).await;
    }
    let mut stuck = Vec::new();
    for (at, host) in hosts.iter().enumerate() {
        work.desk.options.tell(Event::TakingBack { host });
        stuck.extend(take_back(work, host, patience).await);
        if at + 1 < hosts.len() {
            let_it_come_back(work, host, patience).await;
        }
    }
    work.leave().await;
    match work.verdict() {
        Verdict::AsBefore if !matches!(failure.exit, Exit::RolledBack | Exit::Interrupted) => {}
        Verdict::AsBefore => {
            let message = if hosts.is_empty() {
                "nothing live had been changed (installed packages stay)"
            } else {
                "everything was taken back; the hosts are as before (installed packages stay)"
            };
            failure.problems.push(Problem::new(Code::TakenBack, message).warn());
        }
        Verdict::Committed | Verdict::Mixed => {
            failure.exit = Exit::HandNeeded;
            failure.problems.extend(stuck);
        }
    }
    failure
}

/// Takes one host back; over a new connection where the old one is gone.
async fn take_back(work: &Work<'_>, host: &str, patience: Duration) -> Option<Problem> {
    let end = Instant::now() + patience;
    let script = work.step.take_back();
    let limit = work.desk.options.limit * 2;
    let mut again: Option<Desk> = None;
    loop {
        let desk = again.as_ref().unwrap_or(work.desk);
        let problem = match work.ask_with(desk, host, Ask::TakeBack, &script, limit).await {
            Ok(output) if output.code == 0 => return None,
            // Another step, or the host's own way back, has the turn.
            Ok(output) if output.code == LATE && Instant::now() < end => None,
            Ok(output) => {
                let message = format!("could not be taken back: {}", output.complaint());
                let problem = Problem::on(host, Code::NotTakenBack, message);
                return Some(problem.next(format!(
                    "mend that on {host}; it tries again by itself, and `sh /var/lib/hactl/way-back.sh now` there does so at once"
                )));
            }
            Err(problem) => Some(problem),
        };
        if let Some(problem) = problem.filter(|_| Instant::now() > end) {
            let message = format!("whether it was taken back is not known ({})", problem.message);
            return Some(Problem::on(host, Code::NotTakenBack, message).next(format!(
                "it goes back by itself {}; `hactl status` shows what became of it",
                work.goes_back(host)
            )));
        }
        tokio::time::sleep(PAUSE).await;
        again = Some(work.desk.again(vec![host.to_owned()]).await);
    }
}

/// `--no-auto-rollback`: nobody takes it back by itself.
async fn left(work: &Work<'_>, hosts: &[String], mut failure: Failure) -> Failure {
    failure.exit = Exit::HandNeeded;
    let next =
        "look around; `sh /var/lib/hactl/way-back.sh now` on a host takes it back, and so does the next deploy, first";
    failure
        .problems
        .push(Problem::new(Code::LeftAsItIs, "left as it is, as --no-auto-rollback asks").next(next).warn());
    let kept = work.desk.on_all(hosts.iter().map(|host| (host.as_str(), work.step.keep(), Vec::new()))).await;
    for (host, answer) in kept {
        if !answer.is_ok_and(|output| output.code == 0) {
            let message = "it could not be told to stay as it is";
            let next = format!("it may go back by itself {}", work.goes_back(&host));
            failure.problems.push(Problem::on(&host, Code::LeftAsItIs, message).next(next));
        }
    }
    work.leave().await;
    failure
}
