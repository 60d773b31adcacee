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
use super::pace::{PAUSE_MIN, first_wait};
use crate::agent::check::attempt::attempt;
use crate::sys::process::clock;

/// Where a check stands in its virtual server.
#[derive(Clone)]
pub(crate) struct Place {
    /// The virtual server.
    pub pool: Arc<VirtualServer>,
    /// Position of the real server.
    pub server: usize,
    /// Position of the check.
    pub check: usize,
}

impl Place {
    /// What is checked.
    pub(crate) fn checker(&self) -> Option<&Checker> {
        self.pool.real_servers.get(self.server)?.checkers.get(self.check)
    }
}

/// Runs a check until it is aborted.
pub(crate) async fn watch(id: CheckId, place: Place, director: Rc<RefCell<Director>>) {
    let Some(checker) = place.checker() else { return };
    sleep(first_wait(id, checker)).await;
    loop {
        let begin = Instant::now();
        let around = director.borrow().around();
        let outcome = attempt(checker, &around).await;
        let failed = matches!(outcome, Outcome::Failed(_));
        let pause = director.borrow_mut().observed(id, outcome, clock::now()).max(PAUSE_MIN);
        match &checker.check {
            // This check costs nothing, since the file is watched already: so it is made often.
            Check::File(_) => sleep(pause.min(FILE_PAUSE)).await,
            // A retry waits from the failure on, a regular try from the last one: however long a try takes, the rhythm
            // stays.
            _ if failed => sleep(pause).await,
            _ => sleep_until(begin + pause).await,
        }
    }
}

/// How often `FILE_CHECK` looks at the number that was read.
const FILE_PAUSE: Duration = Duration::from_secs(1);
