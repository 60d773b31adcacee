//! One check as a task: try, tell the director, wait as it says.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hactl_engine::conf::config::lvs::{Check, Checker, VirtualServer};
use hactl_engine::lvs::effect::CheckId;
use hactl_engine::lvs::health::Outcome;
use tokio::time::{Instant, sleep, sleep_until};

use super::director::Director;
use crate::agent::check::attempt::attempt;
use crate::sys::clock;

/// Where a check stands in its virtual server.
#[derive(Clone)]
pub struct Place {
    /// The virtual server.
    pub pool: Arc<VirtualServer>,
    /// Position of the real server.
    pub server: usize,
    /// Position of the check.
    pub check: usize,
}

impl Place {
    /// What is checked.
    pub fn checker(&self) -> Option<&Checker> {
        self.pool.real_servers.get(self.server)?.checkers.get(self.check)
    }
}

/// Runs a check until it is aborted.
pub async fn watch(id: CheckId, place: Place, director: Rc<RefCell<Director>>) {
    let Some(checker) = place.checker() else { return };
    sleep(first_wait(id, checker)).await;
    loop {
        let begin = Instant::now();
        let around = director.borrow().around();
        let outcome = attempt(checker, &around).await;
        let failed = matches!(outcome, Outcome::Failed(_));
        let pause = director.borrow_mut().observed(id, outcome, clock::now()).max(PAUSE_MIN);
        match &checker.check {
            // What costs nothing is looked at often: the file is watched already.
            Check::File(_) => sleep(pause.min(FILE_PAUSE)).await,
            // A retry waits from the failure on, a regular try from the last one: however long a try takes, the rhythm stays.
            _ if failed => sleep(pause).await,
            _ => sleep_until(begin + pause).await,
        }
    }
}

/// How long a check waits before its first try.
pub fn first_wait(id: CheckId, checker: &Checker) -> Duration {
    checker.warmup.mul_f64(share(id))
}

/// Spreads first tries evenly over the warm-up: multiples of the golden ratio never crowd.
fn share(id: CheckId) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "an id beyond 2^52 would take ages to reach")]
    let turns = id as f64 * 0.618_033_988_749_895;
    turns.fract()
}

/// No check runs without a pause, whatever the configuration says.
pub const PAUSE_MIN: Duration = Duration::from_millis(10);
/// How often `FILE_CHECK` looks at the number that was read.
const FILE_PAUSE: Duration = Duration::from_secs(1);

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
