//! What happens outside the protocol when a state changes: words, records, scripts.

use super::context::Context;
use super::counters::Counter;
use super::router::Router;
use super::state::{State, public};
use crate::action::Action;
use crate::conf::config::{Argv, Notify, Script, ScriptUser};
use crate::notice::{Notice, What, keepalived_word};
use crate::state::RouterState;
use crate::time::millis;

impl Router {
    pub(super) fn entered(&mut self, before: State, reason: &str, priority: u8, ctx: &mut Context<'_>) {
        let (from, to) = (public(before), public(self.state));
        if (from, to) == (RouterState::Backup, RouterState::Backup) {
            return; // Claiming is shown as BACKUP: there is no notice until the router is MASTER
        }
        let claimed = (before == State::Claiming).then(|| std::mem::take(&mut self.claim_reason));
        let reason = claimed.as_deref().filter(|_| self.state == State::Master).unwrap_or(reason);
        self.reported.clear();
        match to {
            RouterState::Master => self.count(Counter::BecameMaster),
            RouterState::Backup if from == RouterState::Handover => self.count(Counter::ReleasedMaster),
            RouterState::Fault if matches!(from, RouterState::Master | RouterState::Handover) => {
                self.count(Counter::ReleasedMaster);
            }
            _ => {}
        }
        if to == RouterState::Master {
            (self.heard, self.resigned_master) = (None, None);
        }
        let lasted = ctx.now.since(self.last_transition.as_ref().map_or(ctx.now, |(at, _)| *at));
        self.last_transition = Some((ctx.now, reason.to_owned()));
        ctx.actions.push(Action::Record { instance: self.config.name.clone(), state: to });
        self.change += 1;
        self.tell(What::Entered { from, to, reason: reason.to_owned(), priority, lasted_ms: millis(lasted) }, ctx);
        let deleted = to == RouterState::Stopped && self.leaving;
        let actions = state_scripts(&self.config.notify, "INSTANCE", &self.config.name, to, priority, deleted);
        self.run(actions, ctx);
    }

    /// `notify_master_rx_lower_pri`.
    pub(super) fn lower_master_heard(&mut self, ctx: &mut Context<'_>) {
        let notify = &self.config.notify;
        if let Some(command) = notify.master_rx_lower_pri.clone() {
            let user = notify.users.master_rx_lower_pri.clone();
            self.run(vec![Due::script(command, user)], ctx);
        }
    }

    /// Reports a change of priority without a change of state; scripts hear of it only where the configuration asks for
    /// that.
    pub(super) fn priority_changed(&mut self, from: u8, ctx: &mut Context<'_>) {
        let to = self.priority();
        self.tell(What::Priority { from, to, state: public(self.state) }, ctx);
        let notify = &self.config.notify;
        if notify.priority_changes
            && let Some(command) = &notify.any
        {
            let word = format!("{}_PRIORITY", keepalived_word(public(self.state)).unwrap_or("BACKUP"));
            let command = with_arguments(command, "INSTANCE", &self.config.name, &word, to);
            let user = notify.users.any.clone();
            self.run(vec![Due::script(command, user)], ctx);
        }
    }

    fn run(&self, scripts: Vec<Due>, ctx: &mut Context<'_>) {
        ctx.actions.extend(scripts.into_iter().map(|due| due.run(self.change)));
    }

    pub(super) fn tell(&self, what: What, ctx: &mut Context<'_>) {
        ctx.actions.push(Action::Tell(Notice { instance: self.config.name.clone(), what }));
    }

    pub(super) fn tell_once(&mut self, key: &'static str, what: What, ctx: &mut Context<'_>) {
        if self.reported.insert(key) {
            self.tell(what, ctx);
        }
    }
}

/// A script to run.
pub(super) struct Due {
    command: Argv,
    user: Option<ScriptUser>,
    /// See `Action::Run`.
    step: Option<String>,
}

impl Due {
    fn script(command: Argv, user: Option<ScriptUser>) -> Self {
        Self { command, user, step: None }
    }

    fn step(step: &Script, name: &str) -> Self {
        Self { command: step.argv.clone(), user: step.user.clone(), step: Some(name.to_owned()) }
    }

    /// It tells of this change.
    pub(super) fn run(self, change: u64) -> Action {
        let Self { command, user, step } = self;
        Action::Run { change, command, user, step }
    }
}

/// The scripts for a state entered: the special one first, then the steps of a takeover.
pub(super) fn state_scripts(
    notify: &Notify,
    kind: &str,
    name: &str,
    state: RouterState,
    priority: u8,
    deleted: bool,
) -> Vec<Due> {
    let users = &notify.users;
    let stops = &notify.takeover_stop;
    let (special, user, steps) = match state {
        RouterState::Master => (&notify.master, &users.master, &notify.takeover_start),
        RouterState::Backup => (&notify.backup, &users.backup, stops),
        RouterState::Fault => (&notify.fault, &users.fault, stops),
        RouterState::Stopped if deleted && notify.deleted.is_some() => (&notify.deleted, &users.deleted, stops),
        RouterState::Stopped => (&notify.stop, &users.stop, stops),
        RouterState::Init | RouterState::Handover => return Vec::new(), // not states of keepalived
    };
    let word = if deleted { "DELETED" } else { keepalived_word(state).unwrap_or("BACKUP") };
    let special = special.iter().map(|command| Due::script(command.clone(), user.clone()));
    let steps = steps.iter().map(|step| Due::step(step, name));
    let any = notify
        .any
        .iter()
        .map(|command| Due::script(with_arguments(command, kind, name, word, priority), users.any.clone()));
    special.chain(steps).chain(any).collect()
}

fn with_arguments(command: &Argv, kind: &str, name: &str, word: &str, priority: u8) -> Argv {
    let mut command = command.clone();
    command.extend([kind.into(), name.into(), word.into(), priority.to_string()]);
    command
}
