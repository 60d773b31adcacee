//! Runs the machine's own tools with explicit arguments and says what failed.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use crate::error::{Code, Exit, Failure, Problem};

/// Tools the lab needs, with the Debian package that brings each.
const TOOLS: [(&str, &str); 9] = [
    ("systemd-nspawn", "systemd-container"),
    ("mmdebstrap", "mmdebstrap"),
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("mount", "mount"),
    ("umount", "mount"),
    ("nsenter", "util-linux"),
    ("ssh", "openssh-client"),
    ("ssh-keygen", "openssh-client"),
];

/// Checks for root and tools, naming everything that is missing at once. mmdebstrap is only needed for a root file
/// system that is not `made` yet.
///
/// # Errors
/// Exit 4; nothing was changed.
pub fn preflight(made: bool) -> Result<(), Failure> {
    let mut problems = Vec::new();
    if !nix::unistd::getuid().is_root() {
        let problem = Problem::new(Code::LabNeedsRoot, "the lab needs root")
            .why("it makes network namespaces, mounts and containers")
            .next("run the same command with sudo");
        problems.push(problem);
    }
    for (tool, package) in TOOLS {
        if which::which(tool).is_err() && !(made && tool == "mmdebstrap") {
            let next = format!("apt-get install {package}");
            problems.push(Problem::new(Code::LabTool, format!("`{tool}` is not installed")).next(next));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure { exit: Exit::Preflight, problems }) }
}

/// Runs a tool to its end; returns what it printed.
///
/// # Errors
/// With the whole command and what it said, exit 1.
pub fn run<S: AsRef<OsStr>>(words: &[S]) -> Result<String, Failure> {
    let shown = || words.iter().map(|word| word.as_ref().to_string_lossy()).collect::<Vec<_>>().join(" ");
    let (program, arguments) = words.split_first().ok_or_else(|| Failure::internal("empty command"))?;
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Failure::internal(format!("`{}`: {error}", shown())))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::internal(format!("`{}` failed ({}): {}", shown(), output.status, said.trim())))
}

/// Runs a tool whose failure means that there is nothing to undo.
pub fn try_run<S: AsRef<OsStr>>(words: &[S]) -> bool {
    run(words).is_ok()
}

/// `ip` with arguments.
///
/// # Errors
/// As [`run`].
pub fn ip(arguments: &[&str]) -> Result<String, Failure> {
    run(&[&["ip"], arguments].concat())
}

/// Words an I/O error with its path.
pub fn at(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Failure + '_ {
    move |error| Failure::internal(format!("{}: {error}", path.display()))
}
