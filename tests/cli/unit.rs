//! The unit of the deployed agent: how exposed systemd thinks it is.

use std::path::Path;
use std::process::Command;

use hactl::ctl::inventory::load::parse;
use hactl::ctl::render::context::Interfaces;
use hactl::ctl::render::host::render;

/// systemd's figure for it may not be higher.
const EXPOSED_AT_MOST: f64 = 4.5;

/// The rendered unit of each example's first load balancer.
fn units() -> Vec<String> {
    let examples = [include_str!("../../inventories/homework.yaml"), include_str!("../../inventories/lvs-dr.yaml")];
    let unit = |text: &&str| {
        let cluster = parse(Path::new("inventory.yaml"), text).unwrap().cluster;
        let host = cluster.hosts.iter().find(|host| host.name == "lb-5").unwrap();
        let files = render(&cluster, host, &Interfaces::new()).unwrap().files;
        let unit = files.into_iter().find(|file| file.dest.ends_with("/hactl-agent.service")).unwrap();
        String::from_utf8(unit.content).unwrap()
    };
    examples.iter().map(unit).collect()
}

#[test]
fn the_agent_s_unit_is_not_exposed() {
    let tool = Command::new("systemd-analyze").args(["security", "--help"]).output();
    if !tool.is_ok_and(|help| String::from_utf8_lossy(&help.stdout).contains("--offline")) {
        eprintln!("SKIPPED: no systemd-analyze here that judges files");
        return;
    }
    for unit in units() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hactl-agent.service");
        // It wants to find the program.
        std::fs::write(&path, unit.replace("/usr/local/bin/hactl", "/bin/true")).unwrap();
        let judged =
            Command::new("systemd-analyze").args(["security", "--offline=true", "--no-pager"]).arg(&path).output();
        let judged = judged.unwrap();
        let words = String::from_utf8_lossy(&judged.stdout);
        let figure = words.lines().find_map(|line| line.split_once("Overall exposure level for hactl-agent.service: "));
        let figure = figure.and_then(|(_, rest)| rest.split(' ').next()?.parse::<f64>().ok());
        assert!(figure.is_some_and(|figure| figure <= EXPOSED_AT_MOST), "{words}\n{judged:?}");
    }
}

/// Old systemds know fewer groups of system calls: in a list of what is refused one that is unknown is left out, in a list
/// of what is allowed everything else would be refused with it.
#[test]
fn system_calls_are_refused_by_name() {
    for unit in units() {
        let filters: Vec<&str> = unit.lines().filter(|line| line.starts_with("SystemCallFilter=")).collect();
        assert!(
            !filters.is_empty() && filters.iter().all(|line| line.starts_with("SystemCallFilter=~")),
            "{filters:?}"
        );
    }
}
