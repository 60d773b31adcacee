//! A file that is replaced as a whole: written beside its place, then renamed. Whoever reads it, and a crash, finds the
//! old or the new one. A link is replaced and never followed, and in /tmp nobody can know the name that the new file
//! has meanwhile.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use super::clock;

/// Puts a file of mode 0600 in place.
///
/// # Errors
/// The kernel's; the old file is still there then.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    Fresh::beside(path, bytes)?.put()
}

/// As [`replace`], and the bytes are on the disk before the name is theirs: an outage of power leaves the old or the
/// new file, too.
///
/// # Errors
/// The kernel's; the old file is still there then.
pub(crate) fn replace_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = Fresh::beside(path, bytes)?;
    fresh.sync()?;
    fresh.put()
}

/// A file that is written and not in its place yet. Dropped before it is, it is gone.
pub(crate) struct Fresh {
    file: File,
    path: PathBuf,
    place: PathBuf,
}

impl Fresh {
    /// Writes a file of mode 0600 beside its place, hidden from listings.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn beside(place: &Path, bytes: &[u8]) -> io::Result<Self> {
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let path = place.with_file_name(format!(".{name}.{}.{}", std::process::id(), clock::now().0));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600).custom_flags(libc::O_NOFOLLOW);
        let file = options.open(&path)?;
        let mut fresh = Self { file, path, place: place.to_owned() };
        fresh.file.write_all(bytes)?;
        Ok(fresh)
    }

    /// Gives it the owner and the mode of another file. Only root can give files away; for others the owner is
    /// themselves, or the folder's rules decide.
    ///
    /// # Errors
    /// The mode could not be set.
    pub(crate) fn like(&self, other: &Metadata) -> io::Result<()> {
        let _ = chown(&self.path, Some(other.uid()), Some(other.gid())); // see above
        self.file.set_permissions(Permissions::from_mode(other.mode() & 0o7777))
    }

    /// Lets everybody read it.
    ///
    /// # Errors
    /// The mode could not be set.
    pub(crate) fn readable(&self) -> io::Result<()> {
        self.file.set_permissions(Permissions::from_mode(0o644))
    }

    /// Waits until the bytes are on the disk.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Puts it in its place.
    ///
    /// # Errors
    /// The kernel's; the old file is still there then.
    pub(crate) fn put(&self) -> io::Result<()> {
        fs::rename(&self.path, &self.place)
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path); // it is not there any more once it is in its place
    }
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
        drop(Fresh::beside(&path, b"never put").unwrap());
        fs::create_dir(folder.path().join("taken")).unwrap();
        assert!(replace(&folder.path().join("taken"), b"").is_err(), "a folder is not replaced by a file");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
        assert!(replace(&folder.path().join("no/such/folder"), b"").is_err());
    }
}
