//! Who owned the VIP, by what the agents told as it happened. A host that was not heard is unknown, not without it; one
//! whose agent went on unheard tells afterwards when it changed its state.

use std::collections::BTreeMap;
use std::time::Duration;

use hactl_engine::control::RouterState;

/// What a host had to do with the VIP for some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Has {
    /// Its router was master.
    Owner,
    /// It was master and still answered while the next one took over, as a planned move does.
    HandingOver,
    /// It was neither.
    Nothing,
    /// Nobody heard.
    Unknown,
}

impl From<RouterState> for Has {
    fn from(state: RouterState) -> Self {
        match state {
            RouterState::Master => Self::Owner,
            RouterState::Handover => Self::HandingOver,
            RouterState::Init | RouterState::Backup | RouterState::Fault | RouterState::Stopped => Self::Nothing,
        }
    }
}

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Start.
    pub from: Duration,
    /// End.
    pub to: Duration,
}

/// A stretch of one host's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// When.
    pub span: Span,
    /// What.
    pub has: Has,
}

/// What one agent told. Times count from the start of the measurement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    states: Vec<(Duration, RouterState)>,
    /// Stretches without a word from it; the last one may have no end yet.
    deaf: Vec<(Duration, Option<Duration>)>,
    /// When it was heard last.
    last: Option<Duration>,
    /// By how much its clock may be aside from what was taken for it.
    pub within: Option<Duration>,
}

impl Heard {
    /// Something was heard of it.
    pub fn word(&mut self, at: Duration) {
        if self.last.is_none() {
            self.deaf.push((Duration::ZERO, Some(at)));
        }
        self.last = self.last.max(Some(at));
    }

    /// It is in this state from then on.
    pub fn state(&mut self, at: Duration, state: RouterState) {
        self.states.push((at, state));
    }

    /// Its agent tells everything: its state, since when, and when its process began. Where that is the process that
    /// was heard before, nothing was missed: what it did unheard it tells itself.
    pub fn whole(&mut self, now: Duration, state: RouterState, since: Option<Duration>, begun: Option<Duration>) {
        let since = since.unwrap_or(now).min(now);
        self.state(since, state);
        if self.last.is_none() {
            self.deaf.push((Duration::ZERO, Some(since)));
        } else if let Some((from, end @ None)) = self.deaf.last_mut() {
            let same = begun.is_none_or(|begun| begun <= *from);
            *end = Some(if same { *from } else { since.max(*from) });
        }
        self.last = self.last.max(Some(now));
    }

    /// It is not heard any more.
    pub fn lost(&mut self, at: Duration) {
        if self.deaf.last().is_none_or(|(_, end)| end.is_some()) {
            self.deaf.push((self.last.unwrap_or(at).min(at), None));
        }
    }

    /// Whether it has ever said anything.
    pub fn spoke(&self) -> bool {
        self.last.is_some()
    }

    /// Its lane up to `end`.
    pub fn lane(&self, end: Duration) -> Vec<Stretch> {
        let mut states = self.states.clone();
        states.sort_by_key(|(at, _)| *at);
        let mut edges: Vec<Duration> = vec![Duration::ZERO, end];
        edges.extend(states.iter().map(|(at, _)| *at));
        edges.extend(self.deaf.iter().flat_map(|(from, to)| [*from, to.unwrap_or(end)]));
        edges.retain(|at| *at <= end);
        edges.sort();
        edges.dedup();
        let mut lane: Vec<Stretch> = Vec::new();
        for (from, to) in edges.iter().copied().zip(edges.iter().skip(1).copied()) {
            let has = self.at(&states, from, end);
            match lane.last_mut() {
                Some(last) if last.has == has => last.span.to = to,
                _ => lane.push(Stretch { span: Span { from, to }, has }),
            }
        }
        lane
    }

    fn at(&self, states: &[(Duration, RouterState)], at: Duration, end: Duration) -> Has {
        let known = states.iter().rfind(|(since, _)| *since <= at).map(|(_, state)| *state);
        let deaf = self.deaf.iter().any(|(from, to)| (*from..to.unwrap_or(end)).contains(&at));
        match known {
            // Who said last that it has stopped does nothing until it says that it has begun.
            Some(RouterState::Stopped) => Has::Nothing,
            Some(state) if !deaf => state.into(),
            Some(_) | None => Has::Unknown,
        }
    }
}

/// How long two hosts were owners at a time, and how long one still answered while it handed over to the other.
pub fn together(lanes: &BTreeMap<String, Vec<Stretch>>) -> (Duration, Duration) {
    let (mut two, mut handed) = (Duration::ZERO, Duration::ZERO);
    let all: Vec<(usize, &Stretch)> =
        lanes.values().enumerate().flat_map(|(n, lane)| lane.iter().map(move |one| (n, one))).collect();
    for (n, one) in all.iter().filter(|(_, one)| one.has == Has::Owner) {
        for (m, other) in &all {
            let both = one.span.to.min(other.span.to).saturating_sub(one.span.from.max(other.span.from));
            match other.has {
                Has::Owner if m > n => two += both,
                Has::HandingOver if m != n => handed += both,
                Has::Owner | Has::HandingOver | Has::Nothing | Has::Unknown => {}
            }
        }
    }
    (two, handed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn told(lane: &[Stretch]) -> Vec<(u128, u128, Has)> {
        lane.iter().map(|one| (one.span.from.as_millis(), one.span.to.as_millis(), one.has)).collect()
    }

    #[test]
    fn a_clean_stop_hands_over_and_shows_no_two_owners() {
        let (mut left, mut right) = (Heard::default(), Heard::default());
        left.whole(MS * 5, RouterState::Master, Some(Duration::ZERO), Some(Duration::ZERO));
        right.whole(MS * 5, RouterState::Backup, Some(Duration::ZERO), Some(Duration::ZERO));
        left.state(MS * 100, RouterState::Handover);
        right.state(MS * 101, RouterState::Master);
        left.state(MS * 103, RouterState::Stopped);
        left.word(MS * 103);
        left.lost(MS * 110);
        right.word(MS * 400);
        let lanes = BTreeMap::from([("a".to_owned(), left.lane(MS * 400)), ("b".to_owned(), right.lane(MS * 400))]);
        assert_eq!(told(&lanes["a"]), [(0, 100, Has::Owner), (100, 103, Has::HandingOver), (103, 400, Has::Nothing)]);
        assert_eq!(told(&lanes["b"]), [(0, 101, Has::Nothing), (101, 400, Has::Owner)]);
        assert_eq!(together(&lanes), (Duration::ZERO, MS * 2));
    }

    #[test]
    fn who_is_not_heard_is_unknown_until_it_speaks() {
        let mut host = Heard::default();
        host.whole(MS * 5, RouterState::Master, Some(Duration::ZERO), Some(Duration::ZERO));
        host.word(MS * 1000);
        host.lost(MS * 9000);
        assert_eq!(told(&host.lane(MS * 9000)), [(0, 1000, Has::Owner), (1000, 9000, Has::Unknown)]);
        // A new process: what was before it is not known.
        host.whole(MS * 8000, RouterState::Backup, Some(MS * 7500), Some(MS * 7000));
        let lane = host.lane(MS * 9000);
        assert_eq!(told(&lane), [(0, 1000, Has::Owner), (1000, 7500, Has::Unknown), (7500, 9000, Has::Nothing)]);
    }

    #[test]
    fn what_an_agent_did_unheard_it_tells_afterwards() {
        let mut host = Heard::default();
        host.whole(MS * 5, RouterState::Master, Some(Duration::ZERO), Some(Duration::ZERO));
        host.word(MS * 1000);
        host.lost(MS * 1500);
        host.whole(MS * 8000, RouterState::Backup, Some(MS * 3000), Some(Duration::ZERO));
        host.state(MS * 1200, RouterState::Fault);
        host.state(MS * 3000, RouterState::Backup);
        assert_eq!(told(&host.lane(MS * 9000)), [(0, 1200, Has::Owner), (1200, 9000, Has::Nothing)]);
        assert_eq!(told(&Heard::default().lane(MS * 7)), [(0, 7, Has::Unknown)]);
    }

    #[test]
    fn two_owners_are_counted() {
        let lane = |has, from, to| vec![Stretch { span: Span { from: MS * from, to: MS * to }, has }];
        let lanes = BTreeMap::from([
            ("a".to_owned(), lane(Has::Owner, 0, 50)),
            ("b".to_owned(), lane(Has::Owner, 20, 90)),
            ("c".to_owned(), lane(Has::Unknown, 0, 90)),
        ]);
        assert_eq!(together(&lanes), (MS * 30, Duration::ZERO));
    }
}
