//! Files of the state folder: what outlives the process, as JSON.

use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::StateFileError;
use crate::sys::process::replace::replace_durably;

/// Reads a file of the state folder; `None` when there is none.
///
/// # Errors
/// A file that is there but cannot be read or understood.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StateFileError> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(StateFileError::Read { path: path.into(), why }),
        Ok(bytes) => {
            let parsed = serde_json::from_slice(&bytes).map(Some);
            parsed.map_err(|why| StateFileError::Parse { path: path.into(), why })
        }
    }
}

/// Writes a file of the state folder, whole or not at all.
///
/// # Errors
/// The kernel's.
pub(crate) fn write_json(path: &Path, content: &impl Serialize) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    replace_durably(path, &serde_json::to_vec_pretty(content)?)
}
