//! What a connection needs of the agent: ways to its loop, its main task and its diary, and questions to them.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use hactl_engine::control::AgentStatus;
use hactl_engine::lvs::balancer::{Order, Selection};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::error::{NotDone, Unanswered};
use crate::agent::lvs::error::NotOrdered;
use crate::agent::report::journal::Journal;
use crate::agent::vrrp::message::{LoopStatus, Mailbox, Message};
use crate::sys::process::clock;

/// How long the loop may take to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Work that only the agent's main task can do.
pub(crate) enum DaemonJob {
    /// Read the configuration again; the answer says what came of it.
    Reload(oneshot::Sender<Result<String, NotDone>>),
    /// Replace the process by the binary now on disk; the answer says what will happen, or why not.
    Upgrade(oneshot::Sender<Result<String, NotDone>>),
    /// Carry out an operator's order about real servers.
    Order(Selection, Order, oneshot::Sender<Result<String, NotOrdered>>),
    /// Add what only it knows (configuration warnings, scripts) to a status.
    Complete(Box<AgentStatus>, oneshot::Sender<AgentStatus>),
}

/// What a connection needs.
#[derive(Clone)]
pub(crate) struct Handles {
    /// To the VRRP loop.
    pub mailbox: Mailbox,
    /// To the agent's main task.
    pub main: mpsc::Sender<DaemonJob>,
    /// History and events.
    pub journal: Journal,
    /// When the process started, Unix seconds.
    pub started_unix_s: u64,
    /// The addresses stay at the stop: a successor waits for the end of this process, and the peers for its adverts.
    pub in_a_hurry: Arc<AtomicBool>,
}

/// The whole state of the agent.
///
/// # Errors
/// The agent is stopping, or its loop stands still.
pub(crate) async fn status(handles: &Handles) -> Result<AgentStatus, Unanswered> {
    let LoopStatus { instances, groups, strangers, timing } = routers(handles).await?;
    let status = AgentStatus {
        version: env!("CARGO_PKG_VERSION").into(),
        pid: std::process::id(),
        started_unix_s: handles.started_unix_s,
        now_unix_ms: clock::unix_ms(),
        config: String::new(),
        warnings: Vec::new(),
        instances,
        groups,
        strangers,
        scripts: Vec::new(),
        files: Vec::new(),
        processes: Vec::new(),
        virtual_servers: Vec::new(),
        safety: None,
        timing,
    };
    let (asker, reply) = oneshot::channel();
    handles.main.send(DaemonJob::Complete(Box::new(status), asker)).await.map_err(|_| Unanswered::Stopping)?;
    reply.await.map_err(|_| Unanswered::Stopping)
}

/// What the loop alone knows: less to ask for than [`status`].
///
/// # Errors
/// As [`status`].
pub(super) async fn routers(handles: &Handles) -> Result<LoopStatus, Unanswered> {
    let (asker, reply) = oneshot::channel();
    ask(handles, Message::Status(asker), reply).await
}

/// Asks the loop and waits for its answer.
pub(super) async fn ask<T>(handles: &Handles, message: Message, reply: oneshot::Receiver<T>) -> Result<T, Unanswered> {
    if !handles.mailbox.send(message) {
        return Err(Unanswered::Stopping);
    }
    match timeout(PATIENCE, reply).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) => Err(Unanswered::Stopping),
        Err(_) => Err(Unanswered::LoopSilent(PATIENCE)),
    }
}
