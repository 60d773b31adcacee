//! What a router advertises: its configured priority, what tracking adds or takes, and an operator's override.

use crate::conf::config::Track;

/// The priority of the address owner (RFC 9568 §5.2.4); tracking and overrides do not touch it.
pub(super) const OWNER: u8 = 255;
/// The priority a promoted router advertises.
pub(super) const PROMOTED: u8 = 254;
/// The priority a router that resigned advertises: last in line, but still in it.
pub(super) const RESIGNED: u8 = 1;

/// A tracked object's last word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// Good.
    Up,
    /// Bad.
    Down,
    /// Not known yet: takes no part.
    Unknown,
}

impl Health {
    /// From a verdict that may not be there yet.
    pub(super) fn of(verdict: Option<bool>) -> Self {
        match verdict {
            None => Self::Unknown,
            Some(true) => Self::Up,
            Some(false) => Self::Down,
        }
    }
}

/// What one tracked object does to a router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Influence {
    /// Adds this (possibly negative) amount to the priority.
    Weight(i32),
    /// Forbids being master.
    Fault,
}

/// keepalived's rule: weight 0 means a failure is a fault; a positive weight is added while good, a negative one
/// while bad; `reverse` swaps good and bad.
pub(super) fn influence(track: &Track, health: Health) -> Influence {
    let good = match health {
        Health::Unknown => return Influence::Weight(0),
        Health::Up => !track.reverse,
        Health::Down => track.reverse,
    };
    match (track.weight, good) {
        (0, false) => Influence::Fault,
        (weight, true) if weight > 0 => Influence::Weight(weight.into()),
        (weight, false) if weight < 0 => Influence::Weight(weight.into()),
        _ => Influence::Weight(0),
    }
}

/// A tracked file's rule: the number times the weight is added, less than -253 is a fault; with weight 0 any number but
/// 0 is one.
pub(super) fn file_influence(track: &Track, value: i32) -> Influence {
    let sign = if track.reverse { -1 } else { 1 };
    match (track.weight, value) {
        (0, 0) => Influence::Weight(0),
        (0, _) => Influence::Fault,
        (weight, value) => match value.saturating_mul(i32::from(weight)).saturating_mul(sign) {
            delta if delta < -253 => Influence::Fault,
            delta => Influence::Weight(delta.min(253)),
        },
    }
}

/// The priority to advertise. An owner stays 255; an override wins over tracking; the rest stays within 1..=254.
pub(super) fn effective(base: u8, weights: i32, pinned: Option<u8>) -> u8 {
    if base == OWNER {
        return OWNER;
    }
    pinned.unwrap_or_else(|| u8::try_from(i32::from(base).saturating_add(weights).clamp(1, 254)).unwrap_or(base))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(weight: i16, reverse: bool) -> Track {
        Track { name: "web".into(), weight, reverse }
    }

    #[test]
    fn weights_follow_keepalived() {
        use Health::{Down, Unknown, Up};
        assert_eq!(influence(&track(0, false), Down), Influence::Fault);
        assert_eq!(influence(&track(0, false), Up), Influence::Weight(0));
        assert_eq!(influence(&track(20, false), Up), Influence::Weight(20));
        assert_eq!(influence(&track(20, false), Down), Influence::Weight(0));
        assert_eq!(influence(&track(-60, false), Down), Influence::Weight(-60));
        assert_eq!(influence(&track(-60, false), Up), Influence::Weight(0));
        assert_eq!(influence(&track(0, true), Up), Influence::Fault);
        assert_eq!(influence(&track(-60, true), Up), Influence::Weight(-60));
        assert_eq!(influence(&track(0, false), Unknown), Influence::Weight(0));
    }

    #[test]
    fn files_follow_keepalived() {
        assert_eq!(file_influence(&track(2, false), -7), Influence::Weight(-14));
        assert_eq!(file_influence(&track(2, true), -7), Influence::Weight(14));
        assert_eq!(file_influence(&track(1, false), -254), Influence::Fault);
        assert_eq!(file_influence(&track(0, false), 1), Influence::Fault);
        assert_eq!(file_influence(&track(0, false), 0), Influence::Weight(0));
        assert_eq!(file_influence(&track(253, false), i32::MAX), Influence::Weight(253));
    }

    #[test]
    fn priorities_stay_in_range() {
        assert_eq!(effective(91, -60, None), 31);
        assert_eq!(effective(37, -253, None), 1);
        assert_eq!(effective(200, 253, None), 254);
        assert_eq!(effective(OWNER, -253, Some(1)), OWNER);
        assert_eq!(effective(91, -60, Some(PROMOTED)), PROMOTED);
    }
}
