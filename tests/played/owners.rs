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

/// Ann's lock, for so many seconds from now.
fn ann_holds(stage: &Stage, seconds: i64) {
    let until = 1000 + seconds;
    stage
        .host("web-7")
        .sh(&format!("mkdir -p /var/lib/hactl; echo 1 {until} first-boot.12 ann@desk 12 >/var/lib/hactl/lock"));
}

#[test]
fn another_desk_s_lock_is_respected() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    let before = stage.snapshot();
    ann_holds(&stage, 200);
    let end = stage.deploy();
    end.is(Exit::Locked, &[Code::Locked]);
    assert!(end.said().contains("web-7: locked by ann@desk 12"), "{}", end.said());
    assert_eq!(stage.live_changes(&before), Vec::<String>::new());
    assert_eq!(pending(stage.host("web-7")), ["/var/lib/hactl/lock"]);
    assert_eq!(pending(stage.host("lb-5")), Vec::<String>::new(), "ours is given back");
}

#[test]
fn a_lock_that_is_over_is_void() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    ann_holds(&stage, -1);
    stage.deployed();
    // One from before a power cut as well, whatever it says.
    ann_holds(&stage, 200);
    stage.host("web-7").power_on();
    stage.inventory("roles: { web-static: { page: changed } }\n");
    stage.deployed();
}

#[test]
fn a_second_desk_waits_while_the_first_one_is_at_work() {
    let Some(stage) = killed("lb-5", "check") else { return };
    let before = stage.snapshot();
    let end = stage.deploy(); // the process in the lock is this one: it lives
    end.is(Exit::Locked, &[Code::Locked]);
    let touched: Vec<String> = stage.changes(&before).into_iter().filter(|what| !what.ends_with(".guard")).collect();
    assert_eq!(touched, Vec::<String>::new(), "nothing of the first one is touched");
}

#[test]
fn a_killed_desk_s_lock_goes_to_its_user() {
    for (host, call) in [("web-7", "begin"), ("lb-5", "check"), ("web-7", "swap_file"), ("lb-5", "swap_file")] {
        let Some(stage) = killed(host, call) else { return };
        stage.holder_is_dead();
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
    assert!(pending(stage.host("web-7")).contains(&"active 1 2".to_owned()));
    goes_back(&stage, &before).unwrap();
    assert_eq!(stage.host("web-7").text("/usr/share/nginx/html/hactl/index.html"), "web7\n");
}

#[test]
fn an_unfinished_deploy_is_taken_back_by_the_next_one() {
    let Some(stage) = killed("web-7", "swap_file") else { return };
    stage.holder_is_dead();
    let plan = stage.plan();
    let what: Vec<String> =
        plan.value.unwrap().hosts.iter().flat_map(|host| &host.changes).map(|one| one.what.clone()).collect();
    assert!(what.iter().any(|what| what.starts_with("take back generation 2 of ")), "{what:?}");
    stage.deployed();
}

/// Of desks that begin in the same moment one gets the locks; a lock that has ended makes no difference.
#[test]
fn of_many_desks_at_once_one_begins() {
    let Some(stage) = stage(&["web-7"]) else { return };
    let web = stage.host("web-7");
    for round in 0..20 {
        if round % 2 == 1 {
            ann_holds(&stage, -1);
        }
        let step = hactl::ctl::apply::step::Step { number: round + 1, limit: std::time::Duration::from_secs(5) };
        let begin = |desk: u32| web.try_sh(&step.begin(&format!("desk@{desk} 1"), None).text()).status.code();
        let codes: Vec<Option<i32>> = std::thread::scope(|scope| {
            let desks: Vec<_> = (0..6).map(|desk| scope.spawn(move || begin(desk))).collect();
            desks.into_iter().map(|desk| desk.join().unwrap()).collect()
        });
        assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 1, "round {round}: {codes:?}");
        assert!(codes.iter().all(|code| matches!(code, Some(0 | 8))), "round {round}: {codes:?}");
        let owner = web.text("/var/lib/hactl/lock").splitn(4, ' ').nth(3).unwrap().trim().to_owned();
        web.sh(&step.leave("desk@nobody 1"));
        assert!(web.has("/var/lib/hactl/lock"), "it is another one's");
        web.sh(&step.leave(&owner));
        assert!(!web.has("/var/lib/hactl/lock"));
    }
}
