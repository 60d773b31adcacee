//! The order in which hosts change, and the look at the whole before anything is committed.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::activate::{Turn, activate};
use super::balancers::balancers;
use super::work::Work;
use crate::ctl::cluster::Group;
use crate::ctl::desk::Desk;
use crate::ctl::look::observe;
use crate::ctl::operate::drain;
use crate::ctl::progress::Event;
use crate::ctl::verify::vips::judge;
use crate::error::{Code, Exit, Failure};

/// Web hosts in batches, then load balancers, one by one.
///
/// # Errors
/// What failed; the caller takes everything back.
pub(super) async fn roll_out(work: &Work<'_>, turns: &[Turn], batch: usize, patience: Duration) -> Result<(), Failure> {
    let desk = work.desk;
    let group =
        |group| turns.iter().filter(move |turn| desk.cluster.host(&turn.host).is_some_and(|host| host.group == group));
    let webs: Vec<&Turn> = group(Group::Web).collect();
    let failed = |problem| Failure::one(Exit::RolledBack, problem);
    let done = |turn: &Turn| {
        desk.options.tell(Event::HostDone { host: &turn.host });
        desk.options.tell(Event::Step);
    };
    for some in webs.chunks(batch.max(1)) {
        let drained = drain::take_out(desk, some.iter().filter_map(|turn| desk.cluster.host(&turn.host))).await;
        let results = join_all(some.iter().map(|turn| activate(work, turn, patience))).await;
        let back = drain::put_back(desk, drained).await; // whatever came of it: checks judge who serves
        for (turn, result) in some.iter().zip(results) {
            result.map_err(failed)?;
            done(turn);
        }
        back.map_err(failed)?;
    }
    balancers(work, group(Group::Lb).collect(), patience, done).await.map_err(failed)
}

/// Waits until the whole cluster is good.
pub(super) async fn settle(desk: &Desk, limit: Duration) -> Result<(), Failure> {
    desk.options.tell(Event::Begin { what: "verifying", steps: desk.hosts.len() });
    let end = Instant::now() + limit;
    loop {
        let sight = observe::look(desk, false).await;
        let mut problems = judge(&desk.cluster, &sight);
        // That this very deploy is not committed yet is no news.
        problems.retain(|problem| !(problem.warning && problem.code == Code::NotCommitted));
        if problems.iter().all(|problem| problem.warning) {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(Failure { exit: Exit::RolledBack, problems });
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}
