//! What operators wanted of real servers, in the state folder: a drained server stays drained after a restart.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use hactl_engine::lvs::balancer::ServerName;
use hactl_engine::lvs::server::Override;
use serde::{Deserialize, Serialize};

use crate::agent::command::error::StateFileError;
use crate::agent::command::state_file::{read_json, write_json};

const FILE: &str = "real-servers.json";

/// One entry of the file.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    virtual_server: String,
    real_server: std::net::SocketAddr,
    #[serde(default)]
    drained: bool,
    #[serde(default)]
    weight: Option<u32>,
}

/// Reads them; none when there is no file.
///
/// # Errors
/// A file that is there but cannot be read or understood.
pub(crate) fn read(state_dir: &Path) -> Result<BTreeMap<ServerName, Override>, StateFileError> {
    let entries: Vec<Entry> = read_json(&state_dir.join(FILE))?.unwrap_or_default();
    let wish =
        |one: Entry| ((one.virtual_server, one.real_server), Override { drained: one.drained, weight: one.weight });
    Ok(entries.into_iter().map(wish).collect())
}

/// Writes them, whole or not at all.
///
/// # Errors
/// The file system's.
pub(crate) fn write(state_dir: &Path, wishes: &BTreeMap<ServerName, Override>) -> io::Result<()> {
    let entry = |((virtual_server, real_server), wish): (&ServerName, &Override)| Entry {
        virtual_server: virtual_server.clone(),
        real_server: *real_server,
        drained: wish.drained,
        weight: wish.weight,
    };
    write_json(&state_dir.join(FILE), &wishes.iter().map(entry).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_survive_and_garbage_is_told() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).unwrap().is_empty());
        let key = |port| ("10.0.0.3:80".to_owned(), std::net::SocketAddr::from(([10, 0, 0, 7], port)));
        let wishes = BTreeMap::from([
            (key(80), Override { drained: true, weight: None }),
            (key(81), Override { drained: false, weight: Some(37) }),
        ]);
        write(folder.path(), &wishes).unwrap();
        assert_eq!(read(folder.path()).unwrap(), wishes);
        std::fs::write(folder.path().join(FILE), "{").unwrap();
        assert!(read(folder.path()).unwrap_err().to_string().contains(FILE));
    }
}
