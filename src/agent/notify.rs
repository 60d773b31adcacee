//! Notify scripts: those of one router run one after another, in the order of its changes of state.

use std::collections::HashMap;
use std::time::Duration;

use hactl_engine::action::RouterId;
use hactl_engine::conf::config::{Argv, Global, ScriptUser};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::process::{identity, run, trusted};

/// A script that takes longer is killed, so that the next state's script runs at all.
const LIMIT: Duration = Duration::from_secs(60);
/// Scripts of one router that may wait; beyond that a flapping router loses the newest and says so.
const QUEUE: usize = 64;
/// How long a stop waits for the last scripts.
const FAREWELL: Duration = Duration::from_secs(5);

struct Job {
    command: Argv,
    user: Option<ScriptUser>,
}

/// The queues.
#[derive(Default)]
pub struct Notifier {
    queues: HashMap<RouterId, mpsc::Sender<Job>>,
    workers: JoinSet<()>,
    global: Global,
}

impl Notifier {
    /// Takes the settings of a configuration; scripts already waiting run under the old ones.
    pub fn configure(&mut self, global: &Global) {
        if self.global != *global {
            self.global = global.clone();
            self.queues.clear(); // the workers end when their queues are empty
        }
    }

    /// Puts a script in its router's queue.
    pub fn enqueue(&mut self, router: RouterId, command: Argv, user: Option<ScriptUser>) {
        let workers = &mut self.workers;
        let queue = self.queues.entry(router).or_insert_with(|| {
            let (sender, receiver) = mpsc::channel(QUEUE);
            workers.spawn(work(receiver, self.global.clone()));
            sender
        });
        if let Err(error) = queue.try_send(Job { command, user }) {
            tracing::error!("notify script not run, {QUEUE} are waiting already: {error}");
        }
    }

    /// Waits for the scripts of the last changes, but not for ever.
    pub async fn finish(mut self) {
        self.queues.clear();
        let all = async { while self.workers.join_next().await.is_some() {} };
        if tokio::time::timeout(FAREWELL, all).await.is_err() {
            tracing::warn!("notify scripts still run after {} s; leaving them", FAREWELL.as_secs());
            self.workers.detach_all();
        }
    }
}

async fn work(mut queue: mpsc::Receiver<Job>, global: Global) {
    while let Some(job) = queue.recv().await {
        let name = job.command.join(" ");
        let outcome = match permitted(&job, &global) {
            Ok(who) => run(&job.command, who, LIMIT).await,
            Err(why) => Err(why),
        };
        match outcome {
            Ok(ended) if ended.is_success() => tracing::debug!("notify `{name}`: done"),
            Ok(ended) => tracing::warn!("notify `{name}`: {ended}"),
            Err(error) => tracing::error!("notify `{name}`: {error}"),
        }
    }
}

fn permitted(job: &Job, global: &Global) -> Result<Option<super::process::Identity>, String> {
    if global.enable_script_security
        && let Some(program) = job.command.first()
    {
        trusted(program)?;
    }
    identity(job.user.as_ref(), global)
}
