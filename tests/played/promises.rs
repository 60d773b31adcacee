//! What a deploy once said and did not know: each story would end in an untruth where a deploy is a sequence of hopes.

use std::time::Duration;

use hactl::error::{Code, Exit};

use super::fault::Fault;
use super::stage::{Stage, stage};
use super::truth::{Snapshots, check, pending};

const PAGE: &str = "/usr/share/nginx/html/hactl/index.html";

/// A page that says so on a cluster that had another one.
fn page(stage: &Stage, text: &str) {
    stage.inventory(&format!("roles: {{ web-static: {{ page: {text} }} }}\n"));
}

fn first() -> Option<(Stage, Snapshots)> {
    let stage = stage(&["lb-5", "web-7"])?;
    page(&stage, "one");
    stage.deployed();
    let before = stage.snapshot();
    page(&stage, "two");
    Some((stage, before))
}

#[test]
fn a_commit_that_does_not_arrive_is_sent_again_over_a_new_connection() {
    for fault in [Fault::Fails, Fault::Lost, Fault::Starved(0), Fault::Cut(0)] {
        let Some((stage, before)) = first() else { return };
        stage.host("web-7").faults.at("commit", fault);
        let end = stage.deploy();
        end.is(Exit::Done, &[]);
        let mut after = before.clone();
        after.clone_from(&stage.snapshot());
        check(&stage, &before, &after, &end).unwrap();
        assert_eq!(stage.host("web-7").fire(), None, "{fault:?}: it keeps it");
        assert_eq!(stage.host("web-7").text(PAGE), "two\n", "{fault:?}");
    }
}

#[test]
fn a_host_that_dies_before_its_commit_is_named_with_its_way_back() {
    let Some((stage, _)) = first() else { return };
    let web = stage.host("web-7");
    web.faults.at("commit", Fault::PowerCut);
    let end = stage.deploy();
    end.is(Exit::HandNeeded, &[Code::NotCommitted]);
    let said = end.said();
    assert!(
        said.contains("web-7: whether it keeps the change is not known") && said.contains("by itself at "),
        "{said}"
    );
    web.power_on();
    assert_eq!((web.text(PAGE).as_str(), pending(web)), ("one\n", vec![]));
}

#[test]
fn a_host_that_lost_its_power_goes_back_at_boot() {
    let Some((stage, before)) = first() else { return };
    let web = stage.host("web-7");
    web.faults.at("probe", Fault::PowerCut);
    let end = stage.deploy();
    end.is(Exit::HandNeeded, &[Code::ConnectionLost, Code::NotTakenBack]);
    assert!(end.said().contains("whether it was taken back is not known"), "{}", end.said());
    assert_eq!(web.text(PAGE), "two\n");
    web.power_on();
    assert_eq!((web.text(PAGE).as_str(), pending(web)), ("one\n", vec![]));
    assert_eq!(stage.live_changes(&before), Vec::<String>::new());
}

#[test]
fn after_a_killed_deploy_a_failed_one_goes_back_to_what_was_verified() {
    let Some((stage, before)) = first() else { return };
    stage.host("web-7").faults.at("open_generation", Fault::DeskDies);
    stage.deploy_and_die();
    stage.holder_is_dead();
    page(&stage, "three");
    stage.host("web-7").faults.at("probe", Fault::Fails);
    let end = stage.deploy();
    end.is(Exit::RolledBack, &[Code::ActivateFailed, Code::TakenBack]);
    check(&stage, &before, &before, &end).unwrap();
    assert_eq!(stage.host("web-7").text(PAGE), "one\n");
}

/// The hosts are looked at again under the lock; what is different then is shown again.
#[test]
fn a_host_that_goes_back_while_somebody_reads_the_plan_is_planned_anew() {
    let Some((stage, _)) = first() else { return };
    stage.host("web-7").faults.at("open_generation", Fault::DeskDies);
    stage.deploy_and_die();
    stage.holder_is_dead();
    let end = stage.deploy_while(|| {
        stage.host("web-7").fire();
    });
    end.is(Exit::Done, &[]);
    let done = end.value.unwrap();
    assert_eq!(done.verified, Some(true));
    let shown = stage.shown.lock().unwrap().clone();
    assert!(
        shown.len() == 2 && shown[0].contains("take back generation 2") && shown[1].contains("change"),
        "{shown:#?}"
    );
    assert_eq!(stage.host("web-7").text(PAGE), "two\n");
}

/// Somebody else's file changes behind the question: what is carried out was never shown.
#[test]
fn hosts_that_never_come_to_rest_are_left_alone() {
    let Some((stage, _)) = first() else { return };
    let turn = std::cell::Cell::new(0);
    let turn = std::sync::Mutex::new(turn);
    let end = stage.deploy_while(|| {
        let turn = turn.lock().unwrap();
        turn.set(turn.get() + 1);
        let other = if turn.get() % 2 == 1 { "chmod 600" } else { "chmod 644" };
        stage.host("lb-5").sh(&format!("{other} /etc/nginx/hactl_proxy_params"));
    });
    end.is(Exit::Preflight, &[Code::PlanIsOld]);
    assert_eq!(stage.host("web-7").text(PAGE), "one\n");
    assert!(stage.hosts.values().all(|host| pending(host).is_empty()));
}

/// Its step is still at work when the desk gives up: it is ended before anything is taken back.
#[test]
fn a_step_that_is_too_slow_is_ended_before_it_is_taken_back() {
    let Some((mut stage, before)) = first() else { return };
    stage.limit = Duration::from_millis(700);
    stage.host("web-7").sh("systemctl disable -q nginx");
    let before = before.into_iter().map(|(name, _)| (name.clone(), stage.host(&name).snapshot())).collect();
    stage.host("web-7").tells("slow", "systemctl enable*");
    let end = stage.deploy();
    end.is(Exit::RolledBack, &[Code::ConnectionLost, Code::TakenBack]);
    check(&stage, &before, &before, &end).unwrap();
    std::thread::sleep(Duration::from_secs(3));
    assert!(!stage.host("web-7").has("/played/units/nginx.enabled"), "it went on");
}

/// A way back that was taken is not undone by a message that comes afterwards.
#[test]
fn a_late_step_is_refused() {
    let Some((stage, before)) = first() else { return };
    let web = stage.host("web-7");
    web.faults.at("probe", Fault::Fails);
    stage.deploy().is(Exit::RolledBack, &[Code::ActivateFailed, Code::TakenBack]);
    let step = hactl::ctl::apply::step::Step { number: 2, limit: Duration::from_secs(5) };
    for late in [
        step.commit(&hactl::ctl::apply::step::Memory::default()),
        step.renew(),
        step.enter("staged").call("remove_file", [PAGE]).text(),
        step.keep(),
    ] {
        let output = web.try_sh(&late);
        assert_eq!(output.status.code(), Some(10), "{output:?}");
    }
    assert_eq!(stage.live_changes(&before), Vec::<String>::new());
}

/// A deploy may last as long as it must: the desk renews the lock, and the host waits with it.
#[test]
fn a_lock_that_is_renewed_takes_nothing_back() {
    let Some((stage, _)) = first() else { return };
    stage.host("web-7").faults.at("open_generation", Fault::DeskDies);
    stage.deploy_and_die();
    let web = stage.host("web-7");
    let step = hactl::ctl::apply::step::Step { number: 2, limit: Duration::from_secs(5) };
    for _ in 0..5 {
        web.pass(200);
        assert_eq!(web.watch(), Some(false), "it waits");
        web.sh(&step.renew());
    }
    assert_eq!(web.text(PAGE), "two\n");
    web.pass(299);
    assert_eq!(web.watch(), Some(false));
    web.pass(2);
    assert_eq!(web.watch(), Some(true), "nobody renews it any more");
    assert_eq!(web.text(PAGE), "one\n");
}

/// Between the change and the commit somebody writes a file that was sent.
#[test]
fn what_is_not_as_it_was_sent_is_not_committed() {
    let Some((stage, before)) = first() else { return };
    let role = "applies_to: [web]\nretires: []\nprobes:\n  - { name: x, command: 'echo other >/usr/share/nginx/html/hactl/index.html' }\n";
    stage.write("roles/mine/role.yaml", role);
    let text = std::fs::read_to_string(stage.path("inventory.yaml")).unwrap();
    stage.write("inventory.yaml", &text.replace("web-7: {", "web-7: { roles: [mine],"));
    let end = stage.deploy();
    end.is(Exit::RolledBack, &[Code::NotAsSent, Code::TakenBack]);
    check(&stage, &before, &before, &end).unwrap();
}

/// Whatever became of the file, nothing is made up of it and nothing is done on top of it.
#[test]
fn a_state_that_nobody_understands_is_left_alone() {
    let Some((stage, before)) = first() else { return };
    for garbage in
        ["", "committed", "committed x 1", "committed 1 1x", "asleep 1 1", "committed 1 99999999999999999999999"]
    {
        stage.host("web-7").sh(&format!("echo '{garbage}' >/var/lib/hactl/state"));
        let end = stage.deploy();
        assert!(matches!(end.exit, Exit::HandNeeded | Exit::Preflight), "{garbage}: {:?} {}", end.exit, end.said());
        assert!(
            end.said().contains("web-7") && end.said().contains("/var/lib/hactl/state"),
            "{garbage}: {}",
            end.said()
        );
        assert_eq!(stage.live_changes(&before), Vec::<String>::new(), "{garbage}");
        assert!(stage.hosts.values().all(|host| !host.has("/var/lib/hactl/lock")), "{garbage}");
    }
    stage.host("web-7").sh("echo committed 1 1 >/var/lib/hactl/state");
    stage.deployed();
}
