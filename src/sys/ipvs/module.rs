//! Modules, asked for by name: `ip_vs` because the kernel does not load it by itself, schedulers because it does so at
//! the wrong moment.
//!
//! A kernel that meets a scheduler it has not loaded calls `modprobe` while it holds IPVS's lock. `lblc` and `lblcr`
//! then wait for network namespaces that are just being taken down, and these wait for that lock with the lock of all
//! interfaces in hand: no `ip` command on the host ends any more (seen with Linux 6.1). Loading before asking avoids
//! it.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::process::Command;

use hactl_engine::lvs::diff::Change;
use thiserror::Error;

/// Why a module is not loaded.
#[derive(Debug, Error)]
pub(super) enum NotLoaded {
    #[error("there is no modprobe on this host")]
    NoModprobe,
    #[error("{0}: {1}")]
    NotRun(&'static str, #[source] io::Error),
    /// What `modprobe` said.
    #[error("{0}")]
    Refused(String),
}

/// Where `modprobe` is; a service's PATH may lack the folders of root's tools.
const PLACES: [&str; 3] = ["modprobe", "/usr/sbin/modprobe", "/sbin/modprobe"];

/// Runs `modprobe MODULE`.
pub(super) fn load(module: &str) -> Result<(), NotLoaded> {
    for program in PLACES {
        match Command::new(program).args(["--", module]).output() {
            Ok(output) if output.status.success() => return Ok(()),
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                let first = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("modprobe failed").trim();
                return Err(NotLoaded::Refused(first.to_owned()));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(NotLoaded::NotRun(program, error)),
        }
    }
    Err(NotLoaded::NoModprobe)
}

/// Schedulers that were seen to. A refusal is the kernel's to tell: it is asked for the scheduler all the same.
#[derive(Debug, Default)]
pub(super) struct Schedulers(BTreeSet<&'static str>);

impl Schedulers {
    /// Loads what these changes will ask the kernel for.
    pub(super) fn prepare(&mut self, changes: &[Change]) {
        for change in changes {
            let (Change::AddService { settings, .. } | Change::EditService { settings, .. }) = change else { continue };
            let name = settings.scheduling.name;
            if self.0.insert(name) && !Path::new(&format!("/sys/module/ip_vs_{name}")).exists() {
                // Built in, missing, or no modprobe here: the kernel's answer to the change says which.
                let _ = load(&format!("ip_vs_{name}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_that_is_nowhere_is_refused_in_modprobe_s_words() {
        match load("no_such_module_here") {
            Err(NotLoaded::Refused(words)) => assert!(words.contains("no_such_module_here"), "{words}"),
            Err(NotLoaded::NoModprobe) => println!("there is no modprobe on this host"),
            other => panic!("{other:?}"),
        }
    }
}
