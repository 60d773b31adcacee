//! Why a reload or an upgrade is not carried out. What ends a start is a `Failure` for the user instead.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use thiserror::Error;

use crate::error::Failure;

/// A configuration would take away what runs by mistake rather than by intention.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{gone} would be given up, which the file has no more: {fault}; mend it, or stop the agent")]
pub(crate) struct GivesUp {
    /// Instances that the file no longer has.
    pub(super) gone: String,
    /// What may have swallowed them.
    pub(super) fault: String,
}

/// Why a configuration is not taken.
#[derive(Debug, Error)]
pub(super) enum NotReloaded {
    #[error("{0}\n  the old configuration stays in force")]
    Unusable(Failure),
    #[error("`net_namespace` has changed: restart the agent; the old configuration stays in force")]
    Namespace,
    #[error("{}: {why}; the old configuration stays in force", file.display())]
    GivesUp { file: PathBuf, why: GivesUp },
    #[error("the agent is stopping")]
    Stopping,
}

/// Why a binary does not take this process's place.
#[derive(Debug, Error)]
pub(crate) enum NotUpgraded {
    #[error("the kernel does not tell which binary this is; `systemctl restart` keeps the addresses too")]
    UnknownBinary,
    #[error("{} could not take over: {why}; the running agent goes on", binary.display())]
    Rehearsal { binary: PathBuf, why: BadRehearsal },
    #[error(transparent)]
    Clock(#[from] std::io::Error),
}

/// What came of a rehearsal.
#[derive(Debug, Error)]
pub(crate) enum BadRehearsal {
    #[error(transparent)]
    NotRun(std::io::Error),
    #[error("no answer within {} s", .0.as_secs())]
    Silent(Duration),
    #[error("{0}")]
    Said(String),
    #[error("{0}")]
    Ended(ExitStatus),
}
