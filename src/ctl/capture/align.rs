//! Hosts' clocks beside each other. A round trip over SSH bounds a clock to some milliseconds, and an answer may come
//! within one: what one host sent and another received bounds them to a LAN's delay, so that no answer stands before
//! its question. It only ever moves a clock as far as the round trips leave it open.

use std::collections::VecDeque;

/// A host in the list of those that are listened on.
pub(super) type Place = usize;

/// So many frames between two hosts are remembered: clocks drift.
const REMEMBERED: usize = 16;
/// A LAN's delay, where frames went one way only.
const DELAY_NS: i64 = 50_000;

/// By how much each host's clock is ahead of the first host's, as far as frames show.
#[derive(Debug)]
pub(super) struct Alignment {
    /// Of each host but the first: how much later than sent frames of the first came in, by its clock.
    to: Vec<VecDeque<i64>>,
    /// And how much later than sent its own came in at the first one.
    from: Vec<VecDeque<i64>>,
    /// No clock is moved further.
    most_ns: i64,
}

impl Alignment {
    /// Of so many hosts, whose clocks are known to be as near as that.
    pub(super) fn new(hosts: usize, within_ns: u64) -> Self {
        let none = || vec![VecDeque::new(); hosts];
        Self { to: none(), from: none(), most_ns: i64::try_from(within_ns).unwrap_or(i64::MAX) }
    }

    /// A host sent a frame, and others saw it at these times.
    pub(super) fn learn(&mut self, sent_by: Option<Place>, times: &[(Place, u64)]) {
        let Some(sender) = sent_by else { return };
        let Some((_, sent)) = times.iter().find(|(place, _)| *place == sender) else { return };
        for (place, at) in times.iter().filter(|(place, _)| *place != sender) {
            let (list, place) = match (sender, *place) {
                (0, place) => (&mut self.to, place),
                (place, 0) => (&mut self.from, place),
                _ => continue,
            };
            if let Some(list) = list.get_mut(place) {
                list.push_back(at.cast_signed().wrapping_sub(sent.cast_signed()));
                if list.len() > REMEMBERED {
                    list.pop_front();
                }
            }
        }
    }

    /// A time of a host on the clock of the first.
    pub(super) fn aligned(&self, host: Option<Place>, at: u64) -> u64 {
        let least = |list: &[VecDeque<i64>]| list.get(host?).and_then(|list| list.iter().min().copied());
        let ahead = match (least(&self.to), least(&self.from)) {
            (Some(to), Some(from)) => to.saturating_sub(from) / 2,
            (Some(to), None) => to.saturating_sub(DELAY_NS),
            (None, Some(from)) => DELAY_NS.saturating_sub(from),
            (None, None) => 0,
        };
        at.saturating_add_signed(-ahead.clamp(-self.most_ns, self.most_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn an_answer_comes_after_its_question() {
        let mut alignment = Alignment::new(2, 20 * MS);
        // The second clock is 5 ms ahead, frames take 0.1 ms.
        alignment.learn(Some(0), &[(0, 1000 * MS), (1, 1005 * MS + 100_000)]);
        assert_eq!(alignment.aligned(Some(1), 1005 * MS + 300_000), 1000 * MS + 250_000);
        alignment.learn(Some(1), &[(1, 1105 * MS), (0, 1100 * MS + 100_000)]);
        assert_eq!(alignment.aligned(Some(1), 1105 * MS), 1100 * MS);
        assert_eq!((alignment.aligned(Some(0), 7), alignment.aligned(None, 7)), (7, 7));
    }

    #[test]
    fn no_further_than_round_trips_allow() {
        let mut alignment = Alignment::new(3, 2 * MS);
        alignment.learn(Some(2), &[(2, 1100 * MS), (0, 1000 * MS)]);
        assert_eq!(alignment.aligned(Some(2), 1100 * MS), 1098 * MS);
        assert_eq!(alignment.aligned(Some(1), 1100 * MS), 1100 * MS, "of this one nothing is known");
    }

    #[test]
    fn drift_is_followed() {
        let mut alignment = Alignment::new(2, 50 * MS);
        for ms in 0..40 {
            let sent = (1000 + ms * 1000) * MS;
            alignment.learn(Some(0), &[(0, sent), (1, sent + ms * MS)]);
            alignment.learn(Some(1), &[(1, sent + ms * MS), (0, sent)]);
        }
        let error = alignment.aligned(Some(1), 100_039 * MS).abs_diff(100_000 * MS);
        assert!(error <= 16 * MS, "{error}");
    }
}
