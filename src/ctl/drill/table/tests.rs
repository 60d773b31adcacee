use std::collections::BTreeSet;
use std::process::Command;

use super::super::scenario::{Budget, Step};
use super::*;

fn context() -> Context {
    Context { interface: "bond0.37".into(), advert: Duration::from_millis(700), ..Context::default() }
}

#[test]
fn names_are_unique_and_every_sentence_is_there() {
    let names: BTreeSet<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
    assert_eq!(names.len(), SCENARIOS.len());
    assert!(SCENARIOS.iter().all(|scenario| !scenario.title.is_empty() && !scenario.expected.is_empty()));
}

#[test]
fn every_shell_step_is_valid_shell() {
    for scenario in SCENARIOS {
        let plan = scenario.plan(&context(), &context(), Budget::default());
        for step in [plan.inject, plan.restore] {
            let Step::Shell(script) = step else { continue };
            let output = Command::new("sh").args(["-n", "-c", &script]).output().unwrap();
            assert!(output.status.success(), "{}: {script}\n{output:?}", scenario.name);
        }
    }
}

#[test]
fn the_main_process_and_its_children_are_killed_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let run = |main: &str| {
        let fake = format!("#!/bin/sh\necho MainPID={main}\n");
        std::fs::write(at("fake"), fake).unwrap();
        let script = format!("set -e\nsystemctl() {{ sh '{}'; }}\n{KILL_NGINX}", at("fake").display());
        Command::new("sh").args(["-c", &script]).output().unwrap()
    };
    let stopped = run("0");
    assert_eq!(stopped.status.code(), Some(1), "not this process and its group");
    assert!(String::from_utf8_lossy(&stopped.stderr).contains("nginx does not run"));
    let line = format!("sleep 600 & echo $! >{0}.new; mv {0}.new {0}; wait", at("child").display());
    let mut main = Command::new("sh").args(["-c", &line]).spawn().unwrap();
    let end = std::time::Instant::now() + Duration::from_secs(30);
    while !at("child").exists() {
        assert!(std::time::Instant::now() < end, "it never started");
        std::thread::sleep(Duration::from_millis(10));
    }
    let child = std::fs::read_to_string(at("child")).unwrap();
    let killed = run(&main.id().to_string());
    assert!(killed.status.success(), "{killed:?}");
    assert!(!main.wait().unwrap().success());
    let stat = format!("/proc/{}/stat", child.trim());
    let lives = || std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z"));
    while lives() {
        assert!(std::time::Instant::now() < end, "the child lives");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Runs the steps of a shell fault in a network namespace of its own; the host is not touched.
#[test]
fn the_firewall_block_is_made_and_undone_twice_without_harm() {
    let Fault::Shell { inject, undo, .. } = HEARTBEAT_BLOCKED.fault else { panic!("a shell fault") };
    let (inject, undo) = (inject(&context()), undo(&context()));
    let list = "nft list tables";
    let script = format!("set -e\n{inject}\n{list}\necho undone\n{undo}\n{undo}\n{list}");
    let output = Command::new("unshare").args(["-n", "sh", "-c", &script]).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if err.contains("not permitted") || err.contains("not found") {
        eprintln!("skipped: needs root, unshare and nft ({err})");
        return;
    }
    assert!(output.status.success(), "{out}{err}");
    assert_eq!(out.lines().collect::<Vec<_>>(), ["table inet hactl_drill", "undone"]);
}

#[test]
fn the_link_gets_its_routes_back() {
    let Fault::Shell { inject, undo, .. } = LINK.fault else { panic!("a shell fault") };
    let (save, inject, undo) = (save_routes(&context()), inject(&context()), undo(&context()));
    let script = format!(
        "set -e\nmount -t tmpfs none /run\nip link add bond0.37 type veth peer name peer0\n\
         ip addr add 10.9.0.2/27 dev bond0.37\nip link set bond0.37 up\nip link set peer0 up\n\
         ip route add default via 10.9.0.1\n{save}\n{inject}\nip route\necho undone\n{undo}\n{undo}\n\
         ip route show default"
    );
    let output = Command::new("unshare").args(["-n", "-m", "sh", "-c", &script]).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if err.contains("not permitted") {
        eprintln!("skipped: needs root ({err})");
        return;
    }
    assert!(output.status.success(), "{out}{err}");
    let lines: Vec<_> = out.lines().map(str::trim_end).collect();
    assert_eq!(lines, ["undone", "default via 10.9.0.1 dev bond0.37"], "{err}");
}

#[test]
fn budgets_follow_the_advert_interval() {
    let budget = |name: &str, advert: u64| {
        let context = Context { advert: Duration::from_millis(advert), ..context() };
        let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name).unwrap();
        scenario.plan(&context, &context, Budget::default()).budget.as_millis()
    };
    assert_eq!((budget("link", 1000), budget("link", 100)), (4500, 900));
    assert_eq!((budget("crash", 1000), budget("stop", 1000), budget("agent-killed", 1000)), (4500, 50, 0));
    assert_eq!(budget("nginx", 1000), 250);
    let checked = on(&NGINX, &Context { watched: false, ..context() });
    assert_eq!(checked.plan(&context(), &context(), Budget::default()).budget.as_millis(), 3000 + 4 * 700 + 500);
    assert_eq!(on(&NGINX, &context()).expected, NGINX.expected);
}

#[test]
fn a_budget_of_the_user_replaces_the_own_one_but_not_the_time_to_see_the_effect() {
    let plan = CRASH.plan(&context(), &context(), Budget { gap: Some(Duration::from_millis(5)), requests: None });
    assert_eq!(plan.budget, Duration::from_millis(5));
    assert!(plan.hold > silent_takeover(&context()));
}

#[test]
fn the_link_comes_back_by_itself_when_the_fault_is_over() {
    let plan = LINK.plan(&context(), &context(), Budget::default());
    let Step::Shell(script) = plan.inject else { panic!("link is a shell fault") };
    assert!(script.contains("setsid sh -c 'sleep 0.3; ip link set dev bond0.37 down' "), "{script}");
    assert!(script.contains(&format!("--on-active={} ", plan.hold.as_secs_f64().ceil())), "{script}");
}
