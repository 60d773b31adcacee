//! What most scenarios have in common.

use std::time::Duration;

use crate::ctl::drill::scenario::{Context, Fault, Measure, Outcome, Scenario, Target};

/// A fault that nobody notices.
pub(super) const USUAL: Scenario = Scenario {
    name: "",
    title: "",
    expected: "",
    target: Target::Owner,
    fault: Fault::Power,
    also: None,
    possible: nothing,
    outcome: Outcome::Stay,
    measure: Measure::Pings,
    budget: |_| Duration::ZERO,
    lost_max: None,
    predicted: no_outage,
    lasts: None,
};

/// Nobody notices.
pub(super) fn no_outage(_: &Context) -> (Duration, Duration) {
    (Duration::ZERO, Duration::ZERO)
}

/// The owner was heard last up to one interval ago; a backup waits for three of them and its skew (RFC 9568 §6.1).
pub(super) fn silence(context: &Context) -> (Duration, Duration) {
    let skew = context.advert * (256 - u32::from(context.standby_priority)) / 256;
    (context.advert * 2 + skew, context.advert * 3 + skew)
}

/// Up to a silent takeover.
pub(super) fn up_to_silence(context: &Context) -> (Duration, Duration) {
    (Duration::ZERO, silence(context).1)
}

/// A takeover that nobody announced: three adverts missed, at most one of skew (RFC 9568 §6.1), and some room for
/// busy hosts.
pub(super) fn silent_takeover(context: &Context) -> Duration {
    context.advert * 4 + Duration::from_millis(500)
}

pub(super) fn nothing(_: &Context) -> String {
    ":".into()
}
