//! Runs scripts: directly, as the configured user, in a process group of their own, with a time limit.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::error::{NotRun, Refused};
use super::permit::{Identity, Permit};
use super::successor::OURS;

/// How long a script that was told to end may take before it is killed.
pub(crate) const GRACE: Duration = Duration::from_secs(2);
/// Runs what names no interpreter.
const SHELL: &str = "/bin/sh";

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself.
    Exited(ExitStatus),
    /// It took too long and was killed.
    TimedOut,
}

impl Ended {
    /// Whether it counts as good.
    pub(crate) fn is_success(self) -> bool {
        matches!(self, Self::Exited(status) if status.success())
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exited(status) => status.fmt(f),
            Self::TimedOut => f.write_str("timed out"),
        }
    }
}

/// Starts a command. A program that says nothing about its interpreter is a shell's, as it is for execvp and for
/// shells.
///
/// # Errors
/// The kernel's.
pub(crate) fn start(permit: &Permit<'_>) -> Result<Child, NotRun> {
    start_to(permit, &|| Ok(Stdio::null()))
}

/// The same with its standard output and standard error there.
///
/// # Errors
/// The kernel's.
pub(crate) fn start_to(permit: &Permit<'_>, output: &dyn Fn() -> std::io::Result<Stdio>) -> Result<Child, NotRun> {
    let (command, identity) = (permit.command, permit.who);
    let (program, arguments) = command.split_first().ok_or(Refused::Empty)?;
    let spawned = if program.starts_with("</") {
        // keepalived's one legacy shell form: `</dev/tcp/…`.
        spawn(Command::new(SHELL).arg("-c").arg(command.join(" ")), identity, output)
    } else {
        match spawn(Command::new(program).args(arguments), identity, output) {
            Err(error) if error.raw_os_error() == Some(libc::ENOEXEC) => {
                spawn(Command::new(SHELL).arg(program).args(arguments), identity, output)
            }
            spawned => spawned,
        }
    };
    spawned.map_err(|error| NotRun::Start(program.clone(), error))
}

fn spawn(
    command: &mut Command,
    identity: Option<Identity>,
    output: &dyn Fn() -> std::io::Result<Stdio>,
) -> std::io::Result<Child> {
    command.stdin(Stdio::null()).stdout(output()?).stderr(output()?).process_group(0);
    for name in OURS {
        command.env_remove(name);
    }
    if let Some(identity) = identity {
        command.uid(identity.uid).gid(identity.gid);
    }
    command.spawn()
}

/// A running command. Whoever drops it while it runs, a reload or a stop too, ends it and what it has started.
pub(crate) struct Group(Child);

impl Group {
    /// Starts a command.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn start(permit: &Permit<'_>) -> Result<Self, NotRun> {
        start(permit).map(Self)
    }

    /// Waits for its end. When the time is over it is told to end, and killed after `grace`.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) async fn wait(mut self, limit: Duration, grace: Duration) -> Result<Ended, NotRun> {
        if let Ok(status) = timeout(limit, self.0.wait()).await {
            return status.map(Ended::Exited).map_err(|error| NotRun::Wait("it".into(), error));
        }
        if !grace.is_zero() {
            self.signal(Signal::SIGTERM);
            let _ = timeout(grace, self.0.wait()).await; // killed below if it did not
        }
        Ok(Ended::TimedOut)
    }

    fn signal(&self, signal: Signal) {
        // No id any more once it was waited for.
        if let Some(id) = self.0.id().and_then(|id| i32::try_from(id).ok()) {
            let _ = killpg(Pid::from_raw(id), signal); // it may have ended this instant
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
    }
}

/// Runs a command to its end or to the limit.
///
/// # Errors
/// The kernel's.
pub(crate) async fn run(permit: &Permit<'_>, limit: Duration) -> Result<Ended, NotRun> {
    finished(start(permit)?, permit, limit).await
}

/// Waits for the end of what was started, and ends it at the limit.
///
/// # Errors
/// The kernel's.
pub(crate) async fn finished(mut child: Child, permit: &Permit<'_>, limit: Duration) -> Result<Ended, NotRun> {
    if let Ok(status) = timeout(limit, child.wait()).await {
        return status.map(Ended::Exited).map_err(|error| NotRun::Wait(permit.command.join(" "), error));
    }
    end(&mut child).await;
    Ok(Ended::TimedOut)
}

/// Ends a process and all of its group: politely, then by force.
pub(crate) async fn end(child: &mut Child) {
    let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    for (signal, patience) in [(Signal::SIGTERM, GRACE), (Signal::SIGKILL, GRACE)] {
        if let Some(group) = group {
            let _ = killpg(group, signal); // it may have ended this instant
        }
        if timeout(patience, child.wait()).await.is_ok() {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use hactl_engine::conf::config::{Global, ScriptUser};
    use nix::unistd::getuid;

    use super::super::permit::permit;
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    /// Judges and runs as the user of the tests.
    async fn go(command: &[String], limit: Duration) -> Result<Ended, NotRun> {
        let own = ScriptUser { user: getuid().to_string(), group: None };
        run(&permit(command, Some(&own), &Global::default())?, limit).await
    }

    #[tokio::test]
    async fn exit_codes_and_limits() {
        let second = Duration::from_secs(1);
        assert!(go(&words("/bin/true"), second).await.unwrap().is_success());
        assert!(!go(&words("/bin/false"), second).await.unwrap().is_success());
        assert_eq!(go(&words("/bin/sleep 60"), Duration::from_millis(50)).await.unwrap(), Ended::TimedOut);
        let gone = Permit { command: &words("/no/such/script"), who: None, caution: None };
        let why = run(&gone, second).await.unwrap_err().to_string();
        assert!(why.starts_with("cannot start /no/such/script: No such file"), "{why}");
    }

    #[tokio::test]
    async fn a_program_without_an_interpreter_is_a_shell_s() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("check");
        fs::write(&script, "test \"$1\" = good\n").unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        let check = |word: &str| [script.display().to_string(), word.into()];
        let second = Duration::from_secs(1);
        assert!(go(&check("good"), second).await.unwrap().is_success());
        assert!(!go(&check("bad"), second).await.unwrap().is_success());
    }
}
