//! Deadlines in a table. A cancelled or replaced timer cannot fire; a late wake fires what is due, in order.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use crate::time::Instant;

/// At most one deadline per key.
#[derive(Debug, Clone)]
pub struct Timers<K> {
    order: BTreeSet<(Instant, K)>,
    deadline: HashMap<K, Instant>,
}

impl<K> Default for Timers<K> {
    fn default() -> Self {
        Self { order: BTreeSet::new(), deadline: HashMap::new() }
    }
}

impl<K: Copy + Ord + Hash> Timers<K> {
    /// Sets or replaces a deadline.
    pub fn set(&mut self, key: K, at: Instant) {
        self.cancel(key);
        self.order.insert((at, key));
        self.deadline.insert(key, at);
    }

    /// Forgets a deadline.
    pub fn cancel(&mut self, key: K) {
        if let Some(at) = self.deadline.remove(&key) {
            self.order.remove(&(at, key));
        }
    }

    /// Whether and when a key fires.
    pub fn at(&self, key: K) -> Option<Instant> {
        self.deadline.get(&key).copied()
    }

    /// The next deadline of all.
    pub fn next(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes the earliest key that is due, and when it was.
    pub fn pop_due(&mut self, now: Instant) -> Option<(K, Instant)> {
        let &(at, key) = self.order.first()?;
        if at > now {
            return None;
        }
        self.cancel(key);
        Some((key, at))
    }

    /// Takes the earliest key up to `limit` that may fire before its time.
    pub fn pop_early(&mut self, limit: Instant, may: impl Fn(&K, Instant) -> bool) -> Option<K> {
        let near = self.order.iter().take_while(|(at, _)| *at <= limit);
        let key = near.into_iter().find(|(at, key)| may(key, *at)).map(|(_, key)| *key)?;
        self.cancel(key);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaced_and_cancelled_timers_do_not_fire() {
        let mut timers = Timers::default();
        timers.set('a', Instant(10));
        timers.set('b', Instant(20));
        timers.set('a', Instant(30));
        assert_eq!(timers.next(), Some(Instant(20)));
        assert_eq!(timers.pop_due(Instant(25)), Some(('b', Instant(20))));
        assert_eq!(timers.pop_due(Instant(25)), None);
        timers.cancel('a');
        assert_eq!(timers.next(), None);
        assert_eq!(timers.at('a'), None);
    }

    #[test]
    fn a_late_wake_fires_in_order() {
        let mut timers = Timers::default();
        timers.set(2, Instant(20));
        timers.set(1, Instant(10));
        assert_eq!(timers.pop_due(Instant(99)), Some((1, Instant(10))));
        assert_eq!(timers.pop_due(Instant(99)), Some((2, Instant(20))));
        assert_eq!(timers.pop_due(Instant(99)), None);
    }
}
