//! Settings of this machine's kernel that a lab needs, and what they were before.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::tool::at;
use crate::error::Failure;

/// Settings and what they were: path below /proc/sys, value.
pub type Before = BTreeMap<String, String>;

const FORWARD: &str = "net/ipv4/ip_forward";
const INOTIFY: &str = "fs/inotify/max_user_instances";
/// inotify instances that one host's systemd and its services take, generously; they count together, since root is one user.
const INSTANCES: usize = 40;

/// What the settings are now.
pub fn before() -> Before {
    [FORWARD, INOTIFY].into_iter().filter_map(|name| Some((name.to_owned(), read(name)?))).collect()
}

/// Makes them as so many hosts need them.
///
/// # Errors
/// The kernel refuses.
pub fn set(hosts: usize) -> Result<(), Failure> {
    write(FORWARD, "1")?;
    let needed = 128 + hosts * INSTANCES;
    let now = read(INOTIFY).and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
    if now < needed { write(INOTIFY, &needed.to_string()) } else { Ok(()) }
}

/// Puts them back.
pub fn restore(before: &Before) {
    for (name, value) in before.iter().filter(|(name, value)| read(name).as_ref() != Some(value)) {
        // The value was read from the same file; a read-only /proc could not have been changed either.
        let _ = write(name, value);
    }
}

fn read(name: &str) -> Option<String> {
    fs::read_to_string(Path::new("/proc/sys").join(name)).ok().map(|text| text.trim().to_owned())
}

fn write(name: &str, value: &str) -> Result<(), Failure> {
    let path = Path::new("/proc/sys").join(name);
    fs::write(&path, value).map_err(at(&path))
}
