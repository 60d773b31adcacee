//! One real server: its checks, what the operator wants of it, and the weight that follows.

use std::time::Duration;

use super::health::{Health, Outcome, Reason, Weighing};
use crate::conf::config::lvs::{Checker, RealServer};
use crate::ipvs::DestinationSettings;
use crate::time::Instant;

/// What an operator said about a real server; outlives restarts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Override {
    /// Keeps the connections it has, gets no new ones.
    pub drained: bool,
    /// A weight instead of the configured one.
    pub weight: Option<u32>,
}

impl Override {
    /// Whether there is nothing to remember.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A real server of a pool.
#[derive(Debug, Clone)]
pub struct Server {
    checks: Vec<Health>,
    up: bool,
    /// When it went up or down last, and why.
    since: Instant,
    reason: Option<String>,
    pub(super) by_operator: Override,
    /// Came back at this moment and gets its weight bit by bit.
    pub(super) rising_since: Option<Instant>,
}

/// Steps of a slow start.
const STEPS: u32 = 10;
/// The kernel takes more, its schedulers multiply.
const WEIGHT_MAX: u32 = 65_535;

impl Server {
    pub(super) fn new(config: &RealServer, alpha: bool, by_operator: Override, now: Instant) -> Self {
        let checks: Vec<Health> = config.checkers.iter().map(|checker| Health::new(alpha || checker.alpha)).collect();
        let up = checks.iter().all(Health::passing);
        Self { checks, up, since: now, reason: None, by_operator, rising_since: None }
    }

    /// The same server under a new configuration: checks that did not change keep their verdicts.
    pub(super) fn follow(&mut self, old: &RealServer, new: &RealServer, alpha: bool) {
        let kept = |checker: &Checker| {
            let place = old.checkers.iter().position(|other| other.is_like(checker));
            place.and_then(|place| self.checks.get(place)).cloned()
        };
        let fresh = |checker: &Checker| Health::new(alpha || checker.alpha);
        self.checks = new.checkers.iter().map(|one| kept(one).unwrap_or_else(|| fresh(one))).collect();
        self.up = self.checks.iter().all(Health::passing);
    }

    /// Whether all checks pass.
    pub fn is_up(&self) -> bool {
        self.up
    }

    /// Whether its checks have found out how it is; before, that is only supposed.
    pub fn is_judged(&self) -> bool {
        self.checks.iter().all(Health::is_judged)
    }

    /// It is down, and nothing comes from it.
    pub fn is_silent(&self) -> bool {
        let silent = |check: &Health| {
            let why = match check.last() {
                Some(Outcome::Failed(why)) => Some(why.reason),
                _ => None,
            };
            matches!(why, Some(Reason::Timeout | Reason::Unreachable))
        };
        !self.up && self.checks.iter().any(silent)
    }

    /// What the operator wants of it.
    pub fn by_operator(&self) -> Override {
        self.by_operator
    }

    /// When it went up or down last.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// Why it went up or down last.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// The checks, in the order of the configuration.
    pub fn checks(&self) -> &[Health] {
        &self.checks
    }

    /// Takes the end of a try: the pause until the next one, and whether the server went up or down.
    pub(super) fn observe(
        &mut self,
        place: usize,
        checker: &Checker,
        outcome: Outcome,
        now: Instant,
    ) -> (Duration, bool) {
        let Some(check) = self.checks.get_mut(place) else { return (checker.interval, false) };
        let pause = check.observe(checker, outcome);
        let up = self.checks.iter().all(Health::passing);
        let turned = up != self.up;
        if turned {
            let reason = match self.checks.get(place).and_then(Health::last) {
                Some(Outcome::Failed(why)) => why.words.clone(),
                Some(Outcome::Passed | Outcome::Weighed(_)) | None => "its checks pass".to_owned(),
            };
            self.turn(up, reason, now);
        }
        (pause, turned)
    }

    fn turn(&mut self, up: bool, reason: String, now: Instant) {
        (self.up, self.since, self.reason) = (up, now, Some(reason));
        self.rising_since = up.then_some(now);
    }

    /// Its share when nothing holds it back: the operator's weight, else what checks and configuration say.
    pub(super) fn full_weight(&self, config: &RealServer) -> u32 {
        if let Some(weight) = self.by_operator.weight {
            return weight;
        }
        let mut weight = i64::from(config.weight);
        for weighing in self.checks.iter().filter_map(Health::weighing) {
            weight = match weighing {
                Weighing::Set(set) => i64::from(set),
                Weighing::Add(more) => weight + i64::from(more),
            };
        }
        u32::try_from(weight.max(0)).unwrap_or(WEIGHT_MAX).min(WEIGHT_MAX)
    }

    /// What counts for the quorum.
    pub(super) fn alive_weight(&self, config: &RealServer) -> u32 {
        if self.up && !self.by_operator.drained { self.full_weight(config) } else { 0 }
    }

    /// Its entry in the kernel's table, if it has one. Without quorum, when the sorry server serves, only what keeps
    /// connections stays.
    pub(super) fn entry(
        &self,
        config: &RealServer,
        slow_start: Duration,
        serves: bool,
        now: Instant,
    ) -> Option<DestinationSettings> {
        let weight = match (self.up, self.by_operator.drained) {
            (true, true) => 0,
            (true, false) if serves => self.risen(self.full_weight(config), slow_start, now),
            _ if config.inhibit_on_failure => 0,
            _ => return None,
        };
        Some(DestinationSettings {
            weight,
            forward: config.forward,
            upper_threshold: config.upper_threshold,
            lower_threshold: config.lower_threshold,
        })
    }

    fn risen(&self, full: u32, slow_start: Duration, now: Instant) -> u32 {
        let Some(since) = self.rising_since.filter(|_| !slow_start.is_zero() && full > 1) else { return full };
        let step = slow_start / STEPS;
        let steps = u32::try_from(now.since(since).as_nanos() / step.as_nanos().max(1)).unwrap_or(STEPS).min(STEPS);
        let share = u64::from(full) * u64::from(steps) / u64::from(STEPS);
        u32::try_from(share).unwrap_or(full).max(1)
    }

    /// When its weight rises next.
    pub(super) fn next_rise(&self, slow_start: Duration, now: Instant) -> Option<Instant> {
        let since = self.rising_since.filter(|since| self.up && now.since(*since) < slow_start)?;
        let step = slow_start / STEPS;
        let done = u32::try_from(now.since(since).as_nanos() / step.as_nanos().max(1)).unwrap_or(STEPS);
        Some(since.after(step * (done + 1).min(STEPS)))
    }
}
