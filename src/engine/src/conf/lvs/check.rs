//! What all checks have in common: the lines about time and connection, and the complete [`Checker`] made of them.

use std::time::Duration;

use super::connection::{ConnectionLines, Port, Target};
use super::timing::Timing;
use crate::conf::config::lvs::{Check, Checker, Connection};
use crate::conf::grammar::schema::Context;
use crate::conf::grammar::values::surplus;
use crate::conf::grammar::walk::{inside, walk};
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// What the blocks around a check say for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around<'a> {
    pub(crate) target: Target,
    pub(crate) timing: Timing,
    /// `virtualhost`.
    pub(crate) host: Option<&'a str>,
}

/// A block whose common lines were read.
pub(super) struct Common<'s> {
    block: &'s Statement,
    target: Target,
    timing: Timing,
    lines: ConnectionLines,
}

impl<'s> Common<'s> {
    /// Reads the common lines; the others go to `other`.
    pub(crate) fn read(
        block: &'s Statement,
        context: &'static Context,
        target: Target,
        outer: Timing,
        sink: &mut Sink<'_>,
        mut other: impl FnMut(&'s Statement, &mut Sink<'_>),
    ) -> Self {
        surplus(block, &block.arguments, sink);
        let (mut timing, mut lines) = (Timing::default(), ConnectionLines::default());
        walk(inside(block), context, sink, |line, sink| {
            if !timing.line(line, sink) && !lines.line(line, sink) {
                other(line, sink);
            }
        });
        Self { block, target, timing: timing.within(outer), lines }
    }

    /// From one try to the next.
    pub(crate) fn interval(&self) -> Duration {
        self.timing.interval()
    }

    /// Of a connection.
    pub(crate) fn timeout(&self) -> Duration {
        self.timing.connect_timeout()
    }

    /// Where it goes.
    pub(crate) fn connection(&self, port: Port, sink: &mut Sink<'_>) -> Option<Connection> {
        self.lines.clone().complete(self.block, self.target, port, self.timeout(), sink)
    }

    /// The whole of it; `retry` and `retry_delay` are this kind's own defaults.
    pub(crate) fn checker(self, check: Check, retry: u32, retry_delay: Duration, sink: &Sink<'_>) -> Checker {
        let timing = self.timing;
        Checker {
            check,
            interval: timing.interval(),
            retry: timing.retry.unwrap_or(retry),
            retry_delay: timing.retry_delay.unwrap_or(retry_delay),
            rise: timing.rise.unwrap_or(1),
            warmup: timing.warmup.unwrap_or(timing.interval()),
            alpha: timing.alpha.unwrap_or(false),
            log_all_failures: timing.log_all_failures.unwrap_or(false),
            location: sink.locate(self.block.place()),
        }
    }
}

/// `retry` of most checks.
pub(super) const RETRY: u32 = 1;
/// `delay_before_retry` of most checks.
pub(super) const RETRY_DELAY: Duration = Duration::from_secs(1);
