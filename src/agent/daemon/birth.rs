//! Tells those that wait for the agent that it is up: the process that started it, the binary that it replaces, and
//! whoever reads its process id files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hactl_engine::conf::config::Config;

use super::upgrade;
use crate::error::Failure;
use crate::sys::process::daemon::{Detached, detach};

/// Process id files. keepalived has a process for each half of its work; here all three hold the same number.
#[derive(Debug, Clone, Default)]
pub(crate) struct PidFiles {
    /// Of the daemon.
    pub main: Option<PathBuf>,
    /// Of what speaks VRRP; written when there is an instance.
    pub vrrp: Option<PathBuf>,
    /// Of what checks real servers; written when there is a virtual server.
    pub checkers: Option<PathBuf>,
}

impl PidFiles {
    /// Writes them.
    ///
    /// # Errors
    /// A file that cannot be written, with its name.
    pub(crate) fn write(&self, config: &Config) -> Result<(), Failure> {
        let vrrp = self.vrrp.as_deref().filter(|_| !config.instances.is_empty());
        let checkers = self.checkers.as_deref().filter(|_| !config.virtual_servers.is_empty());
        for path in [self.main.as_deref(), vrrp, checkers].into_iter().flatten() {
            let written = fs::write(path, format!("{}\n", std::process::id()));
            written.map_err(|error| Failure::internal(format!("{}: {error}", path.display())))?;
        }
        Ok(())
    }

    /// Takes away those that are this process's.
    pub(crate) fn remove(&self) {
        let own =
            |path: &&Path| fs::read_to_string(path).is_ok_and(|text| text.trim() == std::process::id().to_string());
        for path in [&self.main, &self.vrrp, &self.checkers].into_iter().flatten().map(PathBuf::as_path).filter(own) {
            let _ = fs::remove_file(path); // gone already is as good
        }
    }
}

/// The start, as others see it.
#[derive(Debug, Default)]
pub(crate) struct Birth {
    /// The process that started this one and waits.
    caller: Option<Detached>,
    /// Standard error is the log and stays.
    keep_stderr: bool,
}

impl Birth {
    /// Goes to the background; a successor is there already. With `leave` no file system is kept busy by it.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn in_background(leave: bool, keep_stderr: bool) -> Result<Self, Failure> {
        if upgrade::is_successor() {
            return Ok(Self::default());
        }
        let words = |error: io::Error| Failure::internal(format!("cannot go to the background: {error}"));
        let caller = detach().map_err(words)?;
        if leave {
            std::env::set_current_dir("/").map_err(words)?;
        }
        Ok(Self { caller: Some(caller), keep_stderr })
    }

    /// The agent is up.
    pub(crate) fn is_over(&mut self) {
        upgrade::settle();
        if let Some(caller) = self.caller.take()
            && let Err(error) = caller.came_up(self.keep_stderr)
        {
            tracing::warn!("going to the background: {error}");
        }
    }
}
