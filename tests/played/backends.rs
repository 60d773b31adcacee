//! `hactl backend` on played hosts: what the inventory says afterwards is what the hosts have.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hactl::ctl::apply::deploy::Planned;
use hactl::ctl::backend::canary::{Watch, canary};
use hactl::ctl::backend::edit::{Verb, Wish};
use hactl::ctl::backend::run::{Ask, Done, run};
use hactl::ctl::desk::Options;
use hactl::ctl::progress::{Event, Listener};
use hactl::error::{Code, Exit, Failure};

use super::fault::Fault;
use super::stage::{End, Stage, others, stage};

fn wish(verb: Verb, server: &str) -> Wish {
    Wish { verb, server: server.into(), pool: None }
}

fn pair() -> Option<Stage> {
    let stage = stage(&["lb-5", "lb-6", "web-7", "web-8"])?;
    stage.inventory("# ask ann\n");
    stage.deployed();
    Some(stage)
}

fn text(stage: &Stage) -> String {
    std::fs::read_to_string(stage.path("inventory.yaml")).unwrap()
}

fn carried_out(
    stage: &Stage,
    wish: &Wish,
    dry: bool,
    confirm: impl Fn(&str, &Planned) -> Result<bool, Failure> + Sync,
) -> End<Done> {
    let _others = others();
    stage.run(async { End::of(run(&stage.order, Ask::Server(wish), dry, stage.options(), &confirm).await) })
}

#[test]
fn a_drained_host_gets_no_requests_and_the_inventory_says_so() {
    let Some(stage) = pair() else { return };
    let (before, hosts) = (text(&stage), stage.snapshot());
    let drain = wish(Verb::Drain, "web-7");
    let dry = carried_out(&stage, &drain, true, |_, _| Ok(true));
    dry.is(Exit::Pending, &[]);
    let plan = dry.value.unwrap().plan.unwrap();
    let lines = plan.hosts.iter().flat_map(|host| &host.changes).filter_map(|change| change.difference.clone());
    assert!(lines.collect::<String>().contains(" down;"));
    assert_eq!((text(&stage), stage.changes(&hosts)), (before.clone(), Vec::<String>::new()));

    let end = carried_out(&stage, &drain, false, |edit, _| Ok(edit.contains("+  web-7:")));
    end.is(Exit::Done, &[]);
    let done = end.value.unwrap();
    assert!(done.written && done.left.is_none(), "{done:?}");
    let after = text(&stage);
    assert_eq!(after, before.replacen(" }\n  web-8", ", down: yes }\n  web-8", 1));
    let mut changed = stage.live_changes(&hosts);
    changed.sort();
    // The agent checks it no more.
    let files = |host: &str| {
        ["hactl/hactl.conf", "nginx/conf.d/hactl-lb.conf"].map(|file| format!("{host}: changed /etc/{file}"))
    };
    changed.retain(|change| !change.contains(".loaded"));
    assert_eq!(changed, [files("lb-5"), files("lb-6")].concat());
    let line = stage.host("lb-6").text("/etc/nginx/conf.d/hactl-lb.conf");
    assert!(line.lines().any(|line| line.contains("127.0.0.7:") && line.ends_with(" down;")), "{line}");
    assert_eq!(stage.deployed().changed, 0, "a deploy has nothing to do");

    carried_out(&stage, &wish(Verb::Undrain, "web-7"), false, |_, _| Ok(true)).is(Exit::Done, &[]);
    assert_eq!(text(&stage), before);
    assert_eq!(stage.deployed().changed, 0);
}

#[test]
fn a_deploy_that_fails_leaves_the_inventory_as_it_was() {
    let Some(stage) = pair() else { return };
    let (before, hosts) = (text(&stage), stage.snapshot());
    let drain = wish(Verb::Drain, "web-7");
    carried_out(&stage, &drain, false, |_, _| Ok(false)).is(Exit::Pending, &[]);
    assert_eq!(text(&stage), before);
    stage.host("lb-5").faults.at("swap_file", Fault::Fails);
    let end = carried_out(&stage, &drain, false, |_, _| Ok(true));
    assert_eq!(end.exit, Exit::RolledBack, "{}", end.said());
    assert_eq!(text(&stage), before);
    assert_eq!(stage.live_changes(&hosts), Vec::<String>::new());
    let left =
        std::fs::read_dir(stage.path("")).unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    assert!(left.into_iter().all(|name| !name.ends_with(".new")));
}

/// The hosts have it, and the file is somebody else's by now.
#[test]
fn an_inventory_that_changes_meanwhile_is_not_written_over() {
    let Some(stage) = pair() else { return };
    let before = text(&stage);
    let meanwhile = |_: &str, _: &Planned| {
        stage.write("inventory.yaml", &format!("{before}# bob was here\n"));
        Ok(true)
    };
    let end = carried_out(&stage, &wish(Verb::Weight(7), "web-8"), false, meanwhile);
    end.is(Exit::HandNeeded, &[Code::NotWrittenBack]);
    assert!(end.said().contains("edit it by hand"), "{}", end.said());
    assert!(text(&stage).ends_with("# bob was here\n"));
}

#[test]
fn a_canary_gets_its_old_weight_back() {
    let Some(stage) = pair() else { return };
    let before = text(&stage);
    let weights = |host: &str| -> Vec<String> {
        let file = stage.host(host).text("/etc/nginx/conf.d/hactl-lb.conf");
        let words = file.split_whitespace().filter(|word| word.starts_with("weight="));
        words.map(str::to_owned).collect()
    };
    let confirm = |_: &str, _: &Planned| Ok(true);
    let canary = |keep, options: Options| {
        let watch = Watch { time: Duration::from_secs(1), keep };
        let _others = others();
        let wish = wish(Verb::Weight(5), "web-8");
        stage.run(async { End::of(canary(&stage.order, &wish, watch, options, &confirm).await) })
    };
    let end = canary(false, stage.options());
    end.is(Exit::Done, &[]);
    assert!(end.value.unwrap().put_back);
    assert_eq!((text(&stage), weights("lb-5")), (before.clone(), vec!["weight=1".to_owned(); 2]));
    // Answers go bad when the watching begins, and are good again when it has ended.
    let mut options = stage.options();
    let answer = Arc::clone(&stage.answer);
    options.listener = Listener::new(move |event: Event<'_>| match event {
        Event::Watching { .. } => answer.store(500, Ordering::SeqCst),
        Event::Begin { .. } => answer.store(200, Ordering::SeqCst),
        _ => {}
    });
    let end = canary(true, options);
    end.is(Exit::Verification, &[Code::ServiceBad]);
    assert!(end.value.as_ref().unwrap().put_back && end.said().contains("it has the old one again"), "{}", end.said());
    assert_eq!((text(&stage), weights("lb-6")), (before, vec!["weight=1".to_owned(); 2]));
    let end = canary(true, stage.options());
    end.is(Exit::Done, &[]);
    assert!(end.value.unwrap().written && text(&stage).contains(", weight: 5 }"), "{}", text(&stage));
    assert_eq!(weights("lb-6"), ["weight=1", "weight=5"]);
}

#[test]
fn maintenance_is_one_page_and_a_good_answer() {
    let Some(stage) = pair() else { return };
    let before = text(&stage);
    stage.write("soon.html", "<p>soon</p>\n");
    let page = stage.path("soon.html");
    let confirm = |_: &str, _: &Planned| Ok(true);
    let switch = |on| {
        let _others = others();
        let ask = Ask::Maintenance { on, page: Some(page.as_path()).filter(|_| on) };
        stage.answer.store(if on { 503 } else { 200 }, Ordering::SeqCst);
        stage.run(async { End::of(run(&stage.order, ask, false, stage.options(), &confirm).await) })
    };
    switch(true).is(Exit::Done, &[]);
    assert_eq!(text(&stage), before.replace("# ask", "maintenance: { page: soon.html }\n# ask"));
    assert_eq!(stage.host("lb-5").text("/etc/nginx/hactl/maintenance.html"), "<p>soon</p>\n");
    assert!(stage.host("lb-5").text("/etc/nginx/conf.d/hactl-lb.conf").contains("return 503;"));
    assert_eq!(stage.deployed().changed, 0, "and is verified");
    switch(false).is(Exit::Done, &[]);
    assert_eq!(text(&stage), before);
    assert!(!stage.host("lb-6").path("/etc/nginx/hactl/maintenance.html").exists());
    assert_eq!(stage.deployed().changed, 0);
}
