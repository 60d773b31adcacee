//! Why a program is not run, a secret not read, a file of the state folder not understood.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a program may not be run.
#[derive(Debug, Error)]
pub(crate) enum Refused {
    #[error("the command is empty")]
    Empty,
    #[error(
        "{0}: enable_script_security keeps root from running it unless `script_user` says so; \
         name a user there, or create the user {DEFAULT_USER}"
    )]
    NotForRoot(String),
    #[error("{kind} `{name}` is unknown on this host; create it or name another")]
    UnknownAccount { kind: &'static str, name: String },
    #[error("{0}: {1}")]
    File(String, #[source] io::Error),
    #[error("{0}: not found in PATH; write its full path")]
    NotInPath(String),
    #[error("{} is not a file", .0.display())]
    NotAFile(PathBuf),
    #[error("{} wants the interpreter {}, which does not exist", script.display(), interpreter.display())]
    NoInterpreter { script: PathBuf, interpreter: PathBuf },
    #[error("{} is not executable; `chmod +x` it", .0.display())]
    NotExecutable(PathBuf),
    #[error("user {uid} may not {what} {}", part.display())]
    Forbidden { uid: u32, what: &'static str, part: PathBuf },
    /// `by` is absent where the file belongs to root and its mode lets others write.
    #[error("{} can be written by {}, so root must not run {}", part.display(), writer(*by), program.display())]
    OthersMayWrite { part: PathBuf, by: Option<u32>, program: PathBuf },
}

fn writer(by: Option<u32>) -> String {
    by.map_or_else(|| "others".into(), |uid| format!("user {uid}"))
}

/// Why a program did not come to an end of its own.
#[derive(Debug, Error)]
pub(crate) enum NotRun {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("cannot start {0}: {1}")]
    Start(String, #[source] io::Error),
    #[error("waiting for {0}: {1}")]
    Wait(String, #[source] io::Error),
}

/// Why a secret is not read.
#[derive(Debug, Error)]
pub(crate) enum SecretError {
    #[error(transparent)]
    File(#[from] io::Error),
    #[error("not a regular file")]
    NotAFile,
    #[error("others may use it (mode {:03o})", .0 & 0o777)]
    OthersMayUse(u32),
    #[error("it belongs to user {0}")]
    Owner(u32),
    #[error("it is empty")]
    Empty,
    #[error("it is longer than {0} bytes")]
    TooLong(u64),
}

/// Why a file of the state folder does not count.
#[derive(Debug, Error)]
pub(crate) enum StateFileError {
    #[error("cannot read {}: {why}; starting without what it remembers", path.display())]
    Read {
        path: PathBuf,
        #[source]
        why: io::Error,
    },
    #[error("{}: {why}; starting without what it remembers", path.display())]
    Parse {
        path: PathBuf,
        #[source]
        why: serde_json::Error,
    },
}

/// Whom keepalived lets run scripts that name nobody, where this user exists.
pub(super) const DEFAULT_USER: &str = "keepalived_script";
