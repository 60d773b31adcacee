//! What the commands that deploy have in common.

use std::path::{Path, PathBuf};

use crate::ctl::desk::find_inventory;
use crate::ctl::journal;
use crate::ctl::report as ctl;
use crate::error::Exit;

/// Writes a command into this desk's journal, unless nobody was to be touched by it.
pub(super) fn note<T>(
    command: &str,
    inventory: Option<&Path>,
    outcome: &ctl::Outcome<T>,
    touched: impl FnOnce(&T) -> bool,
) {
    let (exit, problems) = match outcome {
        Ok(report) if !touched(&report.value) => return,
        Ok(report) => (report.exit, &report.problems),
        // Nobody was contacted.
        Err(failure) if matches!(failure.exit, Exit::Invalid | Exit::Usage) => return,
        Err(failure) => (failure.exit, &failure.problems),
    };
    if let Ok(inventory) = find_inventory(inventory) {
        journal::write(command, &inventory, exit as u8, problems);
    }
}

/// The binary that goes to load balancers, where another one than this is meant.
pub(super) fn binary() -> Option<PathBuf> {
    std::env::var_os("HACTL_BINARY").map(PathBuf::from)
}
