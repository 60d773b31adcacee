//! The guest's part: each case in a process of its own, two at a time.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::{Case, SUITES};

/// What a case may take: a measurement, or the one that deploys, needs a third of it on a quiet machine, the others
/// less than a tenth.
const DEADLINE: Duration = Duration::from_secs(700);
/// Hosts of one case barely keep a processor busy; QEMU gives the guest two.
const AT_A_TIME: usize = 2;

/// `all` or the name of a case; none on the machine outside.
pub(crate) fn role() -> Option<String> {
    std::env::var("HACTL_VM").ok()
}

pub(crate) fn play(role: &str) {
    match SUITES.iter().copied().flatten().find(|case| name(case) == role) {
        Some(case) => (case.run)(),
        None => run_all(),
    }
}

fn run_all() {
    let only = std::env::var("HACTL_VM_ONLY").unwrap_or_default();
    // Figures are for those who ask for them, and alone.
    let bench = only.contains("bench");
    let wanted = |case: &&Case| name(case).contains(&only) && (bench || !name(case).starts_with("bench"));
    let queue: Vec<&Case> = SUITES.iter().copied().flatten().filter(wanted).collect();
    say(&format!("@booted {} cases", queue.len()));
    let queue = Mutex::new(queue.into_iter());
    std::thread::scope(|scope| {
        for _ in 0..if bench { 1 } else { AT_A_TIME } {
            scope.spawn(|| {
                while let Some(case) = { queue.lock().unwrap().next() } {
                    say(&run_one(case));
                }
            });
        }
    });
    say("@end");
}

/// One case; the lines that tell how it went.
fn run_one(case: &Case) -> String {
    let name = name(case);
    let log = format!("/tmp/{}.log", name.replace("::", "."));
    let out = File::create(&log).unwrap();
    let started = Instant::now();
    let mut child = Command::new("/vm/tests")
        .args(["--exact", "lvs_on_a_real_kernel", "--nocapture", "--quiet"])
        .env("HACTL_VM", name)
        .stdin(Stdio::null())
        .stdout(out.try_clone().unwrap())
        .stderr(out)
        .process_group(0)
        .spawn()
        .unwrap();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if started.elapsed() > DEADLINE => break None,
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    // Whatever it has left running, its daemons and itself.
    let group = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
    let _ = child.wait();
    let passed = status.is_some_and(|status| status.success());
    let verdict = if passed { "passed" } else { "failed" };
    let mut lines = format!("@{verdict} {name} {:.1} s", started.elapsed().as_secs_f64());
    let said = std::fs::read(&log).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    if status.is_none() {
        lines += &format!("\n    still running after {} s", DEADLINE.as_secs());
    }
    // Of a failure everything but what the test harness adds.
    let told = said.lines().take_while(|line| !line.ends_with("--- FAILED")).skip_while(|line| line.is_empty());
    for line in told.filter(|line| if passed { line.starts_with("NOTE ") } else { *line != "running 1 test" }) {
        lines += &format!("\n    {line}");
    }
    lines
}

fn name(case: &Case) -> &'static str {
    case.name.trim_start_matches("vm::suite_")
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").unwrap();
    out.flush().unwrap();
}
