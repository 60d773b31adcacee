//! What travels between the VRRP loop and the rest of the agent.

use std::sync::mpsc;

use hactl_engine::action::Owner;
use hactl_engine::conf::config::{Argv, Config, Script, ScriptUser};
use hactl_engine::control::{GroupStatus, InstanceStatus, Pin, StrangerStatus, Timing};
use hactl_engine::input::{Command, Input};
use hactl_engine::notice::Notice;
use tokio::sync::oneshot;

use super::error::Denied;
use crate::sys::process::epoll::Bell;

/// Messages to the loop that may wait at a time.
pub(crate) const MESSAGES_MAX: usize = 1024;
/// Jobs from the loop that may wait at a time.
pub(crate) const JOBS_MAX: usize = 4096;

/// To the loop.
pub(crate) enum Message {
    /// Something for the engine.
    Input(Input),
    /// An operator's command and where its answer goes.
    Command(Command, oneshot::Sender<Result<String, Denied>>),
    /// A question for the state of all instances.
    Status(oneshot::Sender<LoopStatus>),
    /// A new configuration; answered when it is in force.
    Reload(Box<Config>, oneshot::Sender<()>),
    /// Stop; the loop ends when all is done.
    Stop {
        /// Leave the addresses for a successor.
        keep_addresses: bool,
    },
}

/// What only the loop knows.
#[derive(Debug, Clone, Default)]
pub(crate) struct LoopStatus {
    /// The instances.
    pub instances: Vec<InstanceStatus>,
    /// The sync groups.
    pub groups: Vec<GroupStatus>,
    /// Virtual routers of others.
    pub strangers: Vec<StrangerStatus>,
    /// Its punctuality.
    pub timing: Timing,
}

/// From the loop: work that may block.
#[derive(Debug)]
pub(crate) enum Job {
    /// Run a notify script.
    Run {
        /// Whose: scripts of one owner run in order.
        owner: Owner,
        /// The change of state it tells of, see `Action::Run`.
        change: u64,
        /// Command and arguments.
        command: Argv,
        /// Who runs it.
        user: Option<ScriptUser>,
        /// The virtual router of whose takeover it is a step, see `Action::Run`.
        step: Option<String>,
    },
    /// Run a script of a virtual server.
    RunFor {
        /// Whose: scripts of one virtual server run in order.
        server: String,
        /// What to run.
        command: Script,
    },
    /// Save or forget an override.
    SavePin {
        /// Instance name.
        instance: String,
        /// `None` forgets.
        pin: Option<Pin>,
    },
    /// Log, remember and pass on.
    Tell {
        /// What happened.
        notice: Notice,
        /// When, Unix milliseconds.
        unix_ms: u64,
    },
    /// Something of the loop itself that should be looked at.
    Warning(String),
}

/// The way to the loop.
#[derive(Clone)]
pub(crate) struct Mailbox {
    messages: mpsc::SyncSender<Message>,
    bell: Bell,
}

impl Mailbox {
    /// A mailbox and the end that the loop reads.
    pub(crate) fn new(bell: Bell) -> (Self, mpsc::Receiver<Message>) {
        let (messages, inbox) = mpsc::sync_channel(MESSAGES_MAX);
        (Self { messages, bell }, inbox)
    }

    /// Sends a message; `false` when the loop has ended or is hopelessly behind.
    pub(crate) fn send(&self, message: Message) -> bool {
        let sent = self.messages.try_send(message).is_ok();
        self.bell.ring();
        sent
    }
}
