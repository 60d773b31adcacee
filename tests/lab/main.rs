//! The desk on real hosts: deploy, verify, failover, drills and bad days, in the lab.
//!
//! One test, since there is one lab and the story builds on itself: its steps are named when they fail. Needs root and
//! the static binary in `HACTL_BINARY` (`make test` sees to both); without them it says so and passes.

mod changes;
mod hosts;
#[path = "../common/json.rs"]
mod json;
mod kills;
mod lvs;
mod story;
mod trust;

#[test]
fn the_lab_tells_the_whole_story() {
    if let Some(why) = hosts::unavailable() {
        eprintln!("SKIPPED: {why}");
        return;
    }
    story::tell();
}

/// By itself, for a long run: `HACTL_LAB_KILLS=100 cargo test --test lab -- --ignored kills`.
#[test]
#[ignore = "its ten are part of the story"]
fn kills() {
    in_a_lab(kills::tell);
}

/// By itself.
#[test]
#[ignore = "part of the story"]
fn changes() {
    in_a_lab(changes::tell);
}

fn in_a_lab(tell: fn(&hosts::Lab)) {
    if let Some(why) = hosts::unavailable() {
        eprintln!("SKIPPED: {why}");
        return;
    }
    let lab = hosts::Lab::new();
    let subnet = format!("{}.0/24", hosts::SUBNET);
    hosts::expect("lab up", &lab.hactl(&["lab", "up", "--subnet", &subnet, "--hosts", "lb-5,lb-6,web-7,web-8"]), 0);
    let homework = lab.inventory("homework.yaml", &[]);
    hosts::expect("deploy", &lab.desk(&homework, &["deploy", "-y", "--accept-new-host-keys"]), 0);
    tell(&lab);
}
