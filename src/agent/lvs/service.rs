//! How the rest of the agent speaks to the director. Its thread begins with the first virtual server.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use hactl_engine::conf::config::Config;
use hactl_engine::control::{AgentStatus, VirtualServerStatus};
use hactl_engine::lvs::balancer::{Order, Selection};
use hactl_engine::notice::{Notice, What};
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;
use tokio::time::timeout;

use super::director::Director;
use super::error::NotOrdered;
use super::message::{DirectorMessage, Instance, Orders};
use super::serve::serve;
use crate::agent::check::around::Surroundings;
use crate::agent::check::descriptors::make_room;
use crate::agent::track::files::Values;
use crate::agent::vrrp::message::Job;

/// A director, or what it takes to start one.
pub(crate) struct Lvs {
    jobs: mpsc::Sender<Job>,
    state_dir: PathBuf,
    running: Option<Running>,
}

struct Running {
    messages: mpsc::UnboundedSender<DirectorMessage>,
    done: oneshot::Receiver<()>,
}

/// A status without what the director knows is better than none.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a stop waits for the table to be cleaned up: the kernel's locks may be held for seconds while namespaces
/// go.
const FAREWELL: Duration = Duration::from_secs(25);

impl Lvs {
    /// Nothing runs yet. `jobs` is where notices and scripts go.
    pub(crate) fn new(jobs: mpsc::Sender<Job>, state_dir: PathBuf) -> Self {
        Self { jobs, state_dir, running: None }
    }

    /// Takes a configuration.
    pub(crate) fn configure(&mut self, config: &Config, files: Values) {
        if self.running.is_none() && (!config.virtual_servers.is_empty() || config.global.lvs.sync_daemon.is_some()) {
            self.running = self.start(files).inspect_err(|error| tracing::error!("no thread for LVS: {error}")).ok();
        }
        let Some(running) = &self.running else { return };
        let needed = |name: &str| {
            let sync = config.global.lvs.sync_daemon.as_ref().and_then(|daemon| daemon.instance.as_deref());
            sync == Some(name) || config.virtual_servers.iter().any(|server| server.ha_suspend || server.master_only)
        };
        let instances = config.instances.iter().filter(|one| needed(&one.name));
        let orders = Orders {
            servers: config.virtual_servers.clone(),
            global: Arc::new(config.global.clone()),
            instances: instances.map(|one| (one.name.clone(), Instance::of(one))).collect(),
        };
        let _ = running.messages.send(DirectorMessage::Configure(Box::new(orders))); // fails after a stop only
    }

    fn start(&self, files: Values) -> std::io::Result<Running> {
        let (messages, inbox) = mpsc::unbounded_channel();
        let (ended, done) = oneshot::channel();
        let (jobs, state_dir) = (self.jobs.clone(), self.state_dir.clone());
        make_room();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("lvs".into()).spawn(move || {
            let around = Surroundings { files, ..Surroundings::default() };
            let director = Rc::new(RefCell::new(Director::new(jobs, state_dir, around)));
            LocalSet::new().block_on(&runtime, serve(director, inbox));
            let _ = ended.send(()); // nobody may wait
        })?;
        Ok(Running { messages, done })
    }

    /// Passes on what concerns the director: which instances are master.
    pub(crate) fn tell(&self, notice: &Notice) {
        if let (Some(running), What::Entered { to, .. }) = (&self.running, &notice.what) {
            let message = DirectorMessage::State { instance: notice.instance.clone(), state: *to };
            let _ = running.messages.send(message); // fails after a stop only
        }
    }

    /// Carries out an operator's order.
    ///
    /// # Errors
    /// No such real server, or nothing is balanced here.
    pub(crate) async fn order(&self, selection: Selection, order: Order) -> Result<String, NotOrdered> {
        let Some(running) = &self.running else {
            return Err(NotOrdered::NothingHere);
        };
        let (asker, reply) = oneshot::channel();
        let _ = running.messages.send(DirectorMessage::Order(selection, order, asker)); // told by the reply
        reply.await.map_err(|_| NotOrdered::Stopping)?
    }

    /// Adds what the director knows.
    pub(crate) async fn complete(&self, status: &mut AgentStatus) {
        status.virtual_servers = self.status().await;
    }

    async fn status(&self) -> Vec<VirtualServerStatus> {
        let Some(running) = &self.running else { return Vec::new() };
        let (asker, reply) = oneshot::channel();
        let _ = running.messages.send(DirectorMessage::Status(asker)); // told by the reply
        match timeout(PATIENCE, reply).await {
            Ok(Ok(status)) => status,
            Ok(Err(_)) => Vec::new(),
            Err(_) => {
                tracing::warn!(
                    "the director does not answer within {PATIENCE:?}: virtual servers are missing in a status"
                );
                Vec::new()
            }
        }
    }

    /// Ends the checks and takes the table away, unless a successor takes it over.
    pub(crate) async fn finish(&mut self, keep_table: bool) {
        let Some(running) = self.running.take() else { return };
        let _ = running.messages.send(DirectorMessage::Stop { keep_table }); // told by the end
        if timeout(FAREWELL, running.done).await.is_err() {
            tracing::error!("the LVS table was not cleaned up within {FAREWELL:?}; `ipvsadm -C` empties it");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_a_director_nothing_is_ordered() {
        let mut lvs = Lvs::new(mpsc::channel(1).0, PathBuf::new());
        let order = async |lvs: &Lvs| lvs.order(Selection::parse("10.0.0.7", None).unwrap(), Order::Drain).await;
        assert_eq!(order(&lvs).await, Err(NotOrdered::NothingHere));
        // One whose thread has ended.
        lvs.running = Some(Running { messages: mpsc::unbounded_channel().0, done: oneshot::channel().1 });
        assert_eq!(order(&lvs).await, Err(NotOrdered::Stopping));
        assert!(lvs.status().await.is_empty());
    }
}
