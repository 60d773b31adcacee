//! Notify scripts: those of one owner run one after another, in the order of its changes of state. What has become
//! stale while it waited is left out, so that a flapping router's last state is told soon; the newest is never lost.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hactl_engine::action::Owner;
use hactl_engine::conf::config::{Argv, Config, Global, Notify, ScriptUser};
use hactl_engine::notice::{Notice, What};
use hactl_engine::time::millis;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::heard::run_heard;
use super::permit::permit;
use super::run::run;

/// A script that takes longer is killed, so that the next state's script runs at all.
const LIMIT: Duration = Duration::from_secs(60);
/// Scripts of one owner that may wait; beyond that the oldest is given up, aloud.
const QUEUE: usize = 64;
/// How long a stop waits for the last scripts.
const FAREWELL: Duration = Duration::from_secs(5);

/// A script to run.
#[derive(Debug, Clone)]
pub(crate) struct NotifyRun {
    /// Number of the change of state that it tells of.
    pub change: u64,
    /// Command and arguments.
    pub command: Argv,
    /// Who runs it; the agent's default when absent.
    pub user: Option<ScriptUser>,
    /// The virtual router of whose takeover it is a step: its end is told.
    pub step: Option<String>,
}

/// Whose scripts a queue holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Whose {
    /// A virtual router's, or a sync group's.
    Owner(Owner),
    /// Those of the virtual server of this name.
    VirtualServer(String),
}

/// The queues.
pub(crate) struct Notifier {
    queues: HashMap<Whose, Arc<Mutex<Queue>>>,
    workers: JoinSet<()>,
    global: Arc<Global>,
    /// Commands of stops, of the configuration before and of this one.
    farewells: [HashSet<Argv>; 2],
    /// Where the ends of steps are told.
    ends: mpsc::UnboundedSender<Notice>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(NotifyRun, Arc<Global>)>,
    busy: bool,
}

impl Notifier {
    /// Nothing waits. The end of each step of a takeover goes to `ends`.
    pub(crate) fn new(ends: mpsc::UnboundedSender<Notice>) -> Self {
        Self {
            queues: HashMap::new(),
            workers: JoinSet::new(),
            global: Arc::default(),
            farewells: Default::default(),
            ends,
        }
    }

    /// Takes the settings of a configuration; scripts already waiting run under the old ones.
    pub(crate) fn configure(&mut self, config: &Config) {
        self.global = Arc::new(config.global.clone());
        let all =
            config.instances.iter().map(|one| one.notify.as_ref()).chain(config.groups.iter().map(|one| &one.notify));
        // Those of the configuration before stay: an instance that a reload took out says farewell now.
        let [_, before] = std::mem::take(&mut self.farewells);
        self.farewells = [before, all.flat_map(farewells).collect()];
    }

    /// Puts a script in its owner's queue. Those of older changes that have not begun are stale and leave it, except
    /// farewells (stop, deleted), which are told whatever follows.
    pub(crate) fn enqueue(&mut self, whose: Whose, job: NotifyRun) {
        while self.workers.try_join_next().is_some() {} // forget those that ended
        let queue = Arc::clone(self.queues.entry(whose).or_default());
        let mut inside = lock(&queue);
        inside.waiting.retain(|(old, _)| {
            let stays = old.change >= job.change || self.is_farewell(&old.command);
            if !stays {
                tracing::debug!("notify `{}`: stale before it began, left out", old.command.join(" "));
            }
            stays
        });
        if inside.waiting.len() >= QUEUE
            && let Some((lost, _)) = inside.waiting.pop_front()
        {
            tracing::error!(
                "notify `{}` not run: {QUEUE} scripts wait, and newer ones go first",
                lost.command.join(" ")
            );
        }
        inside.waiting.push_back((job, Arc::clone(&self.global)));
        if !inside.busy {
            inside.busy = true;
            drop(inside);
            self.workers.spawn(work(queue, self.ends.clone()));
        }
    }

    /// Waits for the scripts of the last changes, but not for ever.
    pub(crate) async fn finish(mut self) {
        let all = async { while self.workers.join_next().await.is_some() {} };
        if tokio::time::timeout(FAREWELL, all).await.is_err() {
            tracing::warn!("notify scripts still run after {} s; leaving them", FAREWELL.as_secs());
            self.workers.detach_all();
        }
    }

    fn is_farewell(&self, command: &Argv) -> bool {
        let word = command.len().checked_sub(2).and_then(|place| command.get(place));
        self.farewells.iter().any(|known| known.contains(command))
            || word.is_some_and(|word| word == "STOP" || word == "DELETED")
    }
}

fn farewells(notify: &Notify) -> impl Iterator<Item = Argv> {
    let steps = notify.takeover_stop.iter().map(|step| &step.argv);
    notify.stop.iter().chain(&notify.deleted).chain(steps).cloned()
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs what waits until nothing does.
async fn work(queue: Arc<Mutex<Queue>>, ends: mpsc::UnboundedSender<Notice>) {
    loop {
        let next = {
            let mut inside = lock(&queue);
            let next = inside.waiting.pop_front();
            inside.busy = next.is_some();
            next
        };
        let Some((job, global)) = next else { return };
        if let Some(router) = job.step {
            let what = step(&job.command, job.user.as_ref(), &global).await;
            let _ = ends.send(Notice { instance: router, what }); // nobody listens in the last moment of a restart
            continue;
        }
        let name = job.command.join(" ");
        let outcome = match permit(&job.command, job.user.as_ref(), &global) {
            Ok(permit) => run(&permit, LIMIT).await,
            Err(why) => Err(why.into()),
        };
        match outcome {
            Ok(ended) if ended.is_success() => tracing::debug!("notify `{name}`: done"),
            Ok(ended) => tracing::warn!("notify `{name}`: {ended}"),
            Err(error) => tracing::error!("notify `{name}`: {error}"),
        }
    }
}

/// Runs a step of a takeover, and tells how that ended.
async fn step(command: &Argv, user: Option<&ScriptUser>, global: &Global) -> What {
    let begun = Instant::now();
    let (outcome, last_words) = match permit(command, user, global) {
        Ok(permit) => run_heard(&permit, LIMIT).await,
        Err(why) => (Err(why.into()), String::new()),
    };
    let failed = match outcome {
        Ok(ended) if ended.is_success() => None,
        Ok(ended) => Some(ended.to_string()),
        Err(error) => Some(error.to_string()),
    };
    What::Step { command: command.join(" "), took_ms: millis(begun.elapsed()), failed, last_words }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use std::sync::Arc;

    use hactl_engine::action::RouterId;
    use hactl_engine::conf::config::VrrpInstance;

    use super::*;

    fn job(change: u64, folder: &Path, words: &str) -> NotifyRun {
        let script =
            format!("echo {words} >> {0}/heard; while test ! -e {0}/go; do sleep 0.01; done", folder.display());
        let command = ["/bin/sh", "-c", &script, "notify", words].map(str::to_owned).to_vec();
        NotifyRun { change, command, user: None, step: None }
    }

    fn router(id: RouterId) -> Whose {
        Whose::Owner(Owner::Router(id))
    }

    async fn heard(folder: &Path, lines: usize) -> Vec<String> {
        for _ in 0..500 {
            let text = fs::read_to_string(folder.join("heard")).unwrap_or_default();
            if text.lines().count() >= lines {
                return text.lines().map(str::to_owned).collect();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{:?}", fs::read_to_string(folder.join("heard")));
    }

    fn notifier() -> Notifier {
        let mut notifier = Notifier::new(mpsc::unbounded_channel().0);
        let mut config = Config::default();
        config.global.script_user = Some(ScriptUser { user: "root".into(), group: None });
        notifier.configure(&config);
        notifier
    }

    #[tokio::test]
    async fn stale_ones_are_left_out_and_the_newest_runs() {
        let folder = tempfile::tempdir().unwrap();
        let mut notifier = notifier();
        notifier.enqueue(router(7), job(1, folder.path(), "one"));
        assert_eq!(heard(folder.path(), 1).await, ["one"]);
        for (change, word) in [(2, "two"), (3, "three"), (4, "four"), (4, "four-any")] {
            notifier.enqueue(router(7), job(change, folder.path(), word));
        }
        notifier.enqueue(router(8), job(1, folder.path(), "other-router"));
        assert_eq!(heard(folder.path(), 2).await, ["one", "other-router"], "routers do not wait for each other");
        fs::write(folder.path().join("go"), "").unwrap();
        notifier.finish().await;
        assert_eq!(heard(folder.path(), 4).await, ["one", "other-router", "four", "four-any"]);
    }

    #[tokio::test]
    async fn farewells_are_told_whatever_follows() {
        let folder = tempfile::tempdir().unwrap();
        let mut notifier = notifier();
        let stop = job(2, folder.path(), "bye");
        let mut config = Config::default();
        config.global.script_user = Some(ScriptUser { user: "root".into(), group: None });
        config.instances.push(VrrpInstance::new("VI_1", "eth0", 51).into());
        Arc::make_mut(&mut Arc::make_mut(&mut config.instances[0]).notify).stop = Some(stop.command.clone());
        notifier.configure(&config);
        notifier.enqueue(router(7), job(1, folder.path(), "one"));
        heard(folder.path(), 1).await;
        let mut generic = job(2, folder.path(), "generic");
        generic.command.extend(["INSTANCE", "VI_1", "STOP", "100"].map(str::to_owned));
        for job in [stop, generic, job(3, folder.path(), "three")] {
            notifier.enqueue(router(7), job);
        }
        fs::write(folder.path().join("go"), "").unwrap();
        notifier.finish().await;
        assert_eq!(heard(folder.path(), 4).await, ["one", "bye", "generic", "three"]);
    }

    #[tokio::test]
    async fn a_full_queue_gives_up_the_oldest() {
        let folder = tempfile::tempdir().unwrap();
        let mut notifier = notifier();
        notifier.enqueue(router(7), job(1, folder.path(), "running"));
        heard(folder.path(), 1).await;
        for n in 0..QUEUE + 3 {
            notifier.enqueue(router(7), job(2, folder.path(), &format!("n{n}")));
        }
        fs::write(folder.path().join("go"), "").unwrap();
        let lines = heard(folder.path(), QUEUE + 1).await;
        assert_eq!((lines[1].as_str(), lines.last().unwrap().as_str()), ("n3", format!("n{}", QUEUE + 2).as_str()));
        notifier.finish().await;
    }
}
