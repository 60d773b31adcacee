//! The way back and away: an earlier generation, the hosts before hactl, and what hosts remember.

use hactl::ctl::apply::back::{Back, Target, WentBack, go_back};
use hactl::ctl::apply::deploy::Order;
use hactl::ctl::apply::step::Step;
use hactl::ctl::look::transaction::Phase;
use hactl::ctl::operate::compare::{Wanted, compare};
use hactl::ctl::operate::history::history;
use hactl::ctl::operate::lock::{HostLock, Locks, break_locks, locks};
use hactl::ctl::operate::remembered::Became;
use hactl::error::{Code, Exit};

use super::fault::Fault;
use super::stage::{End, Stage, stage, stage_with};
use super::truth::pending;

const PAGE: &str = "/usr/share/nginx/html/hactl/index.html";

fn page(stage: &Stage, text: &str) {
    stage.inventory(&format!(
        "roles: {{ web-static: {{ page: {text} }}, vip: {{ check_interval_s: {} }} }}\n",
        text.len()
    ));
}

fn back(stage: &Stage, hosts: &[&str], target: Target) -> End<WentBack> {
    let back = Back {
        inventory: stage.order.inventory.clone(),
        hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        target,
        settle: stage.order.settle,
    };
    let end = stage.run(async { End::of(go_back(&back, stage.options(), &|_| Ok(true)).await) });
    end.is_as_described("rollback");
    end
}

/// What failed and was left is no generation to go back from: the last good one is what is missing.
#[test]
fn from_what_a_failed_deploy_left_to_the_last_good_one() {
    let Some(stage) = stage(&["lb-5", "lb-6", "web-7"]) else { return };
    let mut then = Vec::new();
    for text in ["a", "bb"] {
        page(&stage, text);
        stage.deployed();
        then.push(stage.snapshot());
    }
    page(&stage, "ccc");
    stage.host("lb-6").fails("systemctl reload-or-restart hactl-agent");
    let end = stage.deploy_as(&Order { keep_failed: true, ..stage.order.clone() });
    end.is(Exit::HandNeeded, &[Code::ActivateFailed, Code::LeftAsItIs]);
    stage.host("lb-6").fails("");
    for (to, as_then) in [(2, &then[1]), (1, &then[0])] {
        let end = back(&stage, &[], Target::Generation(None));
        end.is(Exit::Done, &[]);
        assert_eq!(end.value.unwrap().to, Some(to));
        assert_eq!(stage.live_changes(as_then), Vec::<String>::new());
    }
}

#[test]
fn before_the_first_generation_what_a_failed_deploy_left_is_uninstalled() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    stage.host("web-7").fails("systemctl reload-or-restart nginx");
    stage
        .deploy_as(&Order { keep_failed: true, ..stage.order.clone() })
        .is(Exit::HandNeeded, &[Code::ActivateFailed, Code::LeftAsItIs]);
    let end = back(&stage, &[], Target::Generation(None));
    end.is(Exit::Invalid, &[Code::NothingSelected]);
    assert!(format!("{:?}", end.problems).contains("hactl uninstall"));
}

#[test]
fn to_an_earlier_generation_and_that_can_be_taken_back_too() {
    let Some(stage) = stage(&["lb-5", "lb-6", "web-7"]) else { return };
    let mut then = Vec::new();
    for text in ["a", "bb", "ccc", "dddd"] {
        page(&stage, text);
        stage.deployed();
        then.push(stage.snapshot());
    }
    let end = back(&stage, &[], Target::Generation(None));
    end.is(Exit::Done, &[]);
    assert_eq!(end.value.unwrap().to, Some(3));
    assert_eq!(stage.live_changes(&then[2]), Vec::<String>::new());
    back(&stage, &[], Target::Generation(Some(1))).is(Exit::Done, &[]);
    assert_eq!(stage.live_changes(&then[0]), Vec::<String>::new());
    // What was undone was a generation, too: its number is 5, that of going back to 1 is 6.
    let end = back(&stage, &[], Target::Generation(None));
    end.is(Exit::Done, &[]);
    assert_eq!(end.value.unwrap().to, Some(5));
    assert_eq!(stage.live_changes(&then[2]), Vec::<String>::new());
    assert!(stage.hosts.values().all(|host| pending(host).is_empty()));
    // Only to what was in force: 99 never was, and before the first one there was nothing of hactl.
    let before = stage.snapshot();
    for number in [0, 99] {
        back(&stage, &[], Target::Generation(Some(number))).is(Exit::Invalid, &[Code::NoWayBack]);
    }
    assert_eq!(stage.live_changes(&before), Vec::<String>::new());
}

#[test]
fn the_first_generation_is_not_rolled_back() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    let rollback = || back(&stage, &[], Target::Generation(None));
    rollback().is(Exit::Invalid, &[Code::NothingSelected]);
    page(&stage, "a");
    stage.deployed();
    let first = stage.snapshot();
    let end = rollback();
    end.is(Exit::Invalid, &[Code::NoWayBack]);
    assert!(end.said().contains("`hactl uninstall`"), "{}", end.said());
    // A generation that was taken back was never in force.
    page(&stage, "bb");
    stage.host("web-7").faults.at("probe", Fault::Fails);
    stage.deploy().is(Exit::RolledBack, &[Code::ActivateFailed, Code::TakenBack]);
    page(&stage, "ccc");
    stage.deployed();
    back(&stage, &[], Target::Generation(Some(2))).is(Exit::Invalid, &[Code::NoWayBack]);
    let end = rollback();
    end.is(Exit::Done, &[]);
    assert_eq!(end.value.unwrap().to, Some(1));
    assert_eq!(stage.live_changes(&first), Vec::<String>::new());
}

/// It keeps what it has, and the others go back.
#[test]
fn a_host_that_had_nothing_then_stays_as_it_is() {
    let Some(stage) = stage(&["lb-5", "lb-6", "web-7"]) else { return };
    stage.inventory_of(&["lb-5", "web-7"], "roles: { web-static: { page: a } }\n");
    stage.deployed();
    stage.inventory_of(&["lb-5", "lb-6", "web-7"], "roles: { web-static: { page: bb } }\n");
    stage.deployed();
    let before = stage.snapshot();
    let end = back(&stage, &[], Target::Generation(None));
    end.is(Exit::Done, &[]);
    assert_eq!((end.value.as_ref().unwrap().to, stage.host("web-7").text(PAGE).as_str()), (Some(1), "a\n"));
    let of = stage.live_changes(&before);
    assert!(!of.iter().any(|change| change.starts_with("lb-6")), "{of:?}");
}

#[test]
fn a_way_that_is_not_kept_any_more_is_refused() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    for text in ["a", "bb", "ccc", "dddd", "eeeee", "ffffff", "ggggggg"] {
        page(&stage, text);
        stage.deployed();
    }
    let before = stage.snapshot();
    let end = back(&stage, &[], Target::Generation(Some(1)));
    end.is(Exit::Invalid, &[Code::NoWayBack]);
    assert!(end.said().contains("there is 2, 3, 4, 5, 6, 7"), "{}", end.said());
    assert_eq!(stage.live_changes(&before), Vec::<String>::new());
    back(&stage, &[], Target::Generation(Some(2))).is(Exit::Done, &[]);
    assert_eq!(stage.host("web-7").text(PAGE), "bb\n");
}

#[test]
fn a_rollback_that_fails_or_is_ended_is_taken_back() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    for text in ["a", "bb"] {
        page(&stage, text);
        stage.deployed();
    }
    let before = stage.snapshot();
    stage.host("lb-5").fails_once("systemctl reload-or-restart hactl-agent");
    stage.host("lb-5").fails_once("systemctl re*hactl-agent");
    let end = back(&stage, &[], Target::Generation(None));
    end.is(Exit::RolledBack, &[Code::ActivateFailed, Code::TakenBack]);
    assert_eq!(stage.live_changes(&before), Vec::<String>::new());
    for fault in [Fault::Lost, Fault::Fails] {
        stage.host("lb-5").faults.at("go_to", fault);
        let end = back(&stage, &[], Target::Generation(None));
        assert!(end.codes().contains(&Code::TakenBack), "{}", end.said());
        assert_eq!(stage.live_changes(&before), Vec::<String>::new());
    }
    back(&stage, &[], Target::Generation(None)).is(Exit::Done, &[]);
    assert_eq!(stage.host("web-7").text(PAGE), "a\n");
}

/// File by file, whatever was deployed since the first time.
#[test]
fn after_uninstall_everything_is_as_before_hactl() {
    let Some(stage) = stage(&["lb-5", "lb-6", "web-7"]) else { return };
    let before = stage.snapshot();
    for text in ["a", "bb", "ccc", "dddd", "eeeee", "ffffff", "ggggggg"] {
        page(&stage, text);
        stage.deployed();
    }
    stage.binary("two");
    stage.deployed();
    back(&stage, &[], Target::Before).is(Exit::Done, &[]);
    assert_eq!(stage.changes(&before), Vec::<String>::new());
    assert_eq!(stage.owner(), "", "nobody has the VIP");
    // And again.
    stage.deployed();
    back(&stage, &[], Target::Before).is(Exit::Done, &[]);
    assert_eq!(stage.changes(&before), Vec::<String>::new());
    // Where nothing is, nothing is touched.
    let end = back(&stage, &[], Target::Before);
    end.is(Exit::Done, &[]);
    assert_eq!(end.value.unwrap().hosts, 0);
    assert_eq!(stage.changes(&before), Vec::<String>::new());
}

#[test]
fn what_is_kept_for_ourselves_and_cannot_go_is_named() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    stage.deployed();
    stage.host("web-7").faults.at("forget_all", Fault::Fails);
    let end = back(&stage, &[], Target::Before);
    end.is(Exit::HandNeeded, &[Code::NotForgotten]);
    assert!(end.said().contains("rm -rf /var/lib/hactl "), "{}", end.said());
    assert!(!stage.host("web-7").has(PAGE) && !stage.host("lb-5").has("/var/lib/hactl"));
}

#[test]
fn an_uninstall_that_fails_is_taken_back() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    let first = stage.snapshot();
    page(&stage, "a");
    stage.deployed();
    let before = stage.snapshot();
    stage.host("lb-5").fails_once("systemctl reload-or-restart nginx");
    let end = back(&stage, &[], Target::Before);
    end.is(Exit::RolledBack, &[Code::ActivateFailed, Code::TakenBack]);
    assert_eq!(stage.live_changes(&before), Vec::<String>::new());
    back(&stage, &[], Target::Before).is(Exit::Done, &[]);
    assert_eq!(stage.changes(&first), Vec::<String>::new());
}

/// Everything is as it was, but for the folder in which hactl keeps its memory, and the unit that watches over it.
#[test]
fn a_folder_that_stays_after_uninstall_is_told() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    let first = stage.snapshot();
    stage.deployed();
    stage.host("web-7").faults.at("forget_all", Fault::Fails);
    let end = back(&stage, &[], Target::Before);
    end.is(Exit::HandNeeded, &[Code::NotForgotten]);
    assert!(end.said().contains("hactl-revert.service` on web-7"), "{}", end.said());
    let left = stage.live_changes(&first);
    assert!(
        left.iter().all(|change| change.contains("hactl-revert")),
        "who watches over the folder stays with it: {left:?}"
    );
    assert!(stage.host("web-7").has("/var/lib/hactl") && !stage.host("lb-5").has("/var/lib/hactl"));
}

#[test]
fn keepalived_and_the_packages_after_uninstall() {
    let Some(stage) = stage_with(&["lb-5", "web-7"], &[], false) else { return };
    if stage.host("web-7").try_sh("command -v nginx").status.success() {
        return eprintln!("SKIPPED: nginx is among the machine's own programs");
    }
    stage.host("lb-5").sh("echo '[Unit]' >/etc/systemd/system/keepalived.service; systemctl enable --now keepalived");
    stage.deployed();
    assert!(!stage.host("lb-5").has("/played/units/keepalived.active"));
    let end = back(&stage, &[], Target::Before);
    end.is(Exit::Done, &[]);
    let packages = end.value.unwrap().packages;
    assert!(packages.iter().any(|one| one.host == "web-7" && one.packages == ["nginx"]), "{packages:?}");
    assert!(stage.host("lb-5").has("/played/units/keepalived.active"), "it runs again");
    assert!(stage.host("lb-5").has("/played/units/keepalived.enabled"));
}

#[test]
fn one_host_is_removed_and_the_others_stay() {
    let Some(stage) = stage(&["lb-5", "lb-6", "web-7"]) else { return };
    let first = stage.snapshot();
    stage.deployed();
    let owner = stage.owner();
    let before = stage.snapshot();
    let other = if owner == "lb-5" { "lb-6" } else { "lb-5" };
    back(&stage, &[&owner], Target::Before).is(Exit::Done, &[]);
    let told = stage.told.lock().unwrap().join("\n");
    assert!(told.contains(Code::StillWanted.id()) && told.contains(&format!("`hactl remove {owner}`")), "{told}");
    let of = |changes: Vec<String>, host: &str| -> Vec<String> {
        changes.into_iter().filter(|change| change.starts_with(host)).collect()
    };
    assert_eq!(of(stage.changes(&first), &owner), Vec::<String>::new());
    assert_eq!(of(stage.live_changes(&before), other), Vec::<String>::new());
    assert_eq!(stage.owner(), other);
    back(&stage, &["web-9"], Target::Before).is(Exit::Invalid, &[Code::NothingSelected]);
}

/// It is named by whoever looks, and taken away although the inventory does not have it.
#[test]
fn a_host_that_left_the_inventory() {
    let Some(stage) = stage(&["lb-5", "lb-6", "web-7"]) else { return };
    let first = stage.snapshot();
    stage.deployed();
    stage.inventory_of(&["lb-5", "web-7"], "");
    let plan = stage.plan();
    assert!(plan.codes().contains(&Code::LeftBehind) && plan.said().contains("hactl remove lb-6"), "{}", plan.said());
    let end = stage.deploy();
    assert!(end.exit == Exit::Done, "{}", end.said());
    back(&stage, &["lb-6"], Target::Before).is(Exit::Done, &[]);
    let left: Vec<String> = stage.changes(&first).into_iter().filter(|change| change.starts_with("lb-6")).collect();
    assert_eq!(left, Vec::<String>::new());
    stage.plan().is(Exit::Done, &[]);
    // Who is removed while the inventory has it is not told as one that left.
    stage.inventory_of(&["lb-5", "web-7", "lb-6"], "");
}

#[test]
fn hosts_remember_and_locks_are_told() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    page(&stage, "a");
    stage.deployed();
    page(&stage, "bb");
    stage.host("web-7").faults.at("probe", Fault::Fails);
    stage.deploy().is(Exit::RolledBack, &[Code::ActivateFailed, Code::TakenBack]);
    let inventory = stage.order.inventory.as_deref();
    let told = stage.run(async { End::of(history(inventory, stage.options(), Some("web-7")).await) });
    told.is(Exit::Done, &[]);
    told.is_as_described("history");
    let host = told.value.unwrap().hosts.remove(0);
    let events: Vec<(u64, &str)> = host.entries.iter().map(|one| (one.generation, one.event.as_str())).collect();
    assert_eq!(events, [(1, "begun"), (1, "committed"), (2, "begun"), (2, "taken-back")]);
    assert!(host.generation == 1 && host.entries[0].detail.contains('@'), "{host:?}");
    stage.host("web-7").faults.at("swap_file", Fault::DeskDies);
    stage.deploy_and_die();
    let told = stage.run(async { End::of(locks(inventory, stage.options(), None).await) });
    told.is_as_described("lock");
    let told = told.value.unwrap();
    assert!(told.hosts.iter().all(|one| one.owner.is_some() && one.left_s > Some(200)), "{told:?}");
    let broken = broken(&stage);
    broken.is(Exit::Done, &[]);
    let of = |host: &str, all: &[HostLock]| -> (Option<u64>, Option<Phase>, bool) {
        let one = all.iter().find(|one| one.host == host).unwrap();
        (one.in_force, one.phase, one.to_go_back)
    };
    let hosts = broken.value.unwrap().hosts;
    assert_eq!(of("web-7", &hosts), (Some(1), Some(Phase::Committed), true));
    assert_eq!(of("lb-5", &hosts), (Some(1), Some(Phase::Committed), false), "nothing live was touched there");
    // It had gone back when the command returned.
    assert_eq!(stage.host("web-7").text(PAGE), "a\n");
    assert!(stage.hosts.values().all(|host| pending(host).is_empty()));
    let step = Step { number: 3, limit: stage.limit };
    let late = stage.host("web-7").try_sh(&step.renew());
    let told = String::from_utf8(late.stderr).unwrap();
    assert!(told.contains("the lock of generation 3 has ended: broken by ann@desk 1"), "{told}");
    let audit = stage.host("web-7").text("/var/lib/hactl/audit");
    self::broken(&stage).is(Exit::Done, &[]);
    assert_eq!(stage.host("web-7").text("/var/lib/hactl/audit"), audit, "there was none to break");
    let told = stage.run(async { End::of(locks(inventory, stage.options(), None).await) }).value.unwrap();
    assert!(told.hosts.iter().all(|one| one.owner.is_none()));
}

/// `hactl lock break`, as Ann.
fn broken(stage: &Stage) -> End<Locks> {
    let inventory = stage.order.inventory.as_deref();
    let settle = stage.order.settle;
    let end = stage.run(async { End::of(break_locks(inventory, stage.options(), None, "ann@desk 1", settle).await) });
    end.is_as_described("lock");
    end
}

/// What could not be seen is not said, and what does not go back is named.
#[test]
fn a_broken_lock_tells_who_has_not_gone_back() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    page(&stage, "a");
    stage.deployed();
    page(&stage, "bb");
    let dies = |host: &str| {
        stage.host(host).faults.at("swap_file", Fault::DeskDies);
        stage.deploy_and_die();
    };
    let of = |end: &End<Locks>, host: &str| {
        let one = end.value.as_ref().unwrap().hosts.iter().find(|one| one.host == host).cloned().unwrap();
        (one.in_force, one.phase, one.to_go_back)
    };
    // The way back does not work.
    dies("lb-5");
    stage.host("lb-5").fails("systemctl re* hactl-agent");
    let end = broken(&stage);
    end.is(Exit::HandNeeded, &[Code::NotTakenBack]);
    assert!(end.said().contains("the way back from generation 2 does not work"), "{}", end.said());
    assert_eq!(of(&end, "lb-5"), (Some(1), Some(Phase::Reverting), true));
    stage.host("lb-5").fails("");
    broken(&stage).is(Exit::Done, &[]);
    assert_eq!(stage.host("web-7").text(PAGE), "a\n");
    // The power fails when it is to go back.
    dies("web-7");
    stage.host("web-7").faults.at("take_back", Fault::PowerCut);
    let end = broken(&stage);
    end.is(Exit::HandNeeded, &[Code::NotTakenBack]);
    assert!(end.said().contains("its lock is broken, and whether it has gone back is not known"), "{}", end.said());
    assert_eq!(of(&end, "web-7"), (None, None, true));
    // And then nobody even knows whether the lock is broken.
    let end = broken(&stage);
    end.is(Exit::Preflight, &[Code::Unreachable]);
    assert!(end.said().contains("whether its lock was broken is not known"), "{}", end.said());
    stage.host("web-7").power_on();
    assert_eq!(stage.host("web-7").text(PAGE), "a\n", "as was said: by itself when it starts");
    // The connection is lost while it goes back: that is looked at again.
    dies("web-7");
    stage.host("web-7").faults.at("take_back", Fault::Lost);
    let end = broken(&stage);
    end.is(Exit::Done, &[]);
    assert_eq!(of(&end, "web-7"), (Some(1), Some(Phase::Committed), true));
}

/// Numbers that a host has no part in are explained: by itself, else by others, and nobody makes anything up.
#[test]
fn a_jump_of_numbers_is_explained() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    let web = |page: &str| stage.inventory(&format!("roles: {{ web-static: {{ page: {page} }} }}\n"));
    for text in ["a", "b", "c"] {
        web(text);
        stage.deployed();
    }
    // Refused while it was staged: nothing live is touched anywhere.
    web("d");
    stage.host("web-7").faults.at("stage_file", Fault::Fails);
    stage.deploy().is(Exit::Preflight, &[Code::StageFailed]);
    // A desk that dies before anything is live, and the next one that finds what it left.
    stage.host("web-7").faults.at("stage_file", Fault::DeskDies);
    stage.deploy_and_die();
    stage.holder_is_dead();
    stage.deployed();
    let told = |host: &str| {
        let inventory = stage.order.inventory.as_deref();
        let end = stage.run(async { End::of(history(inventory, stage.options(), None).await) });
        end.is(Exit::Done, &[]);
        end.is_as_described("history");
        end.value.unwrap().hosts.into_iter().find(|one| one.host == host).unwrap()
    };
    let events = |host: &str| -> Vec<(u64, String)> {
        told(host).entries.into_iter().map(|one| (one.generation, one.event)).collect()
    };
    let said =
        |all: &[(u64, &str)]| -> Vec<(u64, String)> { all.iter().map(|(n, event)| (*n, (*event).into())).collect() };
    let lb = said(&[(1, "begun"), (1, "committed"), (2, "left"), (3, "left"), (4, "left"), (5, "left"), (6, "left")]);
    assert_eq!(events("lb-5"), lb);
    let gone = [(2, "begun"), (2, "committed"), (3, "begun"), (3, "committed"), (4, "left"), (5, "left")];
    let web_7 = [&[(1, "begun"), (1, "committed")][..], &gone, &[(6, "begun"), (6, "committed")]].concat();
    assert_eq!(events("web-7"), said(&web_7));
    assert_eq!((told("lb-5").gaps, told("web-7").gaps), (Vec::new(), Vec::new()));
    // Hosts of earlier versions did not write down what left nothing.
    for host in ["lb-5", "web-7"] {
        stage.host(host).sh("sed -i '/ left$/d' /var/lib/hactl/audit");
    }
    let gaps = |host: &str| -> Vec<(u64, u64, Became)> {
        told(host).gaps.into_iter().map(|gap| (gap.from, gap.to, gap.became)).collect()
    };
    let missing = (4, 5, Became::Unknown);
    assert_eq!(gaps("lb-5"), [(2, 3, Became::Committed), missing, (6, 6, Became::Committed)]);
    assert_eq!(gaps("web-7"), [missing]);
}

/// A host's memory is bounded, keeps the newest, and still knows which files are ours.
#[test]
fn a_host_s_memory_does_not_grow_without_limit() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    page(&stage, "a");
    stage.deployed();
    let web = stage.host("web-7");
    let size = || web.text("/var/lib/hactl/audit").len();
    web.sh(
        "seq 5000 | sed 's/^/2026-11-29T01:00:00Z 1 stuck something that does not work and is said again and again: /' \
            >>/var/lib/hactl/audit",
    );
    let before = size();
    assert!(before > 256 << 10, "{before} bytes");
    page(&stage, "bb");
    stage.deployed();
    let audit = web.text("/var/lib/hactl/audit");
    assert!(audit.len() < 140 << 10 && audit.len() > 100 << 10, "{} bytes", audit.len());
    let ends: Vec<&str> = audit.lines().map(|line| line.split_once(' ').unwrap().1).collect();
    assert_eq!(ends[0], "1 committed", "it put files that are still there");
    assert!(ends[1].starts_with("1 stuck") && ends[ends.len() - 3].ends_with(": 5000"), "whole lines: {ends:?}");
    assert!(ends[ends.len() - 2].starts_with("2 begun ") && ends[ends.len() - 1] == "2 committed", "{ends:?}");
    assert!(!web.has("/var/lib/hactl/audit.new"));
    // What generation 1 put is ours, and no file of somebody else's.
    page(&stage, "ccc");
    let plan = stage.plan().value.unwrap();
    assert!(plan.hosts.iter().flat_map(|host| &host.changes).all(|change| !change.theirs), "{plan:?}");
    // One that says the same each minute says it once.
    let lb = stage.host("lb-5");
    lb.faults.at("swap_file", Fault::DeskDies);
    stage.deploy_and_die();
    lb.fails("systemctl re* hactl-agent");
    assert_eq!([lb.fire(), lb.fire(), lb.fire()], [Some(false); 3]);
    assert_eq!(lb.text("/var/lib/hactl/audit").matches(" 3 stuck ").count(), 1);
    lb.fails("");
    assert_eq!(lb.fire(), Some(true));
}

#[test]
fn generations_are_compared() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    for text in ["a", "bb", "ccc"] {
        page(&stage, text);
        stage.deployed();
    }
    let inventory = stage.order.inventory.as_deref();
    let diff = |from: Option<u64>, to: Option<u64>| {
        let wanted = Wanted { from, to, host: None };
        let end = stage.run(async { End::of(compare(inventory, stage.options(), &wanted).await) });
        end.is_as_described("diff");
        end
    };
    let page_of = |from, to| {
        let end = diff(from, to);
        end.is(Exit::Done, &[]);
        let web = end.value.unwrap().hosts.into_iter().find(|host| host.host == "web-7").unwrap();
        let file = web.files.into_iter().find(|file| file.path == PAGE).unwrap();
        (file.kind, file.difference)
    };
    assert_eq!(page_of(Some(1), Some(2)), ("change", "    @@ -1 +1 @@\n    -a\n    +bb\n".into()));
    assert_eq!(page_of(Some(2), Some(1)), ("change", "    @@ -1 +1 @@\n    -bb\n    +a\n".into()));
    assert_eq!(page_of(Some(3), Some(1)).1, "    @@ -1 +1 @@\n    -ccc\n    +a\n");
    assert_eq!(page_of(None, None).1, "    @@ -1 +1 @@\n    -bb\n    +ccc\n");
    assert_eq!(page_of(Some(0), Some(1)), ("create", "    @@ -0,0 +1 @@\n    +a\n".into()));
    diff(Some(9), None).is(Exit::Invalid, &[Code::NoWayBack]);
}
