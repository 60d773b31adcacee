//! Who owns the VIP, and moves of it.

use std::path::Path;
use std::time::{Duration, Instant};

use super::hosts::{Lab, SUBNET, expect};
use super::json;

pub(crate) fn status_json(lab: &Lab, inventory: &Path) -> serde_json::Value {
    let output = lab.desk(inventory, &["status", "--json"]);
    json::document(&output.stdout, output.status.code())
}

/// What a command prints for programs, held against its description.
pub(crate) fn json_of(step: &str, lab: &Lab, inventory: &Path, words: &[&str], code: i32) -> serde_json::Value {
    let output = lab.desk(inventory, words);
    expect(step, &output, code);
    json::document(&output.stdout, output.status.code())
}

pub(crate) fn owner(lab: &Lab, inventory: &Path) -> String {
    status_json(lab, inventory)["vips"][0]["owners"].to_string()
}

pub(crate) fn status_tells_who_owns(lab: &Lab) {
    let homework = &lab.homework();
    let status = status_json(lab, homework);
    assert_eq!(status["vips"][0]["owners"], serde_json::json!(["lb-5"]), "{status}");
    assert_eq!(status["hosts"][1]["instances"][0]["state"], "BACKUP", "{status}");
}

pub(crate) fn there_and_back(lab: &Lab) {
    let homework = &lab.homework();
    expect("dry run", &lab.desk(homework, &["failover", "--to", "lb-6", "--dry-run"]), 0);
    assert_eq!(owner(lab, homework), "[\"lb-5\"]");
    let moved = json_of("failover", lab, homework, &["failover", "--to", "lb-6", "--json"], 0);
    let moved = &moved["moves"][0];
    assert_eq!((&moved["from"], &moved["to"]), (&serde_json::json!(["lb-5"]), &"lb-6".into()));
    assert!(moved["sent"].as_u64() > Some(100) && moved["gap_ms"].is_number(), "{moved}");
    assert_eq!(owner(lab, homework), "[\"lb-6\"]");
    let why = why_of(lab, homework, "lb-6");
    assert!(why["because"][0].as_str().unwrap().starts_with("lb-6 was promoted by hand to priority "), "{why}");
    let lost = &why["nodes"][0]["last_lost"];
    assert!(lost["unix_ms"].is_u64() && lost["instance"] == why["nodes"][0]["instance"], "{why}");
    expect("failover back", &lab.desk(homework, &["failover", "--to", "lb-5"]), 0);
    let why = why_of(lab, homework, "lb-5");
    assert_eq!(why["because"], serde_json::json!(["lb-5 has priority 150, lb-6 100: the higher one owns it"]), "{why}");
    assert!(why["nodes"][1]["last_advert_ms"].as_u64().unwrap() < 2000, "{why}");
    let status = status_json(lab, homework);
    assert_eq!(status["hosts"][0]["instances"][0]["effective_priority"], 150, "an override stayed: {status}");
    expect("failover to nowhere", &lab.desk(homework, &["failover", "--to", "lb-9"]), 3);
}

/// Why the VIP is where it is, and that is there.
fn why_of(lab: &Lab, homework: &Path, owner: &str) -> serde_json::Value {
    let vip = format!("{SUBNET}.3");
    let told = json_of("explain", lab, homework, &["explain", &vip, "--json"], 0);
    let why = &told["vip"];
    assert_eq!(
        (&why["address"], &why["owners"], &why["unknown"]),
        (&vip.as_str().into(), &serde_json::json!([owner]), &serde_json::json!([])),
        "{why}"
    );
    let words = expect("explain", &lab.desk(homework, &["explain", &vip]), 0);
    assert!(words.contains(&format!("{vip} is on {owner}")), "{words}");
    expect("explain of what is no VIP", &lab.desk(homework, &["explain", &format!("{SUBNET}.5")]), 3);
    why.clone()
}

/// Adverts do not pass for a while, nobody else claims, adverts pass again: a planned move is not refused for what was.
pub(crate) fn after_a_blocked_heartbeat(lab: &Lab) {
    let homework = &lab.homework();
    let withheld = || -> u64 {
        let status: serde_json::Value =
            serde_json::from_str(&lab.sh("lb-6", "/usr/local/bin/hactl agent status --json")).unwrap();
        status["instances"][0]["counters"]["claims_withheld"].as_u64().unwrap_or_default()
    };
    let before = withheld();
    let wall = "table inet wall { chain in { type filter hook input priority 0; meta l4proto 112 drop; }; }";
    lab.sh("lb-6", &format!("echo '{wall}' | nft -f -"));
    let end = Instant::now() + Duration::from_secs(20);
    while withheld() <= before {
        assert!(Instant::now() < end, "the standby should have wanted the VIP");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(owner(lab, homework), "[\"lb-5\"]");
    lab.sh("lb-6", "nft delete table inet wall");
    expect("failover at once", &lab.desk(homework, &["failover", "--to", "lb-6"]), 0);
    assert_eq!(owner(lab, homework), "[\"lb-6\"]");
    expect("and back", &lab.desk(homework, &["failover", "--to", "lb-5"]), 0);
    assert_eq!(owner(lab, homework), "[\"lb-5\"]");
}

/// `systemctl restart` of the agent on the owner moves nothing.
pub(crate) fn a_restart_on_the_owner(lab: &Lab) {
    let history = |host: &str| lab.sh(host, "/usr/local/bin/hactl agent history").lines().count();
    let standby = history("lb-6");
    lab.sh("lb-5", "systemctl restart hactl-agent");
    let end = Instant::now() + Duration::from_secs(20);
    while !lab.sh("lb-5", "/usr/local/bin/hactl agent status").contains("MASTER") {
        assert!(Instant::now() < end, "{}", lab.sh("lb-5", "journalctl -u hactl-agent -n 30 --no-pager"));
        std::thread::sleep(Duration::from_millis(100));
    }
    let status = lab.sh("lb-5", "/usr/local/bin/hactl agent status");
    assert!(status.contains("the addresses were kept"), "{status}");
    assert_eq!(history("lb-6"), standby, "the standby noticed the restart");
}
