//! What follows from an input: the balancer's answers.

use super::diff::Change;
use crate::conf::config::Script;
use crate::notice::Notice;

/// Identifies a check for as long as its configuration stays the same, also across reloads.
pub type CheckId = u64;

/// What follows from an input, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Tell the kernel.
    Table(Vec<Change>),
    /// Run a notify script, after earlier ones of the same virtual server.
    Run {
        /// Name of the virtual server.
        server: String,
        /// What to run.
        command: Script,
    },
    /// Tell people.
    Tell(Notice),
}
