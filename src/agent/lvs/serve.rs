//! What the thread of LVS does all day: messages and the director's own wakes, and the checks that shall run kept
//! running.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use hactl_engine::conf::config::lvs::Check;
use hactl_engine::lvs::effect::CheckId;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::sleep_until;

use super::director::Director;
use super::message::DirectorMessage;
use super::pace::first_wait;
use super::rounds::{self, Rounds};
use super::watch::{Place, watch};

/// The checks that run.
struct Checks {
    /// The TCP checks; all others have a task each.
    rounds: Rc<Rounds>,
    tasks: HashMap<CheckId, AbortHandle>,
}

/// Serves until it is told to stop.
pub(crate) async fn serve(director: Rc<RefCell<Director>>, mut messages: mpsc::UnboundedReceiver<DirectorMessage>) {
    let bell = director.borrow().bell();
    let mut checks = Checks { rounds: Rc::default(), tasks: HashMap::new() };
    spawn_local(rounds::make(Rc::clone(&checks.rounds), Rc::clone(&director)));
    loop {
        let due = director.borrow_mut().next_wake();
        tokio::select! {
            () = bell.notified() => {}
            message = messages.recv() => match message {
                None => return,
                Some(DirectorMessage::Stop { keep_table }) => {
                    checks.end();
                    return director.borrow_mut().stop(keep_table);
                }
                Some(message) => take(&director, &mut checks, message),
            },
            () = sleep_until(due) => director.borrow_mut().wake(),
        }
    }
}

fn take(director: &Rc<RefCell<Director>>, checks: &mut Checks, message: DirectorMessage) {
    match message {
        DirectorMessage::Configure(orders) => {
            director.borrow_mut().configure(*orders);
            checks.follow(director);
        }
        DirectorMessage::State { instance, state } => {
            director.borrow_mut().state_changed(instance, state);
            checks.follow(director);
        }
        DirectorMessage::Order(selection, order, asker) => {
            let _ = asker.send(director.borrow_mut().order(&selection, order)); // may have hung up
        }
        DirectorMessage::Status(asker) => {
            let _ = asker.send(director.borrow_mut().status()); // may have hung up
        }
        DirectorMessage::Stop { .. } => {} // taken by `serve`
    }
}

impl Checks {
    /// Starts the checks that shall run and ends the others.
    fn follow(&mut self, director: &Rc<RefCell<Director>>) {
        let asked = director.borrow();
        let balancer = asked.balancer();
        let mut wanted: HashSet<CheckId> = HashSet::with_capacity(self.tasks.len());
        let mut fresh = Vec::new();
        for (id, at) in balancer.checks() {
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
            let Some(pool) = balancer.pools().get(pool) else { continue };
            let place = Place { pool: Arc::clone(pool.config()), server, check };
            let tcp = place.checker().and_then(|checker| match &checker.check {
                Check::Tcp(to) => Some((to.clone(), first_wait(id, checker))),
                _ => None,
            });
            match tcp {
                Some((to, wait)) => self.rounds.add(id, to, wait),
                None => {
                    let task = spawn_local(watch(id, place, Rc::clone(director)));
                    self.tasks.insert(id, task.abort_handle());
                }
            }
        }
    }

    fn end(&mut self) {
        self.tasks.drain().for_each(|(_, task)| task.abort());
        self.rounds.retain(|_| false);
    }
}
