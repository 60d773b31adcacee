//! The director: results of checks and operators' orders go through the engine's balancer, what follows goes to the
//! kernel and to people. It makes no check itself.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hactl_engine::conf::config::lvs::FlushOnStop;
use hactl_engine::control::{RouterState, VirtualServerStatus};
use hactl_engine::ipvs::Table;
use hactl_engine::lvs::balancer::{Balancer, Order, Selection};
use hactl_engine::lvs::effect::{CheckId, Effect};
use hactl_engine::lvs::health::Outcome;
use hactl_engine::lvs::status::status;
use hactl_engine::lvs::upstream::Refused;
use hactl_engine::time::Instant as EngineInstant;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::error::NotOrdered;
use super::kernel::Kernel;
use super::message::Orders;
use super::overrides;
use super::upstreams::Upstreams;
use crate::agent::check::around::Surroundings;
use crate::agent::vrrp::message::Job;
use crate::sys::process::clock;

/// Everything that the thread owns.
pub(crate) struct Director {
    balancer: Balancer,
    kernel: Kernel,
    orders: Option<Orders>,
    states: BTreeMap<String, RouterState>,
    around: Surroundings,
    jobs: mpsc::Sender<Job>,
    state_dir: PathBuf,
    upstreams: Upstreams,
    /// When a kernel that refused something is asked again; messages in between do not put it off.
    again: Option<Instant>,
    /// Rung when the next wake may be another than [`Director::next_wake`] said.
    bell: Rc<Notify>,
}

/// How often a kernel that refused something is asked again.
const AGAIN: Duration = Duration::from_secs(5);

impl Director {
    /// A director without orders.
    pub(crate) fn new(jobs: mpsc::Sender<Job>, state_dir: PathBuf, around: Surroundings) -> Self {
        let remembered = overrides::read(&state_dir).unwrap_or_else(|why| {
            tracing::error!("{why}");
            BTreeMap::new()
        });
        Self {
            balancer: Balancer::new(remembered),
            kernel: Kernel::default(),
            upstreams: Upstreams::default(),
            orders: None,
            states: BTreeMap::new(),
            around,
            jobs,
            state_dir,
            again: None,
            bell: Rc::default(),
        }
    }

    /// A VRRP instance is in this state now.
    pub(crate) fn state_changed(&mut self, instance: String, state: RouterState) {
        self.states.insert(instance, state);
        let known = (!self.kernel.behind).then(|| self.balancer.in_kernel());
        if self.follow_vrrp() {
            self.resync(known);
        }
    }

    /// The checks that shall run are the balancer's.
    pub(crate) fn balancer(&self) -> &Balancer {
        &self.balancer
    }

    /// Rung when the next wake may be another than was said.
    pub(crate) fn bell(&self) -> Rc<Notify> {
        Rc::clone(&self.bell)
    }

    /// Takes a configuration.
    pub(crate) fn configure(&mut self, orders: Orders) {
        let lvs = &orders.global.lvs;
        let first = self.orders.is_none();
        if first && lvs.flush {
            self.kernel.flush();
        }
        // A host that only checks the servers of a proxy needs no IPVS.
        let balances = orders.servers.iter().any(|server| !server.services.is_empty());
        let found = (first && balances)
            .then(|| self.kernel.observe())
            .flatten()
            .map(|observed| observed.table)
            .unwrap_or_default();
        // A reload need not ask the kernel for what it was told, unless it refused some of it.
        let known = (!first && !self.kernel.behind).then(|| self.balancer.in_kernel());
        self.kernel.set_timeouts(lvs);
        self.around.global = Arc::clone(&orders.global);
        let now = clock::now();
        let effects = self.balancer.configure(&orders.servers, &found, lvs.init_notifies, now);
        self.orders = Some(orders);
        self.follow_vrrp();
        self.resync(known);
        self.carry_out(effects);
        self.refuse();
    }

    /// The proxy of this host gets no connections to the servers of upstreams that fail.
    fn refuse(&mut self) {
        if !self.upstreams.is_used() && !self.balancer.pools().iter().any(|pool| pool.config().upstream) {
            return;
        }
        let judged = self.balancer.upstreams_are_judged();
        let warning = self.upstreams.become_like(self.balancer.refused(), judged, Instant::now());
        warning.into_iter().for_each(|warning| self.job(Job::Warning(warning)));
    }

    /// Gives the kernel the whole table; only what differs from what it has (`known`, or else it is asked) is sent.
    fn resync(&mut self, known: Option<Table>) {
        let wanted = self.balancer.wanted(clock::now());
        self.kernel.become_like(known, &wanted, self.balancer.services());
        self.tell_warnings();
    }

    /// `ha_suspend`, `master_only` and the synchronisation follow the VRRP instances. Returns whether the table
    /// changes.
    fn follow_vrrp(&mut self) -> bool {
        let Some(orders) = &self.orders else { return false };
        let states = &self.states;
        let holds = |address: IpAddr| -> Option<bool> {
            let mut named = orders.instances.iter().filter(|(_, one)| one.addresses.contains(&address)).peekable();
            named.peek()?;
            Some(named.any(|(name, _)| {
                states.get(name).is_some_and(|state| matches!(state, RouterState::Master | RouterState::Handover))
            }))
        };
        let changed = self.balancer.suspend(holds);
        self.kernel.synchronise(orders.global.lvs.sync_daemon.as_ref(), states, &orders.instances);
        self.tell_warnings();
        changed
    }

    /// What a try needs of the agent, as the configuration in force has it.
    pub(crate) fn around(&self) -> Surroundings {
        self.around.clone()
    }

    /// Takes the end of a try and tells how long to wait.
    pub(crate) fn observed(&mut self, id: CheckId, outcome: Outcome, now: EngineInstant) -> Duration {
        let (pause, effects) = self.balancer.observe(id, outcome, now);
        // What an earlier agent knew is not needed any more once this one knows all of it.
        let knows = self.upstreams.inherits(Instant::now()) && self.balancer.upstreams_are_judged();
        if knows || !effects.is_empty() {
            self.carry_out(effects);
            self.refuse();
            self.bell.notify_one(); // a slow start may have begun, or the kernel may have refused something
        }
        pause
    }

    /// Whether a check passes as it did before.
    pub(crate) fn is_steady(&self, id: CheckId) -> bool {
        self.balancer.is_steady(id)
    }

    /// Carries out an operator's order.
    ///
    /// # Errors
    /// There is no such real server.
    pub(crate) fn order(&mut self, selection: &Selection, order: Order) -> Result<String, NotOrdered> {
        let (done, effects) = self.balancer.order(selection, order, clock::now())?;
        self.carry_out(effects);
        self.refuse();
        match overrides::write(&self.state_dir, self.balancer.overrides()) {
            Ok(()) => Ok(done),
            Err(error) => {
                let folder = self.state_dir.display();
                Ok(format!("{done}; it will not survive a restart: {folder}: {error}"))
            }
        }
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Table(changes) => {
                    self.kernel.change(&changes);
                    self.tell_warnings();
                }
                Effect::Run { server, command } => self.job(Job::RunFor { server, command }),
                Effect::Tell(notice) => self.job(Job::Tell { notice, unix_ms: clock::unix_ms() }),
            }
        }
    }

    fn tell_warnings(&mut self) {
        for warning in self.kernel.warnings() {
            self.job(Job::Warning(warning));
        }
    }

    fn job(&self, job: Job) {
        // A full queue means that logging and scripts hang; balancing goes on without them.
        let _ = self.jobs.try_send(job);
    }

    /// Everything that is known of the virtual servers; the kernel is asked for its table and its loads.
    pub(crate) fn status(&mut self) -> Vec<VirtualServerStatus> {
        let balances = !self.balancer.services().is_empty();
        let observed = balances.then(|| self.kernel.observe()).flatten();
        self.tell_warnings();
        let kernel = observed.as_ref().map(|one| (&one.table, &one.loads));
        let mut servers = status(&self.balancer, kernel, clock::now());
        if self.upstreams.has_failed() {
            servers.iter_mut().flat_map(|server| &mut server.real_servers).for_each(|real| real.refused = false);
        }
        if self.upstreams.inherits(Instant::now()) {
            let upstreams = servers.iter_mut().filter(|server| server.upstream);
            upstreams.flat_map(|server| &mut server.real_servers).for_each(|real| real.judged = false);
        }
        servers
    }

    /// When to call [`Director::wake`] if nothing else happens.
    pub(crate) fn next_wake(&mut self) -> Instant {
        let now = clock::now();
        let step = self.balancer.next_wake(now).map(|at| Instant::now() + at.since(now));
        self.again = self.kernel.behind.then(|| self.again.unwrap_or_else(|| Instant::now() + AGAIN));
        step.into_iter()
            .chain(self.again)
            .chain(self.upstreams.next_wake())
            .min()
            .unwrap_or_else(|| Instant::now() + AGES)
    }

    /// Does what is due.
    pub(crate) fn wake(&mut self) {
        if self.again.is_some_and(|at| at <= Instant::now()) {
            self.again = None;
            self.resync(None);
        }
        let effects = self.balancer.wake(clock::now());
        self.carry_out(effects);
        self.refuse();
    }

    /// Takes the table away, unless a successor takes it over.
    pub(crate) fn stop(&mut self, keep_table: bool) {
        if keep_table {
            return; // a successor finds the table and takes it over
        }
        if self.upstreams.is_used() {
            let warning = self.upstreams.become_like(Refused::default(), true, Instant::now());
            warning.into_iter().for_each(|warning| self.job(Job::Warning(warning)));
        }
        let farewell = self.balancer.farewell();
        let how = self.orders.as_ref().map_or(FlushOnStop::Ours, |orders| orders.global.lvs.flush_on_stop);
        self.kernel.leave(how);
        self.tell_warnings();
        self.carry_out(farewell);
    }
}

/// The wait when nothing is due: a message ends it.
const AGES: Duration = Duration::from_secs(3600);
