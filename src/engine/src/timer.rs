//! Deadlines in a table. A cancelled or replaced timer cannot fire; a late wake fires what is due, in order.

use std::collections::BTreeSet;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use rustc_hash::FxHashMap;

use crate::time::Instant;

/// At most one deadline per key.
///
/// Most deadlines are moved on and never reached: each advert of a master moves a backup's. So a deadline that is moved
/// to a later time keeps its place in the queue and finds its new one when that place comes to the front.
#[derive(Debug, Clone)]
pub struct Timers<K> {
    /// The front is always exact; behind it may be places of deadlines that are later by now, never earlier.
    queue: BTreeSet<(Instant, K)>,
    deadlines: FxHashMap<K, Deadline>,
}

#[derive(Debug, Clone, Copy)]
struct Deadline {
    due: Instant,
    /// Its place in the queue.
    queued: Instant,
}

impl<K> Default for Timers<K> {
    fn default() -> Self {
        Self { queue: BTreeSet::new(), deadlines: FxHashMap::default() }
    }
}

impl<K: Copy + Ord + Hash> Timers<K> {
    /// Sets or replaces a deadline.
    pub fn set(&mut self, key: K, at: Instant) {
        match self.deadlines.entry(key) {
            Entry::Occupied(mut known) if at >= known.get().queued => known.get_mut().due = at,
            Entry::Occupied(mut known) => {
                self.queue.remove(&(known.get().queued, key));
                self.queue.insert((at, key));
                known.insert(Deadline { due: at, queued: at });
            }
            Entry::Vacant(new) => {
                self.queue.insert((at, key));
                new.insert(Deadline { due: at, queued: at });
            }
        }
        self.settle_front();
    }

    /// Forgets a deadline.
    pub(crate) fn cancel(&mut self, key: K) {
        if let Some(known) = self.deadlines.remove(&key) {
            self.queue.remove(&(known.queued, key));
            self.settle_front();
        }
    }

    /// Whether and when a key fires.
    pub fn at(&self, key: K) -> Option<Instant> {
        self.deadlines.get(&key).map(|known| known.due)
    }

    /// The next deadline of all.
    pub fn next(&self) -> Option<Instant> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Takes the earliest key that is due, and when it was.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<(K, Instant)> {
        let &(at, key) = self.queue.first()?;
        if at > now {
            return None;
        }
        self.cancel(key);
        Some((key, at))
    }

    /// Takes a key that is due by `limit` and may fire before its time, the earlier ones first as far as that is known.
    pub(crate) fn pop_early(&mut self, limit: Instant, may: impl Fn(&K, Instant) -> bool) -> Option<K> {
        let near = self.queue.iter().take_while(|(at, _)| *at <= limit).map(|(_, key)| *key);
        let fits = |key: &K| self.at(*key).is_some_and(|due| due <= limit && may(key, due));
        let key = near.into_iter().find(fits)?;
        self.cancel(key);
        Some(key)
    }

    /// Moves deadlines from the front to where they belong by now.
    fn settle_front(&mut self) {
        while let Some(&(queued, key)) = self.queue.first() {
            let Some(known) = self.deadlines.get_mut(&key).filter(|known| known.due > queued) else { return };
            known.queued = known.due;
            self.queue.pop_first();
            self.queue.insert((known.due, key));
        }
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

    /// Whatever is set and cancelled, the table says the same as a plain map of deadlines.
    #[test]
    fn moved_deadlines_fire_when_they_are_due() {
        let (mut timers, mut plain) = (Timers::default(), std::collections::BTreeMap::<u64, u64>::new());
        let mut random = 7_u64;
        for now in 0..20_000_u64 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (key, what, wait) = (random >> 60, random >> 55 & 7, random >> 40 & 63);
            if what == 0 {
                timers.cancel(key);
                plain.remove(&key);
            } else {
                timers.set(key, Instant(now + wait));
                plain.insert(key, now + wait);
            }
            assert_eq!(timers.next().map(|at| at.0), plain.values().min().copied());
            assert_eq!(timers.at(key).map(|at| at.0), plain.get(&key).copied());
            if what == 1 {
                let early = |key: &u64, at: u64| at <= now + 8 && key % 2 == 1;
                let expected = plain.iter().any(|(key, at)| early(key, *at));
                let taken = timers.pop_early(Instant(now + 8), |key, _| key % 2 == 1);
                assert_eq!(taken.is_some(), expected);
                if let Some(key) = taken {
                    assert!(early(&key, plain.remove(&key).unwrap()));
                }
            }
            while let Some((key, at)) = timers.pop_due(Instant(now)) {
                let first = plain.iter().map(|(key, at)| (*at, *key)).min();
                assert_eq!(first, Some((at.0, key)));
                plain.remove(&key);
            }
            assert!(plain.values().all(|at| *at > now));
        }
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
