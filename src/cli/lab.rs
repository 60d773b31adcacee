//! x

use super::args::{Global, Lab};
use crate::error::{Failure, Outcome};

/// Runs a `lab` command.
///
/// # Errors
/// What the command has to say, with its exit code.
pub fn run(_global: &Global, _command: Lab) -> Outcome {
    Err(Failure::internal("not built yet"))
}
