//! What a drill is made of, and the plan that a runner carries out.

use std::time::Duration;

use super::shell;
pub use crate::ctl::budget::Budget;

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
    /// What is done to another host before that, and undone after it.
    pub also: Option<(Target, Fault)>,
    /// Shell that fails where the target cannot have this fault, and says why on stderr; changes nothing.
    pub possible: fn(&Context) -> String,
    /// What must be true of the owners.
    pub outcome: Outcome,
    /// Which of the two measurements the budget is about.
    pub measure: Measure,
    /// The longest outage that clients may see.
    pub budget: fn(&Context) -> Duration,
    /// How many probes may be lost in all; unlimited when `None`.
    pub lost_max: Option<fn(&Context) -> usize>,
    /// The outage that follows from the cluster's settings: at least, and at most.
    pub predicted: fn(&Context) -> (Duration, Duration),
    /// How long the fault lasts; `None`: as long as its outcome takes to be seen.
    pub lasts: Option<fn(&Context) -> Duration>,
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
    /// The host starts anew by itself. A lab's host stays off, and the lab gives it power again.
    Reboot,
}

/// What must be true of the owners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Another load balancer owns the VIP while the fault lasts; one owner in the end.
    TakeOver,
    /// The owner does not change.
    Stay,
    /// Another load balancer owns the VIP at some time while the fault lasts, and never two; one owner in the end.
    Moves,
    /// Whoever owns it while the fault lasts: never two, and one in the end.
    Settles,
    /// Nobody is left who could own it while the fault lasts; one owner in the end.
    Nobody,
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
    /// The priority of the host that is next to own the VIP.
    pub standby_priority: u8,
    /// Whether an owner's addresses end by themselves when its agent does not renew them.
    pub leased: bool,
    /// Load balancers of the VIP.
    pub balancers: usize,
    /// The VIP.
    pub vip: String,
    /// The address of the host at the other end: the owner's for a standby, the standby's for the owner.
    pub peer: String,
    /// Whether the hosts are those of a lab here.
    pub lab: bool,
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
            standby_priority: 100,
            leased: true,
            balancers: 2,
            vip: "10.0.0.3".into(),
            peer: "10.0.0.6".into(),
            lab: false,
        }
    }
}

/// Time between two requests of the client at the desk.
pub const REQUEST_EVERY: Duration = Duration::from_millis(20);
/// A request in flight when the VIP moves, and the one that is due in just that moment.
const IN_FLIGHT: u128 = 2;

/// Requests that are lost when nobody answers for so long.
pub fn requests_in(gap: Duration) -> usize {
    let due = gap.as_nanos().div_ceil(REQUEST_EVERY.as_nanos());
    if due == 0 { 0 } else { usize::try_from(due + IN_FLIGHT).unwrap_or(usize::MAX) }
}

/// One thing the runner does at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `sh -c` as root on the target over SSH; success is exit status 0.
    Shell(String),
    /// The same for a fault that ends a lab's host: should the desk vanish, its power comes back after this time.
    Ends(String, Duration),
    /// `hactl lab power HOST off`; should the desk vanish, the power comes back by itself after this time.
    PowerOff(Duration),
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
    /// The most lost requests that pass.
    pub requests_max: usize,
    /// What is done to another host before, and undone after: its target, and both steps.
    pub also: Option<(Target, Step, Step)>,
}

impl Scenario {
    /// Whether it works on lab hosts only.
    pub fn needs_lab(&self) -> bool {
        matches!(self.fault, Fault::Power)
    }

    /// How long its fault lasts.
    fn hold(&self, context: &Context, budget: Duration) -> Duration {
        match (self.lasts, self.outcome) {
            (Some(lasts), _) => lasts(context),
            // The longest of what is waited for, and some time to see that nothing more happens.
            (None, Outcome::TakeOver | Outcome::Moves | Outcome::Settles) => {
                budget.max((self.budget)(context)) + SETTLE
            }
            (None, Outcome::Stay | Outcome::Nobody) => context.advert * 4 + SETTLE,
            (None, Outcome::TwoOwners) => FOUND_WITHIN.max(context.advert * 4) + SETTLE,
        }
    }

    /// Both steps of a fault, and how long after the first it begins.
    fn steps(&self, fault: &Fault, context: &Context, hold: Duration) -> (Step, Step, Duration) {
        match fault {
            Fault::Power => (Step::PowerOff(hold + DEAD_MAN), Step::PowerOn, Duration::ZERO),
            Fault::Reboot => {
                let inject = format!("{}\n{}", shell::REMEMBER_BOOT, shell::detached("systemctl reboot"));
                let (inject, restore) = match context.lab {
                    true => (Step::Ends(inject, hold + DEAD_MAN), Step::PowerOn),
                    false => (Step::Shell(inject), Step::Shell(shell::BOOTED_ANEW.into())),
                };
                (inject, restore, shell::DETACH_DELAY)
            }
            Fault::Shell { prepare, inject, undo, cuts_connection } => {
                let (prepare, inject, undo) = (prepare(context), inject(context), undo(context));
                let restore = Step::Shell(shell::disarm(self.name, &undo));
                let (inject, after) = if *cuts_connection {
                    (shell::armed(self.name, &prepare, &shell::detached(&inject), &undo, hold), shell::DETACH_DELAY)
                } else {
                    (shell::armed(self.name, &prepare, &inject, &undo, hold + DEAD_MAN), Duration::ZERO)
                };
                (Step::Shell(inject), restore, after)
            }
        }
    }

    /// The steps on a cluster. `context` is that of the target, `other` that of the host at the other end; `own`
    /// replaces
    /// the scenario's budgets, as `--budget` does.
    pub fn plan(&self, context: &Context, other: &Context, own: Budget) -> Plan {
        let budget = own.gap.unwrap_or_else(|| (self.budget)(context));
        let hold = self.hold(context, budget);
        let (inject, restore, begins_after) = self.steps(&self.fault, context, hold);
        let also = self.also.map(|(target, fault)| {
            let (inject, restore, _) = self.steps(&fault, other, hold);
            (target, inject, restore)
        });
        let lost_max = self.lost_max.map(|lost_max| lost_max(context));
        let requests = lost_max.filter(|_| self.measure == Measure::Requests && own.gap.is_none());
        let requests_max = own.requests.or(requests).unwrap_or_else(|| requests_in(budget));
        let lost_max = lost_max.filter(|_| self.measure == Measure::Pings);
        Plan { inject, begins_after, hold, restore, budget, lost_max, requests_max, also }
    }
}

/// How much longer a fault lasts than its effect takes.
const SETTLE: Duration = Duration::from_secs(2);
/// How long after the planned end a host undoes a fault that nobody undid.
const DEAD_MAN: Duration = Duration::from_secs(30);
