//! Adverts of one virtual router, as they come: how many a second, and when the last one was.

use std::collections::VecDeque;

/// Adverts are counted over so long.
const OVER_MS: u64 = 4000;

/// What has come lately.
#[derive(Debug, Clone, Default)]
pub struct Beats {
    come: VecDeque<(u64, u64)>,
    /// Who was heard last, and with which priority; nobody where the adverts are this host's own.
    pub from: Option<String>,
    /// See `from`.
    pub priority: Option<u8>,
}

impl Beats {
    /// So many came until this time, on the desk's clock.
    pub fn come(&mut self, at_ms: u64, count: u64) {
        self.come.push_back((at_ms, count));
        while self.come.front().is_some_and(|(at, _)| *at + OVER_MS < at_ms) {
            self.come.pop_front();
        }
    }

    /// When the last one was.
    pub fn last_ms(&self) -> Option<u64> {
        self.come.back().map(|(at, _)| *at)
    }

    /// How long ago that was.
    pub fn age_ms(&self, now_ms: u64) -> Option<u64> {
        self.last_ms().map(|at| now_ms.saturating_sub(at))
    }

    /// How many tenths of one come in a second; nothing before there are two looks.
    pub fn tenths_per_s(&self) -> Option<u64> {
        let (first, last) = (self.come.front()?.0, self.come.back()?.0);
        // What the first look counted came before it.
        let count: u64 = self.come.iter().skip(1).map(|(_, count)| count).sum();
        (last > first).then(|| (count * 10_000 + (last - first) / 2) / (last - first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adverts_are_counted_over_the_last_seconds() {
        let mut beats = Beats::default();
        assert_eq!((beats.age_ms(7), beats.tenths_per_s()), (None, None));
        beats.come(10_000, 5);
        assert_eq!((beats.age_ms(10_300), beats.tenths_per_s()), (Some(300), None));
        for look in 1..=40 {
            beats.come(10_000 + look * 250, 2);
        }
        assert_eq!((beats.age_ms(20_000), beats.tenths_per_s()), (Some(0), Some(80)));
        assert!(beats.come.len() <= 17, "nothing is kept for ever");
        let mut slow = Beats::default();
        (0..5).for_each(|second| slow.come(second * 1000, 1));
        assert_eq!(slow.tenths_per_s(), Some(10));
    }
}
