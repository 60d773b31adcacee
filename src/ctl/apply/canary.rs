//! One host has the change, the others have not: the cluster is watched for a while before they follow.

use std::time::{Duration, Instant};

use super::order::Canary;
use super::settle::{settle, trouble};
use super::work::Work;
use crate::ctl::look::answers::answers;
use crate::ctl::progress::Event;
use crate::error::{Exit, Failure, Problem};

/// Between two looks at all hosts. What is seen in two of them in a row is no accident.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Watches until the time is over.
///
/// # Errors
/// What is wrong with the cluster, or with the answers through a VIP. The caller takes everything back.
pub(super) async fn watch(work: &Work<'_>, canary: &Canary, patience: Duration) -> Result<(), Failure> {
    settle(work, patience).await?;
    work.desk.options.tell(Event::Watching { host: &canary.host, time: canary.watch });
    let end = Instant::now() + canary.watch;
    let seen = tokio::select! {
        problems = hosts(work, end) => problems,
        problems = answers(&work.desk.cluster, end) => problems,
    };
    if seen.is_empty() {
        return Ok(());
    }
    let problems = seen.into_iter().map(|problem| with_host(problem, &canary.host)).collect();
    Err(Failure { exit: Exit::RolledBack, problems })
}

fn with_host(problem: Problem, host: &str) -> Problem {
    let when = format!("{host} alone had the change then");
    let why = problem.why.as_ref().map_or_else(|| when.clone(), |why| format!("{why}; {when}"));
    problem.why(why)
}

/// Looks at all hosts until `end`; what is wrong twice in a row. A look that was bad is never the last one: it may have
/// begun in time and ended late, since a host did not answer it.
async fn hosts(work: &Work<'_>, end: Instant) -> Vec<Problem> {
    let mut before = false;
    while before || Instant::now() < end {
        tokio::time::sleep(LOOK_EVERY.min(end.saturating_duration_since(Instant::now()))).await;
        let problems = trouble(work, true).await;
        let bad = problems.iter().any(|problem| !problem.warning);
        if bad && before {
            return problems;
        }
        before = bad;
    }
    Vec::new()
}
