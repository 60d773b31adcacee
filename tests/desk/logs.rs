//! `logs` of two hosts: merged, clean, and going on. nginx's error log is a file as nginx writes it, the journal one
//! that a small `journalctl` reads.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use super::json;
use super::pair::Pair;

/// Writes a line of the journal, so many seconds ago.
fn journal(pair: &Pair, host: &str, ago: u32, message: &str) {
    let line = format!("echo \"$(($(date +%s) - {ago})).000123 x hactl-agent[17]: {message}\" >>/var/log/journal");
    assert!(pair.on(host, &line).status.success());
}

#[test]
fn lines_of_all_hosts_are_one_text() {
    let Some(pair) = Pair::new() else { return };
    if which::which("journalctl").is_err() {
        eprintln!("SKIPPED: needs journalctl, to stand in for it");
        return;
    }
    journal(&pair, "a", 3500, "long ago");
    journal(&pair, "a", 300, "first");
    journal(&pair, "b", 200, "third");
    journal(&pair, "a", 100, "\x1b[2Jfifth");
    let nginx = |host: &str, ago: u32, message: &str| {
        let line = format!(
            "date -d @$(($(date +%s) - {ago})) '+%Y/%m/%d %H:%M:%S [error] 7#7: {message}' >>/var/log/nginx/error.log"
        );
        assert!(pair.on(host, &line).status.success());
    };
    nginx("b", 250, "second");
    nginx("a", 150, "fourth");
    let told = pair.json(&["logs", "lb-5", "lb-6", "--json"]);
    let lines: Vec<String> = told["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| [&line["host"], &line["program"], &line["message"]].map(|word| word.as_str().unwrap()).join(" "))
        .collect();
    let expected = [
        "lb-5 hactl-agent first",
        "lb-6 nginx [error] 7#7: second",
        "lb-6 hactl-agent third",
        "lb-5 nginx [error] 7#7: fourth",
        "lb-5 hactl-agent ␛[2Jfifth",
    ];
    assert_eq!(lines, expected, "{told:#}");
    assert_eq!(pair.json(&["logs", "lb-6", "--since", "225s", "--json"])["lines"].as_array().unwrap().len(), 1);

    let words = ["logs", "lb-6", "lb-5", "--follow", "--json"];
    let mut following = pair.command(&words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    let mut next = || json::line_of("logs line", lines.next().unwrap().unwrap().as_bytes())["message"].clone();
    let begun: Vec<_> = (0..5).map(|_| next()).collect();
    assert_eq!(begun[4], "␛[2Jfifth", "{begun:?}");
    journal(&pair, "b", 0, "new");
    assert_eq!(next(), "new");
    nginx("a", 0, "newer");
    assert_eq!(next(), "[error] 7#7: newer");
    journal(&pair, "a", 0, "newest");
    assert_eq!(next(), "newest", "nothing is told twice");
    following.kill().unwrap();
    following.wait().unwrap();
}
