//! The protocol as golden text: read the snapshots beside this file to see what two or three routers do, action by
//! action. After an intended change: `INSTA_UPDATE=always cargo test --test transcripts`, and read the difference.

mod lan;

use std::time::Duration;

use hactl_engine::input::{Command, Input};
use lan::Lan;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// lb-5 is master, lb-6 its backup.
fn pair(extra: &str) -> Lan {
    let mut lan = Lan::new(&[("lb-5", 150), ("lb-6", 91)], extra);
    lan.title("both start");
    lan.start();
    lan.pass(seconds(10));
    lan
}

fn promote(host: usize, lan: &mut Lan) {
    let command = Command::Promote { instance: None, force: false, expires: None, reason: Some("by hand".into()) };
    lan.input(host, Input::Command { token: 1, command });
    lan.pass(Duration::from_millis(4700)); // not a whole interval: no advert is under way when the next thing happens
}

#[test]
fn crash_of_the_master() {
    let mut lan = Lan::new(&[("lb-5", 150), ("lb-6", 91), ("lb-7", 37)], "");
    lan.title("three start");
    lan.start();
    lan.pass(seconds(10));
    lan.title("lb-5 loses power: the better of the two backups is quicker, the other stays quiet");
    lan.crash(0);
    lan.pass(seconds(10));
    insta::assert_snapshot!("crash_of_the_master", lan.transcript());
}

#[test]
fn clean_stop() {
    let mut lan = pair("");
    lan.title("lb-5 stops: it answers until lb-6 is there, so that somebody always holds the address");
    lan.input(0, Input::Stop { keep_addresses: false });
    lan.pass(seconds(5));
    insta::assert_snapshot!("clean_stop", lan.transcript());
}

#[test]
fn promote_and_back() {
    let mut lan = pair("");
    lan.title("promote lb-6: it holds and announces the address before lb-5 hears of it");
    promote(1, &mut lan);
    lan.title("promote lb-5 back: the later promotion wins, lb-6 forgets its own");
    promote(0, &mut lan);
    insta::assert_snapshot!("promote_and_back", lan.transcript());
}

#[test]
fn two_masters_after_a_split() {
    let mut lan = pair("");
    lan.title("the port of lb-5 goes dark: each is master of its own half");
    lan.isolate(0, true);
    lan.pass(seconds(10));
    lan.title("the port works again: the lower one yields, the higher one corrects every cache");
    lan.isolate(0, false);
    lan.pass(seconds(5));
    insta::assert_snapshot!("two_masters_after_a_split", lan.transcript());
}

#[test]
fn script_fault() {
    let mut lan = pair("track_script {\n web\n }");
    lan.title("the check fails on lb-5");
    lan.input(0, Input::Script { name: "web".into(), ok: false });
    lan.pass(seconds(5));
    lan.title("it succeeds again: lb-5 listens first, then preempts");
    lan.input(0, Input::Script { name: "web".into(), ok: true });
    lan.pass(seconds(8));
    insta::assert_snapshot!("script_fault", lan.transcript());
}
