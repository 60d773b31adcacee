//! Runs scripts: directly, as the configured user, in a process group of their own, with a time limit.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use hactl_engine::conf::config::{Global, ScriptUser};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Gid, Group, Pid, User, getuid};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long a script that was told to end may take before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// Who runs a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself.
    Exited(ExitStatus),
    /// It took too long and was killed.
    TimedOut,
}

impl Ended {
    /// Whether it counts as good.
    pub fn is_success(self) -> bool {
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

/// Finds who runs a script: its own user, `script_user`, the user keepalived_script when there is one, else the
/// agent's own.
///
/// # Errors
/// In words, when a name is unknown on this host.
pub fn identity(user: Option<&ScriptUser>, global: &Global) -> Result<Option<Identity>, String> {
    if !getuid().is_root() {
        return Ok(None); // cannot become anybody else
    }
    let Some(wanted) = user.or(global.script_user.as_ref()) else {
        let found = User::from_name("keepalived_script").ok().flatten();
        return Ok(found.map(|user| Identity { uid: user.uid.as_raw(), gid: user.gid.as_raw() }));
    };
    let unknown =
        |kind: &str, name: &str| format!("{kind} `{name}` is unknown on this host; create it or name another");
    let account = match wanted.user.parse::<u32>() {
        Ok(uid) => User::from_uid(uid.into()).ok().flatten().map_or((uid, uid), |user| (uid, user.gid.as_raw())),
        Err(_) => User::from_name(&wanted.user)
            .ok()
            .flatten()
            .map(|user| (user.uid.as_raw(), user.gid.as_raw()))
            .ok_or_else(|| unknown("user", &wanted.user))?,
    };
    let gid = match &wanted.group {
        None => account.1,
        Some(group) => match group.parse::<u32>() {
            Ok(gid) => gid,
            Err(_) => Group::from_name(group)
                .ok()
                .flatten()
                .map(|found| Gid::as_raw(found.gid))
                .ok_or_else(|| unknown("group", group))?,
        },
    };
    Ok(Some(Identity { uid: account.0, gid }))
}

/// Starts a command.
///
/// # Errors
/// In words, when it cannot be started.
pub fn start(command: &[String], identity: Option<Identity>) -> Result<Child, String> {
    let (program, arguments) = command.split_first().ok_or("empty command")?;
    // keepalived's one legacy shell form: `</dev/tcp/…`.
    let mut process = if program.starts_with("</") {
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(command.join(" "));
        shell
    } else {
        let mut direct = Command::new(program);
        direct.args(arguments);
        direct
    };
    process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    if let Some(identity) = identity {
        process.uid(identity.uid).gid(identity.gid);
    }
    process.spawn().map_err(|error| format!("cannot start {program}: {error}"))
}

/// Runs a command to its end or to the limit.
///
/// # Errors
/// In words, when it cannot be started.
pub async fn run(command: &[String], identity: Option<Identity>, limit: Duration) -> Result<Ended, String> {
    let mut child = start(command, identity)?;
    if let Ok(status) = timeout(limit, child.wait()).await {
        return status.map(Ended::Exited).map_err(|error| format!("waiting for {}: {error}", command.join(" ")));
    }
    end(&mut child).await;
    Ok(Ended::TimedOut)
}

/// Ends a process and all of its group: politely, then by force.
pub async fn end(child: &mut Child) {
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

/// Whether root may safely run a script: nobody else can write it or any folder above it.
///
/// # Errors
/// In words: what is writable by whom.
pub fn trusted(program: &str) -> Result<(), String> {
    let path = Path::new(program);
    if !path.is_absolute() {
        return Ok(()); // found through PATH, which is the administrator's
    }
    let real = fs::canonicalize(path).map_err(|error| format!("{program}: {error}"))?;
    for part in real.ancestors() {
        let meta = fs::symlink_metadata(part).map_err(|error| format!("{}: {error}", part.display()))?;
        let sticky = meta.is_dir() && meta.mode() & 0o1000 != 0;
        if meta.uid() != 0 || (meta.mode() & 0o022 != 0 && !sticky) {
            let by = if meta.uid() == 0 { "others".into() } else { format!("user {}", meta.uid()) };
            return Err(format!("{} can be written by {by}, so root must not run {program}", part.display()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn exit_codes_and_limits() {
        let second = Duration::from_secs(1);
        assert!(run(&words("/bin/true"), None, second).await.unwrap().is_success());
        assert!(!run(&words("/bin/false"), None, second).await.unwrap().is_success());
        assert_eq!(run(&words("/bin/sleep 60"), None, Duration::from_millis(50)).await, Ok(Ended::TimedOut));
        assert!(run(&words("/no/such/script"), None, second).await.unwrap_err().contains("/no/such/script"));
        assert!(run(&[], None, second).await.is_err());
    }

    #[test]
    fn a_script_others_can_write_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("check.sh");
        fs::write(&script, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(trusted(script.to_str().unwrap()).is_err());
        assert!(trusted("/no/such/script").is_err());
    }
}
