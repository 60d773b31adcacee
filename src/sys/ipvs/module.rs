//! The module `ip_vs`: asked for by name where the kernel does not load it by itself.

use std::io;
use std::process::Command;

/// Where `modprobe` is; a service's PATH may lack the folders of root's tools.
const PLACES: [&str; 3] = ["modprobe", "/usr/sbin/modprobe", "/sbin/modprobe"];

/// Runs `modprobe MODULE`; the error is what it said.
pub fn load(module: &str) -> Result<(), String> {
    for program in PLACES {
        match Command::new(program).args(["--", module]).output() {
            Ok(output) if output.status.success() => return Ok(()),
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                let first = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("modprobe failed").trim();
                return Err(first.to_owned());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("{program}: {error}")),
        }
    }
    Err("there is no modprobe on this host".to_owned())
}
