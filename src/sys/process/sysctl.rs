//! Kernel settings that are changed for a while: each is put back as it was found.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use super::replace::replace;
use super::stamp::boot_id;

/// What was changed, and what it was before.
#[derive(Debug, Default)]
pub(crate) struct Sysctls {
    before: BTreeMap<String, String>,
    /// Where that is noted for a successor, should this process be killed.
    note: Option<PathBuf>,
}

impl Sysctls {
    /// Goes on where an earlier process of this boot was killed.
    pub(crate) fn noted_in(note: PathBuf) -> Self {
        let text = fs::read_to_string(&note).unwrap_or_default();
        let boot = boot_id().unwrap_or_default();
        let mut lines = text.lines();
        let before = match lines.next() {
            Some(first) if first == boot => {
                lines.filter_map(|line| line.split_once(' ')).map(|(key, value)| (key.into(), value.into())).collect()
            }
            _ => BTreeMap::new(),
        };
        Self { before, note: Some(note) }
    }

    fn write(&self) {
        let Some(note) = &self.note else { return };
        if self.before.is_empty() {
            let _ = fs::remove_file(note); // gone already is as good
            return;
        }
        let lines = self.before.iter().map(|(key, value)| format!("{key} {value}\n"));
        let text = format!("{}\n{}", boot_id().unwrap_or_default(), lines.collect::<String>());
        // Without the note a killed agent's settings stay, as they would without this.
        let _ = replace(note, text.as_bytes());
    }

    /// Sets `net/ipv4/conf/eth0/arp_ignore` and its like; remembers the value found the first time.
    ///
    /// # Errors
    /// The kernel's: a container's `/proc/sys` is often read-only.
    pub(crate) fn set(&mut self, key: &str, value: &str) -> io::Result<()> {
        let found = fs::read_to_string(path(key))?;
        if found.trim() == value {
            return Ok(());
        }
        fs::write(path(key), value)?;
        if !self.before.contains_key(key) {
            self.before.insert(key.to_owned(), found.trim().to_owned());
            self.write();
        }
        Ok(())
    }

    /// Whether nothing is to be put back.
    pub(crate) fn is_untouched(&self) -> bool {
        self.before.is_empty()
    }

    /// The value now, where there is such a setting.
    pub(crate) fn get(key: &str) -> Option<String> {
        fs::read_to_string(path(key)).ok().map(|value| value.trim().to_owned())
    }

    /// Puts back what the function says is not needed any more.
    pub(crate) fn restore(&mut self, needed: impl Fn(&str) -> bool) {
        let count = self.before.len();
        self.before.retain(|key, value| {
            let stays = needed(key);
            if !stays {
                let _ = fs::write(path(key), value); // an interface that is gone needs no setting
            }
            stays
        });
        if self.before.len() != count {
            self.write();
        }
    }
}

fn path(key: &str) -> PathBuf {
    PathBuf::from("/proc/sys").join(key)
}
