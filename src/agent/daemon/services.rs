//! Everything beside the VRRP loop that a configuration calls for: checks, notify scripts, FIFOs, alerts, tracked files
//! and processes, metrics. One value that is told of each configuration, of each notice and of the end.

use std::time::Duration;

use hactl_engine::action::Owner;
use hactl_engine::conf::config::{Config, Script};
use hactl_engine::control::AgentStatus;
use hactl_engine::lvs::balancer::{Order, Selection};
use hactl_engine::notice::Notice;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::agent::command::notify::{Notifier, NotifyRun, Whose};
use crate::agent::control::exporter::Exporter;
use crate::agent::control::handles::Handles;
use crate::agent::lvs::error::NotOrdered;
use crate::agent::lvs::service::Lvs;
use crate::agent::report::alert::Alerts;
use crate::agent::report::fifo_lines::Fifos;
use crate::agent::track::files::TrackedFiles;
use crate::agent::track::processes::TrackedProcesses;
use crate::agent::track::scripts::Scripts;

/// How long a restart waits for the last reports to go out: little against the three intervals after which a backup
/// acts.
const HURRY: Duration = Duration::from_millis(100);

/// The services.
pub(crate) struct Services {
    lvs: Lvs,
    scripts: Scripts,
    notifier: Notifier,
    fifos: Fifos,
    alerts: Alerts,
    files: TrackedFiles,
    processes: TrackedProcesses,
    exporter: Exporter,
}

impl Services {
    /// Nothing runs yet. The end of each step of a takeover goes to `steps`.
    pub(crate) fn new(lvs: Lvs, steps: mpsc::UnboundedSender<Notice>) -> Self {
        Self {
            lvs,
            scripts: Scripts::default(),
            notifier: Notifier::new(steps),
            fifos: Fifos::default(),
            alerts: Alerts::default(),
            files: TrackedFiles::default(),
            processes: TrackedProcesses::default(),
            exporter: Exporter::default(),
        }
    }

    /// Takes a configuration: what it names runs from now on, what it does not name any more ends.
    pub(crate) fn configure(&mut self, config: &Config, handles: &Handles) {
        let mailbox = &handles.mailbox;
        self.notifier.configure(config);
        self.fifos.configure(config);
        self.alerts.configure(config);
        self.scripts.configure(config, mailbox);
        self.files.configure(config, mailbox);
        self.processes.configure(config, mailbox);
        self.lvs.configure(config, self.files.values());
        self.exporter.configure(config.own.metrics.as_ref(), handles);
    }

    /// Runs a notify script.
    pub(crate) fn run(&mut self, owner: Owner, job: NotifyRun) {
        self.notifier.enqueue(Whose::Owner(owner), job);
    }

    /// Runs a script of a virtual server, after earlier ones of it.
    pub(crate) fn run_for(&mut self, server: String, command: Script) {
        // None of them is stale: each tells of another real server.
        let job = NotifyRun { change: 0, command: command.argv, user: command.user, step: None };
        self.notifier.enqueue(Whose::VirtualServer(server), job);
    }

    /// Carries out an operator's order about real servers.
    ///
    /// # Errors
    /// No such real server, or nothing is balanced here.
    pub(crate) async fn order(&self, selection: Selection, order: Order) -> Result<String, NotOrdered> {
        self.lvs.order(selection, order).await
    }

    /// Ends the balancing; what it has to say about that comes as jobs.
    pub(crate) async fn end_lvs(&mut self, keep_table: bool) {
        self.lvs.finish(keep_table).await;
    }

    /// Passes on what happened. `unix_ms` dates it.
    pub(crate) fn tell(&mut self, notice: &Notice, unix_ms: u64) {
        self.lvs.tell(notice);
        self.fifos.tell(notice);
        self.alerts.tell(notice, unix_ms);
    }

    /// Adds what the services know to a status.
    pub(crate) async fn complete(&self, status: &mut AgentStatus) {
        self.lvs.complete(status).await;
        status.scripts = self.scripts.status();
        status.files = self.files.status();
        status.processes = self.processes.status();
    }

    /// Ends what would run beside a successor in this very process, and waits for nothing.
    pub(crate) async fn abandon(&mut self) {
        self.scripts.finish().await; // only drops them
        self.fifos.abandon();
    }

    /// Lets the last words be heard if that is a matter of milliseconds: adverts are due.
    pub(crate) async fn finish_soon(mut self) {
        self.exporter.stop();
        self.scripts.finish().await;
        let Self { notifier, fifos, alerts, .. } = self;
        let last_words = async { tokio::join!(notifier.finish(), alerts.finish()) };
        if timeout(HURRY, last_words).await.is_err() {
            tracing::info!("a restart does not wait for notify scripts and alerts; they are left to themselves");
        }
        fifos.abandon();
    }

    /// Lets the last words be heard, each within its limit, and ends everything.
    pub(crate) async fn finish(mut self) {
        self.exporter.stop();
        self.scripts.finish().await;
        tokio::join!(self.notifier.finish(), self.fifos.finish(), self.alerts.finish());
    }
}
