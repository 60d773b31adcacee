//! When checks run: the lines that a virtual server, a real server and a check have in common. The innermost one
//! counts.

use std::time::Duration;

use crate::conf::grammar::values::{COUNT_MAX, SECONDS_MAX, integer, seconds, switched};
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// As far as they were given.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Timing {
    pub(crate) interval: Option<Duration>,
    pub(crate) retry: Option<u32>,
    pub(crate) retry_delay: Option<Duration>,
    pub(crate) warmup: Option<Duration>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) rise: Option<u32>,
    pub(crate) alpha: Option<bool>,
    pub(crate) log_all_failures: Option<bool>,
}

impl Timing {
    /// Reads a line if it is one of these.
    pub(crate) fn line(&mut self, line: &Statement, sink: &mut Sink<'_>) -> bool {
        let time = |from: Duration, sink: &mut Sink<'_>| seconds(line, from..=SECONDS_MAX, DEFAULT, sink);
        match line.name() {
            "delay_loop" => self.interval = time(TIME_MIN, sink),
            // 0 is at once, as in keepalived.
            "delay_before_retry" => self.retry_delay = time(Duration::ZERO, sink).map(|delay| delay.max(TIME_MIN)),
            "warmup" => self.warmup = time(Duration::ZERO, sink),
            "connect_timeout" => self.connect_timeout = time(TIME_MIN, sink),
            "retry" | "nb_get_retry" => self.retry = integer(line, 0..=COUNT_MAX, DEFAULT, sink),
            "rise" => self.rise = integer(line, 1..=COUNT_MAX, DEFAULT, sink),
            "alpha" => self.alpha = Some(switched(line, true, sink)),
            "log_all_failures" => self.log_all_failures = Some(switched(line, true, sink)),
            _ => return false,
        }
        true
    }

    /// What is missing here comes from the block around.
    pub(crate) fn within(self, outer: Self) -> Self {
        Self {
            interval: self.interval.or(outer.interval),
            retry: self.retry.or(outer.retry),
            retry_delay: self.retry_delay.or(outer.retry_delay),
            warmup: self.warmup.or(outer.warmup),
            connect_timeout: self.connect_timeout.or(outer.connect_timeout),
            rise: self.rise.or(outer.rise),
            alpha: self.alpha.or(outer.alpha),
            log_all_failures: self.log_all_failures.or(outer.log_all_failures),
        }
    }

    /// From one try to the next.
    pub(crate) fn interval(&self) -> Duration {
        self.interval.unwrap_or(INTERVAL)
    }

    /// Of one try over the network.
    pub(crate) fn connect_timeout(&self) -> Duration {
        self.connect_timeout.unwrap_or(CONNECT_TIMEOUT)
    }
}

const DEFAULT: &str = "the default is used";
/// Shortest time that a check is given or waits.
const TIME_MIN: Duration = Duration::from_millis(1);
const INTERVAL: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
