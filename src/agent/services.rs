//! Everything beside the VRRP loop that a configuration calls for: checks, notify scripts, FIFOs, alerts, tracked files
//! and processes, metrics. One value that is told of each configuration, of each notice and of the end.

use std::time::Duration;

use hactl_engine::action::RouterId;
use hactl_engine::conf::config::Config;
use hactl_engine::control::AgentStatus;
use hactl_engine::notice::Notice;
use tokio::time::timeout;

use super::alert::Alerts;
use super::control::Desk;
use super::exporter::Exporter;
use super::fifo_lines::Fifos;
use super::files_tracked::TrackedFiles;
use super::notify::{Job, Notifier};
use super::processes::TrackedProcesses;
use super::scripts::Scripts;

/// What a restart waits for last words: little against the three intervals after which a backup acts.
const HURRY: Duration = Duration::from_millis(100);

/// The services.
#[derive(Default)]
pub struct Services {
    scripts: Scripts,
    notifier: Notifier,
    fifos: Fifos,
    alerts: Alerts,
    files: TrackedFiles,
    processes: TrackedProcesses,
    exporter: Exporter,
}

impl Services {
    /// Takes a configuration: what it names runs from now on, what it does not name any more ends.
    pub fn configure(&mut self, config: &Config, desk: &Desk) {
        let mailbox = &desk.mailbox;
        self.notifier.configure(config);
        self.fifos.configure(config);
        self.alerts.configure(config);
        self.scripts.configure(config, mailbox);
        self.files.configure(config, mailbox);
        self.processes.configure(config, mailbox);
        self.exporter.configure(config.own.metrics.as_ref(), desk);
    }

    /// Runs a notify script.
    pub fn run(&mut self, router: RouterId, job: Job) {
        self.notifier.enqueue(router, job);
    }

    /// Passes on what happened. `unix_ms` dates it.
    pub fn tell(&mut self, notice: &Notice, unix_ms: u64) {
        self.fifos.tell(notice);
        self.alerts.tell(notice, unix_ms);
    }

    /// Adds what the services know to a status.
    pub fn complete(&self, status: &mut AgentStatus) {
        status.scripts = self.scripts.status();
        status.files = self.files.status();
        status.processes = self.processes.status();
    }

    /// Ends what would run beside a successor in this very process, and waits for nothing.
    pub fn abandon(&self) {
        self.fifos.abandon();
    }

    /// Lets the last words be heard if that is a matter of milliseconds: adverts are due.
    pub async fn finish_soon(mut self) {
        self.exporter.stop();
        let Self { notifier, fifos, alerts, .. } = self;
        let last_words = async { tokio::join!(notifier.finish(), alerts.finish()) };
        if timeout(HURRY, last_words).await.is_err() {
            tracing::info!("a restart does not wait for notify scripts and alerts; they are left to themselves");
        }
        fifos.abandon();
    }

    /// Lets the last words be heard, each within its limit, and ends everything.
    pub async fn finish(mut self) {
        self.exporter.stop();
        tokio::join!(self.notifier.finish(), self.fifos.finish(), self.alerts.finish());
    }
}
