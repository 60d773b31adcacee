//! Hands each command to the room that does it.

use super::args::{Cli, Command};
use crate::error::{Exit, Outcome};

/// Runs a parsed command.
///
/// # Errors
/// What the command has to say, with its exit code.
pub(crate) fn run(cli: Cli) -> Outcome {
    let Cli { global, command } = cli;
    match command {
        Command::Completions { shell } => {
            super::generate::completions(shell, &mut std::io::stdout());
            Ok(Exit::Done)
        }
        Command::Complete { names } => {
            super::generate::names(&global, names);
            Ok(Exit::Done)
        }
        Command::Init(command) => super::init::init(&command),
        Command::Check(command) => super::offline::check(&global, &command),
        Command::Render(command) => super::offline::render(&global, &command),
        Command::Role(command) => super::roles::role(&global, &command),
        Command::Template(command) => super::roles::template(&global, &command),
        Command::Lab(command) => super::lab::run(&global, command),
        Command::Agent(command) => super::agent::run(&global, command),
        Command::Explain(command) if command.vip().is_none() => super::explain::explain(&global, &command),
        Command::Man => super::manual::manual(),
        Command::Genhash(command) => super::genhash::run(&global, command),
        other => super::desk::run(&global, other),
    }
}
