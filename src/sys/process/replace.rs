//! A file that is replaced as a whole: written beside its place, then renamed. Whoever reads it, and a crash, finds the old or the
//! new one. A link is replaced and never followed, and in /tmp nobody can know the name that the new file has meanwhile.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::clock;

/// Puts a file of mode 0600 in place.
///
/// # Errors
/// The kernel's; the old file is still there then.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, bytes, false)
}

/// As [`replace`], and the bytes are on the disk before the name is theirs: an outage of power leaves the old or the new file, too.
///
/// # Errors
/// The kernel's; the old file is still there then.
pub(crate) fn replace_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, bytes, true)
}

fn put(path: &Path, bytes: &[u8], durably: bool) -> io::Result<()> {
    let fresh = PathBuf::from(format!("{}.{}.{}", path.display(), std::process::id(), clock::now().0));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).custom_flags(libc::O_NOFOLLOW);
    let written = options.open(&fresh).and_then(|mut file| {
        file.write_all(bytes)?;
        if durably { file.sync_all() } else { Ok(()) }
    });
    let moved = written.and_then(|()| fs::rename(&fresh, path));
    if moved.is_err() {
        let _ = fs::remove_file(&fresh); // it may never have been made
    }
    moved
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_link_is_replaced_and_nothing_is_left_beside() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("state"), folder.path().join("other"));
        fs::write(&other, "theirs").unwrap();
        symlink(&other, &path).unwrap();
        for put in [replace, replace_durably] {
            put(&path, b"ours").unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"ours");
            assert_eq!(fs::read(&other).unwrap(), b"theirs");
            let meta = fs::symlink_metadata(&path).unwrap();
            assert!(meta.is_file() && meta.permissions().mode() & 0o777 == 0o600);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        assert!(replace(&folder.path().join("no/such/folder"), b"").is_err());
    }
}
