//! `hactl man`: the manual page, from the same definition as the help.

use std::io::Write as _;

use clap::CommandFactory as _;
use clap_mangen::Man;

use super::args::Cli;
use super::explain;
use crate::error::{Exit, Failure, Outcome};

/// Exit codes, as README has them.
const EXITS: &str = "0 done \\(bu 1 internal \\(bu 2 changes pending \\(bu 3 invalid input, nothing contacted \\(bu 4 preflight failed or \
unreachable, nothing changed \\(bu 5 failed and rolled back \\(bu 6 failed, hand needed \\(bu 7 verification or drill failed \\(bu \
8 locked \\(bu 64 usage \\(bu 130 interrupted.";

/// Prints the page in roff: `hactl man | man -l -`.
///
/// # Errors
/// Exit 1 when stdout cannot be written.
pub(crate) fn manual() -> Outcome {
    let mut page = Vec::new();
    let written = Man::new(Cli::command()).title("hactl").section("1").render(&mut page);
    written.map_err(|error| Failure::internal(format!("the manual page: {error}")))?;
    page.extend_from_slice(format!(".SH \"EXIT STATUS\"\n{EXITS}\n{}", explain::as_roff()).as_bytes());
    let written = std::io::stdout().write_all(&page);
    written.map_err(|error| Failure::internal(format!("the manual page: {error}")))?;
    Ok(Exit::Done)
}
