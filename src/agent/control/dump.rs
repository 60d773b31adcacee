//! The files that keepalived writes when it gets a signal, at the same places: scripts and exporters read them. Each is
//! made afresh under another name and moved into place, so that nobody in /tmp can make the agent write elsewhere.

use std::path::PathBuf;

use hactl_engine::conf::config::{Config, Global};
use hactl_engine::control::AgentStatus;

use super::error::NotWritten;
use super::{dump_json, dump_text};
use crate::sys::process::replace::replace;

/// Which file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// keepalived.data: the configuration and the state, for people.
    Data,
    /// keepalived.stats: the counters, for people.
    Stats,
    /// keepalived.json: both, for programs.
    Json,
}

/// Writes a file; returns its path.
///
/// # Errors
/// The kernel's.
pub(crate) fn write(kind: Kind, config: &Config, status: &AgentStatus) -> Result<PathBuf, NotWritten> {
    let path = path(kind, &config.global);
    let text = match kind {
        Kind::Data => dump_text::data(config, status),
        Kind::Stats => dump_text::stats(status),
        Kind::Json => dump_json::json(config, status),
    };
    match replace(&path, text.as_bytes()) {
        Ok(()) => Ok(path),
        Err(why) => Err(NotWritten { path, why }),
    }
}

fn path(kind: Kind, global: &Global) -> PathBuf {
    let (named, usual) = match kind {
        Kind::Data => (&global.state_dump_file, "keepalived.data"),
        Kind::Stats => (&global.stats_dump_file, "keepalived.stats"),
        Kind::Json => (&global.json_dump_file, "keepalived.json"),
    };
    named.as_ref().map_or_else(|| std::env::temp_dir().join(usual), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn links_are_replaced_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, precious) = (folder.path().join("keepalived.stats"), folder.path().join("precious"));
        fs::write(&precious, "precious").unwrap();
        std::os::unix::fs::symlink(&precious, &path).unwrap();
        let mut config = Config::default();
        config.global.stats_dump_file = Some(path.display().to_string());
        let status = dump_text::tests::status();
        assert_eq!(write(Kind::Stats, &config, &status).unwrap(), path);
        assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
        let meta = fs::symlink_metadata(&path).unwrap();
        assert!(meta.is_file());
        assert_eq!(meta.permissions().mode() & 0o777, 0o600);
        assert!(fs::read_to_string(&path).unwrap().contains("VI_1"));
        config.global.stats_dump_file = Some(folder.path().display().to_string());
        let NotWritten { path: refused, .. } = write(Kind::Stats, &config, &status).unwrap_err();
        assert_eq!(refused, folder.path(), "a folder stands there");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left behind");
    }
}
