//! What is written to the notify FIFOs: notices become keepalived's lines. And the pipes that a configuration names.

use std::collections::{BTreeMap, HashSet};

use hactl_engine::conf::config::Config;
use hactl_engine::control::RouterState;
use hactl_engine::notice::{Notice, What, keepalived_word};

use super::fifo::Pipe;
use super::fifo_lvs::LvsLines;

/// The pipes, and what has been said so far.
#[derive(Default)]
pub(crate) struct Fifos {
    pipes: Vec<(Hears, Pipe)>,
    lines: Lines,
    lvs: LvsLines,
}

/// The events that a pipe gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hears {
    All,
    Vrrp,
    Lvs,
}

impl Fifos {
    /// Opens the pipes of a configuration; those that did not change stay open, their scripts running.
    pub(crate) fn configure(&mut self, config: &Config) {
        let global = &config.global;
        let wanted = [
            (Hears::All, &global.notify_fifo),
            (Hears::Vrrp, &global.vrrp_notify_fifo),
            (Hears::Lvs, &global.lvs.notify_fifo),
        ];
        if wanted.iter().any(|(_, one)| one.is_some()) {
            self.lvs.configure(config);
        }
        let is_reload = if wanted.iter().all(|(_, one)| one.is_none()) {
            self.lines = Lines::default(); // thousands of names that nobody would read
            false
        } else {
            self.lines.configure(config)
        };
        let mut old = std::mem::take(&mut self.pipes);
        for (hears, settings) in wanted {
            let Some(settings) = settings else { continue };
            if let Some(place) = old.iter().position(|(about, pipe)| *about == hears && pipe.settings() == settings) {
                self.pipes.push(old.swap_remove(place));
                continue;
            }
            match Pipe::open(settings, &config.global) {
                Ok(pipe) => self.pipes.push((hears, pipe)),
                Err(why) => tracing::error!("{why}"),
            }
        }
        for (_, pipe) in old {
            tokio::spawn(pipe.close()); // its script may take a moment to end; the reload does not
        }
        if is_reload && config.global.fifo_states_on_reload {
            let states = self.lines.states();
            self.write(&states, Hears::Vrrp);
        }
    }

    /// Writes what a notice means to readers of keepalived's lines.
    pub(crate) fn tell(&mut self, notice: &Notice) {
        if !self.pipes.is_empty()
            && let Some(line) = self.lines.line(notice)
        {
            self.write(&line, Hears::Vrrp);
        }
        let lines = self.lvs.line(notice);
        self.write(&lines, Hears::Lvs);
    }

    /// Ends the scripts and waits for nothing, see [`Pipe::abandon`].
    pub(crate) fn abandon(&self) {
        self.pipes.iter().for_each(|(_, pipe)| pipe.abandon());
    }

    /// Ends the scripts once they have read the last lines.
    pub(crate) async fn finish(self) {
        for (_, pipe) in self.pipes {
            pipe.close().await;
        }
    }

    fn write(&mut self, text: &str, about: Hears) {
        let mut pipes: Vec<_> =
            self.pipes.iter_mut().filter(|(hears, _)| [about, Hears::All].contains(hears)).collect();
        for line in text.split_inclusive('\n') {
            pipes.iter_mut().for_each(|(_, pipe)| pipe.write(line));
        }
    }
}

/// Remembers states and priorities, which keepalived's lines repeat.
#[derive(Default)]
struct Lines {
    instances: BTreeMap<String, (RouterState, u8)>,
    groups: BTreeMap<String, RouterState>,
    /// Instances whose changes of priority alone are told.
    priorities: HashSet<String>,
    /// Instances of this configuration.
    present: HashSet<String>,
    /// Instances that the last reload took out.
    deleted: HashSet<String>,
}

impl Lines {
    /// Takes a configuration; returns whether it is a reload.
    fn configure(&mut self, config: &Config) -> bool {
        let is_reload = !self.present.is_empty();
        let now = |name: &String| config.instances.iter().any(|instance| instance.name == *name);
        self.deleted = std::mem::take(&mut self.present).into_iter().filter(|name| !now(name)).collect();
        self.present = config.instances.iter().map(|one| one.name.clone()).collect();
        let speaks = |name: &str| config.group_of(name).is_some_and(|group| group.notify.priority_changes);
        let telling = config.instances.iter().filter(|one| one.notify.priority_changes || speaks(&one.name));
        self.priorities = telling.map(|one| one.name.clone()).collect();
        self.instances.retain(|name, _| now(name) || self.deleted.contains(name));
        self.groups.retain(|name, _| config.groups.iter().any(|group| group.name == *name));
        is_reload
    }

    fn line(&mut self, notice: &Notice) -> Option<String> {
        let name = &notice.instance;
        match &notice.what {
            What::Entered { to, priority, .. } => {
                self.instances.insert(name.clone(), (*to, *priority));
                let gone = *to == RouterState::Stopped && self.deleted.remove(name);
                let word = if gone { "DELETED" } else { keepalived_word(*to)? };
                Some(instance_line(name, word, *priority))
            }
            What::GroupEntered { to, .. } => {
                let before = self.groups.insert(name.clone(), *to);
                // A reload makes its groups anew; that their state is what it was is no news.
                keepalived_word(*to).filter(|_| before != Some(*to)).map(|word| group_line(name, word))
            }
            What::Priority { to, state, .. } => {
                if let Some((_, priority)) = self.instances.get_mut(name) {
                    *priority = *to;
                }
                let word = match state {
                    RouterState::Master => "MASTER_PRIORITY",
                    RouterState::Backup => "BACKUP_PRIORITY",
                    RouterState::Init | RouterState::Handover | RouterState::Fault | RouterState::Stopped => {
                        return None;
                    }
                };
                self.priorities.contains(name).then(|| instance_line(name, word, *to))
            }
            What::SecondMaster { .. } => {
                let (_, priority) = self.instances.get(name)?;
                Some(instance_line(name, "MASTER_RX_LOWER_PRI", *priority))
            }
            What::HeartbeatBlocked { .. }
            | What::NotReleased { .. }
            | What::Duplicate { .. }
            | What::RoutingRestored { .. }
            | What::BadAdvert { .. }
            | What::AddressesDiffer { .. }
            | What::OtherCluster { .. }
            | What::Stranger { .. }
            | What::AddressRestored { .. }
            | What::UnknownVrid { .. }
            | What::Failed { .. }
            | What::Step { .. }
            | What::CheckFailed { .. }
            | What::RealServer { .. }
            | What::Quorum { .. }
            | What::Overridden { .. } => None, // see `LvsLines`
        }
    }

    /// The state of everything, a line each.
    fn states(&self) -> String {
        let instances = self
            .instances
            .iter()
            .filter_map(|(name, (state, priority))| Some(instance_line(name, keepalived_word(*state)?, *priority)));
        let groups = self.groups.iter().filter_map(|(name, state)| Some(group_line(name, keepalived_word(*state)?)));
        instances.chain(groups).collect()
    }
}

fn instance_line(name: &str, word: &str, priority: u8) -> String {
    format!("INSTANCE \"{name}\" {word} {priority}\n")
}

fn group_line(name: &str, word: &str) -> String {
    format!("GROUP \"{name}\" {word} 0\n")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hactl_engine::conf::config::VrrpInstance;

    use super::*;

    fn entered(to: RouterState, priority: u8) -> Notice {
        let what = What::Entered { from: RouterState::Backup, to, reason: "silence".into(), priority, lasted_ms: 1300 };
        Notice { instance: "VI_1".into(), what }
    }

    fn config() -> Config {
        let mut instance = VrrpInstance::new("VI_1", "eth0", 51);
        std::sync::Arc::make_mut(&mut instance.notify).priority_changes = true;
        Config { instances: vec![instance.into()], ..Config::default() }
    }

    #[test]
    fn keepalived_s_lines() {
        let mut lines = Lines::default();
        assert!(!lines.configure(&config()));
        let mut say = |what| lines.line(&Notice { instance: "VI_1".into(), what }).unwrap_or_default();
        let source = "10.0.0.6".parse().unwrap();
        assert_eq!(say(entered(RouterState::Backup, 91).what), "INSTANCE \"VI_1\" BACKUP 91\n");
        assert_eq!(
            say(What::Priority { from: 91, to: 37, state: RouterState::Backup }),
            "INSTANCE \"VI_1\" BACKUP_PRIORITY 37\n"
        );
        assert_eq!(say(entered(RouterState::Master, 91).what), "INSTANCE \"VI_1\" MASTER 91\n");
        assert_eq!(
            say(What::Priority { from: 91, to: 120, state: RouterState::Master }),
            "INSTANCE \"VI_1\" MASTER_PRIORITY 120\n"
        );
        let second = What::SecondMaster { source, priority: 50 };
        assert_eq!(say(second), "INSTANCE \"VI_1\" MASTER_RX_LOWER_PRI 120\n");
        assert_eq!(say(entered(RouterState::Handover, 120).what), "");
        assert_eq!(say(entered(RouterState::Fault, 120).what), "INSTANCE \"VI_1\" FAULT 120\n");
        assert_eq!(say(entered(RouterState::Stopped, 120).what), "INSTANCE \"VI_1\" STOP 120\n");
        let (from, reason) = (RouterState::Backup, "all".to_owned());
        let group =
            Notice { instance: "G1".into(), what: What::GroupEntered { from, to: RouterState::Master, reason } };
        assert_eq!(lines.line(&group).unwrap(), "GROUP \"G1\" MASTER 0\n");
    }

    #[test]
    fn an_instance_taken_out_is_deleted_and_states_are_repeated() {
        let mut lines = Lines::default();
        lines.configure(&config());
        lines.line(&entered(RouterState::Master, 91));
        assert!(lines.configure(&config()));
        assert_eq!(lines.states(), "INSTANCE \"VI_1\" MASTER 91\n");
        lines.configure(&Config::default());
        let line = lines.line(&entered(RouterState::Stopped, 91)).unwrap();
        assert_eq!(line, "INSTANCE \"VI_1\" DELETED 91\n");
    }

    #[test]
    fn priorities_are_told_where_asked_for() {
        let mut lines = Lines::default();
        let mut quiet = config();
        Arc::make_mut(&mut Arc::make_mut(&mut quiet.instances[0]).notify).priority_changes = false;
        lines.configure(&quiet);
        lines.line(&entered(RouterState::Master, 91));
        let change =
            Notice { instance: "VI_1".into(), what: What::Priority { from: 91, to: 37, state: RouterState::Master } };
        assert_eq!(lines.line(&change), None);
    }
}
