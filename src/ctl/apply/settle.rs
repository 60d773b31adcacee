//! The look at the whole before anything is committed.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::work::Work;
use crate::ctl::cluster::Vip;
use crate::ctl::desk::Desk;
use crate::ctl::look::observe::{self, Observed};
use crate::ctl::look::transaction::Transaction;
use crate::ctl::progress::Event;
use crate::ctl::verify::vips::judge;
use crate::error::{Exit, Failure, Problem};

/// Between two looks for an owner.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Waits until the whole cluster is good.
///
/// # Errors
/// What is still wrong when the time is over.
pub(super) async fn settle(work: &Work<'_>, limit: Duration) -> Result<(), Failure> {
    work.desk.options.tell(Event::Begin { what: "verifying", steps: work.desk.hosts.len() });
    let end = Instant::now() + limit;
    owned(work.desk, end).await;
    loop {
        let problems = trouble(work, false).await;
        if problems.iter().all(|problem| problem.warning) {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(Failure { exit: Exit::RolledBack, problems });
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// Waits until every VIP has an owner, or for as long as it may take: who asks for the service before that waits for
/// nobody's answer.
async fn owned(desk: &Desk, end: Instant) {
    let asked = |vip: &&Vip| vip.members.iter().all(|member| desk.hosts.contains_key(&member.host));
    let vips: Vec<IpAddr> = desk.cluster.vips.iter().filter(asked).filter_map(Vip::address).collect();
    let show = observe::show();
    while !vips.is_empty() && Instant::now() < end {
        let asks = desk.agents().into_iter().map(|host| (host.name.as_str(), show.clone(), Vec::new()));
        let mut observed = Observed::default();
        for (host, answer) in desk.on_all(asks).await {
            let Ok(output) = answer else { return };
            observed.hosts.insert(host, observe::parse(output.text()));
        }
        if vips.iter().all(|vip| !observed.owners(&desk.cluster, *vip).is_empty()) {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What is wrong with the whole right now.
pub(super) async fn trouble(work: &Work<'_>, thorough: bool) -> Vec<Problem> {
    let mut observed = observe::look(work.desk, thorough).await;
    // That this very deploy is not committed yet is no news.
    for seen in observed.hosts.values_mut().filter(|seen| seen.transaction.number == work.step.number) {
        seen.transaction = Transaction::default();
    }
    judge(&work.desk.cluster, &observed)
}
