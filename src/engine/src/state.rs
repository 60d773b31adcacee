//! The state of a virtual router, as everybody outside of the state machine knows it.

use serde::{Deserialize, Serialize};

/// State of a virtual router, as the RFC and keepalived name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RouterState {
    /// Not started yet.
    Init,
    /// Listening.
    Backup,
    /// Owns the addresses.
    Master,
    /// Was master, still answers until the next one is there.
    Handover,
    /// Cannot be master: see `fault_reasons`.
    Fault,
    /// Stopped cleanly.
    Stopped,
}
