//! TCP checks, thousands of them in one task.
//!
//! Nearly every server answers within a fraction of a millisecond. So a connection is begun, left alone for a moment
//! and then looked at together with all the others of that moment: a check costs a socket, a connect, its share of one
//! poll, and a close. A connection that is not there by then is looked at a few times more; each of the few that take
//! longer still gets a task of its own.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::Duration;

use hactl_engine::conf::config::lvs::Connection;
use hactl_engine::lvs::effect::CheckId;
use hactl_engine::lvs::health::Outcome;
use hactl_engine::time::Instant;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustc_hash::FxHashMap;
use socket2::{SockRef, Socket};
use tokio::sync::Notify;
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

use super::director::Director;
use super::pace::PAUSE_MIN;
use crate::agent::check::connect::{begin, connected, finish};
use crate::agent::check::failed::Failed;
use crate::sys::process::clock;

/// The checks and when each is due.
#[derive(Default)]
pub(crate) struct Rounds {
    state: RefCell<State>,
    bell: Notify,
}

#[derive(Default)]
struct State {
    checks: FxHashMap<CheckId, TcpCheck>,
    /// When each check is due. Checks that ended are still in it, and skipped when their time comes.
    due: BinaryHeap<Reverse<(Instant, CheckId)>>,
    begun: Vec<Try>,
}

struct TcpCheck {
    to: Connection,
    /// It passes, as it did before: another pass is no news, and the next try is after this pause.
    steady: Option<Duration>,
}

/// A connection that was begun.
struct Try {
    id: CheckId,
    socket: Socket,
    due: Instant,
    begun: Instant,
    limit: Duration,
}

/// How long a connection is left alone before it is looked at; checks that are due within it are begun together.
const MOMENT: Duration = Duration::from_millis(5);
/// How long a connection is looked at every moment. A task would be dearer: it asks for two events and sets two timers.
const PATIENCE: Duration = Duration::from_millis(20);
/// The wait when no check is due: the bell ends it.
const AGES: Duration = Duration::from_secs(3600);

impl Rounds {
    /// Whether this check is made here.
    pub(crate) fn has(&self, id: CheckId) -> bool {
        self.state.borrow().checks.contains_key(&id)
    }

    /// Makes a check for the first time after `wait`, and then as the director says.
    pub(crate) fn add(&self, id: CheckId, to: Connection, wait: Duration) {
        let mut state = self.state.borrow_mut();
        state.due.push(Reverse((clock::now().after(wait), id)));
        state.checks.insert(id, TcpCheck { to, steady: None });
        self.bell.notify_one();
    }

    /// Ends the checks that do not stay. Those that do tell the director anew how they are.
    pub(crate) fn retain(&self, stays: impl Fn(CheckId) -> bool) {
        self.state.borrow_mut().checks.retain(|id, check| {
            check.steady = None;
            stays(*id)
        });
    }

    /// Begins what is due; returns what was refused at once.
    fn begin_due(&self, now: Instant) -> Vec<(CheckId, Instant, Failed)> {
        let State { due: queue, checks, begun } = &mut *self.state.borrow_mut();
        let mut refused = Vec::new();
        while let Some(next) = queue.peek_mut().filter(|next| next.0.0 <= now) {
            let Reverse((due, id)) = PeekMut::pop(next);
            let Some(check) = checks.get(&id) else { continue };
            match begin(&check.to) {
                Ok(socket) => begun.push(Try { id, socket, due, begun: now, limit: check.to.timeout }),
                Err(why) => refused.push((id, due, why)),
            }
        }
        refused
    }

    /// Looks at what was begun a moment ago: who is connected, who is refused, and who takes longer.
    fn look(self: &Rc<Self>, now: Instant, director: &Rc<RefCell<Director>>) {
        let mut begun = std::mem::take(&mut self.state.borrow_mut().begun);
        if begun.is_empty() {
            return;
        }
        let mut asked: Vec<PollFd<'_>> = Vec::with_capacity(begun.len());
        asked.extend(begun.iter().map(|one| PollFd::new(one.socket.as_fd(), PollFlags::POLLOUT)));
        // Interrupted or out of memory: then they all take longer.
        let _ = poll(&mut asked, PollTimeout::ZERO);
        let seen: Vec<PollFlags> = asked.iter().map(|one| one.revents().unwrap_or(PollFlags::POLLERR)).collect();
        let mut waits = Vec::new();
        for (one, seen) in begun.drain(..).zip(seen) {
            let outcome = match seen {
                PollFlags::POLLOUT => Outcome::Passed,
                seen if seen.is_empty() && now.since(one.begun) < PATIENCE.min(one.limit) => {
                    waits.push(one);
                    continue;
                }
                seen if seen.is_empty() => {
                    spawn_local(see_out(one, Rc::clone(self), Rc::clone(director)));
                    continue;
                }
                _ => connected(&SockRef::from(&one.socket))
                    .map_or_else(|why| Outcome::Failed(why.into()), |()| Outcome::Passed),
            };
            self.ended(one.id, one.due, outcome, now, director);
        }
        begun.append(&mut waits);
        self.state.borrow_mut().begun = begun;
    }

    fn wait(&self, now: Instant) -> Duration {
        let state = self.state.borrow();
        match state.due.peek() {
            _ if !state.begun.is_empty() => MOMENT,
            Some(Reverse((due, _))) => due.since(now).max(MOMENT),
            None => AGES,
        }
    }

    /// Takes the end of a try, tells the director if it is news, and plans the next one.
    fn ended(&self, id: CheckId, due: Instant, outcome: Outcome, now: Instant, director: &RefCell<Director>) {
        let mut state = self.state.borrow_mut();
        let State { checks, due: queue, .. } = &mut *state;
        let Some(check) = checks.get_mut(&id) else { return }; // a reload took it out meanwhile
        let failed = matches!(outcome, Outcome::Failed(_));
        let pause = match check.steady.filter(|_| !failed) {
            Some(pause) => pause,
            None => {
                let mut director = director.borrow_mut();
                let pause = director.observed(id, outcome, now).max(PAUSE_MIN);
                check.steady = director.is_steady(id).then_some(pause);
                pause
            }
        };
        // As for every check: a retry waits from the failure on, a regular try from when the last one was due.
        let next = if failed { now.after(pause) } else { due.after(pause).max(now) };
        queue.push(Reverse((next, id)));
    }
}

/// Makes the checks until the runtime ends.
pub(crate) async fn make(rounds: Rc<Rounds>, director: Rc<RefCell<Director>>) {
    loop {
        let now = clock::now();
        rounds.look(now, &director);
        for (id, due, why) in rounds.begin_due(now) {
            rounds.ended(id, due, Outcome::Failed(why.into()), now, &director);
        }
        let wait = rounds.wait(now);
        tokio::select! {
            () = rounds.bell.notified() => {}
            () = sleep(wait) => {}
        }
    }
}

/// Waits for a connection that takes longer.
async fn see_out(one: Try, rounds: Rc<Rounds>, director: Rc<RefCell<Director>>) {
    let left = one.limit.saturating_sub(clock::now().since(one.begun));
    let outcome = match timeout(left, finish(one.socket)).await {
        Ok(Ok(_)) => Outcome::Passed,
        Ok(Err(why)) => Outcome::Failed(why.into()),
        Err(_) => Outcome::Failed(Failed::NoAnswer(one.limit).into()),
    };
    rounds.ended(one.id, one.due, outcome, clock::now(), &director);
    rounds.bell.notify_one(); // the next try may be due before anything else is
}
