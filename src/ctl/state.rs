//! Where this user's desk keeps what it remembers.

use std::path::{Path, PathBuf};

/// The folder; `None` for a user without a home. It need not be there yet.
pub fn state_folder() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/state")))?;
    Some(base.join("hactl"))
}
