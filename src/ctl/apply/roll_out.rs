//! The order in which hosts change, and the look at the whole before anything is committed.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::activate::activate;
use super::deploy::Order;
use super::stage::Job;
use super::work::Work;
use crate::ctl::cluster::Group;
use crate::ctl::desk::Desk;
use crate::ctl::look::observe::{self, Sight};
use crate::ctl::operate::drain;
use crate::ctl::progress::Event;
use crate::ctl::verify::vips::judge;
use crate::error::{Code, Exit, Failure};

/// Web hosts in batches, then load balancers: backups first, the live owner last. Ends with a verdict on the whole.
///
/// # Errors
/// What failed; the caller takes everything back.
pub(super) async fn roll_out(work: &Work<'_>, jobs: &[&Job], order: &Order) -> Result<(), Failure> {
    let desk = work.desk;
    let group = |group| {
        jobs.iter().copied().filter(move |job| desk.cluster.host(job.host()).is_some_and(|host| host.group == group))
    };
    let webs: Vec<&Job> = group(Group::Web).collect();
    let failed = |problem| Failure::one(Exit::RolledBack, problem);
    let done = |job: &Job| {
        desk.options.tell(Event::HostDone { host: job.host() });
        desk.options.tell(Event::Step);
    };
    for some in webs.chunks(order.batch.max(1)) {
        let drained = drain::take_out(desk, some.iter().filter_map(|job| desk.cluster.host(job.host()))).await;
        let results = join_all(some.iter().map(|job| activate(work, job, order.settle))).await;
        let back = drain::put_back(desk, drained).await; // whatever came of it: checks judge who serves
        for (job, result) in some.iter().zip(results) {
            result.map_err(failed)?;
            done(job);
        }
        back.map_err(failed)?;
    }
    let mut lbs: Vec<&Job> = group(Group::Lb).collect();
    lbs.sort_by_key(|job| owns_any(desk, job)); // stable: the inventory's order among equals
    for job in lbs {
        activate(work, job, order.settle).await.map_err(failed)?;
        done(job);
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
        let mut problems = judge(&desk.cluster, &sight);
        // That this very deploy is not committed yet is no news.
        problems.retain(|problem| !(problem.warning && problem.code == Code::NotCommitted));
        if problems.iter().all(|problem| problem.warning) {
            return Ok(sight);
        }
        if Instant::now() > end {
            return Err(Failure { exit: Exit::RolledBack, problems });
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}
