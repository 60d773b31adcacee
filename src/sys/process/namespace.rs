//! Network namespaces by name, where ip-netns(8) keeps them.

use std::fs::{File, metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use nix::sched::{CloneFlags, setns};

/// Moves this thread, and every thread that it will start, into a network namespace. One that it is in already needs no
/// permission.
///
/// # Errors
/// There is no such namespace, or `CAP_SYS_ADMIN` is missing.
pub(crate) fn enter(name: &str) -> io::Result<()> {
    let there = File::open(path(name))?;
    let (here, wanted) = (metadata("/proc/thread-self/ns/net")?, there.metadata()?);
    if (here.dev(), here.ino()) == (wanted.dev(), wanted.ino()) {
        return Ok(());
    }
    setns(there, CloneFlags::CLONE_NEWNET).map_err(io::Error::from)
}

/// The file that stands for a namespace.
pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from("/run/netns").join(name)
}
