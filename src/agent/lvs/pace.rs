//! When a check is tried first, and how often at most.

use std::time::Duration;

use hactl_engine::conf::config::lvs::Checker;
use hactl_engine::lvs::effect::CheckId;

/// No check runs without a pause, whatever the configuration says.
pub(crate) const PAUSE_MIN: Duration = Duration::from_millis(10);

/// How long a check waits before its first try.
pub(crate) fn first_wait(id: CheckId, checker: &Checker) -> Duration {
    checker.warmup.mul_f64(share(id))
}

/// Spreads first tries evenly over the warm-up: multiples of the golden ratio never crowd.
fn share(id: CheckId) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "an id beyond 2^52 would take ages to reach")]
    let turns = id as f64 * 0.618_033_988_749_895;
    turns.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_tries_spread_evenly() {
        let mut tenths = [0_u32; 10];
        for id in 1..=1000 {
            let place = share(id) * 10.0;
            tenths.iter_mut().enumerate().filter(|(n, _)| place as usize == *n).for_each(|(_, count)| *count += 1);
        }
        assert!(tenths.iter().all(|count| (95..=105).contains(count)), "{tenths:?}");
    }
}
