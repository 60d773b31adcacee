//! How far a deploy is on a host, in the words of `transaction.sh`.

use std::time::Duration;

use serde::Serialize;

use crate::error::{Code, Problem};

/// For how long a lock holds that nobody renews. It is also the time after which a host takes an activation back that
/// nobody commits.
pub const LOCK: Duration = Duration::from_secs(300);

/// Exit code of a script that found the lock taken.
pub const LOCKED: u32 = 8;
/// Of one where a way back did not work; the host tries again by itself.
pub const STUCK: u32 = 9;
/// Of one that came too late: the host had gone on without it.
pub const LATE: u32 = 10;

/// What a host says of its generations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transaction {
    /// How far it is.
    pub phase: Phase,
    /// The generation in force, or the one that the way back leads to; 0 before the first.
    pub committed: u64,
    /// The highest number ever used.
    pub number: u64,
    /// Who has the lock, if somebody has.
    pub lock: Option<Lock>,
    /// What the way back could not do.
    pub stuck: Option<String>,
}

/// How far the highest generation is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing is on its way.
    #[default]
    Committed,
    /// It is prepared, and nothing live was touched.
    Staged,
    /// It is put in place, or waits for its commit.
    Active,
    /// The way back has begun.
    Reverting,
    /// It failed, and stays as `--no-auto-rollback` asked.
    Kept,
    /// The host does not know: the file of its state says something else.
    Damaged,
}

/// The lock of a deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// The generation that it is for.
    pub number: u64,
    /// Seconds until it ends, unless it is renewed.
    pub left_s: u64,
    /// Who holds it.
    pub owner: String,
}

impl Transaction {
    /// Whether something of a generation is live that nobody committed.
    pub fn unfinished(&self) -> bool {
        matches!(self.phase, Phase::Active | Phase::Reverting | Phase::Kept)
    }

    /// What a deploy has to do first, in words.
    pub fn to_take_back(&self) -> Option<String> {
        let number = self.number;
        self.unfinished().then(|| match &self.lock {
            Some(lock) => {
                format!("take back generation {number} of {}, unless that deploy is at work right now", lock.owner)
            }
            None => format!("take back generation {number}, which was never committed"),
        })
    }

    /// What an operator should know of it.
    pub fn problem(&self, host: &str) -> Option<Problem> {
        let number = self.number;
        if let Some(stuck) = &self.stuck {
            let message = format!("the way back from generation {number} does not work: {stuck}");
            return Some(
                Problem::on(host, Code::NotTakenBack, message)
                    .why("the host is between two generations; it tries again each minute")
                    .next(format!("mend that on {host}; `sh /var/lib/hactl/way-back.sh now` there tries at once")),
            );
        }
        let told = |message: String, next: String| Some(Problem::on(host, Code::NotCommitted, message).next(next));
        match (self.phase, &self.lock) {
            (Phase::Committed | Phase::Staged, _) => None,
            (Phase::Damaged, _) => told(
                "which generation is in force is not known: /var/lib/hactl/state is damaged".into(),
                format!(
                    "write `committed N N` there on {host}, with N the highest number in /var/lib/hactl/generations"
                ),
            ),
            (Phase::Kept, _) => told(
                format!("generation {number} failed and was left as it is, as --no-auto-rollback asked"),
                "the next deploy takes it back first".into(),
            ),
            // The deploy may be at work right now.
            (_, Some(lock)) => told(
                format!("generation {number} of {} is not committed yet", lock.owner),
                format!(
                    "wait for that deploy; where it has died, {host} goes back by itself in {} s (`hactl lock break`: now)",
                    lock.left_s
                ),
            ),
            (_, None) => told(
                format!("generation {number} was never committed"),
                format!("{host} goes back by itself; look again in a minute"),
            ),
        }
    }
}

/// What the lines behind `@@transaction` tell; a host that says nothing of it has had no deploy.
pub fn told(lines: &[&str]) -> Transaction {
    let damaged = Transaction { phase: Phase::Damaged, ..Transaction::default() };
    if lines.is_empty() { Transaction::default() } else { parse(lines).unwrap_or(damaged) }
}

/// Reads the lines behind `@@transaction`; `None` where they are not there.
pub fn parse(lines: &[&str]) -> Option<Transaction> {
    let [state, lock, stuck @ ..] = lines else { return None };
    let words: Vec<&str> = state.split(' ').collect();
    let [phase, committed, number] = words.as_slice() else { return None };
    let phase = match *phase {
        "committed" => Phase::Committed,
        "staged" => Phase::Staged,
        "active" => Phase::Active,
        "reverting" => Phase::Reverting,
        "kept" => Phase::Kept,
        "damaged" => Phase::Damaged,
        _ => return None,
    };
    let lock = || {
        let mut words = lock.splitn(3, ' ');
        let (number, left_s) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(Lock { number, left_s, owner: words.next()?.to_owned() })
    };
    Some(Transaction {
        phase,
        committed: committed.parse().ok()?,
        number: number.parse().ok()?,
        lock: lock(),
        stuck: (!stuck.is_empty()).then(|| stuck.join("; ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_s_words_are_understood() {
        let active = parse(&["active 7 9", "9 280 ann@desk 12"]).unwrap();
        let lock = Lock { number: 9, left_s: 280, owner: "ann@desk 12".into() };
        assert_eq!((active.phase, active.committed, active.number), (Phase::Active, 7, 9));
        assert_eq!(active.lock, Some(lock));
        assert!(active.problem("web-7").unwrap().to_string().contains("goes back by itself in 280 s"));
        let stuck = parse(&["reverting 7 9", "none", "put /a /b"]).unwrap();
        let told = stuck.problem("web-7").unwrap();
        assert!(!told.warning && told.message.contains("put /a /b"), "{told}");
        assert_eq!(parse(&["committed 7 7", "none"]).unwrap().problem("web-7"), None);
    }

    #[test]
    fn nothing_is_made_up() {
        for lines in
            [&[][..], &["committed 7 7"], &["committed 7", "none"], &["asleep 7 9", "none"], &["active x 9", "none"]]
        {
            assert_eq!(parse(lines), None, "{lines:?}");
        }
    }
}
