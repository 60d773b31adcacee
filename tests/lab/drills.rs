//! Drills on real hosts, with their reports.

use super::hosts::{Lab, expect};

pub fn six_of_them(lab: &Lab) {
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
    ];
    expect("drills", &lab.desk(homework, &words), 0);
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

pub fn an_unknown_one(lab: &Lab) {
    let homework = &lab.homework();
    let unknown = expect("an unknown drill", &lab.desk(homework, &["drill", "stopp", "-y"]), 64);
    assert!(unknown.contains("hactl drill stop"), "{unknown}");
}
