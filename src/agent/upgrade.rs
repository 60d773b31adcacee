//! `hactl agent upgrade`: the binary on disk takes this process's place, with its process id, its arguments and the
//! addresses as they are. The successor adopts them as it would after a restart; only it comes sooner.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use tokio::time::timeout;

/// Tells the successor what it is.
const MARK: &str = "HACTL_SUCCESSOR";

/// How long a new binary may take to say that it works.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether the binary runs here and understands the configuration; its version.
///
/// # Errors
/// In words: nothing has been changed then.
pub async fn try_out(binary: &Path, config: &Path) -> Result<String, String> {
    let shown = binary.display();
    let ask = |arguments: &[&std::ffi::OsStr]| {
        let mut command = tokio::process::Command::new(binary);
        command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
        timeout(PATIENCE, command.output())
    };
    let failed = |error: String| format!("{shown} does not run here: {error}; the running agent goes on");
    let version = match ask(&["--version".as_ref()]).await {
        Ok(Ok(output)) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        Ok(Ok(output)) => return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
        Ok(Err(error)) => return Err(failed(error.to_string())),
        Err(_) => return Err(failed(format!("no answer within {} s", PATIENCE.as_secs()))),
    };
    // What it would refuse to start with must not cost the running agent. Its warnings are no refusal.
    if !config.exists() {
        return Err(format!("{} is not there; {version} could not start", config.display()));
    }
    Ok(version)
}

/// Whether this process was another binary before: adverts are due, and nothing may delay them.
pub fn is_successor() -> bool {
    std::env::var_os(MARK).is_some()
}

/// Buries the children of the binary before, which nobody else would.
pub fn reap() {
    while let Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {}
}

/// Puts the binary in this process's place. Returns only when that failed, with the reason.
pub fn exec(binary: &Path) -> String {
    let error = Command::new(binary).args(std::env::args_os().skip(1)).env(MARK, "1").exec();
    format!("cannot run {}: {error}; the addresses stay for the next start", binary.display())
}
