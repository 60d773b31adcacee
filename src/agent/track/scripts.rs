//! `vrrp_script`: runs each check on its interval and tells the engine when its state changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hactl_engine::conf::config::{Config, Global, VrrpScript};
use hactl_engine::control::ScriptStatus;
use hactl_engine::input::Input;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::agent::command::error::NotRun;
use crate::agent::command::permit::{Identity, account, permit_as};
use crate::agent::command::run::{Ended, GRACE, Group};
use crate::agent::vrrp::message::{Mailbox, Message};

/// Running checks; dropping a handle's task ends its check.
#[derive(Default)]
pub(crate) struct Scripts {
    running: HashMap<String, (VrrpScript, JoinHandle<()>)>,
    state: Arc<Mutex<HashMap<String, ScriptStatus>>>,
}

impl Scripts {
    /// Starts the checks of a configuration. Those that did not change keep running.
    pub(crate) fn configure(&mut self, config: &Config, mailbox: &Mailbox) {
        let wanted = |name: &str| config.scripts.iter().find(|script| script.name == name);
        self.running.retain(|name, (old, task)| {
            let stays = wanted(name).is_some_and(|new| same_check(old, new));
            if !stays {
                task.abort();
            }
            stays
        });
        self.lock().retain(|name, _| wanted(name).is_some());
        for script in &config.scripts {
            if !self.running.contains_key(&script.name) {
                let task = watch(script.clone(), config.global.clone(), mailbox.clone(), Arc::clone(&self.state));
                self.running.insert(script.name.clone(), (script.clone(), tokio::spawn(task)));
            }
        }
    }

    /// Ends every check, and kills what one is running.
    pub(crate) async fn finish(&mut self) {
        for (_, (_, task)) in self.running.drain() {
            task.abort();
            let _ = task.await; // it was told to end
        }
    }

    /// The state of every check, by name.
    pub(crate) fn status(&self) -> Vec<ScriptStatus> {
        let mut all: Vec<ScriptStatus> = self.lock().values().cloned().collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, ScriptStatus>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn same_check(old: &VrrpScript, new: &VrrpScript) -> bool {
    VrrpScript { location: new.location.clone(), ..old.clone() } == *new
}

async fn watch(script: VrrpScript, global: Global, mailbox: Mailbox, state: Arc<Mutex<HashMap<String, ScriptStatus>>>) {
    let note = |ok: Option<bool>, result: Option<String>| {
        let status = ScriptStatus { name: script.name.clone(), ok, last_result: result };
        state.lock().unwrap_or_else(PoisonError::into_inner).insert(script.name.clone(), status);
    };
    note(script.init_fail.then_some(false), None);
    if script.init_fail {
        mailbox.send(Message::Input(Input::Script { name: script.name.clone(), ok: false }));
    }
    let who = account(script.user.as_ref(), &global); // once: a directory of accounts may be far away
    let mut judge = Judge::new(script.rise, script.fall, script.init_fail);
    let mut clock = interval(script.interval);
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip); // a run still going when the next is due: skip that one
    loop {
        clock.tick().await;
        let (good, words) = match &who {
            Ok(who) => match run(&script, *who, &global).await {
                Ok(ended) => (ended.is_success(), ended.to_string()),
                Err(why) => (false, why.to_string()),
            },
            Err(why) => (false, why.to_string()),
        };
        if let Some(ok) = judge.result(good) {
            let (name, verdict) = (&script.name, if ok { "succeeds" } else { "fails" });
            tracing::info!(script = name, "check {name} {verdict}: {words}");
            mailbox.send(Message::Input(Input::Script { name: name.clone(), ok }));
        }
        note(judge.state, Some(words));
    }
}

/// Runs the check once. It is judged each time: a program that vanishes, or that others may write by now, is a check
/// that fails.
async fn run(script: &VrrpScript, who: Option<Identity>, global: &Global) -> Result<Ended, NotRun> {
    let permit = permit_as(&script.command, who, global)?;
    Group::start(&permit)?.wait(script.timeout, GRACE).await
}

/// Rise and fall: the first result counts at once, later changes need `rise` or `fall` results in a row.
struct Judge {
    rise: u32,
    fall: u32,
    state: Option<bool>,
    against: u32,
}

impl Judge {
    fn new(rise: u32, fall: u32, init_fail: bool) -> Self {
        Self { rise: rise.max(1), fall: fall.max(1), state: init_fail.then_some(false), against: 0 }
    }

    /// Takes a result; returns the new state when it changes.
    fn result(&mut self, good: bool) -> Option<bool> {
        let Some(state) = self.state else {
            self.state = Some(good);
            return self.state;
        };
        if good == state {
            self.against = 0;
            return None;
        }
        self.against += 1;
        if self.against < if good { self.rise } else { self.fall } {
            return None;
        }
        self.against = 0;
        self.state = Some(good);
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rise_and_fall() {
        let mut judge = Judge::new(2, 3, false);
        assert_eq!(judge.result(true), Some(true), "the first result counts at once");
        assert_eq!([judge.result(false), judge.result(false)], [None, None]);
        assert_eq!(judge.result(true), None, "a success begins the count anew");
        assert_eq!([judge.result(false), judge.result(false), judge.result(false)], [None, None, Some(false)]);
        assert_eq!([judge.result(true), judge.result(true)], [None, Some(true)]);
    }

    #[test]
    fn init_fail_waits_for_rise() {
        let mut judge = Judge::new(2, 1, true);
        assert_eq!([judge.result(true), judge.result(true)], [None, Some(true)]);
    }
}
