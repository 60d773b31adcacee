//! The desk on real hosts: deploy, verify, failover, drills and bad days, in the lab.
//!
//! One test, since there is one lab and the story builds on itself: its steps are named when they fail. Needs root and
//! the static binary in `HACTL_BINARY` (`make test` sees to both); without them it says so and passes.

mod hosts;
#[path = "../common/json.rs"]
mod json;
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
