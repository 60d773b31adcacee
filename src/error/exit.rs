//! Exit codes: the contract with scripts.

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// A bug or a failing local system call.
    Internal = 1,
    /// Changes are pending (`plan`).
    Pending = 2,
    /// Invalid input; nothing was contacted.
    Invalid = 3,
    /// Preflight failed or a host is unreachable; nothing was changed.
    Preflight = 4,
    /// Failed and fully rolled back.
    RolledBack = 5,
    /// Failed; the named hosts need a hand.
    HandNeeded = 6,
    /// Verification or drill failed.
    Verification = 7,
    /// Another operator holds the lock.
    Locked = 8,
    /// Wrong usage of the command line.
    Usage = 64,
    /// Interrupted by the user.
    Interrupted = 130,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
