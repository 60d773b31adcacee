//! Everything beside the VRRP loop that a configuration calls for: checks, notify scripts, FIFOs. One value
//! that is told of each configuration, of each notice and of the end.

use hactl_engine::action::RouterId;
use hactl_engine::conf::config::Config;
use hactl_engine::control::AgentStatus;
use hactl_engine::notice::Notice;

use super::fifo_lines::Fifos;
use super::letter::Mailbox;
use super::notify::{Job, Notifier};
use super::scripts::Scripts;

/// The services.
#[derive(Default)]
pub struct Services {
    scripts: Scripts,
    notifier: Notifier,
    fifos: Fifos,
}

impl Services {
    /// Takes a configuration: what it names runs from now on, what it does not name any more ends.
    pub fn configure(&mut self, config: &Config, mailbox: &Mailbox) {
        self.notifier.configure(config);
        self.fifos.configure(config);
        self.scripts.configure(config, mailbox);
    }

    /// Runs a notify script.
    pub fn run(&mut self, router: RouterId, job: Job) {
        self.notifier.enqueue(router, job);
    }

    /// Passes on what happened. `unix_ms` dates it.
    pub fn tell(&mut self, notice: &Notice, _unix_ms: u64) {
        self.fifos.tell(notice);
    }

    /// Adds what the services know to a status.
    pub fn complete(&self, status: &mut AgentStatus) {
        status.scripts = self.scripts.status();
    }

    /// Lets the last words be heard, each within its limit, and ends everything.
    pub async fn finish(self) {
        tokio::join!(self.notifier.finish(), self.fifos.finish());
    }
}
