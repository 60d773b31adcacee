//! What a deploy and `status` say of nginx's servers, as the agents find them.

use std::sync::Arc;
use std::time::Duration;

use hactl::ctl::verify::status::status_once;
use hactl::error::{Code, Exit};

use super::stage::{End, Stage, stage};

fn pair() -> Option<Stage> {
    let stage = stage(&["lb-5", "lb-6", "web-7", "web-8"])?;
    stage.deployed();
    stage.inventory("roles: { vip: { check_interval_s: 3 } }\n");
    Some(stage)
}

fn server(stage: &Stage, host: &str) -> String {
    let conf = stage.host("lb-5").text("/etc/hactl/hactl.conf");
    let address = format!("127.0.0.{}", host.rsplit('-').next().unwrap());
    let line = conf.lines().find(|line| line.contains(&format!("real_server {address} "))).unwrap();
    line.trim().trim_end_matches(" {").replacen("real_server ", "", 1).replace(' ', ":")
}

/// The deploy stands, and whoever deployed is told who gets no requests.
#[test]
fn a_server_that_is_refused_is_told_at_the_end_of_a_deploy() {
    let Some(stage) = pair() else { return };
    let bad = server(&stage, "web-8");
    stage.host("lb-6").tells("refused", &bad);
    let end = stage.deploy();
    end.is(Exit::Done, &[Code::WebServerOut]);
    assert!(end.problems[0].warning, "{}", end.said());
    assert!(
        end.said().contains(&format!("{bad} is out of upstream web on lb-6: connection refused")),
        "{}",
        end.said()
    );
    assert_eq!(end.value.unwrap().verified, Some(true));
}

/// It waits until each agent knows.
#[test]
fn a_deploy_waits_until_the_servers_were_judged() {
    let Some(stage) = pair() else { return };
    let bad = server(&stage, "web-7");
    let mut order = stage.order.clone();
    order.settle = Duration::from_secs(60); // it takes no longer than is needed
    let lb = Arc::clone(&stage.hosts["lb-5"]);
    lb.tells("refused", &bad);
    lb.tells("unjudged", "yes\n");
    let judge = std::thread::spawn(move || {
        let looks = || lb.calls("hactl agent status");
        let wait = |what: &dyn Fn() -> bool| {
            while !what() {
                std::thread::sleep(Duration::from_millis(20))
            }
        };
        wait(&|| lb.state() == "committed 2 2");
        let then = looks();
        wait(&|| looks() > then + 2);
        lb.tells("unjudged", "");
    });
    let end = stage.deploy_as(&order);
    assert!(judge.is_finished(), "it did not wait: {}", end.said());
    end.is(Exit::Done, &[Code::WebServerOut]);
}

/// For some time only, and then it says what it does not know. So does `status`.
#[test]
fn what_is_not_judged_in_time_is_said_to_be_unknown() {
    let Some(stage) = pair() else { return };
    stage.host("lb-5").tells("unjudged", "yes\n");
    let end = stage.deploy();
    end.is(Exit::Done, &[Code::NotJudged, Code::NotJudged]);
    let unknown = |host: &str| {
        format!("whether {} of upstream web passes its check is not known yet on lb-5", server(&stage, host))
    };
    assert!(end.said().contains(&unknown("web-7")) && end.said().contains(&unknown("web-8")), "{}", end.said());
    let look = || {
        let cluster = hactl::ctl::desk::open(stage.order.inventory.as_deref(), &stage.options()).unwrap();
        End::of(stage.run(status_once(&cluster, stage.options())))
    };
    look().is(Exit::Done, &[Code::NotJudged, Code::NotJudged]);
    stage.host("lb-5").tells("unjudged", "");
    look().is(Exit::Done, &[]);
    // An agent that knows nothing of the pool is not taken for one that has nothing against it.
    stage.inventory("roles: { vip: { check_interval_s: 4 } }\n");
    stage.host("lb-6").tells("servers", &format!("{}\n", OTHER_POOL.replace('\n', "")));
    let end = stage.deploy();
    end.is(Exit::Done, &[Code::NotJudged]);
    assert!(end.said().contains("the agent of lb-6 does not tell of upstream web yet"), "{}", end.said());
}

const OTHER_POOL: &str = r#"{"name":"upstream other","upstream":true,"services":[],"scheduler":"wlc","persistence_s":null,"quorum":true,
"quorum_for_ms":7,"alive":1,"needed":1,"sorry_server":null,"in_kernel":null,"traffic":{"connections":0,"bytes_in":0,"bytes_out":0,
"connections_per_s":0,"bytes_in_per_s":0,"bytes_out_per_s":0},"real_servers":[]}"#;
