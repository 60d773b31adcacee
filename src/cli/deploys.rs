//! What the commands that deploy have in common.

use std::path::{Path, PathBuf};

use crate::ctl::desk::{Options, find_inventory};
use crate::ctl::journal::{Journal, Keeper};
use crate::ctl::report as ctl;
use crate::error::{Exit, Failure};

/// Has what a command does written into this desk's journal.
///
/// # Errors
/// There is no inventory, exit 3.
pub(super) fn keep(
    command: &str,
    inventory: Option<&Path>,
    plan: Option<&Path>,
    options: &mut Options,
) -> Result<Keeper, Failure> {
    let keeper = Keeper::new(Journal::here(), command, &find_inventory(inventory)?, plan);
    options.listener = keeper.hears(options.listener.clone());
    Ok(keeper)
}

/// Writes its end down, unless nobody was to be touched by it.
pub(super) fn note<T>(keeper: &Keeper, outcome: &ctl::Outcome<T>, touched: impl FnOnce(&T) -> bool) {
    match outcome {
        Ok(report) => keeper.ends(report.exit, &report.problems, touched(&report.value)),
        Err(failure) => {
            let nobody = matches!(failure.exit, Exit::Invalid | Exit::Usage);
            keeper.ends(failure.exit, &failure.problems, !nobody);
        }
    }
}

/// The binary that goes to load balancers, where another one than this is meant.
pub(super) fn binary() -> Option<PathBuf> {
    std::env::var_os("HACTL_BINARY").map(PathBuf::from)
}
