use std::collections::BTreeSet;
use std::process::Command;

use super::super::scenario::{Budget, Step};
use super::network::{LINK, save_routes};
use super::*;

mod world;

fn context() -> Context {
    Context { interface: "bond0.37".into(), advert: Duration::from_millis(700), ..Context::default() }
}

#[test]
fn names_are_unique_and_every_sentence_is_there() {
    let names: BTreeSet<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
    assert_eq!(names.len(), SCENARIOS.len());
    assert!(crate::ctl::budget::NAMES.iter().eq(SCENARIOS.iter().map(|scenario| &scenario.name)));
    for scenario in every_form() {
        for sentence in [scenario.title, scenario.expected] {
            assert!(sentence.len() > 20 && !sentence.ends_with('.'), "{}: {sentence}", scenario.name);
        }
    }
}

/// Each scenario as it goes on every kind of cluster.
fn every_form() -> Vec<&'static Scenario> {
    let plain = Context { guarded: false, watched: false, ..context() };
    let mut all: Vec<&'static Scenario> = SCENARIOS.iter().collect();
    let others = SCENARIOS.iter().map(|scenario| on(scenario, &plain));
    all.extend(others.filter(|other| SCENARIOS.iter().all(|one| one.expected != other.expected)));
    assert_eq!(all.len(), SCENARIOS.len() + 3);
    all
}

fn scripts(step: &Step) -> Option<&str> {
    match step {
        Step::Shell(script) | Step::Ends(script, _) => Some(script),
        Step::PowerOff(_) | Step::PowerOn => None,
    }
}

#[test]
fn every_shell_step_is_valid_shell() {
    for scenario in every_form() {
        let plan = scenario.plan(&context(), &context(), Budget::default());
        let (first, last) = plan.also.map(|(_, first, last)| (first, last)).unzip();
        let possible = Step::Shell((scenario.possible)(&context()));
        for step in [Some(plan.inject), Some(plan.restore), first, last, Some(possible)].into_iter().flatten() {
            let Some(script) = scripts(&step) else { continue };
            let output = Command::new("sh").args(["-n", "-c", script]).output().unwrap();
            assert!(output.status.success(), "{}: {script}\n{output:?}", scenario.name);
        }
    }
}

/// Whoever dies in the middle: the host, or for power the process beside the desk, puts it right.
#[test]
fn every_fault_has_a_way_back_that_is_armed_before_it() {
    for scenario in every_form() {
        for lab in [true, false] {
            let context = Context { lab, ..context() };
            let plan = scenario.plan(&context, &context, Budget::default());
            let faults = std::iter::once((scenario.fault, plan.inject, plan.restore))
                .chain(scenario.also.zip(plan.also).map(|((_, fault), (_, inject, restore))| (fault, inject, restore)));
            for (fault, inject, restore) in faults {
                match (fault, inject, restore) {
                    (Fault::Power, Step::PowerOff(back), Step::PowerOn) => assert!(back > plan.hold),
                    (Fault::Reboot, Step::Ends(_, back), Step::PowerOn) => assert!(lab && back > plan.hold),
                    // A host of its own comes back by itself.
                    (Fault::Reboot, Step::Shell(_), Step::Shell(_)) => assert!(!lab),
                    (Fault::Shell { inject, undo, .. }, Step::Shell(first), Step::Shell(last)) => {
                        let (inject, undo) = (inject(&context), undo(&context));
                        assert!(undo.len() > 10 && last.contains(&undo), "{}: {undo}", scenario.name);
                        let armed = first.find(&format!("--unit=hactl-drill-{} ", scenario.name)).unwrap();
                        let line = inject.lines().next().unwrap();
                        let broken = first.rfind(line.split('\'').next().unwrap()).unwrap();
                        assert!(armed < broken, "{}: {first}", scenario.name);
                    }
                    (fault, inject, restore) => panic!("{}: {fault:?} {inject:?} {restore:?}", scenario.name),
                }
            }
        }
    }
}

#[test]
fn every_budget_allows_what_the_settings_foretell() {
    for scenario in every_form() {
        for advert in [50, 200, 1000, 3700] {
            let context = Context { advert: Duration::from_millis(advert), standby_priority: 37, ..context() };
            let (least, most) = (scenario.predicted)(&context);
            let plan = scenario.plan(&context, &context, Budget::default());
            assert!(least <= most && most <= plan.budget, "{}: {least:?} {most:?} {:?}", scenario.name, plan.budget);
            assert!(plan.hold >= Duration::from_secs(2), "{}: {:?}", scenario.name, plan.hold);
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
