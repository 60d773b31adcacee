//! The look at the whole before anything is committed.

use std::time::{Duration, Instant};

use super::work::Work;
use crate::ctl::look::observe;
use crate::ctl::look::transaction::Transaction;
use crate::ctl::progress::Event;
use crate::ctl::verify::vips::judge;
use crate::error::{Exit, Failure, Problem};

/// Waits until the whole cluster is good.
///
/// # Errors
/// What is still wrong when the time is over.
pub(super) async fn settle(work: &Work<'_>, limit: Duration) -> Result<(), Failure> {
    work.desk.options.tell(Event::Begin { what: "verifying", steps: work.desk.hosts.len() });
    let end = Instant::now() + limit;
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

/// What is wrong with the whole right now.
pub(super) async fn trouble(work: &Work<'_>, thorough: bool) -> Vec<Problem> {
    let mut sight = observe::look(work.desk, thorough).await;
    // That this very deploy is not committed yet is no news.
    for seen in sight.hosts.values_mut().filter(|seen| seen.transaction.number == work.step.number) {
        seen.transaction = Transaction::default();
    }
    judge(&work.desk.cluster, &sight)
}
