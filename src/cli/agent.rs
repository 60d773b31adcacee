//! x

use super::args::{Agent, Global};
use crate::error::{Failure, Outcome};

/// Runs a `agent` command.
///
/// # Errors
/// What the command has to say, with its exit code.
pub fn run(_global: &Global, _command: Agent) -> Outcome {
    Err(Failure::internal("not built yet"))
}
