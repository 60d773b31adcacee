//! Drills on real hosts, with their reports.

use super::hosts::{Lab, expect};
use super::moves::json_of;

pub(crate) fn six_of_them(lab: &Lab) {
    let homework = &lab.homework();
    let out = lab.files.path().join("drill");
    let out_text = out.display().to_string();
    let words = [
        "drill",
        "stop",
        "crash",
        "link",
        "nginx",
        "heartbeat-blocked",
        "web-down",
        "-y",
        "--out",
        &out_text,
        "--report",
        "json",
        "--report",
        "html",
        "--report",
        "junit",
        // Budgets judge speed, which a test does not: that is left to the demo and the bench.
        "--budget",
        "20s",
        "--json",
    ];
    let told = json_of("drills", lab, homework, &words, 0);
    assert_eq!(told["drills"].as_array().map(Vec::len), Some(6), "{told}");
    let json = std::fs::read_to_string(out.join("drill.json")).unwrap();
    let results: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(results.len(), 6);
    for result in &results {
        assert_eq!(result["restored"], true, "{result}");
        for key in ["scenario", "expected", "passed", "gap_ms", "sent", "lost", "owner_before", "owner_after"] {
            assert!(!result[key].is_null(), "{key} is missing in {result}");
        }
    }
    let page = std::fs::read_to_string(out.join("drill.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("heartbeat-blocked"));
    assert!(std::fs::read_to_string(out.join("drill.xml")).unwrap().contains("<testsuite"));
}

pub(crate) fn an_unknown_one(lab: &Lab) {
    let homework = &lab.homework();
    let unknown = expect("an unknown drill", &lab.desk(homework, &["drill", "stopp", "-y"]), 64);
    assert!(unknown.contains("hactl drill stop"), "{unknown}");
}
