//! The units that are deployed: how exposed systemd thinks they are.

use std::path::Path;
use std::process::Command;

use hactl::ctl::inventory::load::parse;
use hactl::ctl::render::context::Interfaces;
use hactl::ctl::render::host::render;

/// systemd's figure for one may not be higher.
const EXPOSED_AT_MOST: f64 = 4.5;

/// The rendered units of examples' first load balancers, with their names.
fn units() -> Vec<(&'static str, String)> {
    let examples = [
        (include_str!("../../inventories/homework.yaml"), "hactl-agent.service"),
        (include_str!("../../inventories/lvs-dr.yaml"), "hactl-agent.service"),
        (include_str!("../../inventories/acme.yaml"), "hactl-certificates.service"),
    ];
    let unit = |(text, name): &(&str, &'static str)| {
        let cluster = parse(Path::new("inventory.yaml"), text).unwrap().cluster;
        let host = cluster.hosts.iter().find(|host| host.name == "lb-5").unwrap();
        let files = render(&cluster, host, &Interfaces::new()).unwrap().files;
        let unit = files.into_iter().find(|file| file.dest.ends_with(&format!("/{name}"))).unwrap();
        (*name, String::from_utf8(unit.content).unwrap())
    };
    examples.iter().map(unit).collect()
}

#[test]
fn our_units_are_not_exposed() {
    let tool = Command::new("systemd-analyze").args(["security", "--help"]).output();
    if !tool.is_ok_and(|help| String::from_utf8_lossy(&help.stdout).contains("--offline")) {
        eprintln!("SKIPPED: no systemd-analyze here that judges files");
        return;
    }
    for (name, unit) in units() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        // It wants to find the program.
        std::fs::write(&path, unit.replace("/usr/local/bin/hactl", "/bin/true")).unwrap();
        let judged =
            Command::new("systemd-analyze").args(["security", "--offline=true", "--no-pager"]).arg(&path).output();
        let judged = judged.unwrap();
        let words = String::from_utf8_lossy(&judged.stdout);
        let figure = words.lines().find_map(|line| line.split_once(&format!("Overall exposure level for {name}: ")));
        let figure = figure.and_then(|(_, rest)| rest.split(' ').next()?.parse::<f64>().ok());
        assert!(figure.is_some_and(|figure| figure <= EXPOSED_AT_MOST), "{words}\n{judged:?}");
    }
}

/// Old systemds know fewer groups of system calls: in a list of what is refused one that is unknown is left out, in a
/// list of what is allowed everything else would be refused with it.
#[test]
fn system_calls_are_refused_by_name() {
    for (_, unit) in units() {
        let filters: Vec<&str> = unit.lines().filter(|line| line.starts_with("SystemCallFilter=")).collect();
        assert!(
            !filters.is_empty() && filters.iter().all(|line| line.starts_with("SystemCallFilter=~")),
            "{filters:?}"
        );
    }
}
