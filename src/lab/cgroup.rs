//! A control group for each host: two systemds in one group would take each other's processes for their own. Only where
//! the hierarchy is unified; in older ones systemd-nspawn keeps them apart by itself.

use std::fs;
use std::path::{Path, PathBuf};

use super::layout::Layout;

const ROOT: &str = "/sys/fs/cgroup";

/// Makes the group of a host; `None` where there is no unified hierarchy to make it in.
pub fn make(layout: &Layout, name: &str) -> Option<PathBuf> {
    let group = group(layout, name);
    let unified = Path::new(ROOT).join("cgroup.controllers").exists();
    (unified && fs::create_dir_all(&group).is_ok()).then_some(group)
}

/// Removes the group of a host that is off, and what its systemd made in it.
pub fn remove(layout: &Layout, name: &str) {
    remove_tree(&group(layout, name));
}

fn group(layout: &Layout, name: &str) -> PathBuf {
    Path::new(ROOT).join(layout.namespace(name))
}

/// A group goes by `rmdir`, after those within it.
fn remove_tree(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_tree(&entry.path());
        }
    }
    let _ = fs::remove_dir(group); // absent is as good as removed
}
