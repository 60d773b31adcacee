//! Orders to a running cluster, on played hosts: looking, judging, moving.

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hactl::ctl::apply::deploy::{Planned, deploy};
use hactl::ctl::apply::show::show_plan;
use hactl::ctl::desk::{Desk, Options, open};
use hactl::ctl::journal::{Journal, Keeper, State};
use hactl::ctl::operate::drain;
use hactl::ctl::operate::failover::{Move, Moves, Moving, failover, unpin};
use hactl::ctl::operate::history::history;
use hactl::ctl::operate::lock::break_locks;
use hactl::ctl::verify::run::verify;
use hactl::ctl::verify::status::{Status, status, status_once};
use hactl::error::{Code, Exit};

use super::fault::Fault;
use super::stage::{End, Stage, others, stage};

/// Arranges what is wrong.
type Trouble<'t> = &'t dyn Fn(&Stage);

fn moved(stage: &Stage, to: &str) -> End<Moves> {
    let order = Move { to: to.into(), vip: None, dry_run: false, stay: None, force: false };
    End::of(stage.run(failover(stage.order.inventory.as_deref(), stage.options(), &order)))
}

fn pair() -> Option<Stage> {
    let stage = stage(&["lb-5", "lb-6", "web-7"])?;
    stage.deployed();
    Some(stage)
}

#[test]
fn a_move_and_back() {
    let Some(stage) = pair() else { return };
    let end = moved(&stage, "lb-6");
    end.is(Exit::Done, &[]);
    assert_eq!(end.value.unwrap().moves[0].result, Moving::Moved);
    assert_eq!(stage.owner(), "lb-6");
    let asked = stage.host("lb-6").text("played/asked");
    assert!(asked.contains("\"verb\":\"promote\"") && asked.contains("\"instance\":\"VI_1\""), "{asked}");
    assert_eq!(moved(&stage, "lb-6").value.unwrap().moves[0].result, Moving::NothingToDo);
    moved(&stage, "lb-5").is(Exit::Done, &[]);
    assert_eq!(stage.owner(), "lb-5");
    let unpinned = stage.run(unpin(stage.order.inventory.as_deref(), stage.options(), None)).unwrap();
    assert_eq!(unpinned.exit, Exit::Done);
}

#[test]
fn a_move_that_is_not_possible_changes_nothing() {
    let arrange: [(&str, Trouble<'_>, Code); 6] = [
        ("no agent", &|stage| drop(stage.host("lb-6").sh("systemctl stop hactl-agent")), Code::NoInstance),
        (
            "in FAULT",
            &|stage| {
                stage.host("lb-6").tells("state", "FAULT");
                stage.host("lb-6").tells("reasons", "\"check_web fails\"\n");
            },
            Code::TargetFault,
        ),
        ("another inventory", &|stage| stage.host("lb-6").tells("serves", "127.0.0.4\n"), Code::OtherInventory),
        (
            "refused",
            &|stage| {
                stage.hosts.values().for_each(|host| host.tells("answer", "{\"kind\":\"error\",\"message\":\"no\"}\n"))
            },
            Code::AgentRefused,
        ),
        ("not understood", &|stage| stage.host("lb-6").fails("hactl agent call"), Code::NoAgent),
        ("down", &|stage| stage.host("lb-6").faults.power(false), Code::Unreachable),
    ];
    for (what, arrange, code) in arrange {
        let Some(stage) = pair() else { return };
        arrange(&stage);
        let end = moved(&stage, "lb-6");
        assert_eq!(end.codes().first(), Some(&code), "{what}: {}", end.said());
        assert_eq!(stage.owner(), "lb-5", "{what}");
    }
}

/// The desk has a way to both: where the target is refused, the owner hands over.
#[test]
fn an_owner_that_is_not_heard_is_asked_to_resign() {
    let Some(stage) = pair() else { return };
    stage.host("lb-6").tells("answer_once", "{\"kind\":\"error\",\"message\":\"the VIP still answers\"}\n");
    moved(&stage, "lb-6").is(Exit::Done, &[]);
    assert_eq!(stage.owner(), "lb-6");
    assert!(stage.told.lock().unwrap().contains(&"lb-5: asked to resign".to_owned()));
}

/// Its agent says that it is promoted, and nothing comes of it.
#[test]
fn a_move_that_does_not_happen_is_taken_back() {
    let Some(stage) = pair() else { return };
    stage.host("lb-6").tells("answer", "{\"kind\":\"done\",\"message\":\"promoted\"}\n");
    stage.host("lb-5").tells("refuses", "resign\n");
    let end = moved(&stage, "lb-6");
    end.is(Exit::Verification, &[Code::NotMoved]);
    assert!(end.said().contains("the raised priority on lb-6 was dropped again"), "{}", end.said());
    assert_eq!(stage.owner(), "lb-5");
}

#[test]
fn a_priority_that_may_be_left_is_told() {
    let Some(stage) = pair() else { return };
    stage.host("lb-6").fails("hactl agent call");
    moved(&stage, "lb-6").is(Exit::Preflight, &[Code::NoAgent, Code::PriorityLeft]);
}

#[test]
fn a_gap_that_is_too_long_is_told() {
    let Some(stage) = pair() else { return };
    let look = |most: Duration| {
        let inventory = stage.order.inventory.as_deref();
        let watched = verify(inventory, stage.options(), Some(Duration::from_millis(1500)), Some(most));
        End::of(stage.run(watched))
    };
    look(Duration::from_secs(1)).is(Exit::Done, &[]);
    stage.answer.store(500, Ordering::SeqCst);
    let codes = look(Duration::from_secs(1)).codes();
    assert!(codes.contains(&Code::GapTooLong), "{codes:?}");
}

#[test]
fn verify_and_status_say_what_is_wrong() {
    let arrange: [(Trouble<'_>, Code); 4] = [
        (&|stage| stage.host("lb-6").faults.power(false), Code::HostUnseen),
        (&|stage| stage.host("lb-6").faults.at("show", Fault::Late), Code::HostUnseen),
        (&|stage| drop(stage.host("lb-6").sh("systemctl stop hactl-agent")), Code::AgentSilent),
        (&|stage| stage.host("lb-6").tells("reasons", "\"check_web fails\"\n"), Code::RouterFault),
    ];
    for (arrange, code) in arrange {
        let Some(stage) = pair() else { return };
        let look = || End::of(stage.run(verify(stage.order.inventory.as_deref(), stage.options(), None, None)));
        look().is(Exit::Done, &[]);
        arrange(&stage);
        look().is(Exit::Verification, &[code]);
        arrange(&stage);
        let cluster = open(stage.order.inventory.as_deref(), &stage.options()).unwrap();
        let report = stage.run(async { status(&Desk::connect(cluster, stage.options()).await.unwrap()).await });
        assert!(report.problems.iter().any(|problem| problem.code == code), "{code}");
    }
}

/// Who is asked one thing is let go when it has answered, and what is said is the same as of hosts that are held.
#[test]
fn who_is_asked_once_is_not_held() {
    let Some(stage) = pair() else { return };
    stage.host("lb-6").faults.power(false);
    let cluster = open(stage.order.inventory.as_deref(), &stage.options()).unwrap();
    let options = Options { parallel: 1, ..stage.options() };
    stage.open.most.store(0, Ordering::SeqCst);
    let held = stage.run(async { Ok(status(&Desk::connect(cluster.clone(), options.clone()).await.unwrap()).await) });
    assert_eq!(stage.open.most.swap(0, Ordering::SeqCst), 2, "those that answer");
    let once = stage.run(status_once(&cluster, options.clone()));
    assert_eq!(stage.open.most.load(Ordering::SeqCst), 1, "one at a time, as the options want it");
    let (held, once) = (End::of(held), End::of(once));
    assert_eq!((once.exit, once.said()), (held.exit, held.said()));
    let seen = |end: &End<Status>| -> Vec<(String, bool, Option<String>)> {
        let hosts = &end.value.as_ref().unwrap().hosts;
        hosts.iter().map(|host| (host.name.clone(), host.reachable, host.agent_version.clone())).collect()
    };
    assert_eq!(seen(&once), seen(&held));
    let told = End::of(stage.run(history(stage.order.inventory.as_deref(), options, None)));
    assert_eq!((told.exit, told.codes()), (Exit::Preflight, vec![Code::Unreachable]));
    told.is_as_described("history");
    let hosts = told.value.unwrap().hosts;
    assert_eq!(hosts.iter().map(|one| one.host.as_str()).collect::<Vec<_>>(), ["lb-5", "web-7"]);
    assert_eq!(stage.open.most.load(Ordering::SeqCst), 1);
}

/// Of many hosts a plan holds the connections of agents alone, and says the same. What changes something connects to
/// all.
#[test]
fn hosts_rest_until_something_changes() {
    let Some(stage) = stage(&["lb-5", "web-7", "web-8", "web-9"]) else { return };
    stage.deployed();
    let many = || Options { parallel: 1, held: 3, ..stage.options() };
    let most = || stage.open.most.swap(0, Ordering::SeqCst);
    let plan = |options| End::of(stage.run(show_plan(&stage.order, options, None)));
    let deploys = || End::of(stage.run(deploy(&stage.order, many(), &|_| Ok(true))));
    most();
    let end = deploys();
    end.is(Exit::Done, &[]);
    assert_eq!((end.value.unwrap().verified, most()), (Some(true), 2), "the agent's, and whose turn it is");
    stage.inventory("roles: { web-static: { page: new } }\n");
    let held = plan(stage.options());
    assert_eq!(most(), 4);
    let resting = plan(many());
    assert_eq!(most(), 2);
    let shown = |end: &End<Planned>| serde_json::to_value(end.value.as_ref().unwrap()).unwrap();
    assert_eq!((resting.exit, shown(&resting)), (held.exit, shown(&held)));
    // Who is gone when its turn comes again is told, and nothing is changed.
    let before = stage.snapshot();
    let confirm = |_: &Planned| {
        stage.host("web-8").faults.power(false);
        Ok(true)
    };
    let gone = End::of(stage.run(deploy(&stage.order, many(), &confirm)));
    gone.is(Exit::Preflight, &[Code::Unreachable]);
    stage.host("web-8").faults.power(true);
    assert_eq!(stage.changes(&before), Vec::<String>::new());
    deploys().is(Exit::Done, &[]);
    assert!(most() >= 4);
    assert_eq!(stage.host("web-9").text("/usr/share/nginx/html/hactl/index.html"), "new\n");
}

/// A desk that is killed has written down that it began; how it ended nobody saw. A lock that is broken is written,
/// too.
#[test]
fn this_desk_s_journal_has_what_was_killed_and_what_was_broken() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    stage.deployed();
    let inventory = stage.order.inventory.as_deref().unwrap();
    let journal = Journal::at(stage.path("desk"));
    let keep = |command: &str| {
        let keeper = Keeper::new(Some(journal.clone()), command, inventory, None);
        let options = Options { listener: keeper.hears(stage.options().listener), ..stage.options() };
        (keeper, options)
    };
    stage.inventory("roles: { web-static: { page: changed } }\n");
    stage.host("web-7").faults.at("swap_file", Fault::DeskDies);
    let (_, options) = keep("deploy");
    let alone = others();
    let killed = stage.run(async {
        tokio::select! {
            end = deploy(&stage.order, options, &|_| Ok(true)) => Err(End::of(end)),
            () = stage.death.notified() => Ok(()),
        }
    });
    killed.unwrap();
    drop(alone);
    let text = std::fs::read_to_string(stage.path("desk/journal")).unwrap();
    assert_eq!(journal.read(inventory)[0].state, State::AtWork, "the desk of this story has our process");
    stage.write("desk/journal", &text.replace(&format!(" {}\"", std::process::id()), " 4194999\""));
    let [one] = journal.read(inventory).try_into().unwrap();
    assert_eq!((one.state, one.generation, one.exit, one.time), (State::Interrupted, Some(2), None, None));
    assert_eq!((one.command.as_str(), one.hosts), ("deploy", vec!["web-7".to_owned()]));
    let broken = || {
        let (keeper, options) = keep("lock break");
        let end = End::of(stage.run(break_locks(Some(inventory), options, None, "ann@desk 1", stage.order.settle)));
        end.is(Exit::Done, &[]);
        keeper.ends(end.exit, &end.problems, false);
    };
    broken();
    let [_, one] = journal.read(inventory).try_into().unwrap();
    assert_eq!((one.command.as_str(), one.state, one.exit), ("lock break", State::Ended, Some(0)));
    assert_eq!((one.generation, one.hosts), (Some(2), vec!["lb-5".to_owned(), "web-7".to_owned()]));
    broken();
    assert_eq!(journal.read(inventory).len(), 2, "there was none to break");
}

#[test]
fn nginx_does_not_drain() {
    let Some(stage) = pair() else { return };
    let order = drain::Order::Undrain;
    let end = End::of(stage.run(drain::order(stage.order.inventory.as_deref(), stage.options(), "web-7", order)));
    end.is(Exit::Invalid, &[Code::NotDrainable]);
    let vip: IpAddr = "127.0.0.9".parse().unwrap();
    let order = Move { to: "lb-6".into(), vip: Some(vip.to_string()), dry_run: false, stay: None, force: false };
    let end = End::of(stage.run(failover(stage.order.inventory.as_deref(), stage.options(), &order)));
    end.is(Exit::Invalid, &[Code::NoSuchVip]);
}
