//! The director: results of checks and operators' orders go through the engine's balancer, what follows goes to the kernel and to people.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hactl_engine::conf::config::lvs::{Check, FlushOnStop};
use hactl_engine::control::{RouterState, VirtualServerStatus};
use hactl_engine::ipvs::Table;
use hactl_engine::lvs::balancer::{Balancer, Order, Selection};
use hactl_engine::lvs::effect::{CheckId, Effect};
use hactl_engine::lvs::health::Outcome;
use hactl_engine::lvs::status::status;
use hactl_engine::time::Instant as EngineInstant;
use tokio::sync::{Notify, mpsc};
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::{Instant, sleep_until};

use super::kernel::Kernel;
use super::letter::{Letter, Orders};
use super::rounds::{self, Rounds};
use super::watch::{Place, first_wait, watch};
use super::wishes;
use crate::agent::check::attempt::Surroundings;
use crate::agent::letter::Errand;
use crate::sys::clock;

/// Everything that the thread owns.
pub struct Director {
    balancer: Balancer,
    kernel: Kernel,
    orders: Option<Orders>,
    states: BTreeMap<String, RouterState>,
    /// The TCP checks; all others have a task each.
    rounds: Rc<Rounds>,
    tasks: HashMap<CheckId, AbortHandle>,
    around: Surroundings,
    errands: mpsc::Sender<Errand>,
    state_dir: PathBuf,
    /// When a kernel that refused something is asked again; letters in between do not put it off.
    again: Option<Instant>,
    /// Rung when the next wake may be another than [`serve`] waits for.
    bell: Rc<Notify>,
}

/// How often a kernel that refused something is asked again.
const AGAIN: Duration = Duration::from_secs(5);

/// Serves until it is told to stop.
pub async fn serve(director: Rc<RefCell<Director>>, mut letters: mpsc::UnboundedReceiver<Letter>) {
    let bell = Rc::clone(&director.borrow().bell);
    let rounds = Rc::clone(&director.borrow().rounds);
    spawn_local(rounds::make(rounds, Rc::clone(&director)));
    loop {
        let due = director.borrow_mut().next_wake();
        tokio::select! {
            () = bell.notified() => {}
            letter = letters.recv() => match letter {
                None => return,
                Some(Letter::Stop { keep_table }) => return director.borrow_mut().stop(keep_table),
                Some(letter) => Director::take(&director, letter),
            },
            () = sleep_until(due) => director.borrow_mut().wake(),
        }
    }
}

impl Director {
    /// A director without orders.
    pub fn new(errands: mpsc::Sender<Errand>, state_dir: PathBuf, around: Surroundings) -> Self {
        let remembered = wishes::read(&state_dir).unwrap_or_else(|why| {
            tracing::error!("{why}");
            BTreeMap::new()
        });
        Self {
            balancer: Balancer::new(remembered),
            kernel: Kernel::default(),
            orders: None,
            states: BTreeMap::new(),
            rounds: Rc::default(),
            tasks: HashMap::new(),
            around,
            errands,
            state_dir,
            again: None,
            bell: Rc::default(),
        }
    }

    fn take(this: &Rc<RefCell<Self>>, letter: Letter) {
        let mut director = this.borrow_mut();
        match letter {
            Letter::Configure(orders) => {
                director.configure(*orders);
                director.run_checks(this);
            }
            Letter::State { instance, state } => {
                director.states.insert(instance, state);
                let known = (!director.kernel.behind).then(|| director.balancer.told());
                if director.follow_vrrp() {
                    director.resync(known);
                }
                director.run_checks(this);
            }
            Letter::Order(selection, order, asker) => {
                let _ = asker.send(director.order(&selection, order)); // may have hung up
            }
            Letter::Status(asker) => {
                let _ = asker.send(director.status()); // may have hung up
            }
            Letter::Stop { .. } => {} // taken by `serve`
        }
    }

    fn configure(&mut self, orders: Orders) {
        let lvs = &orders.global.lvs;
        let first = self.orders.is_none();
        if first && lvs.flush {
            self.kernel.flush();
        }
        let found = first.then(|| self.kernel.observe()).flatten().map(|observed| observed.table).unwrap_or_default();
        // A reload need not ask the kernel for what it was told, unless it refused some of it.
        let known = (!first && !self.kernel.behind).then(|| self.balancer.told());
        self.kernel.set_timeouts(lvs);
        self.around.global = Arc::clone(&orders.global);
        let now = clock::now();
        let effects = self.balancer.configure(&orders.servers, &found, lvs.init_notifies, now);
        self.orders = Some(orders);
        self.follow_vrrp();
        self.resync(known);
        self.carry_out(effects);
    }

    /// Gives the kernel the whole table; only what differs from what it has (`known`, or else it is asked) is sent.
    fn resync(&mut self, known: Option<Table>) {
        let wanted = self.balancer.wanted(clock::now());
        self.kernel.become_like(known, &wanted, self.balancer.services());
        self.tell_troubles();
    }

    /// `ha_suspend`, `master_only` and the synchronisation follow the VRRP instances. Returns whether the table changes.
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
        self.tell_troubles();
        changed
    }

    /// Starts the checks that shall run and ends the others.
    fn run_checks(&mut self, this: &Rc<RefCell<Self>>) {
        let mut wanted: HashSet<CheckId> = HashSet::with_capacity(self.tasks.len());
        let mut fresh = Vec::new();
        for (id, at) in self.balancer.checks() {
            wanted.insert(id);
            if !self.tasks.contains_key(&id) && !self.rounds.has(id) {
                fresh.push((id, at));
            }
        }
        self.tasks.retain(|id, task| {
            let stays = wanted.contains(id);
            if !stays {
                task.abort();
            }
            stays
        });
        self.rounds.retain(|id| wanted.contains(&id));
        for (id, (pool, server, check)) in fresh {
            let Some(pool) = self.balancer.pools().get(pool) else { continue };
            let place = Place { pool: Arc::clone(pool.config()), server, check };
            let tcp = place.checker().and_then(|checker| match &checker.check {
                Check::Tcp(to) => Some((to.clone(), first_wait(id, checker))),
                _ => None,
            });
            match tcp {
                Some((to, wait)) => self.rounds.add(id, to, wait),
                None => {
                    let task = spawn_local(watch(id, place, Rc::clone(this)));
                    self.tasks.insert(id, task.abort_handle());
                }
            }
        }
    }

    /// What a try needs of the agent, as the configuration in force has it.
    pub fn around(&self) -> Surroundings {
        self.around.clone()
    }

    /// Takes the end of a try and tells how long to wait.
    pub fn observed(&mut self, id: CheckId, outcome: Outcome, now: EngineInstant) -> Duration {
        let (pause, effects) = self.balancer.observe(id, outcome, now);
        if !effects.is_empty() {
            self.carry_out(effects);
            self.bell.notify_one(); // a slow start may have begun, or the kernel may have refused something
        }
        pause
    }

    /// Whether a check passes as it did before.
    pub fn is_steady(&self, id: CheckId) -> bool {
        self.balancer.is_steady(id)
    }

    fn order(&mut self, selection: &Selection, order: Order) -> Result<String, String> {
        let (done, effects) = self.balancer.order(selection, order, clock::now()).map_err(|why| why.to_string())?;
        self.carry_out(effects);
        match wishes::write(&self.state_dir, self.balancer.overrides()) {
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
                    self.tell_troubles();
                }
                Effect::Run { server, command } => self.errand(Errand::RunFor { server, command }),
                Effect::Tell(notice) => self.errand(Errand::Tell { notice, unix_ms: clock::unix_ms() }),
            }
        }
    }

    fn tell_troubles(&mut self) {
        for trouble in self.kernel.troubles() {
            self.errand(Errand::Trouble(trouble));
        }
    }

    fn errand(&self, errand: Errand) {
        // A full queue means that logging and scripts hang; balancing goes on without them.
        let _ = self.errands.try_send(errand);
    }

    fn status(&mut self) -> Vec<VirtualServerStatus> {
        let observed = self.kernel.observe();
        self.tell_troubles();
        let kernel = observed.as_ref().map(|one| (&one.table, &one.loads));
        status(&self.balancer, kernel, clock::now())
    }

    fn next_wake(&mut self) -> Instant {
        let now = clock::now();
        let step = self.balancer.next_wake(now).map(|at| Instant::now() + at.since(now));
        self.again = self.kernel.behind.then(|| self.again.unwrap_or_else(|| Instant::now() + AGAIN));
        step.into_iter().chain(self.again).min().unwrap_or_else(|| Instant::now() + AGES)
    }

    fn wake(&mut self) {
        if self.again.is_some_and(|at| at <= Instant::now()) {
            self.again = None;
            self.resync(None);
        }
        let effects = self.balancer.wake(clock::now());
        self.carry_out(effects);
    }

    fn stop(&mut self, keep_table: bool) {
        self.tasks.drain().for_each(|(_, task)| task.abort());
        self.rounds.retain(|_| false);
        if keep_table {
            return; // a successor finds the table and takes it over
        }
        let farewell = self.balancer.farewell();
        let how = self.orders.as_ref().map_or(FlushOnStop::Ours, |orders| orders.global.lvs.flush_on_stop);
        self.kernel.leave(how);
        self.tell_troubles();
        self.carry_out(farewell);
    }
}

/// Nothing to wait for but letters.
const AGES: Duration = Duration::from_secs(3600);
