//! Why an operator's order about real servers is not carried out.

use thiserror::Error;

/// Why nothing was ordered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum NotOrdered {
    #[error("no virtual_server is configured here, so there is nothing to drain")]
    NothingHere,
    #[error("the agent is stopping")]
    Stopping,
    /// What the balancer says: there is no such real server.
    #[error("{0}")]
    Denied(hactl_engine::lvs::balancer::OrderError),
}
