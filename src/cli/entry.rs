//! The way in: arguments to an exit code.

use std::panic;

use super::agent_args::Agent;
use super::{args, chinese, dispatch, show, usage};
use crate::agent::daemon::upgrade;
use crate::error::Exit;

/// Parses the command line, runs the command, prints what is wrong, returns the exit code.
/// `end_quietly` lets a closed pipe end the process: `hactl status | head` asks for it, the daemon must survive it.
pub fn main(end_quietly: fn()) -> std::process::ExitCode {
    let ended = panic::catch_unwind(|| run(end_quietly)).unwrap_or(Err((Exit::Internal, "it panicked".into())));
    ended
        .unwrap_or_else(|(exit, why)| {
            // A binary that was to take the agent's place and cannot gives it back.
            upgrade::go_back(&why);
            exit
        })
        .into()
}

fn run(end_quietly: fn()) -> Result<Exit, (Exit, String)> {
    let words = args::meant(std::env::args_os());
    let arguments = match args::parse(words.clone()) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to stdout and succeed; everything else is wrong usage.
            if error.use_stderr() && usage::wants_json(&words) {
                show::failed(true, &usage::command(&words), &usage::failure(&words, &error));
            } else {
                let _ = error.print(); // a closed stdout or stderr leaves nobody to tell
            }
            return if error.use_stderr() { Err((Exit::Usage, error.to_string())) } else { Ok(Exit::Done) };
        }
    };
    if !matches!(arguments.command, args::Command::Agent(Agent::Run(_))) {
        end_quietly();
    }
    // What units run writes to the log, which others read.
    if !matches!(arguments.command, args::Command::Agent(Agent::Run(_) | Agent::Certificates(_))) {
        chinese::language::choose();
    }
    let (json, command) = (arguments.global.wants_json(), arguments.command.name());
    let exit = dispatch::run(arguments).map_err(|failure| {
        show::failed(json, command, &failure);
        (failure.exit, failure.to_string())
    })?;
    // A script that reads what was written must not take an empty file for good.
    Ok(if exit == Exit::Done && show::say::lost() { Exit::Internal } else { exit })
}
