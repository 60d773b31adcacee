//! What outlives the process: operators' overrides in the state folder, recent mastership in the runtime folder.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use hactl_engine::conf::config::Config;
use hactl_engine::control::Pin;
use hactl_engine::time::Instant;

use crate::agent::command::error::StateFileError;
use crate::agent::command::state_file::{read_json, write_json};
use crate::sys::process::{clock, stamp};

/// The overrides by instance name; the file is this as JSON.
pub(crate) type Pins = BTreeMap<String, Pin>;

/// What the VRRP loop remembers.
pub(crate) struct Memory {
    path: PathBuf,
    earlier: stamp::Stamps,
    file: Option<stamp::StampFile>,
    pins: Pins,
    left: Option<Config>,
}

impl Memory {
    /// Reads what an earlier process left. `runtime` is the path of the stamp file, on a memory file system; `left` the
    /// configuration that an agent had which was killed.
    pub(crate) fn recall(runtime: PathBuf, pins: Pins, left: Option<Config>) -> Self {
        Self { earlier: stamp::read(&runtime), path: runtime, file: None, pins, left }
    }

    /// Where the kernel's settings are noted as they were.
    pub(crate) fn settings(&self) -> PathBuf {
        self.path.with_extension("settings")
    }

    /// The configuration of an agent that was killed, once.
    pub(crate) fn left(&mut self) -> Option<Config> {
        self.left.take()
    }

    /// The stamp file, for messages.
    pub(crate) fn path(&self) -> std::path::Display<'_> {
        self.path.display()
    }

    /// Makes the stamp file for these instances; stamps of instances that stay are kept.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn number(&mut self, instances: &[String]) -> io::Result<()> {
        let keep = if self.file.is_some() { stamp::read(&self.path) } else { self.earlier.clone() };
        self.file = Some(stamp::StampFile::create(&self.path, instances, &keep)?);
        Ok(())
    }

    /// Notes that the instance in this slot is master now, or no longer.
    pub(crate) fn stamp(&self, slot: usize, at: Option<Instant>) {
        if let Some(file) = &self.file {
            file.stamp(slot, at);
        }
    }

    /// When an earlier process last sent an advert as master of this instance.
    pub(crate) fn last_master(&self, instance: &str) -> Option<Instant> {
        self.earlier.iter().find(|(name, _)| name == instance).map(|(_, at)| *at)
    }

    /// The override left for this instance, unless its time is over.
    pub(crate) fn pin(&self, instance: &str) -> Option<Pin> {
        let now = clock::unix_ms() / 1000;
        self.pins.get(instance).filter(|pin| pin.expires_unix_s.is_none_or(|end| end > now)).cloned()
    }
}

/// Where the overrides are kept.
pub(crate) fn pins_path(state_dir: &Path) -> PathBuf {
    state_dir.join("pins.json")
}

/// Reads the overrides.
///
/// # Errors
/// A file that is there but cannot be read or understood.
pub(crate) fn read_pins(state_dir: &Path) -> Result<Pins, StateFileError> {
    read_json(&pins_path(state_dir)).map(Option::unwrap_or_default)
}

/// Writes the overrides.
///
/// # Errors
/// The kernel's.
pub(crate) fn write_pins(state_dir: &Path, pins: &Pins) -> io::Result<()> {
    write_json(&pins_path(state_dir), pins)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn overrides_survive_and_expire() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read_pins(folder.path()).unwrap(), Pins::new());
        let pin = |expires_unix_s| Pin { priority: 254, reason: Some("drill".into()), expires_unix_s };
        let pins = Pins::from([("VI_1".to_owned(), pin(None)), ("VI_2".to_owned(), pin(Some(1)))]);
        write_pins(folder.path(), &pins).unwrap();
        let memory = Memory::recall(folder.path().join("stamps"), read_pins(folder.path()).unwrap(), None);
        assert_eq!(memory.pin("VI_1"), Some(pin(None)));
        assert_eq!(memory.pin("VI_2"), None, "its time is over");
        fs::write(pins_path(folder.path()), "{").unwrap();
        assert!(read_pins(folder.path()).unwrap_err().to_string().contains("pins.json"));
    }
}
