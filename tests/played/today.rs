//! What is true today and should not stay so: each story tells where a deploy says more than it knows. When one of them fails
//! because deploys have become better, it moves to the others.

use hactl::error::{Code, Exit};

use super::fault::Fault;
use super::stage::{Stage, stage};
use super::truth::{Snapshots, goes_back, pending};

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
fn a_commit_that_does_not_arrive_is_called_verified_and_taken_back_later() {
    for fault in [Fault::PowerCut, Fault::Starved(0), Fault::Fails] {
        let Some((stage, before)) = first() else { return };
        stage.host("web-7").faults.at("commit", fault);
        let deployed = stage.deployed();
        assert_eq!(deployed.verified, Some(true), "{fault:?}");
        assert!(pending(stage.host("web-7")).contains(&"/var/lib/hactl/unfinished"), "{fault:?}");
        assert_eq!(stage.host("web-7").text(PAGE), "two\n");
        goes_back(&stage, &before).unwrap();
        assert_eq!(stage.host("web-7").text(PAGE), "one\n");
    }
}

/// It says that it reverts by itself, but the timer was only systemd's memory.
#[test]
fn a_host_that_lost_its_power_keeps_what_was_half_done() {
    let Some((stage, _)) = first() else { return };
    let web = stage.host("web-7");
    web.faults.at("probe", Fault::PowerCut);
    let end = stage.deploy();
    end.is(Exit::HandNeeded, &[Code::ConnectionLost, Code::ConnectionLost]);
    assert!(end.said().contains("it reverts by itself within 5 minutes"), "{}", end.said());
    web.power_on();
    assert_eq!(web.fire(), None);
    assert_eq!(web.text(PAGE), "two\n");
    assert!(web.has("/var/lib/hactl/unfinished"));
}

/// The backup of what was verified is overwritten by one of what never was.
#[test]
fn after_a_killed_deploy_a_failed_one_goes_back_to_what_was_never_verified() {
    let Some((stage, before)) = first() else { return };
    stage.host("web-7").faults.at("open_generation", Fault::DeskDies);
    stage.deploy_and_die();
    stage.host("web-7").sh("sed -i 's/ [0-9]*$/ 4194999/' /var/lib/hactl/lock/owner");
    stage.host("lb-5").sh("sed -i 's/ [0-9]*$/ 4194999/' /var/lib/hactl/lock/owner || true");
    page(&stage, "three");
    stage.host("web-7").faults.at("probe", Fault::Fails);
    let end = stage.deploy();
    end.is(Exit::RolledBack, &[Code::ActivateFailed, Code::TakenBack]);
    assert!(end.said().contains("the hosts are as before"), "{}", end.said());
    assert_eq!(stage.host("web-7").text(PAGE), "two\n");
    assert_eq!(goes_back(&stage, &before).unwrap_err(), format!("it did not go back: [\"web-7: changed {PAGE}\"]"));
}

/// The hosts were looked at before the plan was shown, and are not looked at again.
#[test]
fn a_host_that_goes_back_while_somebody_reads_the_plan_is_called_verified() {
    let Some((stage, _)) = first() else { return };
    stage.host("web-7").faults.at("open_generation", Fault::DeskDies);
    stage.deploy_and_die();
    for host in stage.hosts.values() {
        host.sh("sed -i 's/ [0-9]*$/ 4194999/' /var/lib/hactl/lock/owner || true");
    }
    let end = stage.deploy_while(|| {
        stage.host("web-7").fire();
    });
    end.is(Exit::Done, &[]);
    assert_eq!(end.value.unwrap().verified, Some(true));
    assert_eq!(stage.host("web-7").text(PAGE), "one\n");
}

/// The answer comes too late, but the script goes on while it is taken back.
#[test]
fn a_step_that_is_too_slow_goes_on_while_it_is_taken_back() {
    let Some((mut stage, _)) = first() else { return };
    stage.limit = std::time::Duration::from_millis(700);
    stage.host("web-7").sh("systemctl disable -q nginx");
    stage.host("web-7").tells("slow", "systemctl enable*");
    let end = stage.deploy();
    end.is(Exit::RolledBack, &[Code::ConnectionLost, Code::TakenBack]);
    stage.host("web-7").wait_for("/played/units/nginx.enabled");
}
