//! What a drill refuses before it breaks anything.

use hactl::ctl::drill::run::run;
use hactl::ctl::drill::select::find;
use hactl::error::{Code, Exit};

use super::stage::{Stage, stage};

/// The codes of a drill that is not begun.
fn refused(stage: &Stage, name: &str, exit: Exit) -> Vec<Code> {
    let scenario = find(name).unwrap();
    let outcome = stage.run(run(stage.order.inventory.clone(), &stage.options(), &[scenario], None));
    let failure = outcome.expect_err("it was begun");
    assert_eq!(failure.exit, exit, "{failure}");
    failure.problems.iter().map(|problem| problem.code).collect()
}

#[test]
fn a_cluster_that_is_not_good_is_left_alone() {
    let Some(stage) = stage(&["lb-5", "lb-6", "web-7"]) else { return };
    stage.deployed();
    stage.host("lb-6").sh("systemctl stop hactl-agent");
    let before = stage.snapshot();
    assert_eq!(refused(&stage, "stop", Exit::Verification), [Code::NotGoodBefore, Code::AgentSilent]);
    assert_eq!(stage.changes(&before), Vec::<String>::new());
}

#[test]
fn a_drill_of_the_standby_needs_one() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    stage.deployed();
    assert_eq!(refused(&stage, "heartbeat-blocked", Exit::Invalid), [Code::NoTarget]);
}
