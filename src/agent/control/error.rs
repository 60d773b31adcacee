//! Why a request is not answered as it was meant.

use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::agent::lvs::error::NotOrdered;
use crate::agent::vrrp::error::Denied;

/// What the agent's main task says to a reload or an upgrade that it does not carry out.
pub(crate) type NotDone = Box<dyn StdError + Send + Sync>;

/// Why a request is not carried out.
#[derive(Debug, Error)]
pub(crate) enum Unanswered {
    #[error("the agent is stopping")]
    Stopping,
    #[error("the VRRP loop did not answer within {} s", .0.as_secs())]
    LoopSilent(Duration),
    #[error("watch takes a connection of its own")]
    WatchAlone,
    /// A text that names no real server.
    #[error("{0}")]
    NoSelection(hactl_engine::lvs::balancer::OrderError),
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error(transparent)]
    NotOrdered(#[from] NotOrdered),
    #[error(transparent)]
    NotDone(#[from] NotDone),
}

/// A file of keepalived's that could not be written.
#[derive(Debug, Error)]
#[error("cannot write {}: {why}", path.display())]
pub(crate) struct NotWritten {
    pub(super) path: PathBuf,
    #[source]
    pub(super) why: io::Error,
}
