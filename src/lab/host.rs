//! One host: an overlay on the root file system, booted by systemd-nspawn in its namespace.

use std::fs::{self, File};
use std::io::Read as _;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::cgroup;
use super::layout::{Layout, Plan};
use super::tool::{at, run, try_run};
use crate::error::Failure;

/// All hosts ask at once, and behind one address. Two questions by one socket (IPv4's and IPv6's) may get in each
/// other's way there, so they are asked one after the other; and what was lost is soon asked again.
const RESOLVER: &str = "options single-request timeout:2 attempts:6";

/// How long a host may take until sshd answers.
pub const BOOT_LIMIT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(50);

/// Lays out the host's file system: overlay, names, the desk's key.
///
/// # Errors
/// What the file system or `mount` said.
pub fn prepare(layout: &Layout, plan: &Plan, name: &str) -> Result<(), Failure> {
    let folder = layout.host(name);
    for part in ["upper", "work", "merged"] {
        let path = folder.join(part);
        fs::create_dir_all(&path).map_err(at(&path))?;
    }
    let merged = folder.join("merged");
    let options = format!(
        "lowerdir={},upperdir={},workdir={}",
        layout.rootfs().display(),
        folder.join("upper").display(),
        folder.join("work").display()
    );
    run(&["mount", "-t", "overlay", "overlay", "-o", &options, &merged.display().to_string()])?;
    let write = |file: &str, text: &str, mode: u32| {
        let path = merged.join(file);
        fs::write(&path, text)
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(mode)))
            .map_err(at(&path))
    };
    write("etc/hostname", &format!("{name}\n"), 0o644)?;
    let mut hosts = "127.0.0.1 localhost\n::1 localhost\n".to_owned();
    for other in &plan.hosts {
        hosts.push_str(&format!("{} {other}\n", plan.address(other)));
    }
    write("etc/hosts", &hosts, 0o644)?;
    let resolver = merged.join("etc/resolv.conf");
    let _ = fs::remove_file(&resolver); // a link into /run in some releases
    let servers = fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    write("etc/resolv.conf", &format!("{}\n{RESOLVER}\n", servers.trim_end()), 0o644)?;
    let key = layout.desk_home().join(".ssh/id_ed25519.pub");
    write("root/.ssh/authorized_keys", &fs::read_to_string(&key).map_err(at(&key))?, 0o600)?;
    let host_key = merged.join("etc/ssh/ssh_host_ed25519_key").display().to_string();
    if !Path::new(&host_key).exists() {
        run(&["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", &host_key])?;
    }
    Ok(())
}

/// Boots a prepared host and returns at once.
///
/// # Errors
/// When systemd-nspawn cannot be started.
pub fn boot(layout: &Layout, name: &str) -> Result<(), Failure> {
    let folder = layout.host(name);
    let console = folder.join("console.log");
    let log = File::create(&console).map_err(at(&console))?;
    let mut command = match cgroup::make(layout, name) {
        None => Command::new("systemd-nspawn"),
        Some(group) => {
            let mut command = Command::new("sh");
            command
                .args(["-c", "echo $$ >\"$0\" && exec \"$@\""])
                .arg(group.join("cgroup.procs"))
                .arg("systemd-nspawn");
            command
        }
    };
    let child = command
        .args(["--quiet", "--register=no", "--keep-unit", "--boot", "--resolv-conf=off", "--timezone=off"])
        .arg(format!("--directory={}", folder.join("merged").display()))
        .arg(format!("--network-namespace-path=/run/netns/{}", layout.namespace(name)))
        .arg(format!("--hostname={name}"))
        .arg("--capability=CAP_NET_ADMIN,CAP_NET_RAW,CAP_SYS_NICE,CAP_IPC_LOCK")
        // A host may set its own network's kernel settings.
        .env("SYSTEMD_NSPAWN_API_VFS_WRITABLE", "network")
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(at(&console))?)
        .stderr(log)
        .process_group(0) // an interrupt at the terminal is not meant for the hosts
        .spawn()
        .map_err(|error| Failure::internal(format!("systemd-nspawn for {name}: {error}")))?;
    drop(child); // found again by its command line
    Ok(())
}

/// Waits until the host's sshd greets; returns how long it took.
///
/// # Errors
/// Past the limit, or when the host's container has ended; with the end of its console.
pub fn wait_ssh(layout: &Layout, plan: &Plan, name: &str) -> Result<Duration, Failure> {
    let begin = Instant::now();
    let address = SocketAddr::from((plan.address(name), 22));
    while begin.elapsed() < BOOT_LIMIT {
        if greets(address) {
            return Ok(begin.elapsed());
        }
        if begin.elapsed() > Duration::from_secs(2) && container(layout, name).is_none() {
            break;
        }
        std::thread::sleep(POLL);
    }
    let console = layout.host(name).join("console.log");
    let text = fs::read_to_string(&console).unwrap_or_default();
    let tail: Vec<&str> = text.lines().rev().take(10).collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    Err(Failure::internal(format!(
        "{name}: sshd did not answer on {address}; {}:\n{}",
        console.display(),
        tail.join("\n")
    )))
}

fn greets(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_millis(500)) else { return false };
    let mut greeting = [0; 4];
    stream.set_read_timeout(Some(Duration::from_secs(2))).is_ok()
        && stream.read_exact(&mut greeting).is_ok()
        && &greeting == b"SSH-"
}

/// Whether the host's sshd greets right now.
pub fn ssh_answers(plan: &Plan, name: &str) -> bool {
    greets(SocketAddr::from((plan.address(name), 22)))
}

/// The systemd-nspawn process of a host, found by its command line.
pub fn container(layout: &Layout, name: &str) -> Option<Pid> {
    let wanted = format!("--directory={}", layout.host(name).join("merged").display());
    processes().find(|pid| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == wanted.as_bytes())
    })
}

/// The host's own process 1, seen from outside.
pub fn leader(layout: &Layout, name: &str) -> Option<Pid> {
    let nspawn = container(layout, name)?;
    let children = fs::read_to_string(format!("/proc/{nspawn}/task/{nspawn}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok().map(Pid::from_raw)
}

/// Every process of this machine.
pub fn processes() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok().map(Pid::from_raw))
}

/// Cuts the host's power: everything in it dies at once, nothing is said on the network.
pub fn power_off(layout: &Layout, name: &str) {
    for pid in [leader(layout, name), container(layout, name)].into_iter().flatten() {
        let _ = kill(pid, Signal::SIGKILL); // it may have ended this instant
    }
    let end = Instant::now() + Duration::from_secs(10);
    while container(layout, name).is_some() && Instant::now() < end {
        std::thread::sleep(POLL);
    }
}

/// Unmounts the host's overlay, lazily when something still sits in it.
pub fn unmount(merged: &Path) {
    let path = merged.display().to_string();
    if !try_run(&["umount", "--recursive", &path]) {
        try_run(&["umount", "--recursive", "--lazy", &path]);
    }
}
