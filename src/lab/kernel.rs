//! Settings of this machine's kernel that labs need, and what they were before the first of those that stand. The last
//! one that goes puts them back.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::path::Path;

use nix::fcntl::{Flock, FlockArg};

use super::spaces::{namespaces, of_a_lab};
use super::tool::at;
use crate::error::Failure;

/// Settings and what they were: path below /proc/sys, value.
pub type Before = BTreeMap<String, String>;

const FORWARD: &str = "net/ipv4/ip_forward";
const INOTIFY: &str = "fs/inotify/max_user_instances";
/// inotify instances that one host's systemd and its services take, generously; they count together, since root is one
/// user.
const INSTANCES: usize = 40;
/// What the settings were before any lab that stands; gone with the last one, and with the settings when the machine
/// boots.
const SHARED: &str = "/run/hactl-labs.json";

/// What the settings were before this lab and those that stand beside it.
///
/// # Errors
/// What the file system said.
pub fn before() -> Result<Before, Failure> {
    let _alone = lock()?;
    let shared = fs::read(SHARED).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let now = || [FORWARD, INOTIFY].into_iter().filter_map(|name| Some((name.to_owned(), read(name)?))).collect();
    Ok(shared.unwrap_or_else(now))
}

/// Makes them as all hosts need them that there are namespaces for, of whichever lab.
///
/// # Errors
/// The kernel refuses, or the file system.
pub fn set(before: &Before) -> Result<(), Failure> {
    let _alone = lock()?;
    let text = serde_json::to_vec(before).map_err(|error| Failure::internal(error.to_string()))?;
    fs::write(SHARED, text).map_err(at(Path::new(SHARED)))?;
    write(FORWARD, "1")?;
    let needed = 128 + namespaces().filter(|name| of_a_lab(name)).count() * INSTANCES;
    let now = read(INOTIFY).and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
    if now < needed { write(INOTIFY, &needed.to_string()) } else { Ok(()) }
}

/// Puts them back when no other lab stands; its hosts would have no way out.
pub fn restore(before: &Before) {
    let _alone = lock(); // without it, it is as good as it can be
    if namespaces().any(|name| of_a_lab(&name)) {
        return;
    }
    for (name, value) in before.iter().filter(|(name, value)| read(name).as_ref() != Some(value)) {
        // The value was read from the same file; a read-only /proc could not have been changed either.
        let _ = write(name, value);
    }
    let _ = fs::remove_file(SHARED); // absent is as good as removed
}

/// Held while settings and those who need them are compared.
fn lock() -> Result<Flock<File>, Failure> {
    let path = Path::new("/run/hactl-labs.lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(at(path))?;
    Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, error)| at(path)(error.into()))
}

fn read(name: &str) -> Option<String> {
    fs::read_to_string(Path::new("/proc/sys").join(name)).ok().map(|text| text.trim().to_owned())
}

fn write(name: &str, value: &str) -> Result<(), Failure> {
    let path = Path::new("/proc/sys").join(name);
    fs::write(&path, value).map_err(at(&path))
}
