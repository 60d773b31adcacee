//! What several hosts tell, in the order in which it happened. A line waits for a moment, since one that is older may
//! still be on its way from another host.

use std::time::Duration;

/// So long a line waits for older ones.
pub const HOLD: Duration = Duration::from_millis(150);

/// Lines that wait.
#[derive(Debug)]
pub struct Merge<T> {
    waiting: Vec<Waiting<T>>,
}

#[derive(Debug)]
struct Waiting<T> {
    at_ms: u64,
    came_ms: u64,
    what: T,
}

impl<T> Default for Merge<T> {
    fn default() -> Self {
        Self { waiting: Vec::new() }
    }
}

impl<T> Merge<T> {
    /// Takes what happened at `at_ms` and came at `came_ms`, both on the desk's clock.
    pub fn push(&mut self, at_ms: u64, came_ms: u64, what: T) {
        let behind = self.waiting.partition_point(|one| one.at_ms <= at_ms);
        self.waiting.insert(behind, Waiting { at_ms, came_ms, what });
    }

    /// Hands out what has waited long enough, with all that happened before it, the oldest first.
    pub fn due(&mut self, now_ms: u64) -> Vec<T> {
        let hold = u64::try_from(HOLD.as_millis()).unwrap_or(0);
        let is_due = |one: &Waiting<T>| one.came_ms.saturating_add(hold) <= now_ms;
        let count = self.waiting.iter().rposition(is_due).map_or(0, |last| last + 1);
        self.waiting.drain(..count).map(|one| one.what).collect()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Hands out all that is left.
    pub fn end(self) -> Vec<T> {
        self.waiting.into_iter().map(|one| one.what).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_late_stands_where_it_happened() {
        let mut merge = Merge::default();
        merge.push(1000, 1010, "lb-6 is master");
        merge.push(998, 1090, "lb-5 hands over");
        merge.push(1000, 1095, "the same moment, later told");
        merge.push(5000, 1100, "a clock that is ahead");
        assert_eq!(merge.due(1159), Vec::<&str>::new());
        assert_eq!(merge.due(1160), ["lb-5 hands over", "lb-6 is master"]);
        assert_eq!(merge.due(1160), Vec::<&str>::new());
        merge.push(1001, 1300, "news");
        assert_eq!(merge.due(1260), ["the same moment, later told", "news", "a clock that is ahead"]);
        assert!(merge.is_empty());
        merge.push(3, 2000, "b");
        merge.push(2, 2000, "a");
        assert_eq!(merge.end(), ["a", "b"]);
    }
}
