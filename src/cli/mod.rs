//! What was typed. `args` is the grammar (help and completions come from it), `dispatch` hands each command to the
//! room that does it (`desk`, `lab` and `agent` translate flags into that room's terms), `generate` prints completions.
//! Nothing here decides anything.

pub mod agent;
pub mod args;
pub mod desk;
pub mod dispatch;
pub mod drill;
pub mod generate;
pub mod lab;
pub mod offline;

use crate::error::Exit;

/// Parses the command line, runs the command, prints what is wrong, returns the exit code.
pub fn main() -> std::process::ExitCode {
    let arguments = match args::parse(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to stdout and succeed; everything else is wrong usage.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            let _ = error.print(); // a closed stdout or stderr leaves nobody to tell
            return exit.into();
        }
    };
    if !matches!(arguments.command, args::Command::Agent(args::Agent::Run(_))) {
        // `hactl status | head` ends quietly; the daemon must survive a reader that goes away.
        crate::sys::pipe::end_quietly();
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

/// Re-exported for tests that check the grammar.
pub fn command() -> clap::Command {
    <args::Cli as clap::CommandFactory>::command()
}
