//! Words to whoever listens. A terminal that is gone or a pipe that nobody reads ends no command: a deploy must come to its end.

use std::fmt::Display;
use std::io::Write as _;

/// A line on stderr.
pub(crate) fn aside(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}"); // nobody is left to tell
}

/// Text on stdout.
pub(crate) fn out(text: impl Display) {
    let mut stdout = std::io::stdout().lock();
    let _ = write!(stdout, "{text}").and_then(|()| stdout.flush()); // nobody is left to tell
}
