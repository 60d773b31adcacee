//! Words to whoever listens. A terminal that is gone or a pipe that nobody reads ends no command: a deploy must come to
//! its end.

use std::fmt::Display;
use std::io::{ErrorKind, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;

/// A line on stderr.
pub(crate) fn aside(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}"); // nobody is left to tell
}

/// Text on stdout.
pub(crate) fn out(text: impl Display) {
    let mut stdout = std::io::stdout().lock();
    // Where nobody reads any more nobody is left to tell; where a file is full, somebody will read it.
    if let Err(error) = write!(stdout, "{text}").and_then(|()| stdout.flush())
        && error.kind() != ErrorKind::BrokenPipe
        && error.raw_os_error() != Some(Errno::EIO as i32)
    // a terminal that is gone
    {
        aside(format_args!("stdout: {error}: what this command says was not written"));
        LOST.store(true, Ordering::Relaxed);
    }
}

/// Whether something that was said is not where it was to be written.
pub(crate) fn lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

static LOST: AtomicBool = AtomicBool::new(false);
