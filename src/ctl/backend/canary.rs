//! `hactl backend canary`: a server gets another share for a while, the answers through the VIPs are watched, and it
//! gets its old share back. The inventory learns of it only where the new share stays: a desk that dies meanwhile
//! leaves a plan that puts it back.

use std::time::{Duration, Instant};

use super::edit::Wish;
use super::run::{Ask, Confirm, Done, Prepared};
use crate::ctl::apply::deploy::deploy;
use crate::ctl::apply::order::Order;
use crate::ctl::apply::work::Signals;
use crate::ctl::desk::Options;
use crate::ctl::look::answers::answers;
use crate::ctl::progress::Event;
use crate::ctl::report::{Outcome, Report};
use crate::error::{Code, Exit, Failure, Problem};

/// How long, and what then.
#[derive(Debug, Clone, Copy)]
pub struct Watch {
    /// For so long.
    pub time: Duration,
    /// The new share stays, where answers were good.
    pub keep: bool,
}

/// Carries it out.
///
/// # Errors
/// As [`run`](super::run::run); the report says 7 when answers went bad and 130 when it was interrupted. Either way the
/// old share is back.
pub async fn canary(order: &Order, wish: &Wish, watch: Watch, options: Options, confirm: Confirm<'_>) -> Outcome<Done> {
    let prepared = Prepared::new(order, Ask::Server(wish))?;
    let report = deploy(&prepared.order, options.clone(), &|plan| confirm(&prepared.lines, plan)).await?;
    if report.exit != Exit::Done || report.value.declined {
        return Ok(report.map(|deployed| prepared.done(false, Some(deployed))));
    }
    let mut signals = Signals::heed()?;
    options.tell(Event::Watching { host: &wish.server, time: watch.time });
    let end = Instant::now() + watch.time;
    let (exit, problems) = tokio::select! {
        () = tokio::time::sleep(watch.time) => (Exit::Done, Vec::new()),
        problems = answers(&prepared.edit.cluster, end) => (Exit::Verification, problems),
        () = signals.one() => (Exit::Interrupted, vec![Problem::new(Code::Interrupted, "interrupted")]),
    };
    if exit == Exit::Done && watch.keep {
        return Ok(prepared.written(report));
    }
    let back = Order { edited: Some(prepared.before.clone()), ..prepared.order.clone() };
    let server = &wish.server;
    deploy(&back, options, &|_| Ok(true)).await.map_err(|failure| Failure {
        problems: problems.iter().cloned().chain(failure.problems).collect(),
        exit: Exit::HandNeeded,
    })?;
    let why = |problem: Problem| {
        let when = format!("{server} had the new weight then; it has the old one again");
        let why = problem.why.as_ref().map_or_else(|| when.clone(), |why| format!("{why}; {when}"));
        problem.why(why)
    };
    let value = Done { put_back: true, ..prepared.done(false, Some(report.value)) };
    Ok(Report { value, problems: problems.into_iter().map(why).collect(), exit })
}
