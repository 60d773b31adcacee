//! Metrics, rules and dashboard, held against Prometheus' own promtool: a live agent's page, each alert fired, and each
//! question that a rule or a panel asks.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::lan::Lan;
use crate::need_root;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/monitoring")
}

/// What promtool says; it must be content.
fn promtool(words: &[&str], input: &str) -> String {
    let mut run = Command::new("promtool")
        .args(words)
        .current_dir(folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool, of the package prometheus");
    run.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = run.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(output.status.success(), "promtool {words:?}: {said}");
    said
}

/// What the panels of the dashboard ask.
fn questions() -> Vec<String> {
    let board = fs::read_to_string(folder().join("dashboards/hactl.json")).unwrap();
    let board: Value = serde_json::from_str(&board).unwrap();
    let panels = board["panels"].as_array().unwrap();
    assert!(panels.len() >= 10 && board["schemaVersion"].as_u64() >= Some(36), "{board}");
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "each panel has a number of its own");
    for panel in panels {
        let place = &panel["gridPos"];
        let (x, width) = (place["x"].as_u64().unwrap(), place["w"].as_u64().unwrap());
        assert!(x + width <= 24 && panel["description"].as_str().is_some_and(|text| !text.is_empty()), "{panel}");
    }
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    targets.map(|target| target["expr"].as_str().unwrap().replace("$cluster", ".*")).collect()
}

/// The families that a text names.
fn families(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("hactl_")).map(str::to_owned).collect()
}

#[test]
fn each_alert_fires_and_a_healthy_pair_fires_none() {
    assert!(promtool(&["check", "rules", "prometheus_alerts.yaml"], "").contains("10 rules found"));
    promtool(&["test", "rules", "tests.yaml"], "");
    let rules = fs::read_to_string(folder().join("prometheus_alerts.yaml")).unwrap();
    let tests = fs::read_to_string(folder().join("tests.yaml")).unwrap();
    for name in rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        // Once in the healthy pair, where it must not fire, and once where it must.
        assert!(tests.matches(&format!("alertname: {name}\n")).count() >= 2, "{name}");
        let fired = tests
            .split(&format!("alertname: {name}\n"))
            .any(|rest| rest.trim_start().strip_prefix("exp_alerts:").is_some_and(|rest| rest.starts_with("\n")));
        assert!(fired, "{name} never fires in tests.yaml");
    }
}

#[test]
fn panels_ask_what_prometheus_understands() {
    let rules: String = questions()
        .iter()
        .enumerate()
        .map(|(number, question)| format!("  - record: panel:{number}\n    expr: {}\n", Value::from(question.as_str())))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("panels.yaml");
    fs::write(&file, format!("groups:\n- name: panels\n  rules:\n{rules}")).unwrap();
    let said = promtool(&["check", "rules", file.to_str().unwrap()], "");
    assert!(said.contains(&format!("{} rules found", questions().len())), "{said}");
}

#[test]
fn a_live_agent_has_what_is_asked_for() {
    need_root!();
    let lan = Lan::new(1);
    let text = "vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\npriority 150\nadvert_int 0.2\nversion 3\n\
        virtual_ipaddress {\n10.77.0.3\n}\n}\nvirtual_server 10.77.0.3 80 {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\nreal_server 10.77.0.1 9 {\nTCP_CHECK {\n}\n}\n}\n";
    let _a = lan.hactl(0, text);
    lan.wait_owner(0, "10.77.0.3");
    let file = lan.path("node/hactl.prom");
    fs::create_dir(file.parent().unwrap()).unwrap();
    let output = lan.agent(0, &["metrics", "--write", file.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    let page = fs::read_to_string(&file).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    // It complains of names and types that Prometheus' people would not choose, too.
    promtool(&["check", "metrics"], &page);
    let offered = families(&page);
    let rules = fs::read_to_string(folder().join("prometheus_alerts.yaml")).unwrap();
    let asked: BTreeSet<String> =
        families(&rules).into_iter().chain(questions().iter().flat_map(|q| families(q))).collect();
    // A host without certificates tells of none, nor does one to which no stranger has answered.
    let missing: Vec<&String> = asked.iter().filter(|name| !offered.contains(*name)).collect();
    assert_eq!(missing, ["hactl_certificate_expiry_timestamp_seconds"], "{page}");
    let nowhere = lan.agent(0, &["metrics", "--write", "/no/such/folder/hactl.prom"]);
    let said = String::from_utf8(nowhere.stderr).unwrap();
    assert!(nowhere.status.code() == Some(3) && said.contains("E156") && said.contains("/no/such/folder"), "{said}");
}
