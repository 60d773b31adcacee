//! SIGPIPE: what happens when a command prints into a pipe whose reader has gone.

use nix::sys::signal::{SigHandler, Signal, signal};

/// Lets SIGPIPE end the process, as for any other command; Rust ignores it and panics when printing fails.
pub fn end_quietly() {
    // SAFETY: the default action installs no handler of ours.
    #[expect(unsafe_code, reason = "signal dispositions are process-wide")]
    let set = unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) };
    debug_assert!(set.is_ok());
}
