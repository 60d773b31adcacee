//! What this desk did, one line each, in the user's state folder: the desk's half of what hosts remember of their generations. Both
//! name the desk's user, machine and process.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::ctl::desk::owner_name;
use crate::ctl::state::state_folder;
use crate::error::Problem;

/// As many as `hactl history` shows.
const SHOWN: usize = 50;

/// One command that changed hosts, or was to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it ended: RFC 3339, UTC, by this machine's clock.
    pub time: String,
    /// User, machine and process, as in the hosts' own memory.
    pub who: String,
    /// The command, such as `deploy`.
    pub command: String,
    /// The inventory, whole path.
    pub inventory: PathBuf,
    /// Its exit code.
    pub exit: u8,
    /// Codes of what was wrong.
    pub codes: Vec<String>,
}

/// Writes one down. Who has no state folder, or a full disk, goes without: hosts remember all the same.
pub fn write(command: &str, inventory: &Path, exit: u8, problems: &[Problem]) {
    let entry = Entry {
        time: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        who: owner_name(),
        command: command.to_owned(),
        inventory: whole(inventory),
        exit,
        codes: problems.iter().map(|problem| problem.code.id().to_owned()).collect(),
    };
    let (Some(folder), Ok(line)) = (state_folder(), serde_json::to_string(&entry)) else { return };
    let _ = std::fs::create_dir_all(&folder);
    let file = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(folder.join("journal"));
    // One write in append mode: two commands may end at the same time.
    let _ = file.and_then(|mut file| file.write_all((line + "\n").as_bytes()));
}

/// The last ones of an inventory, the oldest first.
pub fn read(inventory: &Path) -> Vec<Entry> {
    let text =
        state_folder().and_then(|folder| std::fs::read_to_string(folder.join("journal")).ok()).unwrap_or_default();
    let wanted = whole(inventory);
    let all = text.lines().filter_map(|line| serde_json::from_str::<Entry>(line).ok());
    let mut entries: Vec<Entry> = all.filter(|entry| entry.inventory == wanted).collect();
    entries.drain(..entries.len().saturating_sub(SHOWN));
    entries
}

fn whole(inventory: &Path) -> PathBuf {
    std::fs::canonicalize(inventory).unwrap_or_else(|_| inventory.to_owned())
}
