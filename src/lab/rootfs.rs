//! The root file system: Debian with systemd and sshd, made once and kept. No nginx, no keepalived: deploying those is
//! what the lab is for.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::layout::Layout;
use super::tool::{at, run};
use crate::error::Failure;

/// Changes whenever a root file system made earlier no longer serves.
const RECIPE: &str = "1";
/// What a host has before anything is deployed.
pub const PACKAGES: &str = "systemd,systemd-sysv,dbus,openssh-server,iproute2,iputils-ping,procps,nftables,ca-certificates,\
                        sudo,less,kmod";
/// Units that slow the boot or have nothing to do in a container.
const MASKED: [&str; 9] = [
    "systemd-networkd-wait-online.service",
    "systemd-resolved.service",
    "systemd-timesyncd.service",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "e2scrub_all.timer",
    "console-getty.service",
    "getty.target",
    "systemd-firstboot.service",
];

/// Makes the root file system unless it is there.
///
/// # Errors
/// What mmdebstrap or the file system said.
pub fn ensure(layout: &Layout, say: &dyn Fn(&str)) -> Result<(), Failure> {
    if is_made(layout) {
        return Ok(());
    }
    let root = layout.rootfs();
    say("making the root file system, once (about a minute)");
    let fresh = layout.folder.join("rootfs.new");
    for old in [&fresh, &root] {
        if old.exists() {
            fs::remove_dir_all(old).map_err(at(old))?;
        }
    }
    fs::create_dir_all(&layout.folder).map_err(at(&layout.folder))?;
    let (suite, sources) = (suite()?, sources()?);
    let include = format!("--include={PACKAGES}");
    let fresh_text = fresh.display().to_string();
    let sources_text = sources.display().to_string();
    run(&[
        "mmdebstrap",
        "--quiet",
        "--variant=minbase",
        // Nothing in a lab is worth an fsync.
        "--dpkgopt=force-unsafe-io",
        // The package lists stay, so that a host installs without an update first.
        "--skip=cleanup/apt/lists",
        &include,
        &suite,
        &fresh_text,
        &sources_text,
    ])?;
    prepare(&fresh)?;
    fs::rename(&fresh, &root).map_err(at(&root))?;
    made(layout)
}

/// Whether the root file system is there, and today's.
pub fn is_made(layout: &Layout) -> bool {
    layout.rootfs().is_dir() && fs::read_to_string(stamp(layout)).is_ok_and(|made| made == RECIPE)
}

/// Notes that the root file system is there and has been through [`prepare`].
///
/// # Errors
/// What the file system said.
pub fn made(layout: &Layout) -> Result<(), Failure> {
    fs::write(stamp(layout), RECIPE).map_err(at(&stamp(layout)))
}

fn stamp(layout: &Layout) -> PathBuf {
    layout.folder.join("rootfs.recipe")
}

/// Makes a Debian with [`PACKAGES`] one that boots fast as a host and takes the desk's key.
///
/// # Errors
/// What the file system said.
pub fn prepare(root: &Path) -> Result<(), Failure> {
    let write = |name: &str, text: &str| {
        let path = root.join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text)).map_err(at(&path))
    };
    for unit in MASKED {
        let link = root.join("etc/systemd/system").join(unit);
        if link.symlink_metadata().is_err() {
            std::os::unix::fs::symlink("/dev/null", &link).map_err(at(&link))?;
        }
    }
    write(
        "etc/ssh/sshd_config.d/lab.conf",
        "PermitRootLogin prohibit-password\nPasswordAuthentication no\nUseDNS no\n",
    )?;
    write("etc/machine-id", "")?;
    for entry in fs::read_dir(root.join("etc/ssh")).map_err(at(root))?.flatten() {
        // Each host makes keys of its own.
        if entry.file_name().to_string_lossy().starts_with("ssh_host_") {
            fs::remove_file(entry.path()).map_err(at(&entry.path()))?;
        }
    }
    let ssh = root.join("root/.ssh");
    fs::create_dir_all(&ssh).map_err(at(&ssh))?;
    fs::set_permissions(&ssh, fs::Permissions::from_mode(0o700)).map_err(at(&ssh))
}

/// This machine's own release: its package sources are known to be reachable.
fn suite() -> Result<String, Failure> {
    let path = Path::new("/etc/os-release");
    let text = fs::read_to_string(path).map_err(at(path))?;
    let name = text.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME=")).map(|name| name.trim_matches('"'));
    name.map(str::to_owned).ok_or_else(|| Failure::internal("/etc/os-release names no Debian or Ubuntu release"))
}

fn sources() -> Result<PathBuf, Failure> {
    ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list.d/ubuntu.sources", "/etc/apt/sources.list"]
        .into_iter()
        .map(PathBuf::from)
        .find(|path| fs::metadata(path).is_ok_and(|meta| meta.len() > 0))
        .ok_or_else(|| Failure::internal("this machine has no package sources under /etc/apt to make hosts from"))
}
