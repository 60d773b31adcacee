//! What the clocks of hosts show beside the desk's. A host that is asked for the time answers with one between question
//! and answer, so each round trip bounds by how much its clock is ahead; several bound it better.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::ctl::desk::Desk;
use crate::ctl::host::Script;

/// So often each host is asked.
const ROUNDS: usize = 3;
const NS: u64 = 1_000_000_000;

/// By how much a host's clock is ahead of the desk's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Offset {
    /// So much; negative: it is behind.
    pub ahead_ns: i64,
    /// And so much more or less.
    pub within_ns: u64,
}

impl Offset {
    /// A time of that host on the desk's clock.
    pub fn to_desk(self, at: u64) -> u64 {
        at.saturating_add_signed(self.ahead_ns.saturating_neg())
    }

    /// The same for whoever puts times in order: where the clock may well be right, it is taken to be.
    pub fn believed(self) -> Self {
        if self.ahead_ns.unsigned_abs() <= self.within_ns { Self { ahead_ns: 0, ..self } } else { self }
    }

    /// What a time says that was shown between two moments here; `None` where the desk's clock was set meanwhile.
    pub fn between(asked: u64, shown: u64, answered: u64) -> Option<Self> {
        Self::of(&[Round { asked, shown, answered }])
    }

    /// The middle of what all round trips allow; `None` where they contradict each other: a clock was set meanwhile.
    fn of(rounds: &[Round]) -> Option<Self> {
        let ahead = |theirs: u64, ours: u64| i128::from(theirs) - i128::from(ours);
        let least = rounds.iter().map(|round| ahead(round.shown, round.answered)).max()?;
        let most = rounds.iter().map(|round| ahead(round.shown, round.asked)).min()?;
        let within_ns = u64::try_from(most - least).ok()? / 2;
        Some(Self { ahead_ns: i64::try_from((most + least) / 2).ok()?, within_ns })
    }
}

/// A question for the time: when it was asked and answered here, and what the answer was.
#[derive(Debug, Clone, Copy)]
struct Round {
    asked: u64,
    shown: u64,
    answered: u64,
}

/// Asks a host. `None` where it does not answer, or cannot tell parts of a second.
pub async fn offset(desk: &Desk, host: &str) -> Option<Offset> {
    let script = Script::new().call("clock", []).text();
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let asked = now();
        let answer = desk.on(host, &script, b"", desk.options.limit).await.ok()?;
        rounds.push(Round { asked, shown: parse(answer.text())?, answered: now() });
    }
    Offset::of(&rounds)
}

/// This machine's clock.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// `date +%s.%N`.
fn parse(text: &str) -> Option<u64> {
    let (seconds, part) = text.trim().split_once('.')?;
    let part = Some(part).filter(|part| part.len() == 9)?;
    seconds.parse::<u64>().ok()?.checked_mul(NS)?.checked_add(part.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_bound_a_clock() {
        let round = |asked, shown, answered| Round { asked, shown, answered };
        // Its clock is 1000 ahead; the ways there and back take their time.
        let rounds = [round(0, 1090, 100), round(200, 1210, 300), round(400, 1440, 450)];
        assert_eq!(Offset::of(&rounds), Some(Offset { ahead_ns: 1000, within_ns: 10 }));
        assert_eq!(Offset::of(&[round(0, 5000, 10), round(20, 20, 30)]), None, "it was set");
        assert_eq!(Offset::of(&[]), None);
        let behind = Offset::of(&[round(10_000, 7_000, 10_002)]).unwrap();
        assert_eq!((behind.ahead_ns, behind.to_desk(7_500)), (-3001, 10_501));
        assert_eq!(behind.believed(), behind);
        assert_eq!(Offset { ahead_ns: -40, within_ns: 41 }.believed(), Offset { ahead_ns: 0, within_ns: 41 });
    }

    #[test]
    fn times_are_read() {
        assert_eq!(parse("1700000000.000000007\n"), Some(1_700_000_000_000_000_007));
        for other in ["", "1700000000", "1700000000.N", "1700000000.12", "x.000000007"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
