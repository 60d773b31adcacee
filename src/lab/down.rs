//! `hactl lab down`: everything that bears the lab's name goes, whether or not a state file tells of it.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use nix::sys::signal::{Signal, kill};
use nix::unistd::getpid;

use super::layout::Layout;
use super::spaces::namespaces;
use super::tool::{preflight, try_run};
use super::{cgroup, host, kernel};
use crate::error::Failure;

/// Takes the lab down. The root file system is kept.
///
/// # Errors
/// Exit 4 without root or tools.
pub fn down(layout: &Layout, say: &dyn Fn(&str)) -> Result<(), Failure> {
    preflight(true)?;
    clear(layout, say);
    Ok(())
}

/// The same without checks; never fails, does what it can. Order matters: processes, mounts, network, files.
pub fn clear(layout: &Layout, say: &dyn Fn(&str)) {
    let hosts = layout.folder.join("hosts");
    let names: Vec<String> = fs::read_dir(&hosts)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    for name in &names {
        host::power_off(layout, name);
        say(&format!("{name}: off"));
    }
    let spaces: Vec<String> = namespaces().filter(|name| name.starts_with(&layout.namespace(""))).collect();
    for space in &spaces {
        kill_inside(space);
    }
    for name in &names {
        host::unmount(&layout.host(name).join("merged"));
        cgroup::remove(layout, name);
    }
    for space in &spaces {
        try_run(&["ip", "netns", "del", space]);
    }
    try_run(&["ip", "link", "del", &layout.uplink()]);
    try_run(&["nft", "delete", "table", "ip", &layout.nft_table()]);
    if let Some(plan) = layout.plan() {
        kernel::restore(&plan.kernel_before);
    }
    for made in [hosts, layout.desk_home()] {
        let _ = fs::remove_dir_all(made); // absent is as good as removed
    }
    let _ = fs::remove_file(layout.plan_file());
}

/// Ends every process whose network is this namespace, such as a command left running at the desk.
fn kill_inside(space: &str) {
    let Ok(inode) = fs::metadata(format!("/run/netns/{space}")).map(|meta| meta.ino()) else { return };
    for pid in host::processes() {
        let inside = fs::metadata(format!("/proc/{pid}/ns/net")).is_ok_and(|meta| meta.ino() == inode);
        if inside && pid != getpid() {
            let _ = kill(pid, Signal::SIGKILL); // it may have ended this instant
        }
    }
}
