//! `hactl lab` itself: what it refuses, that it comes up, and that nothing is left of it.

use std::process::Stdio;
use std::time::Duration;

use super::hosts::{HOSTS, Lab, SUBNET, expect, nothing_left};

pub(crate) fn bad_plans_are_refused(lab: &Lab) {
    let name = expect("a name without a number", &lab.hactl(&["lab", "up", "--hosts", "x"]), 3);
    assert!(name.contains("does not end in a number"), "{name}");
}

/// And a second time does no harm.
pub(crate) fn it_comes_up(lab: &Lab) {
    expect("lab up", &lab.up(), 0);
    expect("lab up, again", &lab.up(), 0);
    let status = expect("lab status", &lab.hactl(&["lab", "status", "--json"]), 0);
    assert_eq!(status.matches("\"running\"").count(), 5, "{status}");
}

pub(crate) fn there_is_one_lab(lab: &Lab) {
    let other = expect("another lab", &lab.hactl(&["lab", "up", "--subnet", "10.67.0.0/24"]), 4);
    assert!(other.contains("a lab is up already"), "{other}");
    let mut second = lab.command();
    second.env("HACTL_LAB_DIR", lab.files.path().join("second"));
    let second = second.args(["lab", "up", "--subnet", &format!("{SUBNET}.0/24"), "--hosts", HOSTS]).output().unwrap();
    let routed = expect("a routed subnet", &second, 4);
    assert!(routed.contains("is already routed here"), "{routed}");
}

pub(crate) fn nothing_is_left(lab: &Lab) {
    expect("lab down", &lab.hactl(&["lab", "down"]), 0);
    nothing_left(lab, "down");
}

/// kill -9 in the middle of `lab up`: `lab down` still leaves nothing behind.
pub(crate) fn nothing_is_left_of_a_crash(lab: &Lab) {
    let mut child = lab
        .command()
        .args(["lab", "up", "--subnet", &format!("{SUBNET}.0/24"), "--hosts", "a-1,b-2"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(400));
    child.kill().unwrap();
    child.wait().unwrap();
    expect("lab down after a crash", &lab.hactl(&["lab", "down"]), 0);
    nothing_left(lab, "after a crash");
}
