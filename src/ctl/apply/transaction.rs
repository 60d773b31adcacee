//! What the desk knows of each host's part in a deploy. Pure: what was asked and what was answered goes in, what may be
//! said comes out. Whatever is not known to be so is not said.

use std::collections::BTreeMap;

/// A host's part, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Known {
    /// It has what it had, and no lock of this deploy.
    Old,
    /// It has what it had; the lock and what is staged may be there.
    Begun,
    /// The activation was asked for: all of it, some of it or nothing may be live.
    MayBeNew,
    /// It has the new generation, and goes back when nobody commits.
    New,
    /// The commit was asked for, and it is not known whether it arrived.
    MayBeCommitted,
    /// It has the new generation for good.
    Committed,
}

/// What a host is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ask {
    /// Take the lock.
    Begin,
    /// Put the new generation in place.
    Activate,
    /// Keep it for good.
    Commit,
    /// Go back.
    TakeBack,
    /// Forget what is staged, and give the lock back.
    Leave,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// Done.
    Done,
    /// Not done, and perhaps done in part; the host does nothing more of it.
    Failed,
    /// Refused: the host had gone on without this deploy.
    Late,
    /// No answer: it may have been done, may still be, or may never have arrived.
    Unknown,
}

/// What may be said at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every host has the new generation for good.
    Committed,
    /// Every host has what it had.
    AsBefore,
    /// Neither.
    Mixed,
}

impl Known {
    /// What is known once a question is on its way.
    #[must_use]
    pub fn asked(self, ask: Ask) -> Self {
        match (ask, self) {
            (Ask::Begin, Self::Old) => Self::Begun,
            (Ask::Activate, Self::Begun) => Self::MayBeNew,
            (Ask::Commit, Self::New | Self::MayBeNew) => Self::MayBeCommitted,
            (_, known) => known,
        }
    }

    /// What is known after an answer. `before` is what was known before the first time that the question was asked.
    #[must_use]
    pub fn answered(self, ask: Ask, answer: Answer, before: Self) -> Self {
        match (ask, answer, self) {
            // Another desk has the lock, and perhaps under the same number: what is there is not ours to give back.
            (Ask::Begin, Answer::Failed | Answer::Late, Self::Begun) => Self::Old,
            (Ask::Activate, Answer::Done, Self::MayBeNew) => Self::New,
            (Ask::Commit, Answer::Done, _) => Self::Committed,
            // Not by this question. Whether by an earlier one that got no answer is another matter.
            (Ask::Commit, Answer::Failed, Self::MayBeCommitted) if before != Self::MayBeCommitted => Self::New,
            (Ask::Commit, Answer::Late, Self::MayBeCommitted) if before != Self::MayBeCommitted => Self::MayBeNew,
            (Ask::TakeBack, Answer::Done, Self::MayBeNew | Self::New | Self::Begun) => Self::Old,
            (Ask::Leave, Answer::Done, Self::Begun) => Self::Old,
            (_, _, known) => known,
        }
    }
}

/// What may be said of all hosts. A lock that is left ends by itself: `Begun` is as good as before.
pub fn verdict<'k>(known: impl IntoIterator<Item = &'k Known> + Clone) -> Verdict {
    let all = |good: fn(&Known) -> bool| known.clone().into_iter().all(good);
    if all(|one| matches!(one, Known::Old | Known::Begun)) {
        Verdict::AsBefore
    } else if all(|one| *one == Known::Committed) {
        Verdict::Committed
    } else {
        Verdict::Mixed
    }
}

/// The parts of all hosts.
#[derive(Debug, Clone, Default)]
pub struct Parts(BTreeMap<String, Known>);

impl Parts {
    /// Hosts of which nothing was asked yet.
    pub fn new<'h>(hosts: impl IntoIterator<Item = &'h str>) -> Self {
        Self(hosts.into_iter().map(|host| (host.to_owned(), Known::Old)).collect())
    }

    /// One host's part.
    pub fn of(&self, host: &str) -> Known {
        self.0.get(host).copied().unwrap_or(Known::Old)
    }

    /// A question is on its way. Returns what was known before, for [`Parts::answered`].
    pub fn asked(&mut self, host: &str, ask: Ask) -> Known {
        let before = self.of(host);
        self.0.insert(host.to_owned(), before.asked(ask));
        before
    }

    /// It was answered.
    pub fn answered(&mut self, host: &str, ask: Ask, answer: Answer, before: Known) {
        let known = self.of(host).answered(ask, answer, before);
        self.0.insert(host.to_owned(), known);
    }

    /// Forgets the hosts that have what they had.
    pub fn dismiss(&mut self) {
        self.0.retain(|_, known| !matches!(known, Known::Old | Known::Begun));
    }

    /// Hosts of which this is known.
    pub fn with(&self, wanted: impl Fn(Known) -> bool) -> Vec<String> {
        self.0.iter().filter(|(_, known)| wanted(**known)).map(|(host, _)| host.clone()).collect()
    }

    /// What may be said of these hosts.
    pub fn verdict(&self) -> Verdict {
        verdict(self.0.values())
    }
}
