//! x

use super::args::{Command, Global};
use crate::error::{Failure, Outcome};

/// Runs a `desk` command.
///
/// # Errors
/// What the command has to say, with its exit code.
pub fn run(_global: &Global, _command: Command) -> Outcome {
    Err(Failure::internal("not built yet"))
}
