//! The order in which hosts change, and the look at the whole before anything is committed.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::activate::{Turn, activate};
use super::work::Work;
use crate::ctl::cluster::Group;
use crate::ctl::desk::Desk;
use crate::ctl::look::observe;
use crate::ctl::look::transaction::Transaction;
use crate::ctl::operate::drain;
use crate::ctl::progress::Event;
use crate::ctl::verify::vips::judge;
use crate::error::{Exit, Failure, Problem};

/// Web hosts in batches, then load balancers: backups first, the live owner last.
///
/// # Errors
/// What failed; the caller takes everything back.
pub(super) async fn roll_out(work: &Work<'_>, turns: &[Turn], batch: usize, patience: Duration) -> Result<(), Failure> {
    web_hosts(work, &of(work, turns, Group::Web), batch, patience).await?;
    load_balancers(work, of(work, turns, Group::Lb), patience).await
}

/// The other way round, for hosts that are left empty: as long as somebody answers for the VIP there shall be something behind it.
///
/// # Errors
/// As [`roll_out`].
pub(super) async fn take_down(work: &Work<'_>, turns: &[Turn], patience: Duration) -> Result<(), Failure> {
    load_balancers(work, of(work, turns, Group::Lb), patience).await?;
    web_hosts(work, &of(work, turns, Group::Web), 1, patience).await
}

fn of<'t>(work: &Work<'_>, turns: &'t [Turn], group: Group) -> Vec<&'t Turn> {
    let is = |turn: &&Turn| work.desk.cluster.host(&turn.host).is_some_and(|host| host.group == group);
    turns.iter().filter(is).collect()
}

async fn web_hosts(work: &Work<'_>, turns: &[&Turn], batch: usize, patience: Duration) -> Result<(), Failure> {
    let desk = work.desk;
    for some in turns.chunks(batch.max(1)) {
        let drained = drain::take_out(desk, some.iter().filter_map(|turn| desk.cluster.host(&turn.host))).await;
        let results = join_all(some.iter().map(|turn| activate(work, turn, patience))).await;
        let back = drain::put_back(desk, drained).await; // whatever came of it: checks judge who serves
        for (turn, result) in some.iter().zip(results) {
            result.map_err(failed)?;
            done(desk, turn);
        }
        back.map_err(failed)?;
    }
    Ok(())
}

async fn load_balancers(work: &Work<'_>, mut turns: Vec<&Turn>, patience: Duration) -> Result<(), Failure> {
    turns.sort_by_key(|turn| turn.owner); // stable: the inventory's order among equals
    for turn in turns {
        activate(work, turn, patience).await.map_err(failed)?;
        done(work.desk, turn);
    }
    Ok(())
}

fn failed(problem: Problem) -> Failure {
    Failure::one(Exit::RolledBack, problem)
}

fn done(desk: &Desk, turn: &Turn) {
    desk.options.tell(Event::HostDone { host: &turn.host });
    desk.options.tell(Event::Step);
}

/// Waits until the whole cluster is good.
pub(super) async fn settle(work: &Work<'_>, limit: Duration) -> Result<(), Failure> {
    let desk = work.desk;
    desk.options.tell(Event::Begin { what: "verifying", steps: desk.hosts.len() });
    let end = Instant::now() + limit;
    loop {
        let mut sight = observe::look(desk, false).await;
        // That this very deploy is not committed yet is no news.
        for seen in sight.hosts.values_mut().filter(|seen| seen.transaction.number == work.step.number) {
            seen.transaction = Transaction::default();
        }
        let problems = judge(&desk.cluster, &sight);
        if problems.iter().all(|problem| problem.warning) {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(Failure { exit: Exit::RolledBack, problems });
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}
