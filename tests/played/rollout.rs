//! A canary, hosts that cannot be reached, and failures of several hosts at once.

use std::sync::atomic::Ordering;
use std::time::Duration;

use hactl::ctl::apply::deploy::Order;
use hactl::ctl::apply::order::Canary;
use hactl::ctl::verify::status::status;
use hactl::error::{Code, Exit};

use super::fault::Fault;
use super::stage::{End, Stage, stage};

const PAGE: &str = "/usr/share/nginx/html/hactl/index.html";

fn canary(stage: &Stage, host: &str, seconds: u64) -> Order {
    let canary = Canary { host: host.into(), watch: Duration::from_secs(seconds) };
    Order { canary: Some(canary), ..stage.order.clone() }
}

/// lb-5, web-7 and web-8, deployed, and a page that is still to come.
fn with_a_new_page() -> Option<Stage> {
    let stage = stage(&["lb-5", "web-7", "web-8"])?;
    stage.deployed();
    stage.inventory("roles: { web-static: { page: new } }\n");
    Some(stage)
}

#[test]
fn the_canary_goes_first_and_the_others_follow() {
    let Some(stage) = with_a_new_page() else { return };
    stage.told.lock().unwrap().clear();
    let end = stage.deploy_as(&canary(&stage, "web-8", 1));
    end.is(Exit::Done, &[]);
    assert_eq!(*stage.told.lock().unwrap(), ["web-8: done", "web-8: watched for 1 s", "web-7: done"]);
    assert_eq!(stage.host("web-7").text(PAGE), "new\n");
}

/// The service answers badly as soon as the canary has the change.
#[test]
fn a_canary_that_harms_is_taken_back_alone() {
    let Some(stage) = with_a_new_page() else { return };
    let before = stage.snapshot();
    let reloads = stage.host("web-7").calls("reload-or-restart nginx");
    let page = stage.host("web-8").path(PAGE);
    let answer = stage.answer.clone();
    let harm = std::thread::spawn(move || {
        while std::fs::read_to_string(&page).is_ok_and(|text| text != "new\n") {
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(1500));
        answer.store(500, Ordering::Relaxed);
    });
    let end = stage.deploy_as(&canary(&stage, "web-8", 30));
    harm.join().unwrap();
    assert_eq!((end.exit, end.codes()[0]), (Exit::RolledBack, Code::ServiceBad), "{}", end.said());
    assert!(end.said().contains("web-8 alone had the change then"), "{}", end.said());
    assert!(end.codes().contains(&Code::TakenBack));
    assert_eq!(stage.live_changes(&before), Vec::<String>::new());
    assert_eq!(stage.host("web-7").calls("reload-or-restart nginx"), reloads, "it never had a turn");
}

/// The only look there is time for finds the canary gone: the others do not follow on a look that was bad.
#[test]
fn a_canary_that_vanishes_at_the_end_is_not_followed() {
    let Some(stage) = with_a_new_page() else { return };
    let end = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stage.told.lock().unwrap().iter().any(|told| told == "web-8: watched for 1 s") {
                std::thread::sleep(Duration::from_millis(10));
            }
            stage.host("web-8").faults.power(false);
        });
        stage.deploy_as(&canary(&stage, "web-8", 1))
    });
    assert_eq!(end.exit, Exit::HandNeeded, "{}", end.said());
    assert_eq!(stage.host("web-7").text(PAGE), "web7\n", "it had no turn");
}

#[test]
fn a_canary_without_a_change_is_none() {
    let Some(stage) = with_a_new_page() else { return };
    let end = stage.deploy_as(&canary(&stage, "lb-5", 1));
    end.is(Exit::Preflight, &[Code::NothingSelected]);
    assert!(end.said().contains("name one of web-7, web-8"), "{}", end.said());
    stage.deploy_as(&canary(&stage, "web-9", 1)).is(Exit::Invalid, &[Code::NothingSelected]);
}

#[test]
fn who_cannot_be_reached_is_left_out_and_remembered() {
    let Some(stage) = with_a_new_page() else { return };
    let then = stage.snapshot();
    stage.host("web-8").faults.power(false);
    let end = stage.deploy();
    assert_eq!(end.exit, Exit::Preflight, "{}", end.said());
    assert!(end.said().contains("--skip-unreachable"), "{}", end.said());
    assert_eq!(stage.live_changes(&then), Vec::<String>::new());

    let skip = Order { skip_unreachable: true, ..stage.order.clone() };
    let end = stage.deploy_as(&skip);
    end.is(Exit::Pending, &[Code::MissedDeploy]);
    let value = end.value.unwrap();
    assert_eq!((value.verified, value.not_looked_at), (None, 1), "of the one left out nothing was seen");
    assert_eq!((stage.host("web-7").text(PAGE).as_str(), stage.host("web-8").text(PAGE).as_str()), ("new\n", "web8\n"));

    stage.host("web-8").power_on();
    let look = || {
        stage.run(async {
            let cluster = hactl::ctl::desk::open(stage.order.inventory.as_deref(), &stage.options()).unwrap();
            let desk = hactl::ctl::desk::Desk::connect(cluster, stage.options()).await.unwrap();
            End::of(Ok(status(&desk).await))
        })
    };
    let told = look();
    assert_eq!(told.codes(), [Code::MissedDeploy], "{}", told.said());
    assert!(told.said().contains("web-8: it was left out of the deploy of generation 2"), "{}", told.said());
    stage.deployed();
    assert_eq!(stage.host("web-8").text(PAGE), "new\n");
    assert_eq!(look().codes(), []);
}

/// It is compared, and has missed nothing after all.
#[test]
fn who_was_left_out_and_lacks_nothing_is_forgotten() {
    let Some(stage) = stage(&["lb-5", "web-7", "web-8"]) else { return };
    stage.deployed();
    stage.host("web-8").faults.power(false);
    stage.binary("two");
    let skip = Order { skip_unreachable: true, ..stage.order.clone() };
    stage.deploy_as(&skip).is(Exit::Pending, &[Code::MissedDeploy]);
    assert_eq!(stage.host("lb-5").text("/var/lib/hactl/missed"), "web-8 2\n");
    stage.host("web-8").power_on();
    assert_eq!(stage.deployed().changed, 0);
    assert_eq!(stage.host("lb-5").text("/var/lib/hactl/missed"), "");
}

#[test]
fn where_nobody_can_be_reached_nobody_is_left_out() {
    let Some(stage) = with_a_new_page() else { return };
    stage.hosts.values().for_each(|host| host.faults.power(false));
    let end = stage.deploy_as(&Order { skip_unreachable: true, ..stage.order.clone() });
    assert_eq!((end.exit, end.problems.len()), (Exit::Preflight, 3), "{}", end.said());
}

#[test]
fn every_failure_of_a_batch_is_told() {
    let Some(stage) = with_a_new_page() else { return };
    let before = stage.snapshot();
    for host in ["web-7", "web-8"] {
        stage.host(host).faults.at("probe", Fault::Fails);
    }
    let end = stage.deploy_as(&Order { batch: 2, ..stage.order.clone() });
    end.is(Exit::RolledBack, &[Code::ActivateFailed, Code::ActivateFailed, Code::TakenBack]);
    let hosts: Vec<_> = end.problems.iter().filter_map(|problem| problem.host.as_deref()).collect();
    assert_eq!(hosts, ["web-7", "web-8"]);
    assert_eq!(stage.live_changes(&before), Vec::<String>::new());
}
