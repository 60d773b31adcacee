//! `hactl agent upgrade`: the binary on disk takes this process's place, with its process id, its arguments and the
//! addresses as they are. The successor adopts them as it would after a restart; only it comes sooner.
//!
//! Nothing is given up before the new binary has rehearsed: read the real configuration and opened what can be opened
//! twice. It gets the image of the binary before along, as a descriptor; should it not come up after all, it becomes
//! that one again.

use std::ffi::{CString, OsString};
use std::fs::{self, File};
use std::os::fd::{AsRawFd as _, RawFd};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf, absolute};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{env, thread};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use tokio::time::timeout;

use super::error::{BadRehearsal, NotUpgraded};
use crate::agent::command::successor::{BINARY, FAILED, MARK, OURS, PREVIOUS};
use crate::agent::control::client::NOT_UPGRADED;

/// What a rehearsal says when it went well, before its version.
pub(crate) const REHEARSED: &str = "rehearsed: ";

/// How long a rehearsal may take, and a successor to come up.
const PATIENCE: Duration = Duration::from_secs(10);

/// The agent is up: there is no way back any more.
static UP: AtomicBool = AtomicBool::new(false);

/// Where this binary is on disk, by the name it was called: killall knows it by that.
pub(crate) fn binary() -> Option<PathBuf> {
    if let Some(told) = env::var_os(BINARY) {
        return Some(told.into());
    }
    let own = fs::metadata("/proc/self/exe").ok();
    let same = |path: &PathBuf| {
        let (Some(own), Ok(there)) = (&own, fs::metadata(path)) else { return false };
        (own.dev(), own.ino()) == (there.dev(), there.ino())
    };
    let called = env::args_os().next().map(PathBuf::from).filter(|name| name.components().count() > 1);
    called.and_then(|name| absolute(name).ok()).filter(same).or_else(|| env::current_exe().ok())
}

/// Whether the binary could take over with this process's arguments; its version.
///
/// # Errors
/// Why it could not; nothing has been changed then.
pub(crate) async fn try_out(binary: &Path) -> Result<String, NotUpgraded> {
    let failed = |why: BadRehearsal| NotUpgraded::Rehearsal { binary: binary.into(), why };
    let mut command = successor(binary, binary);
    command.arg("--rehearse").stdin(Stdio::null()).env_remove("NOTIFY_SOCKET");
    let mut command = tokio::process::Command::from(command);
    let output = match timeout(PATIENCE, command.kill_on_drop(true).output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(failed(BadRehearsal::NotRun(error))),
        Err(_) => return Err(failed(BadRehearsal::Silent(PATIENCE))),
    };
    let said = String::from_utf8_lossy(&output.stdout);
    match said.lines().find_map(|line| line.strip_prefix(REHEARSED)) {
        Some(version) if output.status.success() => Ok(version.trim().to_owned()),
        _ => {
            let words = String::from_utf8_lossy(&output.stderr);
            let words = words.trim();
            Err(failed(match words.is_empty() {
                true => BadRehearsal::Ended(output.status),
                false => BadRehearsal::Said(words.to_owned()),
            }))
        }
    }
}

/// Whether this process was another binary before: adverts are due, and nothing may delay them.
pub(crate) fn is_successor() -> bool {
    env::var_os(MARK).is_some()
}

/// Why this binary goes on although another was to take its place.
pub(crate) fn failed() -> Option<String> {
    let why = env::var_os(FAILED)?;
    Some(format!("{NOT_UPGRADED}: {}; the binary from before goes on", why.to_string_lossy()))
}

/// The kernel, and so killall, calls a program by its file: one that goes on from its image takes its name back.
pub(crate) fn take_name() {
    let name = binary().and_then(|path| CString::new(path.file_name()?.as_encoded_bytes()).ok());
    if let (Some(name), Some(_)) = (name, failed()) {
        let _ = nix::sys::prctl::set_name(&name); // a name is all that is lost
    }
}

/// Reaps the children that the binary before left over from before `exec`: nobody else waits for them.
pub(crate) fn reap() {
    while let Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {}
}

/// Puts the binary in this process's place. Returns only when neither it nor this one could be started, with the
/// reason.
pub(crate) fn exec(binary: &Path) -> String {
    let mut command = successor(binary, binary);
    let image = File::open("/proc/self/exe").and_then(|image| {
        fcntl(&image, FcntlArg::F_SETFD(FdFlag::empty()))?;
        Ok(image)
    });
    match &image {
        Ok(image) => _ = command.env(PREVIOUS, image.as_raw_fd().to_string()),
        Err(error) => tracing::warn!("no way back to this binary: {error}"),
    }
    let error = command.exec();
    let why = format!("cannot run {}: {error}", binary.display());
    let error = successor(Path::new("/proc/self/exe"), binary).env(FAILED, &why).exec();
    format!("{why}; nor itself again: {error}; the addresses stay for the next start")
}

/// The agent is up.
pub(crate) fn settle() {
    UP.store(true, Ordering::Relaxed);
    if let Some(image) = previous() {
        let _ = nix::unistd::close(image); // scripts must not inherit it; a wrong number is nobody's
    }
}

/// Becomes the binary before again, if there was one and this one is not up yet.
pub(crate) fn go_back(why: &str) {
    let Some(image) = previous().filter(|_| !UP.load(Ordering::Relaxed)) else { return };
    tracing::error!("{NOT_UPGRADED}: {why}; going back to the binary before");
    let image = PathBuf::from(format!("/proc/self/fd/{image}"));
    let binary = binary().unwrap_or_default();
    let error = successor(&image, &binary).env(FAILED, why).exec();
    tracing::error!("cannot run the binary before: {error}; the addresses stay for the next start");
}

/// A successor that hangs goes back, too.
pub(crate) fn watch_start() {
    if previous().is_some() {
        thread::spawn(|| {
            thread::sleep(PATIENCE);
            go_back(&format!("it was not up within {} s", PATIENCE.as_secs()));
        });
    }
}

fn previous() -> Option<RawFd> {
    env::var(PREVIOUS).ok()?.parse().ok()
}

/// The command that runs a program, by the name of the binary, in this one's place.
fn successor(program: &Path, binary: &Path) -> Command {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let mut command = Command::new(program);
    for name in OURS {
        command.env_remove(name);
    }
    command.arg0(binary).args(arguments).env(MARK, "1").env(BINARY, binary);
    command
}
