//! The way in: arguments to an exit code.

use super::{agent_args, args, dispatch};
use crate::error::Exit;

/// Parses the command line, runs the command, prints what is wrong, returns the exit code.
/// `end_quietly` lets a closed pipe end the process: `hactl status | head` asks for it, the daemon must survive it.
pub fn main(end_quietly: fn()) -> std::process::ExitCode {
    let arguments = match args::parse(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to stdout and succeed; everything else is wrong usage.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            let _ = error.print(); // a closed stdout or stderr leaves nobody to tell
            return exit.into();
        }
    };
    if !matches!(arguments.command, args::Command::Agent(agent_args::Agent::Run(_))) {
        end_quietly();
    }
    match dispatch::run(arguments) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            if !failure.problems.is_empty() {
                eprintln!("{failure}");
            }
            failure.exit.into()
        }
    }
}

/// The grammar, for tests and completions.
pub fn command() -> clap::Command {
    <args::Cli as clap::CommandFactory>::command()
}
