//! A VIP that web hosts carry, as that of WordPress's database: it comes with a deploy, moves by one command whatever
//! goes wrong meanwhile, and goes again. The load balancers' VIP does not mind. Each step of a deploy is in `steps`.

use hactl::ctl::apply::back::{Back, Target, go_back};
use hactl::ctl::operate::failover::{Move, Moves, Moving, failover};
use hactl::ctl::verify::run::verify;
use hactl::error::{Code, Exit};

use super::fault::Fault;
use super::stage::{End, Stage, carried};

const WEBS: [&str; 2] = ["web-7", "web-8"];
const AGENT: &str = "/played/units/hactl-agent.active";

fn deployed() -> Option<Stage> {
    let stage = carried(&["lb-5", "lb-6", "web-7", "web-8"])?;
    stage.deployed();
    Some(stage)
}

fn moved(stage: &Stage, to: &str) -> End<Moves> {
    let order = Move { to: to.into(), vip: Some("db".into()), dry_run: false, stay: None, force: false };
    End::of(stage.run(failover(stage.order.inventory.as_deref(), stage.options(), &order)))
}

fn verified(stage: &Stage) {
    End::of(stage.run(verify(stage.order.inventory.as_deref(), stage.options(), None, None))).is(Exit::Done, &[]);
}

#[test]
fn it_comes_and_moves_and_the_other_one_stays() {
    let Some(stage) = deployed() else { return };
    let owner = stage.owner();
    assert!(owner.starts_with("lb-") && stage.carrier().starts_with("web-"), "{owner} {}", stage.carrier());
    for (host, names, lacks) in [("lb-5", "vrrp_instance VI_1 {", "db"), ("web-7", "vrrp_instance db {", "VI_1")] {
        let conf = stage.host(host).text("etc/hactl/hactl.conf");
        assert!(conf.contains(names) && !conf.contains(&format!("vrrp_instance {lacks} ")), "{host}: {conf}");
    }
    verified(&stage);
    for to in ["web-8", "web-7"] {
        moved(&stage, to).is(Exit::Done, &[]);
        let end = moved(&stage, to);
        end.is(Exit::Done, &[]);
        assert_eq!(end.value.unwrap().moves[0].result, Moving::NothingToDo);
        assert_eq!((stage.carrier().as_str(), stage.owner()), (to, owner.clone()));
        verified(&stage);
    }
    let asked = stage.host("web-8").text("played/asked");
    assert!(asked.contains("\"verb\":\"promote\"") && asked.contains("\"instance\":\"db\""), "{asked}");
    moved(&stage, "lb-6").is(Exit::Invalid, &[Code::NoSuchVip]);
    // A change goes to who has it last.
    stage.binary("two");
    stage.inventory("roles: { web-static: { page: changed } }\n");
    stage.told.lock().unwrap().clear();
    stage.deployed();
    let told = stage.told.lock().unwrap().clone();
    let place = |host: &str| told.iter().position(|words| *words == format!("{host}: done"));
    assert!(place("web-8") < place("web-7"), "{told:?}");
    assert_eq!(stage.owner(), owner);
    verified(&stage);
}

/// Whatever goes wrong at whichever call: who is said to have it has it, and the next move ends well.
#[test]
fn each_call_of_a_move_meets_each_fault() {
    let Some(stage) = deployed() else { return };
    moved(&stage, "web-7");
    let (before, owners) = (stage.snapshot(), [stage.owner(), stage.carrier()]);
    WEBS.iter().for_each(|host| stage.host(host).faults.clear());
    moved(&stage, "web-8").is(Exit::Done, &[]);
    let calls: Vec<(&str, usize)> = WEBS.map(|host| (host, stage.host(host).faults.calls().len())).to_vec();
    assert!(calls.iter().all(|(_, calls)| *calls > 0), "{calls:?}");
    let mut wrong = Vec::new();
    for (host, number) in calls.into_iter().flat_map(|(host, calls)| (0..calls).map(move |number| (host, number))) {
        for fault in [Fault::Fails, Fault::PowerCut, Fault::Lost, Fault::Late] {
            stage.reset_both(&before, &owners);
            stage.host(host).faults.at_call(number, fault);
            let end = moved(&stage, "web-8");
            let result = end.value.as_ref().and_then(|value| value.moves.first()).map(|moved| moved.result);
            let has = stage.carrier();
            let good = match (end.exit, has.as_str()) {
                (Exit::Done, "web-8") => matches!(result, Some(Moving::Moved | Moving::NothingToDo)),
                (Exit::Done, _) => false,
                // Who does not answer any more cannot be told of; that is said.
                (_, "web-8") => !end.problems.is_empty(),
                (_, "web-7") => result != Some(Moving::Moved),
                _ => false,
            };
            stage.host(host).faults.clear();
            if !stage.host(host).faults.is_on() {
                stage.host(host).power_on();
            }
            let next = moved(&stage, "web-8");
            if !good || next.exit != Exit::Done || stage.carrier() != "web-8" {
                let next = next.said();
                wrong.push(format!(
                    "{host}, call {number}, {fault:?}: {:?} {has}: {}then {next}",
                    end.exit,
                    end.said()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn it_goes_with_its_line_and_with_everything() {
    let Some(stage) = carried(&["lb-5", "lb-6", "web-7", "web-8"]) else { return };
    let before = stage.snapshot();
    stage.deployed();
    assert!(WEBS.iter().all(|host| stage.host(host).has(AGENT)));
    let with = std::fs::read_to_string(stage.path("inventory.yaml")).unwrap();
    let without: String =
        with.lines().filter(|line| !line.contains("name: db")).map(|line| format!("{line}\n")).collect();
    assert_ne!(with, without);
    stage.write("inventory.yaml", &without);
    stage.deployed();
    assert!(!WEBS.iter().any(|host| stage.host(host).has(AGENT) || stage.host(host).has("etc/hactl/hactl.conf")));
    assert_eq!(stage.carrier(), "");
    stage.write("inventory.yaml", &with);
    stage.deployed();
    let order = Back {
        inventory: stage.order.inventory.clone(),
        hosts: Vec::new(),
        target: Target::Before,
        settle: stage.order.settle,
    };
    End::of(stage.run(go_back(&order, stage.options(), &|_| Ok(true)))).is(Exit::Done, &[]);
    assert_eq!(stage.changes(&before), Vec::<String>::new());
    assert_eq!((stage.owner(), stage.carrier()), (String::new(), String::new()), "nobody has either");
}
