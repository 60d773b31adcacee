//! Kernel settings that are changed for a while: each is put back as it was found.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

/// What was changed, and what it was before.
#[derive(Debug, Default)]
pub struct Sysctls {
    before: BTreeMap<String, String>,
}

impl Sysctls {
    /// Sets `net/ipv4/conf/eth0/arp_ignore` and its like; remembers the value found the first time.
    ///
    /// # Errors
    /// The kernel's: a container's `/proc/sys` is often read-only.
    pub fn set(&mut self, key: &str, value: &str) -> io::Result<()> {
        let found = fs::read_to_string(path(key))?;
        if found.trim() == value {
            return Ok(());
        }
        fs::write(path(key), value)?;
        self.before.entry(key.to_owned()).or_insert_with(|| found.trim().to_owned());
        Ok(())
    }

    /// The value now, where there is such a setting.
    pub fn get(key: &str) -> Option<String> {
        fs::read_to_string(path(key)).ok().map(|value| value.trim().to_owned())
    }

    /// Puts back what begins so.
    pub fn restore(&mut self, prefix: &str) {
        self.before.retain(|key, value| {
            let ours = key.starts_with(prefix);
            if ours {
                let _ = fs::write(path(key), value); // an interface that is gone needs no setting
            }
            !ours
        });
    }
}

fn path(key: &str) -> PathBuf {
    PathBuf::from("/proc/sys").join(key)
}
