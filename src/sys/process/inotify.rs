//! Changes in a folder, as the kernel sees them: files written, made, renamed into place, removed.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::path::Path;

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use tokio::io::unix::AsyncFd;

/// A watched folder; readable when something happened in it.
pub(crate) struct FolderWatch {
    inotify: Inotify,
}

/// What happened since the last look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The file asked for was touched, or events were lost.
    pub file: bool,
    /// The folder itself is gone or was renamed: the watch is worthless.
    pub folder_gone: bool,
}

impl FolderWatch {
    /// Begins to watch.
    ///
    /// # Errors
    /// The kernel's: no such folder, or too many watches.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        // Not IN_MODIFY: a file is empty for a moment while it is written anew.
        let what = AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_MOVE
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_DELETE_SELF
            | AddWatchFlags::IN_MOVE_SELF
            | AddWatchFlags::IN_ONLYDIR;
        inotify.add_watch(folder, what)?;
        Ok(Self { inotify })
    }

    /// Lets a runtime wait for it.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn awaitable(self) -> io::Result<AsyncFd<Self>> {
        // SAFETY: the descriptor is owned by `inotify`, which nothing replaces, and closes with it only.
        #[expect(unsafe_code, reason = "tokio wants to be told that the descriptor stays")]
        unsafe { AsyncFd::register(self) }.map_err(Into::into)
    }

    /// Takes all events that wait and says whether they concern `name`.
    ///
    /// # Errors
    /// The kernel's; "would block" when nothing waits.
    pub(crate) fn take(&self, name: &OsStr) -> io::Result<Seen> {
        let gone = AddWatchFlags::IN_DELETE_SELF | AddWatchFlags::IN_MOVE_SELF | AddWatchFlags::IN_IGNORED;
        let mut seen = Seen::default();
        for event in self.inotify.read_events()? {
            seen.folder_gone |= event.mask.intersects(gone);
            seen.file |= event.name.as_deref() == Some(name) || event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW);
        }
        Ok(seen)
    }
}

impl AsRawFd for FolderWatch {
    fn as_raw_fd(&self) -> RawFd {
        self.inotify.as_fd().as_raw_fd()
    }
}

impl AsFd for FolderWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_other_names_do_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        let watch = FolderWatch::open(folder.path()).unwrap();
        let name = OsStr::new("number");
        assert!(watch.take(name).is_err(), "nothing waits");
        std::fs::write(folder.path().join("other"), "1").unwrap();
        assert_eq!(watch.take(name).unwrap(), Seen::default());
        std::fs::rename(folder.path().join("other"), folder.path().join("number")).unwrap();
        assert!(watch.take(name).unwrap().file);
        std::fs::remove_dir_all(folder.path()).unwrap();
        assert!(watch.take(name).unwrap().folder_gone);
        assert!(FolderWatch::open(folder.path()).is_err());
    }
}
