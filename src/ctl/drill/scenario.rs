//! What a drill is made of, and the plan that a runner carries out.

use std::time::Duration;

use super::shell;

/// A kind of fault with what is expected of the cluster. The known ones are in [`super::table`].
#[derive(Debug)]
pub struct Scenario {
    /// What is typed.
    pub name: &'static str,
    /// One line for lists and reports: what breaks.
    pub title: &'static str,
    /// What shall happen, as a sentence, stated before the fault.
    pub expected: &'static str,
    /// Where the fault happens.
    pub target: Target,
    /// What is done there.
    pub fault: Fault,
    /// What must be true of the owners.
    pub outcome: Outcome,
    /// Which of the two measurements the budget is about.
    pub measure: Measure,
    /// The longest outage that clients may see.
    pub budget: fn(&Context) -> Duration,
    /// How many probes may be lost in all; unlimited when `None`.
    pub lost_max: Option<fn(&Context) -> usize>,
}

/// Which host a fault hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The load balancer that owns the VIP.
    Owner,
    /// The next one in the order of preference.
    Standby,
    /// One of the web hosts.
    Web,
}

/// What is done to the host.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// Shell commands as root.
    Shell {
        /// Run first, before anything can go wrong: remembers what `undo` needs.
        prepare: fn(&Context) -> String,
        /// Makes the fault.
        inject: fn(&Context) -> String,
        /// Undoes it; harmless when there is nothing to undo, since it may run twice.
        undo: fn(&Context) -> String,
        /// The fault cuts the connection it is ordered through: it begins [`shell::DETACH_DELAY`] later, and the host
        /// undoes it by itself when [`Plan::hold`] is over.
        cuts_connection: bool,
    },
    /// The host's power is cut and given back: only the lab can do that.
    Power,
}

/// What must be true of the owners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Another load balancer owns the VIP while the fault lasts; one owner in the end.
    TakeOver,
    /// The owner does not change.
    Stay,
    /// Two owners, found and named within [`FOUND_WITHIN`]; one owner in the end.
    TwoOwners,
}

/// How soon `verify` must name two owners.
pub const FOUND_WITHIN: Duration = Duration::from_secs(5);

/// Which clients a budget is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Pings of the VIP.
    Pings,
    /// HTTP requests to the VIP.
    Requests,
}

/// What scenarios need to know of the cluster they run on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The interface that carries the VIP on the target.
    pub interface: String,
    /// Advert interval of the VIP's instance.
    pub advert: Duration,
    /// Time between two checks of nginx on the load balancers.
    pub check_interval: Duration,
    /// Failed checks in a row before the VIP is given up.
    pub check_fall: u32,
    /// How long the check's attempt to restart nginx may take.
    pub restart_attempt: Duration,
    /// The largest `max_fails` of the web hosts.
    pub max_fails: u32,
    /// Whether the agents ask the LAN before they claim.
    pub guarded: bool,
    /// Whether the agents watch the processes of nginx.
    pub watched: bool,
}

impl Default for Context {
    /// What the built-in roles use.
    fn default() -> Self {
        Self {
            interface: "eth0".into(),
            advert: Duration::from_secs(1),
            check_interval: Duration::from_secs(2),
            check_fall: 1,
            restart_attempt: Duration::from_secs(1),
            max_fails: 1,
            guarded: true,
            watched: true,
        }
    }
}

/// One thing the runner does at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `sh -c` as root on the target over SSH; success is exit status 0.
    Shell(String),
    /// `hactl lab power HOST off`.
    PowerOff,
    /// `hactl lab power HOST on`.
    PowerOn,
}

/// A scenario on a cluster: what the runner does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Makes the fault, and arms the host to undo it by itself should the desk vanish. When it fails, `restore` is to
    /// be run all the same.
    pub inject: Step,
    /// From the injection's return until the fault begins.
    pub begins_after: Duration,
    /// How long the fault lasts: long enough to see its effect, and that the effect stays.
    pub hold: Duration,
    /// Undoes the fault after `hold`; to be retried while the host is not reachable.
    pub restore: Step,
    /// The longest outage that passes.
    pub budget: Duration,
    /// The most lost probes that pass.
    pub lost_max: Option<usize>,
}

impl Scenario {
    /// Whether it works on lab hosts only.
    pub fn needs_lab(&self) -> bool {
        matches!(self.fault, Fault::Power)
    }

    /// The steps on a cluster. `budget` replaces the scenario's own, as `--budget` does.
    pub fn plan(&self, context: &Context, budget: Option<Duration>) -> Plan {
        let budget = budget.unwrap_or_else(|| (self.budget)(context));
        let hold = match self.outcome {
            // The longest of what is waited for, and some time to see that nothing more happens.
            Outcome::TakeOver => budget.max((self.budget)(context)) + SETTLE,
            Outcome::Stay => context.advert * 4 + SETTLE,
            Outcome::TwoOwners => FOUND_WITHIN.max(context.advert * 4) + SETTLE,
        };
        let (inject, restore, begins_after) = match self.fault {
            Fault::Power => (Step::PowerOff, Step::PowerOn, Duration::ZERO),
            Fault::Shell { prepare, inject, undo, cuts_connection } => {
                let (prepare, inject, undo) = (prepare(context), inject(context), undo(context));
                let restore = Step::Shell(shell::disarm(self.name, &undo));
                let (inject, after) = if cuts_connection {
                    (shell::armed(self.name, &prepare, &shell::detached(&inject), &undo, hold), shell::DETACH_DELAY)
                } else {
                    (shell::armed(self.name, &prepare, &inject, &undo, hold + DEAD_MAN), Duration::ZERO)
                };
                (Step::Shell(inject), restore, after)
            }
        };
        let lost_max = self.lost_max.map(|lost_max| lost_max(context));
        Plan { inject, begins_after, hold, restore, budget, lost_max }
    }
}

/// How much longer a fault lasts than its effect takes.
const SETTLE: Duration = Duration::from_secs(2);
/// How long after the planned end a host undoes a fault that nobody undid.
const DEAD_MAN: Duration = Duration::from_secs(30);
