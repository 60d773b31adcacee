//! The root file system of the hosts, made once and kept. The recipe is a script, which `make demo` runs as well, while
//! this binary is still being built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::layout::Layout;
use super::tool::at;
use crate::error::Failure;

/// How it is made.
const SCRIPT: &str = include_str!("rootfs.sh");

/// Makes the root file system unless it is there. One that somebody else is just making is waited for.
///
/// # Errors
/// What mmdebstrap or the file system said.
pub fn ensure(layout: &Layout, say: &dyn Fn(&str)) -> Result<(), Failure> {
    if is_made(layout) {
        return Ok(());
    }
    say("making the root file system, once (about a minute)");
    run("make", &layout.folder)
}

/// Whether the root file system is there, and today's.
pub fn is_made(layout: &Layout) -> bool {
    layout.rootfs().is_dir() && fs::read_to_string(stamp(layout)).is_ok_and(|made| made == setting("recipe"))
}

/// Notes that the root file system is there and has been through [`prepare`].
///
/// # Errors
/// What the file system said.
pub fn made(layout: &Layout) -> Result<(), Failure> {
    fs::write(stamp(layout), setting("recipe")).map_err(at(&stamp(layout)))
}

/// What a host has before anything is deployed, as mmdebstrap takes it.
pub fn packages() -> &'static str {
    setting("packages")
}

/// Makes a Debian with [`packages`] one that boots fast as a host and takes the desk's key.
///
/// # Errors
/// What the file system said.
pub fn prepare(root: &Path) -> Result<(), Failure> {
    run("prepare", root)
}

fn stamp(layout: &Layout) -> PathBuf {
    layout.folder.join("rootfs.recipe")
}

/// A setting at the head of the script.
fn setting(name: &str) -> &'static str {
    let of = |line: &'static str| line.strip_prefix(name)?.strip_prefix('=');
    SCRIPT.lines().find_map(of).unwrap_or_default()
}

fn run(verb: &str, folder: &Path) -> Result<(), Failure> {
    let mut command = Command::new("bash");
    command.args(["-c", SCRIPT, "rootfs.sh", verb]).arg(folder).stdin(Stdio::null());
    let shown = format!("rootfs.sh {verb} {}", folder.display());
    let output = command.output().map_err(|error| Failure::internal(format!("{shown}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::internal(format!("{shown} failed ({}): {}", output.status, said.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_has_its_settings() {
        assert!(setting("recipe").parse::<u32>().is_ok(), "{}", setting("recipe"));
        assert!(packages().starts_with("systemd,") && !packages().contains(' '), "{}", packages());
    }

    #[test]
    fn a_debian_is_made_a_host() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("etc/ssh")).unwrap();
        fs::write(path("etc/ssh/ssh_host_rsa_key"), "the machine's").unwrap();
        for _ in 0..2 {
            prepare(folder.path()).unwrap();
        }
        assert_eq!(fs::read_link(path("etc/systemd/system/getty.target")).unwrap(), Path::new("/dev/null"));
        assert_eq!(fs::read_to_string(path("etc/machine-id")).unwrap(), "");
        assert!(fs::read_to_string(path("etc/ssh/sshd_config.d/lab.conf")).unwrap().contains("UseDNS no\n"));
        assert!(path("root/.ssh").is_dir() && !path("etc/ssh/ssh_host_rsa_key").exists());
    }
}
