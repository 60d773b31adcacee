//! The end of every command: stdout has its value, as words or as one JSON object, and the exit code is returned.

use serde::Serialize;

use super::{problem, say};
use crate::cli::global::Global;
use crate::ctl::report::Report;
use crate::error::{Exit, Failure, Outcome, Problem};

/// The JSON object of a command: its value's own fields beside these.
#[derive(Serialize)]
struct Document<'d, T> {
    command: &'d str,
    exit: u8,
    #[serde(flatten)]
    value: Option<&'d T>,
    problems: &'d [Problem],
}

/// Commands that tell what happens while it does, an object a line.
const STREAMS: [&str; 1] = ["capture"];

/// Prints what a command returned: its words to stdout and its problems to stderr, or all of it as JSON to stdout.
///
/// # Errors
/// The command's own failure.
pub(crate) fn finish<T: Serialize>(
    global: &Global,
    command: &str,
    outcome: Result<Report<T>, Failure>,
    words: impl FnOnce(&T) -> String,
) -> Outcome {
    let report = outcome?;
    if global.wants_json() {
        print_json(command, report.exit, Some(&report.value), &report.problems)?;
        return Ok(report.exit);
    }
    say::out(words(&report.value));
    let told = report.problems.iter().filter(|problem| !(global.quiet && problem.warning));
    problem::drawn(told).iter().for_each(say::aside);
    Ok(report.exit)
}

/// The same where the problems are part of the words.
///
/// # Errors
/// As [`finish`].
pub(crate) fn finish_screen<T: Serialize>(
    global: &Global,
    command: &str,
    report: &Report<T>,
    words: impl FnOnce(&Report<T>) -> String,
) -> Outcome {
    if global.wants_json() {
        print_json(command, report.exit, Some(&report.value), &report.problems)?;
    } else {
        say::out(words(report));
    }
    Ok(report.exit)
}

/// Prints why a command has no value: to stderr in words, or as the same JSON object to stdout.
pub(crate) fn failed(wants_json: bool, command: &str, failure: &Failure) {
    let written = wants_json && print_json::<()>(command, failure.exit, None, &failure.problems).is_ok();
    if !written && !failure.problems.is_empty() {
        problem::drawn(&failure.problems).iter().for_each(say::aside);
    }
}

fn print_json<T: Serialize>(command: &str, exit: Exit, value: Option<&T>, problems: &[Problem]) -> Result<(), Failure> {
    let document = Document { command, exit: exit as u8, value, problems };
    // Where other objects come before this one each has a line of its own.
    let text = match STREAMS.contains(&command) {
        true => serde_json::to_string(&document),
        false => serde_json::to_string_pretty(&document),
    };
    say::out(text.map_err(|error| Failure::internal(error.to_string()))? + "\n");
    Ok(())
}
