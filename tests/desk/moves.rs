//! A standby behind a firewall, and the move that brings the VIP back from it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::host::text;
use super::pair::{CONF, Pair, owners};

fn finding<'v>(status: &'v serde_json::Value, code: &str) -> Option<&'v str> {
    let findings = status["problems"].as_array().unwrap();
    findings.iter().find(|finding| finding["code"] == code).and_then(|finding| finding["message"].as_str())
}

/// The course notes' accident: a firewall on the standby. It is told while it only stands by; when it has taken the
/// VIP, no advert of the better one reaches it, and a planned move still brings the VIP back.
#[test]
fn a_deaf_standby_is_told_and_gives_back_what_it_took() {
    let Some(pair) = Pair::new() else { return };
    let status = pair
        .wait("the better one is master", |status| owners(status) == "[\"lb-5\"]" && finding(status, "E716").is_none());
    assert_eq!(finding(&status, "E707"), None, "both agents answer");
    let moved = pair.json(&["failover", "--to", "lb-6", "--json"]);
    assert_eq!(moved["moves"][0]["result"], "moved", "{moved}");
    let unpinned = pair.json(&["unpin", "--json"]);
    assert_eq!(unpinned["exit"], 0, "{unpinned}");
    pair.wait("the election decides again", |status| owners(status) == "[\"lb-5\"]");
    one_page_of_metrics(&pair);

    let wall =
        "echo 'table inet wall { chain in { type filter hook input priority 0; meta l4proto 112 drop; }; }' | nft -f -";
    assert!(pair.on("b", wall).status.success());
    let status = pair.wait("it is told", |status| finding(status, "E716").is_some());
    assert!(
        finding(&status, "E716").unwrap().starts_with("lb-6: VI_1 stands by, but has heard no advert for"),
        "{status:#}"
    );
    let verified = pair.json(&["verify", "--json"]);
    assert_eq!((&verified["exit"], &verified["verified"]), (&7.into(), &false.into()), "{verified}");

    assert!(pair.on("a", "kill $(cat /run/hactl/pid)").status.success());
    pair.wait("the deaf one takes what nobody answers for", |status| owners(status) == "[\"lb-6\"]");
    pair.agent("a");
    pair.wait("the better one is back, and knows that it is not heard", |status| {
        finding(status, "E719").is_some_and(|message| message.contains("but lb-6 still answers for it"))
    });
    let moved = pair.desk(&["failover", "--to", "lb-5"]);
    let said = text(&moved);
    assert_eq!(moved.status.code(), Some(0), "{said}");
    assert!(said.contains("moved: lb-6 -> lb-5"), "{said}");
    assert!(said.contains("adverts do not pass between them: lb-6 was asked over SSH to resign, and did"), "{said}");
    let status = pair.wait("it stays", |status| owners(status) == "[\"lb-5\"]");
    assert_eq!(status["hosts"][0]["instances"][0]["effective_priority"], 150, "no pin is left: {status:#}");
}

/// Another password on one of them: each hears the other and takes nothing of it. The guard keeps the VIP at one of
/// them, and why the other one is deaf is said.
#[test]
fn another_password_is_told_with_its_reason() {
    let conf = |priority: &str| {
        let auth =
            format!("version 2\n advert_int 1\n authentication {{\n  auth_type PASS\n  auth_pass p{priority}\n }}\n");
        CONF.replace("PRIORITY", priority).replace("version 3\n advert_int 0.2\n", &auth)
    };
    let Some(pair) = Pair::with(conf) else { return };
    let inventory =
        std::fs::read_to_string(pair.path("inventory.yaml")).unwrap().replace("interval: 200ms", "interval: 1s");
    pair.write("inventory.yaml", &inventory);
    let told = |status: &serde_json::Value| status["problems"].to_string().contains("another password");
    let status = pair.wait("it is told", |status| told(status) && owners(status) == "[\"lb-5\"]");
    let verified = pair.json(&["verify", "--json"]);
    assert_eq!(verified["exit"], 7, "{verified}");
    assert!(told(&verified), "{verified}\n{status:#}");
    assert!(!verified.to_string().contains("p150"), "no password is shown");
}

/// Of both agents, each family once, as Prometheus' promtool wants it.
fn one_page_of_metrics(pair: &Pair) {
    let page = text(&pair.desk(&["metrics"]));
    for (host, owns) in [("lb-5", 1), ("lb-6", 0)] {
        let sample = format!("hactl_vrrp_is_master{{host=\"{host}\",vrrp_instance=\"VI_1\"}} {owns}");
        assert!(page.lines().any(|line| line == sample), "{sample} is missing in\n{page}");
    }
    assert_eq!(page.matches("# TYPE hactl_vrrp_is_master gauge\n").count(), 1, "{page}");
    let mut judge = Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).spawn().unwrap();
    judge.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    assert!(judge.wait().unwrap().success(), "{page}");
    let alone = text(&pair.desk(&["metrics", "lb-6"]));
    assert!(alone.contains("host=\"lb-6\"") && !alone.contains("host=\"lb-5\""), "{alone}");
    assert_eq!(pair.desk(&["metrics", "lb-7"]).status.code(), Some(3));
}
