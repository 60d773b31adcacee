//! What goes on while a command runs, as events. Whoever shows them chooses the words and the place; nobody has to.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Problem;

/// One thing that happened.
#[derive(Clone, Copy)]
pub enum Event<'e> {
    /// A stretch of work of so many steps begins.
    Begin {
        /// What is done.
        what: &'static str,
        /// How many [`Event::Step`] follow.
        steps: usize,
    },
    /// One step of it is done.
    Step,
    /// The key of a host that was not known is taken from now on.
    HostKeyTaken {
        /// The host's name.
        host: &'e str,
        /// Its kind and fingerprint.
        key: &'e str,
        /// Where it is recorded.
        file: &'e str,
    },
    /// Something that does not end the command.
    Warning(&'e Problem),
    /// From here on hosts are changed.
    Changes {
        /// The generation that is made, or whose lock is broken.
        generation: u64,
        /// Those hosts.
        hosts: &'e [&'e str],
    },
    /// Hosts are not as they were when the plan was shown: it is made anew.
    PlanIsOld,
    /// This generation is what is gone back to.
    GoesBackTo(u64),
    /// Files are brought to so many hosts.
    Staging {
        /// Hosts that change.
        hosts: usize,
    },
    /// A host has its new files, and what uses them has taken them.
    HostDone {
        /// Its name.
        host: &'e str,
    },
    /// One host has the change, and the cluster is watched before the others follow.
    Watching {
        /// Its name.
        host: &'e str,
        /// For so long.
        time: Duration,
    },
    /// A host goes back to what it had.
    TakingBack {
        /// Its name.
        host: &'e str,
    },
    /// A real server gets no new connections.
    Drained {
        /// Its name.
        host: &'e str,
    },
    /// Connections to a drained server outlast the wait.
    ConnectionsLeft {
        /// The server's name.
        host: &'e str,
        /// How many.
        left: u64,
    },
    /// Nobody pings the VIP while it moves.
    GapNotMeasured {
        /// Why not.
        why: &'e str,
    },
    /// An owner was asked over SSH to hand over.
    AskedToResign {
        /// Who was asked.
        host: &'e str,
        /// Why it was not settled between the agents.
        why: &'e str,
        /// What it said when it did not.
        refused: Option<&'e str>,
    },
    /// A raised priority may be left on a host.
    PriorityLeft {
        /// The host's name.
        host: &'e str,
        /// Why it could not be dropped.
        why: &'e str,
    },
    /// A script begins on a host, secrets taken out. Only where every command is wanted.
    Command {
        /// The host's name.
        host: &'e str,
        /// The script.
        script: &'e str,
        /// Bytes of its input.
        input: usize,
    },
    /// It ended.
    CommandEnded {
        /// The host's name.
        host: &'e str,
        /// Its exit code, or why there is none.
        end: Result<u32, &'e dyn fmt::Display>,
        /// After this time.
        after: Duration,
    },
    /// Drills in random order.
    DrillSequence {
        /// What the order follows from.
        seed: u64,
        /// Their names in this order.
        names: &'e str,
    },
    /// A drill begins.
    Drill {
        /// Its name.
        name: &'e str,
        /// What is broken.
        title: &'e str,
    },
    /// What is expected of the cluster.
    DrillExpects(&'e str),
    /// A drill ended.
    DrillEnded {
        /// Whether it went as expected.
        passed: bool,
        /// The longest time without an answer.
        outage: Duration,
        /// What the settings foretell of it.
        predicted: Option<(Duration, Duration)>,
        /// Pings, or requests, whichever it is judged by: lost, and sent.
        lost: (usize, usize),
        /// Requests: lost, and sent.
        requests: (usize, usize),
        /// Why it did not pass.
        why: &'e [String],
    },
}

/// Who is told.
#[derive(Clone)]
pub struct Listener(Arc<dyn Fn(Event<'_>) + Send + Sync>);

impl Listener {
    /// Calls a function for each event.
    pub fn new(listen: impl Fn(Event<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listen))
    }

    /// Nobody.
    pub fn silent() -> Self {
        Self::new(|_| {})
    }

    /// Tells of one event.
    pub fn tell(&self, event: Event<'_>) {
        (self.0)(event);
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}
