//! From the file to a configuration that can be used: parsed, with the keys that lie in files of their own.

use std::fs::{self, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use hactl_engine::conf::config::Config;
use hactl_engine::conf::diagnostic::{Diagnostic, Severity};
use hactl_engine::conf::parse_with;
use nix::fcntl::OFlag;
use nix::unistd::geteuid;

use super::names::{self, has_macvlan};
use crate::error::{Exit, Failure, Problem};
use crate::includes::Host;
use crate::sys::macvlan;
use crate::sys::netlink::Netlink;

/// A key is not longer than this.
const KEY: u64 = 4096;

/// Which half of a configuration runs: keepalived can be told to leave one out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Part {
    /// Both.
    #[default]
    Whole,
    /// `--vrrp`: no virtual servers.
    Vrrp,
    /// `--check`: no VRRP.
    Lvs,
}

impl Part {
    fn leave_out(self, config: &mut Config) {
        match self {
            Self::Whole => {}
            Self::Vrrp => {
                config.virtual_servers.clear();
                config.global.lvs.sync_daemon = None;
            }
            Self::Lvs => {
                config.instances.clear();
                config.groups.clear();
                config.scripts.clear();
                config.processes.clear();
                config.static_addresses.clear();
                config.static_routes.clear();
                config.static_rules.clear();
            }
        }
    }
}

/// Reads and parses the configuration; `before` is the one that was in force until now. Faults in it are warnings: the daemon takes defaults and runs.
///
/// # Errors
/// The file, or a key that it names, cannot be read or could be read by others.
pub fn load(
    path: &Path,
    config_id: Option<&str>,
    part: Part,
    before: Option<&Config>,
) -> Result<(Config, Vec<String>), Failure> {
    let file = path.display().to_string();
    let text = fs::read(path).map_err(|error| {
        let problem = Problem::new("E301", format!("cannot read the configuration {file}: {error}"))
            .why("without it there is nothing to run")
            .next("name the file with --use-file");
        Failure::one(Exit::Invalid, problem)
    })?;
    let mut host = Host::new(config_id);
    let mut parsed = parse_with(&file, &String::from_utf8_lossy(&text), &mut host);
    read_keys(&mut parsed.config).map_err(|(path, why)| {
        let problem = Problem::new("E302", format!("auth_hmac key file {path}: {why}"))
            .why("without the key no advert could be signed or trusted")
            .next(format!("`chown root {path}; chmod 600 {path}`, with the secret in it"));
        Failure::one(Exit::Invalid, problem)
    })?;
    part.leave_out(&mut parsed.config);
    let mut warnings: Vec<String> = parsed.diagnostics.iter().map(|diagnostic| words(diagnostic, &file)).collect();
    if parsed.config.instances.iter().any(|instance| has_macvlan(instance)) {
        match Netlink::open(0).and_then(|mut netlink| macvlan::all(&mut netlink)) {
            Ok(here) => warnings.extend(names::settle(&mut parsed.config, before, &here)),
            Err(error) => warnings.push(format!("cannot read the network interfaces: {error}")),
        }
    }
    Ok((parsed.config, warnings))
}

fn words(diagnostic: &Diagnostic, file: &str) -> String {
    let place = diagnostic.location.as_ref().map_or_else(|| file.to_owned(), ToString::to_string);
    let severity = if diagnostic.severity == Severity::Error { "error" } else { "warning" };
    let help = diagnostic.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
    format!("{place}: {severity}: {}{help}", diagnostic.message)
}

/// Fills in the secrets of `key ID file:PATH`.
fn read_keys(config: &mut Config) -> Result<(), (String, String)> {
    let signing = config.instances.iter_mut().filter(|instance| instance.hmac.is_some()).map(Arc::make_mut);
    for key in signing.filter_map(|instance| instance.hmac.as_mut()).flat_map(|hmac| &mut hmac.keys) {
        if let Some(path) = &key.file {
            key.secret = read_secret(path).map_err(|why| (path.clone(), why))?;
        }
    }
    Ok(())
}

pub(super) fn read_secret(path: &str) -> Result<Vec<u8>, String> {
    let words = |error: std::io::Error| error.to_string();
    let file = OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path).map_err(words)?;
    let meta = file.metadata().map_err(words)?;
    if !meta.is_file() {
        return Err("not a regular file".into());
    }
    if meta.mode() & 0o077 != 0 {
        return Err(format!("others may use it (mode {:03o})", meta.mode() & 0o777));
    }
    if meta.uid() != 0 && meta.uid() != geteuid().as_raw() {
        return Err(format!("it belongs to user {}", meta.uid()));
    }
    let mut secret = Vec::new();
    file.take(KEY + 1).read_to_end(&mut secret).map_err(words)?;
    while secret.last().is_some_and(|byte| *byte == b'\n' || *byte == b'\r') {
        secret.pop();
    }
    match u64::try_from(secret.len()) {
        Ok(1..=KEY) => Ok(secret),
        Ok(0) => Err("it is empty".into()),
        _ => Err(format!("it is longer than {KEY} bytes")),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn secrets_are_kept_from_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let name = path.to_str().unwrap();
        assert!(read_secret(name).unwrap_err().contains("No such file"));
        fs::write(&path, "correct horse\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(read_secret(name).unwrap_err().contains("mode 640"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read_secret(name).unwrap(), b"correct horse");
        fs::write(&path, "\n").unwrap();
        assert!(read_secret(name).unwrap_err().contains("empty"));
        assert!(read_secret(folder.path().to_str().unwrap()).is_err());
    }
}
