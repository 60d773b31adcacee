//! The same file, two daemons: Debian's keepalived and hactl run every file of `cases/`, each on a host of its own, and
//! leave the kernel in the same state: as master, after what the file says happens then, as backup beside a better
//! router and as master again, after a reload, after the stop. What differs on purpose says so in the file's header
//! (`cases/README.md`), and must differ.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::need_root;

mod better;
mod case;
mod host;

use case::{Case, Found};
use host::{Host, Picture, Who, differences};

/// Files at work at the same time: most of a file's time is waiting.
const AT_ONCE: usize = 44;
/// How long the two may take to agree, once both have settled.
const AGREE: Duration = Duration::from_secs(6);
/// How long what is done to the hosts may take to be seen; often there is nothing to see.
const CHANGE: Duration = Duration::from_secs(2);
/// How long the two may take to settle: master-down interval, delays of checks, a busy machine.
const SETTLE: Duration = Duration::from_secs(12);

#[test]
fn the_same_file_leaves_the_same_kernel() {
    need_root!();
    let only = std::env::var("HACTL_SAME").unwrap_or_default();
    let mut cases: Vec<Case> = files().iter().map(|path| Case::read(path)).collect();
    cases.retain(|case| case.name.contains(&only));
    assert!(!cases.is_empty(), "no file is called *{only}*");
    let folder = tempfile::Builder::new().prefix("hactl-same-").tempdir().unwrap();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(cases.len()) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(number) else { return };
                    let report = live(case, folder.path(), number);
                    done.lock().unwrap().push((number, report));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(number, _)| *number);
    let mut bad = 0;
    println!("{:32} RESULT", "FILE");
    for (number, report) in &done {
        let case = &cases[*number];
        let wrong = case.judge(&report.found);
        let check = check(case, report);
        let meant: Vec<String> = case.differs.iter().map(|one| format!("{} {}", one.phase, one.table)).collect();
        let result = match (&case.waits, wrong.is_empty() && check.is_none()) {
            (_, false) => "WRONG".to_owned(),
            (Some(why), true) => format!("waits: {why}"),
            (None, true) if meant.is_empty() => "same".to_owned(),
            (None, true) => format!("differs as meant: {}", meant.join(", ")),
        };
        println!("{:32} {result}", case.name);
        for line in wrong.iter().chain(&check) {
            println!("    {line}");
        }
        if result == "WRONG" {
            bad += 1;
            report.logs.iter().for_each(|log| println!("{log}"));
        }
    }
    assert_eq!(bad, 0, "of {} files; HACTL_SAME=NAME runs those whose names contain NAME", cases.len());
}

#[test]
fn the_suite_is_large_enough() {
    assert!(files().len() >= 80, "{} files", files().len());
}

/// What came of a file.
struct Report {
    found: Vec<Found>,
    /// Exit codes of `keepalived -t` and `hactl check`.
    checks: (i32, i32),
    /// Whether hactl was there when both had settled.
    ran: bool,
    logs: Vec<String>,
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/same/cases");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "conf"));
    files.sort();
    files
}

/// What keepalived accepts is never invalid to hactl, and what `hactl check` calls good the agent runs. (What it calls
/// invalid may run without the lines that are: both daemons leave those out.)
fn check(case: &Case, report: &Report) -> Option<String> {
    if report.checks.1 == 0 && !report.ran {
        return Some("check: `hactl check` calls it good, and the agent does not run".into());
    }
    let too_strict = report.checks.0 == 0 && report.checks.1 == 3;
    match &case.check {
        Some(why) if !too_strict => Some(format!("check: not too strict any more, take the line out: {why}")),
        None if too_strict => Some("check: `keepalived -t` accepts it, `hactl check` says invalid (3)".into()),
        _ => None,
    }
}

/// The life of a file, on two hosts side by side.
fn live(case: &Case, folder: &Path, number: usize) -> Report {
    let mut hosts = [Who::Keepalived, Who::Hactl].map(|who| Host::new(who, folder, number));
    let mut found = Vec::new();
    for host in &hosts {
        host.write(&case.text);
        case.host.iter().for_each(|line| drop(host.shell(line)));
    }
    wait_until(AGREE, || differences("before", &hosts[0].picture(), &hosts[1].picture()).is_empty());
    let before = [0, 1].map(|n| hosts[n].picture());
    found.extend(differences("before", &before[0], &before[1]));
    let checks = (hosts[0].check(), hosts[1].check());
    hosts.iter_mut().for_each(Host::start);
    found.extend(compare("master", case, &mut hosts));
    let ran = !hosts[1].ended();
    if !case.then.is_empty() {
        let earlier = [0, 1].map(|n| hosts[n].picture());
        for host in &hosts {
            case.then.iter().for_each(|line| drop(host.shell(line)));
        }
        let changed = |hosts: &[Host; 2]| (0..2).all(|n| hosts[n].picture() != earlier[n]);
        wait_until(CHANGE, || changed(&hosts));
        found.extend(compare("changed", case, &mut hosts));
    }
    if case.better {
        let better = hosts.each_ref().map(|host| host.beside_a_better(&case.text));
        found.extend(compare("backup", case, &mut hosts));
        for host in &hosts {
            let others: Vec<String> =
                host.states().into_values().filter(|state| !state.starts_with("BACKUP")).collect();
            if !others.is_empty() {
                found.push(Found { phase: "backup", table: "state", lines: others }); // equal, and not what was meant
            }
        }
        drop(better);
        found.extend(compare("again", case, &mut hosts));
    }
    for host in &hosts {
        host.write(&case.changed());
        host.reload();
    }
    found.extend(compare("reloaded", case, &mut hosts));
    hosts.iter().for_each(Host::terminate);
    wait_until(SETTLE, || hosts.iter_mut().all(Host::ended));
    for host in &hosts {
        case.after.iter().for_each(|line| drop(host.shell(line)));
    }
    // What keepalived leaves behind is its own affair; hactl leaves nothing.
    let after = |host: &Host| without_states(host.picture());
    wait_until(AGREE, || differences("stopped", &without_states(before[1].clone()), &after(&hosts[1])).is_empty());
    found.extend(differences("stopped", &without_states(before[1].clone()), &after(&hosts[1])));
    if !hosts[1].ended() {
        found.push(Found { phase: "stopped", table: "state", lines: vec!["+ hactl still runs".into()] });
    }
    let logs = hosts.iter().map(Host::log).collect();
    Report { found, checks, ran, logs }
}

/// Waits until both have settled and agree, and says what they do not agree upon.
fn compare(phase: &'static str, case: &Case, hosts: &mut [Host; 2]) -> Vec<Found> {
    let left = if phase == "backup" { "MASTER" } else { "BACKUP" };
    wait_until(SETTLE, || hosts.iter_mut().all(|host| host.settled(left)));
    let look = |hosts: &[Host; 2]| {
        let mut pictures = [0, 1].map(|n| hosts[n].picture());
        if phase == "reloaded" {
            // keepalived says nothing of the priority that a reload brings.
            pictures = pictures.map(without_priorities);
        }
        alike(&mut pictures);
        differences(phase, &pictures[0], &pictures[1])
    };
    // Once may be a moment in which neither has done its work.
    let (mut found, mut again) = (Vec::new(), false);
    wait_until(AGREE, || {
        let before = std::mem::replace(&mut found, look(hosts));
        let as_said = case.expects(phase, &found);
        let sure = again && as_said && before.len() == found.len();
        again = as_said;
        sure
    });
    found
}

/// Takes out what differs in every file.
fn alike(pictures: &mut [Picture; 2]) {
    // Without this setting the host asks its neighbours in the name of the virtual address, under its own MAC.
    pictures.iter_mut().for_each(|one| one.get_mut("settings").unwrap().retain(|line| !line.contains("arp_announce")));
    // keepalived says nothing of an instance that begins in FAULT because of a script.
    let told: Vec<String> =
        pictures[0]["state"].iter().filter_map(|line| line.split(' ').next().map(str::to_owned)).collect();
    let silent = |line: &str| line.strip_suffix(" FAULT").is_some_and(|name| !told.iter().any(|told| told == name));
    pictures[1].get_mut("state").unwrap().retain(|line| !silent(line));
}

fn without_states(mut picture: Picture) -> Picture {
    picture.insert("state", Default::default());
    picture
}

fn without_priorities(mut picture: Picture) -> Picture {
    let states = picture.remove("state").unwrap_or_default();
    let bare = |line: String| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    picture.insert("state", states.into_iter().map(bare).collect());
    picture
}

fn wait_until(limit: Duration, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + limit;
    while !condition() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(300));
    }
}
