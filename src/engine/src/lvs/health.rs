//! One check of one real server: tries become a verdict. A pure machine: when the next try is due is its answer, not
//! its doing.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::conf::config::lvs::Checker;

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// As wanted.
    Passed,
    /// As wanted, and the check has a say in the weight.
    Weighed(Weighing),
    /// Not as wanted.
    Failed(Why),
}

/// Why a try failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The kind of failure, by which it is counted.
    pub reason: Reason,
    /// In words: a fragment that fits after "real server X is down:".
    pub words: String,
}

/// Kinds of failure: a server that is silent is another trouble than one that refuses or answers wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Nothing came in time, or not enough of it.
    Timeout,
    /// The host is there and nothing listens.
    Refused,
    /// There is no way to the host.
    Unreachable,
    /// The connection ended before the answer did.
    Broken,
    /// No TLS, or a certificate that is not good enough.
    Tls,
    /// What came back is not the protocol of the check.
    Protocol,
    /// The answer is not the wanted one.
    Answer,
    /// A script or a tracked file says no.
    Verdict,
    /// The check could not be made: a program, a file or a right is missing on this host.
    NotTried,
}

impl Reason {
    /// Its name in JSON and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Broken => "broken",
            Self::Tls => "tls",
            Self::Protocol => "protocol",
            Self::Answer => "answer",
            Self::Verdict => "verdict",
            Self::NotTried => "not_tried",
        }
    }
}

/// What a check says about the weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weighing {
    /// `misc_dynamic`: this is the weight.
    Set(u32),
    /// `FILE_CHECK`: so much is added to the weight.
    Add(i32),
}

/// A check's verdict and how it got there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    passing: bool,
    /// Tries have said so: at first it is only supposed.
    judged: bool,
    /// Tries in a row that contradict the verdict.
    contrary: u32,
    /// How the last try ended; `None` before the first.
    last: Option<Outcome>,
    /// How many tries failed since the check began, by reason.
    failures: BTreeMap<Reason, u64>,
}

impl Health {
    /// A check that was not tried yet; with `alpha` it counts as failed until it passes.
    pub fn new(alpha: bool) -> Self {
        Self { passing: !alpha, judged: false, contrary: 0, last: None, failures: BTreeMap::new() }
    }

    /// The verdict.
    pub(super) fn passing(&self) -> bool {
        self.passing
    }

    /// Whether tries have led to the verdict; before, and while the first ones contradict it, it is only supposed.
    pub fn is_judged(&self) -> bool {
        self.judged
    }

    /// How the last try ended.
    pub fn last(&self) -> Option<&Outcome> {
        self.last.as_ref()
    }

    /// How many tries failed, by reason.
    pub fn failures(&self) -> &BTreeMap<Reason, u64> {
        &self.failures
    }

    /// What the last try said about the weight.
    pub(super) fn weighing(&self) -> Option<Weighing> {
        match self.last {
            Some(Outcome::Weighed(weighing)) => Some(weighing),
            _ => None,
        }
    }

    /// It passes and passed the last time: another pass changes nothing.
    pub fn is_steady(&self) -> bool {
        self.passing && self.contrary == 0 && self.last == Some(Outcome::Passed)
    }

    /// Takes the end of a try and tells how long to wait for the next one.
    pub fn observe(&mut self, checker: &Checker, outcome: Outcome) -> Duration {
        if let Outcome::Failed(why) = &outcome {
            *self.failures.entry(why.reason).or_default() += 1;
        }
        let good = !matches!(outcome, Outcome::Failed(_));
        self.last = Some(outcome);
        if good == self.passing {
            (self.contrary, self.judged) = (0, true);
            return checker.interval;
        }
        self.contrary += 1;
        let tolerated = if good { checker.rise.saturating_sub(1) } else { checker.retry };
        if self.contrary > tolerated {
            (self.passing, self.contrary, self.judged) = (good, 0, true);
            return checker.interval;
        }
        if good { checker.interval } else { checker.retry_delay }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conf::config::lvs::{Check, Connection};

    const INTERVAL: Duration = Duration::from_secs(7);
    const RETRY: Duration = Duration::from_millis(300);

    fn checker(retry: u32, rise: u32) -> Checker {
        let connection = Connection { to: "10.0.0.7:80".parse().unwrap(), timeout: Duration::from_secs(2), from: None };
        Checker {
            check: Check::Tcp(connection),
            interval: INTERVAL,
            retry,
            retry_delay: RETRY,
            rise,
            warmup: Duration::ZERO,
            alpha: false,
            log_all_failures: false,
            location: Default::default(),
        }
    }

    fn failed() -> Outcome {
        Outcome::Failed(Why { reason: Reason::Refused, words: "no".into() })
    }

    /// What was not tried often enough to say is only supposed, and what was once found out stays known.
    #[test]
    fn a_verdict_is_known_once_tries_have_led_to_it() {
        let mut health = Health::new(false);
        let mut judged = |outcome: Outcome| {
            health.observe(&checker(1, 1), outcome);
            (health.passing(), health.is_judged())
        };
        assert_eq!(judged(failed()), (true, false), "one failure more is wanted");
        assert_eq!(judged(failed()), (false, true));
        assert_eq!(judged(Outcome::Passed), (true, true));
        assert_eq!(judged(failed()), (true, true), "a failure that is tolerated makes nothing unknown");
        let mut health = Health::new(false);
        assert!(!health.is_judged());
        health.observe(&checker(1, 1), Outcome::Passed);
        assert!(health.is_judged());
        let mut health = Health::new(true);
        health.observe(&checker(0, 2), Outcome::Passed);
        assert_eq!((health.passing(), health.is_judged()), (false, false), "one pass more is wanted");
        health.observe(&checker(0, 2), failed());
        assert_eq!((health.passing(), health.is_judged()), (false, true));
    }

    #[test]
    fn failures_are_counted_by_reason() {
        let mut health = Health::new(false);
        for reason in [Reason::Timeout, Reason::Refused, Reason::Timeout] {
            health.observe(&checker(0, 1), Outcome::Failed(Why { reason, words: String::new() }));
            health.observe(&checker(0, 1), Outcome::Passed);
        }
        assert_eq!(health.failures(), &BTreeMap::from([(Reason::Timeout, 2), (Reason::Refused, 1)]));
        for reason in [Reason::Timeout, Reason::NotTried] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.name());
        }
    }

    /// `+` and `-` are tries; the answer is the verdict after each, and `r` where the next one comes soon.
    fn play(checker: &Checker, alpha: bool, tries: &str) -> String {
        let mut health = Health::new(alpha);
        let mut told = String::new();
        for one in tries.chars() {
            let outcome = if one == '+' { Outcome::Passed } else { failed() };
            let pause = health.observe(checker, outcome);
            assert!(pause == INTERVAL || pause == RETRY);
            told.push(if health.passing() { 'U' } else { 'D' });
            if pause == RETRY {
                told.push('r');
            }
        }
        told
    }

    #[test]
    fn failures_in_a_row_decide() {
        assert_eq!(play(&checker(0, 1), false, "+-+"), "UDU");
        assert_eq!(play(&checker(1, 1), false, "-+--+"), "UrUUrDU");
        assert_eq!(play(&checker(3, 1), false, "----"), "UrUrUrD");
        assert_eq!(play(&checker(3, 1), false, "---+---"), "UrUrUrUUrUrUr");
    }

    #[test]
    fn a_failed_one_is_not_hurried() {
        assert_eq!(play(&checker(1, 1), false, "----+"), "UrDDDU");
    }

    #[test]
    fn successes_in_a_row_decide_too() {
        assert_eq!(play(&checker(0, 3), false, "-++-+++"), "DDDDDDU");
    }

    #[test]
    fn alpha_begins_as_failed() {
        assert_eq!(play(&checker(2, 1), true, "-+"), "DU");
        assert_eq!(play(&checker(2, 2), true, "++"), "DU");
    }

    /// Every course of eight tries: the verdict turns exactly when more than the tolerated number in a row speak
    /// against it.
    #[test]
    fn every_course_agrees_with_the_definition() {
        for (retry, rise, course) in
            (0..3_u32).flat_map(|a| (1..4_u32).flat_map(move |b| (0..256_u32).map(move |c| (a, b, c))))
        {
            let checker = checker(retry, rise);
            let mut health = Health::new(false);
            let (mut up, mut run) = (true, 0);
            for place in 0..8 {
                let good = course >> place & 1 == 1;
                health.observe(&checker, if good { Outcome::Passed } else { failed() });
                run = if good == up { 0 } else { run + 1 };
                if run == if up { retry + 1 } else { rise } {
                    (up, run) = (!up, 0);
                }
                assert_eq!(health.passing(), up, "retry {retry}, rise {rise}, course {course:08b}, try {place}");
            }
        }
    }
}
