//! Deploys that fail: what everybody is told, and what is on the hosts then.

use hactl::ctl::apply::deploy::{Deployed, Order};
use hactl::error::{Code, Exit};

use nix::sys::signal::Signal;

use super::fault::Fault;
use super::stage::{End, Stage, stage, stage_with};
use super::truth::{check, goes_back, pending};

/// A change that fails as the story arranges it; everything is as before, to the byte.
fn taken_back(arrange: impl Fn(&Stage), code: Code) -> Option<End<Deployed>> {
    let stage = stage(&["lb-5", "web-7"])?;
    stage.deployed();
    let before = stage.snapshot();
    stage.binary("two");
    stage.inventory("roles: { web-static: { page: changed }, lb-nginx: { hotlink_protection: yes } }\n");
    arrange(&stage);
    let end = stage.deploy();
    assert_eq!((end.exit, end.codes()), (Exit::RolledBack, vec![code, Code::TakenBack]), "{}", end.said());
    check(&stage, &before, &before, &end).unwrap();
    Some(end)
}

#[test]
fn a_service_that_does_not_take_it() {
    let arrange = |stage: &Stage| stage.host("lb-5").fails_once("systemctl restart hactl-agent");
    let Some(end) = taken_back(arrange, Code::ActivateFailed) else { return };
    assert!(end.said().contains("systemctl restart hactl-agent failed"), "{}", end.said());
}

/// Neither with the new files nor with the old ones: that is no host that is as before. It goes on trying.
#[test]
fn a_service_that_does_not_come_back_either() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    stage.deployed();
    let before = stage.snapshot();
    stage.binary("two");
    stage.host("lb-5").fails("systemctl restart hactl-agent");
    let end = stage.deploy();
    end.is(Exit::HandNeeded, &[Code::ActivateFailed, Code::NotTakenBack]);
    assert!(end.said().contains("the way back fails: systemctl restart hactl-agent"), "{}", end.said());
    stage.host("lb-5").fails("");
    goes_back(&stage, &before).unwrap();
}

/// The old page does not fit any more where the new one is: the only copy of it must stay.
#[test]
fn a_disk_too_full_for_the_way_back() {
    let Some(stage) = stage_with(&["lb-5", "web-7"], &[("usr/share/nginx/html", 64 << 10)], true) else { return };
    stage.inventory(&format!("roles: {{ web-static: {{ page: {} }} }}\n", "x".repeat(20_000)));
    stage.deployed();
    let before = stage.snapshot();
    let role = "applies_to: [web]\nretires: []\nprobes:\n  - { name: room, command: 'seq 30000 >/usr/share/nginx/html/fill' }\n";
    stage.write("roles/mine/role.yaml", role);
    stage.inventory("roles: { web-static: { page: short } }\n");
    let text = std::fs::read_to_string(stage.path("inventory.yaml")).unwrap();
    stage.write("inventory.yaml", &text.replace("web-7: {", "web-7: { roles: [mine],"));
    let end = stage.deploy();
    end.is(Exit::HandNeeded, &[Code::NoSpace, Code::NotTakenBack]);
    let web = stage.host("web-7");
    assert_eq!(web.text("/usr/share/nginx/html/hactl/index.html"), "short\n");
    web.sh("rm /usr/share/nginx/html/fill");
    goes_back(&stage, &before).unwrap();
    assert_eq!(web.text("/usr/share/nginx/html/hactl/index.html").len(), 20_001);
}

#[test]
fn a_probe_that_fails() {
    let role = "applies_to: [web]\nretires: []\nprobes:\n  - { name: it works, command: 'false' }\n";
    let arrange = |stage: &Stage| {
        stage.write("roles/mine/role.yaml", role);
        let text = std::fs::read_to_string(stage.path("inventory.yaml")).unwrap();
        stage.write("inventory.yaml", &text.replace("web-7: {", "web-7: { roles: [mine],"));
    };
    let Some(end) = taken_back(arrange, Code::ActivateFailed) else { return };
    assert!(end.said().contains("web-7: probe failed: it works"), "{}", end.said());
}

/// After an asynchronous reload a service needs a moment: what passes a little later has passed.
#[test]
fn a_probe_that_passes_a_little_later() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    stage.deployed();
    let command = "[ -e /srv/tried ] || { : >/srv/tried; false; }";
    let role = format!("applies_to: [web]\nretires: []\nprobes:\n  - {{ name: it works, command: '{command}' }}\n");
    stage.write("roles/mine/role.yaml", &role);
    stage.inventory("roles: { web-static: { page: changed } }\n");
    let text = std::fs::read_to_string(stage.path("inventory.yaml")).unwrap();
    stage.write("inventory.yaml", &text.replace("web-7: {", "web-7: { roles: [mine],"));
    stage.deployed();
    assert!(stage.host("web-7").has("/srv/tried"));
}

#[test]
fn an_agent_that_does_not_come_up() {
    taken_back(|stage| stage.host("lb-5").fails("hactl agent status*"), Code::AgentNotUp);
    let Some(end) = taken_back(|stage| stage.host("lb-5").tells("state", "INIT"), Code::AgentNotUp) else { return };
    assert!(end.said().contains("still starting"), "{}", end.said());
}

#[test]
fn a_service_that_answers_badly_afterwards() {
    taken_back(|stage| stage.answer.store(502, std::sync::atomic::Ordering::SeqCst), Code::ServiceBad);
}

#[test]
fn what_is_refused_before_anything_changes() {
    let broken = |stage: &Stage| stage.write("templates/nginx-web.conf.tera", "BROKEN\n");
    let stranger = |stage: &Stage| {
        stage.write("roles/mine/role.yaml", "applies_to: [web]\nretires: []\nfiles:\n  - { template: x.tera, dest: /etc/x, owner: 'nobody-here:root' }\n");
        stage.write("templates/x.tera", "x");
        let text = std::fs::read_to_string(stage.path("inventory.yaml")).unwrap();
        stage.write("inventory.yaml", &text.replace("web-7: {", "web-7: { roles: [mine],"));
    };
    let bad_binary = |stage: &Stage| stage.host("lb-5").fails("hactl --version");
    for arrange in [&broken as &dyn Fn(&Stage), &stranger, &bad_binary] {
        let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
        let before = stage.snapshot();
        arrange(&stage);
        let end = stage.deploy();
        end.is(Exit::Preflight, &[Code::StageFailed]);
        check(&stage, &before, &before, &end).unwrap();
        assert!(stage.hosts.values().all(|host| pending(host).is_empty()));
    }
}

#[test]
fn packages_that_cannot_be_had() {
    let Some(stage) = stage_with(&["web-7", "lb-5"], &[], false) else { return };
    if stage.host("web-7").try_sh("command -v nginx").status.success() {
        return eprintln!("SKIPPED: nginx is among the machine's own programs");
    }
    let before = stage.snapshot();
    stage.host("web-7").fails("apt-get *");
    let end = stage.deploy();
    end.is(Exit::Preflight, &[Code::StageFailed]);
    assert!(end.said().contains("apt-get install failed"), "{}", end.said());
    assert!(end.said().contains("nginx is not installed"), "{}", end.said());
    let stays = "no file was put in place, but nginx was installed on lb-5: it stays";
    assert!(end.said().contains(stays), "{}", end.said());
    assert_eq!(stage.host("web-7").calls("apt-get update"), 1, "newer lists might have it");
    let web = |change: &String| change.starts_with("web-7");
    assert_eq!(stage.live_changes(&before).into_iter().filter(web).collect::<Vec<_>>(), Vec::<String>::new());
    stage.host("web-7").fails("");
    stage.deployed();
}

#[test]
fn a_disk_that_is_too_small() {
    let Some(stage) = stage_with(&["lb-5", "web-7"], &[("var/lib", 1 << 20)], true) else { return };
    let before = stage.snapshot();
    stage.deploy().is(Exit::Preflight, &[Code::NoSpace, Code::NoSpace]);
    assert_eq!(stage.changes(&before), Vec::<String>::new());
}

/// The page is bigger than what is left where it belongs: staged it is, put in place it cannot be.
#[test]
fn a_disk_that_fills_up_while_files_are_put_in_place() {
    let Some(stage) = stage_with(&["lb-5", "web-7"], &[("usr/share/nginx/html", 64 << 10)], true) else { return };
    stage.deployed();
    let before = stage.snapshot();
    stage.inventory(&format!("roles: {{ web-static: {{ page: {} }} }}\n", "x".repeat(100_000)));
    let end = stage.deploy();
    end.is(Exit::RolledBack, &[Code::NoSpace, Code::TakenBack]);
    assert!(end.said().contains("cannot put /usr/share/nginx/html/hactl/index.html in place"), "{}", end.said());
    assert_eq!(stage.live_changes(&before), Vec::<String>::new());
}

#[test]
fn a_host_that_is_down() {
    let Some(stage) = stage(&["lb-5", "lb-6", "web-7"]) else { return };
    let before = stage.snapshot();
    stage.host("lb-6").faults.power(false);
    let end = stage.deploy();
    end.is(Exit::Preflight, &[Code::Unreachable]);
    assert!(end.said().contains("nothing was changed") && end.said().contains("--skip-unreachable"), "{}", end.said());
    assert_eq!(stage.changes(&before), Vec::<String>::new());
}

/// The connection is gone, the host is not: it is taken back over a new one.
#[test]
fn a_connection_that_is_lost_in_the_middle() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    stage.deployed();
    let before = stage.snapshot();
    stage.inventory("roles: { web-static: { page: changed } }\n");
    stage.host("web-7").faults.at("swap_file", Fault::Lost);
    let end = stage.deploy();
    end.is(Exit::RolledBack, &[Code::ConnectionLost, Code::TakenBack]);
    check(&stage, &before, &before, &end).unwrap();
    assert_eq!(stage.host("web-7").fire(), None, "nobody goes back once more");
    stage.deployed();
}

#[test]
fn a_way_back_that_fails() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    stage.deployed();
    let before = stage.snapshot();
    stage.inventory("roles: { web-static: { page: changed } }\n");
    stage.host("web-7").faults.at("swap_file", Fault::Fails);
    stage.host("web-7").faults.at("take_back", Fault::Fails);
    let end = stage.deploy();
    end.is(Exit::HandNeeded, &[Code::ActivateFailed, Code::NotTakenBack]);
    goes_back(&stage, &before).unwrap();
}

#[test]
fn no_auto_rollback_leaves_it_and_the_way_back_by_hand() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    let before = stage.snapshot();
    stage.host("web-7").fails("systemctl reload-or-restart nginx");
    let end = stage.deploy_as(&Order { keep_failed: true, ..stage.order.clone() });
    end.is(Exit::HandNeeded, &[Code::ActivateFailed, Code::LeftAsItIs]);
    assert!(stage.host("lb-5").has("/etc/hactl/hactl.conf"));
    stage.host("web-7").fails("");
    for host in stage.hosts.values() {
        assert_eq!(host.fire(), None, "nobody takes it back by itself");
        host.sh("[ ! -e /var/lib/hactl/way-back.sh ] || sh /var/lib/hactl/way-back.sh now"); // what the message says
    }
    assert_eq!(stage.live_changes(&before), Vec::<String>::new());
}

/// By hand, by a machine, by a terminal that is gone.
const SIGNALS: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];

#[test]
fn an_interrupted_deploy_is_taken_back() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    stage.deployed();
    let before = stage.snapshot();
    let calls = ["stage_binary", "swap_file /usr/share", "swap_binary", "service restart"];
    for (call, signal) in calls.into_iter().flat_map(|call| SIGNALS.map(|signal| (call, signal))) {
        stage.binary("two");
        stage.inventory("roles: { web-static: { page: changed } }\n");
        let host = if call.contains("share") { "web-7" } else { "lb-5" };
        stage.host(host).faults.at(call, Fault::Signal(signal));
        let end = stage.deploy_alone();
        end.is(Exit::Interrupted, &[Code::Interrupted, Code::TakenBack]);
        check(&stage, &before, &before, &end).unwrap();
    }
    stage.deployed();
}

/// Whoever is impatient ends no way back: further signals are ignored until it is over.
#[test]
fn a_second_signal_ends_no_way_back() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    stage.deployed();
    let before = stage.snapshot();
    for (first, second) in SIGNALS.into_iter().zip(SIGNALS.into_iter().cycle().skip(1)) {
        stage.inventory("roles: { web-static: { page: changed } }\n");
        stage.host("web-7").faults.at("swap_file", Fault::Signal(first));
        stage.host("web-7").faults.at("take_back", Fault::Signal(second));
        let end = stage.deploy_alone();
        end.is(Exit::Interrupted, &[Code::Interrupted, Code::TakenBack]);
        assert!(stage.host("web-7").faults.over(), "the second one never came");
        check(&stage, &before, &before, &end).unwrap();
    }
    stage.deployed();
}
