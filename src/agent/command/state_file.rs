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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_read_or_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below/pins.json");
        assert!(matches!(read_json::<Vec<u32>>(&path), Ok(None)));
        write_json(&path, &[37, 91]).unwrap();
        assert_eq!(read_json::<Vec<u32>>(&path).unwrap(), Some(vec![37, 91]));
        fs::write(&path, "[37, ").unwrap();
        let why = read_json::<Vec<u32>>(&path).unwrap_err();
        assert!(matches!(why, StateFileError::Parse { .. }) && why.to_string().contains("pins.json: EOF"), "{why}");
        let why = read_json::<Vec<u32>>(folder.path()).unwrap_err();
        assert!(matches!(why, StateFileError::Read { .. }), "a folder: {why}");
    }
}
