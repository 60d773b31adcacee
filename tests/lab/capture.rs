//! What the pair says on its LAN, as it is captured on both hosts at once.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::hosts::{Lab, expect};
use super::json;
use super::trust::another_cluster;

/// The lines of a capture and its last object.
fn captured(lab: &Lab, step: &str, words: &[&str], code: i32) -> (Vec<serde_json::Value>, serde_json::Value) {
    let words: Vec<&str> = ["capture", "--json"].iter().chain(words).copied().collect();
    let output = lab.desk(&lab.homework(), &words);
    expect(step, &output, code);
    let text = String::from_utf8(output.stdout).unwrap();
    let (lines, last) = text.trim_end().rsplit_once('\n').unwrap();
    let end = json::document(last.as_bytes(), output.status.code());
    (lines.lines().map(|line| json::line(line.as_bytes())).collect(), end)
}

fn none_runs(lab: &Lab) {
    let end = Instant::now() + Duration::from_secs(20);
    let left = || ["lb-5", "lb-6"].map(|host| lab.sh(host, "pgrep -f '[a]gent capture'")).concat();
    while !left().is_empty() {
        assert!(Instant::now() < end, "a capture goes on that nobody reads");
        std::thread::sleep(Duration::from_millis(200));
    }
}

pub(crate) fn what_the_pair_says(lab: &Lab) {
    let file = lab.files.path().join("pair.pcapng");
    let (lines, end) = captured(lab, "a good pair", &["--for", "4s", "--write", &file.display().to_string()], 0);
    assert_eq!(end["problems"], serde_json::json!([]));
    let says = "lb-5 says: I own VRID 3 with priority 150; next within 1 s";
    let adverts: Vec<_> = lines.iter().filter(|line| line["line"]["says"] == says).collect();
    let heard = adverts.iter().filter(|line| line["line"]["heard_by"] == serde_json::json!(["lb-6"])).count();
    assert!(heard >= 3 && heard + 1 >= adverts.len(), "{lines:#?}");
    assert!(end["hosts"][0]["clock"]["within_ns"].is_u64(), "{end:#}");
    let (again, _) = captured(lab, "from the file", &["--read", &file.display().to_string()], 0);
    assert_eq!(again.len(), lines.len());

    // The standby's firewall drops adverts, and another cluster is on the LAN.
    let pid = another_cluster(lab, 77);
    let wall = "table inet wall { chain in { type filter hook input priority 0; meta l4proto 112 drop; }; }";
    lab.sh("lb-6", &format!("echo '{wall}' | nft -f -"));
    let (lines, end) = captured(lab, "a deaf standby and a stranger", &["--for", "6s"], 7);
    // The agents hear it as well, so that nobody has to listen for it first.
    let verified = lab.desk(&lab.homework(), &["verify"]);
    let told = format!("{}{}", String::from_utf8_lossy(&verified.stdout), String::from_utf8_lossy(&verified.stderr));
    assert!(told.contains("W730") && told.contains("advertises VRID 77, which no VIP of the inventory has"), "{told}");
    assert!(told.contains("heard by lb-5"), "{told}");
    let status = lab.sh("lb-5", "hactl agent status");
    assert!(status.contains("others: VRID 77 of"), "{status}");
    lab.sh("client", &format!("kill {pid}"));
    lab.sh("lb-6", "nft delete table inet wall");
    let said = end["problems"].to_string();
    assert!(
        said.contains("lb-6: adverts for VI_1 (VRID 3) of lb-5 reach its interface, but no program on it"),
        "{said}"
    );
    assert!(said.contains("\"W730\"") && said.contains("advertises VRID 77 for"), "{said}");
    assert!(lines.iter().any(|line| line["finding"]["code"] == "E716"), "told when it showed");
    none_runs(lab);
}

/// A desk that dies leaves nothing that goes on.
pub(crate) fn a_desk_that_dies(lab: &Lab) {
    let mut desk = lab.desk_command(&lab.homework(), &["capture"]);
    let mut desk = desk.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while lab.sh("lb-6", "pgrep -f '[a]gent capture'").is_empty() {
        assert!(Instant::now() < end, "no capture begins");
        std::thread::sleep(Duration::from_millis(200));
    }
    desk.kill().unwrap();
    desk.wait().unwrap();
    none_runs(lab);
}
