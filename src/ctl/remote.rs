//! A host as seen from the desk: something that runs scripts.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc::Sender;

use crate::ctl::cluster::Cluster;
use crate::ctl::progress::Listener;
use crate::ctl::secret::Secrets;
use crate::ctl::words;
use crate::error::{Code, Problem};

/// The way to hosts: by SSH, or to hosts that a test plays.
pub trait Way: std::fmt::Debug + Send + Sync {
    /// Connects to these hosts at once; the answers are in the order asked for.
    fn connect<'a>(
        &'a self,
        cluster: &'a Cluster,
        names: &'a [String],
        secrets: &'a Secrets,
        how: How,
    ) -> BoxFuture<'a, Vec<Connected>>;
}

/// A host's name with its connection, or why there is none.
pub type Connected = (String, Result<Arc<dyn Remote>, Problem>);

/// How to connect.
#[derive(Debug, Clone)]
pub struct How {
    /// Limit for each step of connecting.
    pub limit: Duration,
    /// Take and record keys of hosts that are not known.
    pub accept_new: bool,
    /// Handshakes at the same time.
    pub parallel: usize,
    /// Who is told of keys that are taken.
    pub listener: Listener,
}

/// A connected host. One implementation speaks SSH, one plays a host in tests.
pub trait Remote: Send + Sync {
    /// Runs a POSIX shell script as root with these bytes as its standard input.
    fn exec<'a>(
        &'a self,
        script: &'a str,
        stdin: &'a [u8],
        limit: Duration,
    ) -> BoxFuture<'a, Result<Output, RemoteError>>;

    /// Runs a script as root, and hands on what it prints, bytes as they come, as long as somebody takes them. The
    /// output of a script that ended has what it complained of, and nothing of what was handed on.
    fn follow<'a>(
        &'a self,
        script: &'a str,
        to: Sender<Vec<u8>>,
        limit: Duration,
    ) -> BoxFuture<'a, Result<Output, RemoteError>>;
}

/// What a script left behind: text that is safe to show, since [`Output::new`] is the only way to make one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Exit status; 128 + the signal's place in the shell's convention when it was killed, 255 when none was told.
    pub code: u32,
    stdout: String,
    stderr: String,
}

impl Output {
    /// What a host printed, cleaned of control characters.
    pub fn new(code: u32, stdout: &[u8], stderr: &[u8]) -> Self {
        Self { code, stdout: words::clean(stdout), stderr: words::clean(stderr) }
    }

    /// Standard output.
    pub fn text(&self) -> &str {
        &self.stdout
    }

    /// The last lines of standard error, or of standard output when that is empty: what to show to people.
    pub fn complaint(&self) -> String {
        if self.stderr.trim().is_empty() { last_lines(&without_keys(&self.stdout)) } else { last_lines(&self.stderr) }
    }
}

/// What a host tells of its keys is for no screen.
fn without_keys(text: &str) -> String {
    let mut within = false;
    let told = text.lines().filter(|line| {
        within = if line.starts_with("@@") { *line == "@@keys" } else { within };
        !within
    });
    told.collect::<Vec<_>>().join("\n")
}

/// The last lines of a text that are not empty, indented below a message.
pub fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let from = lines.len().saturating_sub(COMPLAINT_LINES);
    lines.get(from..).unwrap_or_default().join("\n        ")
}

/// Lines of a failing command shown to people.
const COMPLAINT_LINES: usize = 8;

/// Why a script did not run to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// Not in time; what was waited for.
    #[error("{waited_for} within {} s", limit.as_secs_f64().round().max(1.0))]
    Timeout {
        /// So long.
        limit: Duration,
        /// In words, to be followed by the time.
        waited_for: &'static str,
    },
    /// The connection is gone.
    #[error("the connection was lost: {0}")]
    Lost(String),
    /// More output than anything that is asked here can have.
    #[error("it sent more than {} MiB", .0 >> 20)]
    TooMuch(usize),
    /// The script never began: the login shell, a forced command or sudo ended first.
    #[error("{}", .0.message)]
    NeverBegan(Box<Problem>),
}

impl RemoteError {
    /// The problem shown to people.
    pub fn problem(&self, host: &str) -> Problem {
        let problem = Problem::on(host, Code::ConnectionLost, self.to_string());
        match self {
            Self::NeverBegan(problem) => (**problem).clone(),
            Self::TooMuch(_) => problem
                .why("no answer to hactl is that long: the host is broken, or somebody else's by now")
                .next(format!("look at {host} with care; nothing of what it sent was used")),
            Self::Timeout { waited_for: SHELL, .. } => problem
                .why("the login shell did not begin the script: a profile that waits (for input, a mount, a network)?")
                .next(format!(
                    "`ssh -T` to {host} with the command `true` waits as well; end a .bashrc early where `$-` has no i"
                )),
            Self::Timeout { .. } => problem
                .why("what it did is not known; a disk, a package manager or a service may keep it waiting")
                .next(format!("`ps axf` on {host} shows what hangs; give slow hosts more time with --timeout")),
            Self::Lost(_) => problem
                .why("what the script did before that is not known")
                .next(format!("see that {host} is up and reachable, then run the command again")),
        }
    }
}

/// What a [`RemoteError::Timeout`] waited for before the script began.
pub const SHELL: &str = "the script did not begin";
/// And after it had.
pub const END: &str = "the script did not end";
/// And before either.
pub const CHANNEL: &str = "the host opened no session for a script";

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
        for word in
            ["plain-1.2/x", "", "two words", "it's", "$HOME `id` \"x\" \\ \n!", "$(reboot)", "\\", "~", "*", "ä"]
        {
            let out =
                std::process::Command::new("sh").args(["-c", &format!("printf %s {}", quote(word))]).output().unwrap();
            assert_eq!(String::from_utf8(out.stdout).unwrap(), word);
        }
    }

    #[test]
    fn a_complaint_prefers_stderr_and_is_short() {
        assert_eq!(Output::new(1, b"fine\n", b"a\n\nb \n").complaint(), "a\n        b");
        assert_eq!(Output::new(1, b"only\n", b" \n").complaint(), "only");
        let keys = b"a\n@@keys\n616263 /etc/hactl/vrrp-1.key\n@@clock\n17\n";
        assert_eq!(Output::new(1, keys, b"").complaint(), "a\n        @@clock\n        17");
    }
}
