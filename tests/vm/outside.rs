//! This machine's part: boot the guest, tell what it says, judge.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::image::Image;

/// Boot and suites; without KVM about five minutes on a quiet machine.
const DEADLINE: Duration = Duration::from_secs(1700);

pub(crate) fn run() {
    if let Some(why) = unavailable() {
        eprintln!("SKIPPED: {why}");
        return;
    }
    let image = match Image::ensure().and_then(|image| image.add_binaries(&init()).map(|()| image)) {
        Ok(image) => image,
        Err(why) => {
            eprintln!("SKIPPED: the guest cannot be made here: {why}");
            return;
        }
    };
    let report = watch(boot(&image), &image);
    assert!(
        report.failed.is_empty(),
        "{} of {} failed: {}",
        report.failed.len(),
        report.count,
        report.failed.join(", ")
    );
    assert!(report.count > 0, "no case ran: HACTL_VM_ONLY names none");
}

/// Why no guest can be booted here.
fn unavailable() -> Option<String> {
    if !nix::unistd::getuid().is_root() {
        return Some("not root".into());
    }
    if !cfg!(target_arch = "x86_64") {
        return Some("the guest is an x86-64 machine".into());
    }
    let tools = ["qemu-system-x86_64", "mmdebstrap", "apt-get"];
    let missing = tools.iter().find(|tool| which::which(tool).is_err());
    missing.map(|tool| format!("no `{tool}` here: `make setup` installs it"))
}

/// The guest's first process; environment variables named `HACTL_VM_…` go along.
fn init() -> String {
    let wishes: String = std::env::vars()
        .filter(|(name, _)| name.starts_with("HACTL_VM_"))
        .map(|(name, value)| format!("export {name}='{value}'\n"))
        .collect();
    format!(
        "#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root HACTL_VM=all
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
mkdir -p /run/netns /dev/shm
mount -t cgroup2 cgroup /sys/fs/cgroup 2>/dev/null
ip link set lo up
{wishes}/vm/tests --exact lvs_on_a_real_kernel --nocapture >/dev/ttyS1 2>&1
busybox poweroff -f
"
    )
}

fn boot(image: &Image) -> Child {
    let disk = |path: std::path::PathBuf| format!("file={},if=virtio,format=raw,snapshot=on", path.display());
    // KVM is not to be trusted inside another virtual machine: who knows that it works here asks for it.
    let accelerator = std::env::var("HACTL_VM_ACCEL").unwrap_or_else(|_| "tcg,thread=multi".into());
    Command::new("qemu-system-x86_64")
        .args(["-M", "q35", "-cpu", "max", "-smp", "2", "-m", "2048", "-net", "none", "-no-reboot"])
        .args(["-accel", &accelerator])
        .args(["-display", "none", "-monitor", "none"])
        .args(["-serial", &format!("file:{}", image.console().display()), "-serial", "stdio"])
        .arg("-kernel")
        .arg(image.kernel())
        .arg("-initrd")
        .arg(image.ram_disk())
        .args(["-append", "console=ttyS0 loglevel=4 mitigations=off no_timer_check panic=-1"])
        .args(["-drive", &disk(image.root()), "-drive", &disk(image.binaries())])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[derive(Default)]
struct Report {
    count: usize,
    failed: Vec<String>,
}

/// Passes on what the guest says and counts. A guest that stops without saying so has failed.
fn watch(mut guest: Child, image: &Image) -> Report {
    let started = Instant::now();
    let (sender, lines) = std::sync::mpsc::channel();
    let said = guest.stdout.take().unwrap();
    std::thread::spawn(move || {
        BufReader::new(said).split(b'\n').map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    let mut report = Report::default();
    let mut finished = false;
    while let Ok(line) = lines.recv_timeout(DEADLINE.saturating_sub(started.elapsed())) {
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        match line.split_once(' ') {
            Some(("@passed", _)) => report.count += 1,
            Some(("@failed", what)) => {
                report.count += 1;
                report.failed.push(what.split(' ').next().unwrap_or_default().to_owned());
            }
            _ if line == "@end" => finished = true,
            _ => {}
        }
        eprintln!("{:6.1} {}", started.elapsed().as_secs_f64(), line.trim_start_matches('@'));
    }
    let _ = guest.kill(); // it has ended by itself, unless the deadline ended the loop
    let _ = guest.wait();
    if !finished {
        let console = std::fs::read(image.console()).unwrap_or_default();
        eprintln!("--- the guest's console\n{}", String::from_utf8_lossy(&console));
        panic!("the guest stopped before it was done, or was not done within {} s", DEADLINE.as_secs());
    }
    report
}
