//! May a program be run, and as whom? The one policy for checks, notify scripts, FIFO scripts and the scripts of start
//! and stop. It refuses what keepalived refuses: a user that does not exist, a program that this user cannot execute,
//! and, with `enable_script_security`, what root would run although others can write it or nobody said that root shall.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use hactl_engine::conf::config::{Global, ScriptUser};
use nix::unistd::{AccessFlags, Gid, Group, User, access, getuid};

use super::error::{DEFAULT_USER, Refused};

/// Who runs a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

/// A command that may be run now. `run` takes nothing else, so nothing is run that was not judged here.
#[derive(Debug)]
pub(crate) struct Permit<'c> {
    pub(super) command: &'c [String],
    /// As whom; the agent's own user when absent.
    pub(super) who: Option<Identity>,
    /// Root runs it and others can write it: `enable_script_security` would refuse it.
    pub(crate) caution: Option<Refused>,
}

/// Judges a command.
///
/// # Errors
/// Why it is not run.
pub(crate) fn permit<'c>(
    command: &'c [String],
    user: Option<&ScriptUser>,
    global: &Global,
) -> Result<Permit<'c>, Refused> {
    permit_as(command, account(user, global)?, global)
}

/// Judges a command whose account is known.
///
/// # Errors
/// Why it is not run.
pub(crate) fn permit_as<'c>(
    command: &'c [String],
    who: Option<Identity>,
    global: &Global,
) -> Result<Permit<'c>, Refused> {
    let program = command.first().ok_or(Refused::Empty)?;
    let as_root = who.map_or_else(|| getuid().is_root(), |who| who.uid == 0);
    if as_root && who.is_none() && global.enable_script_security {
        return Err(Refused::NotForRoot(program.clone()));
    }
    if program.starts_with("</") {
        return Ok(Permit { command, who, caution: None }); // keepalived's shell form: /bin/sh is the program
    }
    let path = find(program)?;
    executable(&path, who)?;
    let caution = if as_root { trusted(&path).err() } else { None };
    match caution {
        Some(why) if global.enable_script_security => Err(why),
        caution => Ok(Permit { command, who, caution }),
    }
}

/// The account of a script: its own user, `script_user`, the user keepalived_script when there is one, else the agent's
/// own.
///
/// # Errors
/// A name is unknown on this host.
pub(crate) fn account(user: Option<&ScriptUser>, global: &Global) -> Result<Option<Identity>, Refused> {
    if !getuid().is_root() {
        return Ok(None); // cannot become anybody else
    }
    let Some(wanted) = user.or(global.script_user.as_ref()) else {
        let found = User::from_name(DEFAULT_USER).ok().flatten();
        return Ok(found.map(|user| Identity { uid: user.uid.as_raw(), gid: user.gid.as_raw() }));
    };
    let unknown = |kind: &'static str, name: &str| Refused::UnknownAccount { kind, name: name.into() };
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

/// The file behind a command's first word: a path, or a name that is looked for in PATH.
fn find(program: &str) -> Result<PathBuf, Refused> {
    if program.contains('/') {
        return fs::canonicalize(program).map_err(|error| Refused::File(program.into(), error));
    }
    let found = which::which(program).map_err(|_| Refused::NotInPath(program.into()))?;
    fs::canonicalize(&found).map_err(|error| Refused::File(found.display().to_string(), error))
}

/// Whether this user may execute a file. Its mode is what counts: a script runs without supplementary groups.
fn executable(path: &Path, who: Option<Identity>) -> Result<(), Refused> {
    let look = |path: &Path| fs::metadata(path).map_err(|error| Refused::File(path.display().to_string(), error));
    let file = look(path)?;
    if !file.is_file() {
        return Err(Refused::NotAFile(path.into()));
    }
    if let Some(interpreter) = interpreter(path).filter(|interpreter| !interpreter.exists()) {
        return Err(Refused::NoInterpreter { script: path.into(), interpreter });
    }
    let Some(who) = who else {
        return access(path, AccessFlags::X_OK).map_err(|_| Refused::NotExecutable(path.into()));
    };
    if who.uid == 0 {
        let any = file.permissions().mode() & 0o111 != 0;
        return if any { Ok(()) } else { Err(Refused::NotExecutable(path.into())) };
    }
    for part in path.ancestors() {
        if !may_execute(&look(part)?, who) {
            let what = if part == path { "execute" } else { "enter" };
            return Err(Refused::Forbidden { uid: who.uid, what, part: part.into() });
        }
    }
    Ok(())
}

/// The interpreter that a script's first line names. The kernel reads no more of that line than this.
fn interpreter(path: &Path) -> Option<PathBuf> {
    let mut head = [0; 256];
    let length = File::open(path).ok()?.read(&mut head).ok()?;
    let line = head.get(..length)?.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let word = line.split(|byte| byte.is_ascii_whitespace()).find(|word| !word.is_empty())?;
    Some(PathBuf::from(OsStr::from_bytes(word)))
}

fn may_execute(meta: &fs::Metadata, who: Identity) -> bool {
    let bit = match (meta.uid() == who.uid, meta.gid() == who.gid) {
        (true, _) => 0o100,
        (false, true) => 0o010,
        (false, false) => 0o001,
    };
    meta.mode() & bit != 0
}

/// Whether root may safely run a file: nobody else can write it or any folder above it.
fn trusted(path: &Path) -> Result<(), Refused> {
    for part in path.ancestors() {
        let meta = fs::symlink_metadata(part).map_err(|error| Refused::File(part.display().to_string(), error))?;
        let sticky = meta.is_dir() && meta.mode() & 0o1000 != 0;
        if meta.uid() != 0 || (meta.mode() & 0o022 != 0 && !sticky) {
            let by = Some(meta.uid()).filter(|uid| *uid != 0);
            return Err(Refused::OthersMayWrite { part: part.into(), by, program: path.into() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A script with a mode and an owner, in a folder that everybody may enter.
    fn script(folder: &Path, name: &str, mode: u32, owner: u32) -> Vec<String> {
        let path = folder.join(name);
        fs::write(&path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        std::os::unix::fs::chown(&path, Some(owner), None).unwrap();
        vec![path.display().to_string()]
    }

    fn user(name: &str) -> Option<ScriptUser> {
        Some(ScriptUser { user: name.into(), group: None })
    }

    #[test]
    fn a_missing_interpreter_is_a_missing_program() {
        let folder = tempfile::tempdir().unwrap();
        for (line, runs) in [("#!/no/such/shell -e", false), ("#! /bin/sh", true), ("test -d /tmp", true), ("", true)] {
            let path = folder.path().join("script");
            fs::write(&path, format!("{line}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            let command = [path.display().to_string()];
            let judged = permit(&command, user("root").as_ref(), &Global::default());
            assert_eq!(judged.is_ok(), runs, "{line}: {judged:?}");
            assert!(runs || matches!(judged, Err(Refused::NoInterpreter { .. })), "{line}: {judged:?}");
        }
    }

    /// What keepalived 2.2.7 did with the same eight scripts, users and settings.
    #[test]
    fn as_keepalived_permits() {
        if !getuid().is_root() {
            return; // nobody else can be had as owner
        }
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let good = script(folder.path(), "good", 0o755, 0);
        let nobodys = script(folder.path(), "nobodys", 0o755, 65534);
        let world = script(folder.path(), "world", 0o777, 0);
        let plain = script(folder.path(), "plain", 0o644, 0);
        let roots_only = script(folder.path(), "rootonly", 0o700, 0);
        let missing = vec![folder.path().join("missing").display().to_string()];
        let (root, nobody, ghost) = (user("root"), user("nobody"), user("no-such-user"));
        let secure = Global { enable_script_security: true, ..Global::default() };
        let lax = Global::default();
        let judge = |command: &[String], user: &Option<ScriptUser>, global: &Global| {
            permit(command, user.as_ref(), global).map(|permit| permit.caution.is_some()).map_err(|why| why.to_string())
        };
        for global in [&lax, &secure] {
            for user in [&root, &nobody] {
                assert_eq!(judge(&good, user, global), Ok(false));
                assert!(judge(&plain, user, global).unwrap_err().contains("execut"));
                assert!(judge(&missing, user, global).unwrap_err().contains("No such file"));
            }
            let unknown = "user `no-such-user` is unknown on this host; create it or name another";
            assert_eq!(judge(&good, &ghost, global), Err(unknown.into()));
            assert_eq!(judge(&roots_only, &root, global), Ok(false));
            assert!(judge(&roots_only, &nobody, global).unwrap_err().contains("user 65534 may not execute"));
            assert_eq!(judge(&nobodys, &nobody, global), Ok(false), "nobody's own script as nobody");
            assert_eq!(judge(&world, &nobody, global), Ok(false));
        }
        for command in [&nobodys, &world] {
            assert_eq!(judge(command, &root, &lax), Ok(true), "runs, with a word of caution");
            assert!(judge(command, &root, &secure).unwrap_err().contains("can be written by"));
        }
        // This host has no user keepalived_script; with one it would be run as that user.
        if matches!(account(None, &lax), Ok(None)) {
            assert_eq!(judge(&good, &None, &lax), Ok(false));
            assert!(
                judge(&good, &None, &secure).unwrap_err().contains("enable_script_security keeps root from running it")
            );
        }
        let own_user = Global { script_user: nobody.clone(), ..secure };
        assert_eq!(judge(&nobodys, &None, &own_user), Ok(false));
    }

    #[test]
    fn programs_are_found_as_a_shell_finds_them() {
        let words = |text: &str| vec![text.to_owned()];
        let own = Some(ScriptUser { user: getuid().to_string(), group: None });
        let judge = |text: &str| {
            let judged = permit(&words(text), own.as_ref(), &Global::default()).map(|permit| permit.who);
            judged.map_err(|why| why.to_string())
        };
        assert!(judge("true").is_ok());
        assert_eq!(judge("no-such-program").unwrap_err(), Refused::NotInPath("no-such-program".into()).to_string());
        assert_eq!(judge("/usr").unwrap_err(), Refused::NotAFile("/usr".into()).to_string());
        assert_eq!(judge("/proc/version").unwrap_err(), Refused::NotExecutable("/proc/version".into()).to_string());
        assert!(judge("</dev/tcp/127.0.0.1/80").is_ok());
        assert!(matches!(permit(&[], None, &Global::default()), Err(Refused::Empty)));
    }
}
