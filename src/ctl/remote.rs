//! A host as seen from the desk: something that runs scripts and lets its unix sockets be talked to.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::{Exit, Failure, Problem};

/// A connected host. One implementation speaks SSH, one plays a host in tests.
pub trait Remote: Send + Sync {
    /// Runs a POSIX shell script as root with these bytes as its standard input.
    fn exec<'a>(
        &'a self,
        script: &'a str,
        stdin: &'a [u8],
        limit: Duration,
    ) -> BoxFuture<'a, Result<Output, RemoteError>>;

    /// Opens a stream to a unix socket on the host.
    fn socket<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Box<dyn Duplex>, RemoteError>>;
}

/// A stream in both directions.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// What a script left behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Exit status; 128 + the signal's place in the shell's convention when it was killed, 255 when none was told.
    pub code: u32,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The last lines of standard error, or of standard output when that is empty: what to show to people.
    pub fn complaint(&self) -> String {
        let bytes = if self.stderr.iter().all(u8::is_ascii_whitespace) { &self.stdout } else { &self.stderr };
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        let from = lines.len().saturating_sub(COMPLAINT_LINES);
        lines.get(from..).unwrap_or_default().join("\n        ")
    }
}

/// Lines of a failing command shown to people.
const COMPLAINT_LINES: usize = 8;

/// Why a script did not run to its end, or a stream did not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// No answer in time.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The connection is gone.
    #[error("the connection was lost ({0})")]
    Lost(String),
    /// The host refused.
    #[error("refused ({0})")]
    Refused(String),
}

impl RemoteError {
    /// The problem shown to people.
    pub fn problem(&self, host: &str, doing: &str) -> Problem {
        Problem::new("E310", format!("{host}: {self} while {doing}"))
            .next(format!("check that {host} is up and reachable, then run the command again"))
    }

    /// A failure with that problem.
    pub fn failure(&self, exit: Exit, host: &str, doing: &str) -> Failure {
        Failure::one(exit, self.problem(host, doing))
    }
}

/// A word for a POSIX shell.
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        for word in ["plain-1.2/x", "", "two words", "it's", "$HOME `id` \"x\" \\ \n!", "~", "*", "ä"] {
            let out =
                std::process::Command::new("sh").args(["-c", &format!("printf %s {}", quote(word))]).output().unwrap();
            assert_eq!(String::from_utf8(out.stdout).unwrap(), word);
        }
    }

    #[test]
    fn a_complaint_prefers_stderr_and_is_short() {
        let output = Output { code: 1, stdout: b"fine\n".to_vec(), stderr: b"a\n\nb \n".to_vec() };
        assert_eq!(output.complaint(), "a\n        b");
        let output = Output { code: 1, stdout: b"only\n".to_vec(), stderr: b" \n".to_vec() };
        assert_eq!(output.complaint(), "only");
    }
}
