//! Two desks, killed desks, and whose lock it is.

use hactl::error::{Code, Exit};

use super::fault::Fault;
use super::stage::{Stage, stage};
use super::truth::{goes_back, pending};

/// A desk that is killed while a host is at this call.
fn killed(host: &str, call: &str) -> Option<Stage> {
    let stage = stage(&["lb-5", "web-7"])?;
    stage.deployed();
    stage.inventory("roles: { web-static: { page: changed }, lb-nginx: { hotlink_protection: yes } }\n");
    stage.host(host).faults.at(call, Fault::DeskDies);
    stage.deploy_and_die();
    Some(stage)
}

/// The lock names a process that lives no more.
fn end_its_process(stage: &Stage) {
    for host in stage.hosts.values() {
        host.sh("sed -i 's/ [0-9]*$/ 4194999/' /var/lib/hactl/lock/owner");
    }
}

#[test]
fn another_desk_s_lock_is_respected() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    let before = stage.snapshot();
    stage
        .host("web-7")
        .sh("mkdir -p /var/lib/hactl/lock; echo $(($(date +%s) + 900)) ann@desk 12 >/var/lib/hactl/lock/owner");
    let end = stage.deploy();
    end.is(Exit::Locked, &[Code::Locked]);
    assert!(end.said().contains("web-7: locked by ann@desk 12"), "{}", end.said());
    assert_eq!(stage.live_changes(&before), Vec::<String>::new());
    assert_eq!(pending(stage.host("web-7")), ["/var/lib/hactl/lock"]);
    assert_eq!(pending(stage.host("lb-5")), Vec::<&str>::new(), "ours is given back");
}

#[test]
fn a_lock_that_is_over_is_void() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    stage
        .host("web-7")
        .sh("mkdir -p /var/lib/hactl/lock; echo $(($(date +%s) - 1)) ann@desk 12 >/var/lib/hactl/lock/owner");
    stage.deployed();
}

#[test]
fn a_second_desk_waits_while_the_first_one_is_at_work() {
    let Some(stage) = killed("lb-5", "check") else { return };
    let before = stage.snapshot();
    let end = stage.deploy(); // the process in the lock is this one: it lives
    end.is(Exit::Locked, &[Code::Locked]);
    assert_eq!(stage.changes(&before), Vec::<String>::new(), "nothing of the first one is touched");
}

#[test]
fn a_killed_desk_s_lock_goes_to_its_user() {
    for (host, call) in [("web-7", "open_staging"), ("lb-5", "check"), ("web-7", "swap_file"), ("lb-5", "swap_file")] {
        let Some(stage) = killed(host, call) else { return };
        end_its_process(&stage);
        stage.deployed();
        assert!(stage.hosts.values().all(|host| pending(host).is_empty()), "{call}");
        assert_eq!(stage.host("web-7").text("/usr/share/nginx/html/hactl/index.html"), "changed\n");
    }
}

#[test]
fn without_a_desk_a_host_goes_back_by_itself() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    stage.deployed();
    let before = stage.snapshot();
    stage.inventory("roles: { web-static: { page: changed } }\n");
    stage.host("web-7").faults.at("open_generation", Fault::DeskDies);
    stage.deploy_and_die();
    assert_eq!(stage.host("web-7").text("/usr/share/nginx/html/hactl/index.html"), "changed\n");
    assert!(pending(stage.host("web-7")).contains(&"/played/units/hactl-revert.timer"));
    goes_back(&stage, &before).unwrap();
    assert_eq!(stage.host("web-7").text("/usr/share/nginx/html/hactl/index.html"), "web7\n");
}

#[test]
fn an_unfinished_deploy_is_finished_by_the_next_one() {
    let Some(stage) = killed("web-7", "swap_file") else { return };
    end_its_process(&stage);
    let plan = stage.plan();
    let what: Vec<String> =
        plan.value.unwrap().hosts.iter().flat_map(|host| &host.changes).map(|one| one.what.clone()).collect();
    assert!(what.iter().any(|what| what == "repair what an interrupted deploy left"), "{what:?}");
    stage.deployed();
}
