//! Each fault of the drills, made for real between two load balancers; desks that die or are told to end in the middle.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::hosts::{Lab, SUBNET, expect};
use super::json;
use super::moves::{json_of, owner};

/// Budgets judge speed, which a test does not: that is left to the bench.
const SLOW: [&str; 2] = ["--budget", "15s"];

/// The faults are made, or left out for this reason. What was seen is complete, and everything is as before.
fn made(lab: &Lab, names: &[&str], impossible: &[(&str, &str)]) -> Vec<Value> {
    let (plain, signed) =
        (format!("vip: {SUBNET}.3/24"), format!("vip: {{ address: {SUBNET}.3/24, auth: {{ hmac: yes }} }}"));
    let inventory = &lab.inventory("faults.yaml", &[(&plain, &signed)]);
    expect("signed adverts", &lab.desk(inventory, &["deploy", "-y"]), 0);
    let mut drills = Vec::new();
    for name in names {
        // A stranger may cost as much as caches believe it.
        let slow = if *name == "stranger" { &["--budget", "90s"] } else { &SLOW };
        let words = [&["drill", name, "-y", "--json"], &slow[..]].concat();
        let output = remembering(lab, inventory, &words).output().unwrap();
        let told = json::document(&output.stdout, output.status.code());
        if let Some((_, why)) = impossible.iter().find(|(one, _)| one == name)
            && output.status.code() == Some(4)
        {
            let problem = &told["problems"][0];
            assert_eq!(problem["code"], "E616", "{told:#}");
            assert!(problem["message"].as_str().unwrap().contains(why), "{told:#}");
            continue;
        }
        let drill = &told["drills"][0];
        assert_eq!(
            (output.status.code(), &drill["passed"]),
            (Some(0), &true.into()),
            "{drill:#}\n{:#}",
            told["problems"]
        );
        complete(drill);
        drills.push(drill.clone());
    }
    drills
}

/// A desk that keeps what it remembers with the test.
fn remembering(lab: &Lab, inventory: &std::path::Path, words: &[&str]) -> Command {
    let mut command = lab.desk_command(inventory, words);
    command.env("XDG_STATE_HOME", lab.files.path());
    command
}

/// Both agents told who owned the VIP, without a moment of two owners unless two are expected; clients at three places
/// asked; the figures that belong to a result are there.
fn complete(drill: &Value) {
    let lanes = drill["lanes"].as_array().unwrap();
    assert!(lanes.iter().any(|lane| lane["state"] == "owner" && lane["told"] == true), "{drill:#}");
    let two = drill["expected"].as_str().unwrap().starts_with("two owners");
    assert_eq!(drill["two_owners_ms"].as_f64().unwrap() > 100.0, two, "{drill:#}");
    let places: Vec<&str> =
        drill["elsewhere"].as_array().unwrap().iter().map(|one| one["host"].as_str().unwrap()).collect();
    assert_eq!(places, ["web-7", "web-8"], "{drill:#}");
    for sent in [&drill["elsewhere"][0]["sent"], &drill["http_sent"], &drill["sent"]] {
        assert!(sent.as_u64().unwrap() > 20, "{drill:#}");
    }
    assert!(
        !drill["events"].as_array().unwrap().is_empty() || drill["owner_before"] == drill["owner_after"],
        "{drill:#}"
    );
    assert_eq!(drill["predicted_ms"].as_array().unwrap().len(), 2, "{drill:#}");
    assert_eq!(drill["settings"]["adverts signed"], "on", "{drill:#}");
}

pub(crate) fn of_hosts(lab: &Lab) {
    let drills = made(
        lab,
        &["hung-agent", "reboot", "both-die", "wrong-password", "disk-full", "clock-step"],
        &[("clock-step", "it is a container")],
    );
    assert_eq!(drills.len(), 5);
    let after: Vec<&str> = drills.iter().map(|drill| drill["owner_after"].as_str().unwrap()).collect();
    assert_eq!(after, ["lb-6", "lb-6", "lb-5", "lb-5", "lb-5"]);
    assert!(drills[2]["gap_ms"].as_f64().unwrap() > 3000.0, "nobody had the VIP: {:#}", drills[2]);
    assert!(!lab.sh("lb-5", "cat /proc/mounts; ls /run").contains("hactl-drill"));
    assert!(!lab.sh("lb-6", "cat /proc/mounts; ls /run").contains("hactl-drill"));
}

pub(crate) fn of_the_network(lab: &Lab) {
    let netem = [("delay", "netem"), ("one-way-cut", "kernel"), ("lan-cut", "kernel"), ("packet-loss", "kernel")];
    let drills = made(lab, &["flapping-cable", "one-way-cut", "lan-cut", "packet-loss", "delay"], &netem);
    assert!(drills.len() >= 2, "{drills:#?}");
    for host in ["lb-5", "lb-6"] {
        assert!(!lab.sh(host, "nft list tables; tc qdisc show").contains("drill"), "{host}");
    }
}

pub(crate) fn of_others(lab: &Lab) {
    let drills = made(
        lab,
        &["stranger", "gateway-gone", "dns-gone"],
        &[("gateway-gone", "default gateway"), ("dns-gone", "kernel")],
    );
    assert!(!drills.is_empty());
    assert!(drills.iter().all(|drill| drill["owner_before"] == drill["owner_after"]), "{drills:#?}");
    assert_eq!(lab.sh("web-7", "ls /run | grep hactl-drill"), "");
}

/// What was measured is remembered and compared; the same seed is the same sequence, and only a name is consent.
pub(crate) fn seeds_trends_and_budgets(lab: &Lab) {
    let homework = &lab.homework();
    expect("deploy", &lab.desk(homework, &["deploy", "-y"]), 0);
    let words = ["drill", "--seed", "37", "--count", "2", "agent-killed", "stop", "heartbeat-blocked"];
    let order = |seed: &str| {
        let words: Vec<&str> = words.iter().map(|word| if *word == "37" { seed } else { word }).collect();
        let refused = expect("nobody can be asked", &lab.desk(homework, &words), 64);
        refused.lines().find(|line| line.contains("E613")).unwrap().to_owned()
    };
    assert_eq!(order("37"), order("37"));
    assert!((38..60).any(|seed: u32| order(&seed.to_string()) != order("37")), "every seed is the same sequence");
    let run = |words: &[&str], code: i32| {
        let output = remembering(lab, homework, words).output().unwrap();
        expect("drill", &output, code);
        json::document(&output.stdout, output.status.code())
    };
    let drilled = run(&[&words[..], &SLOW, &["-y", "--json"]].concat(), 0);
    let names: Vec<&str> =
        drilled["drills"].as_array().unwrap().iter().map(|one| one["scenario"].as_str().unwrap()).collect();
    assert!(order("37").contains(&names.join(", ")), "{names:?} {}", order("37"));
    let again = run(&["drill", names[0], "-y", "--json", SLOW[0], SLOW[1]], 0);
    let before = again["drills"][0]["before_ms"].as_array().unwrap();
    assert_eq!(before.last(), Some(&drilled["drills"][0]["gap_ms"]), "{again:#}");
    let trend = run(&["drill", "--trend", "--json"], 0);
    let of = |name: &str| trend["trend"].as_array().unwrap().iter().find(|one| one["scenario"] == name).unwrap();
    assert_eq!(of(names[0])["runs"].as_u64().unwrap(), u64::try_from(before.len()).unwrap() + 1, "{trend:#}");
    let text = remembering(lab, homework, &["drill", "--trend"]).output().unwrap();
    assert!(expect("trend", &text, 0).contains(names[1]));
    // A budget of the inventory that no takeover can keep.
    let strict = &lab.inventory("strict.yaml", &[("site:", "drill: { budgets: { link: 37ms } }\nsite:")]);
    let over = json_of("over its budget", lab, strict, &["drill", "link", "-y", "--json"], 7);
    assert_eq!(
        (&over["problems"][0]["code"], &over["drills"][0]["restored"]),
        (&"E617".into(), &true.into()),
        "{over:#}"
    );
    assert!(over["problems"][0]["message"].as_str().unwrap().contains("allowed are 37.0 ms"), "{over:#}");
}

/// Waits until this is so.
fn until(what: &str, limit: Duration, is: impl Fn() -> bool) {
    let end = Instant::now() + limit;
    while !is() {
        assert!(Instant::now() < end, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(300));
    }
}

/// All is good, and lb-5 has the VIP again.
fn is_as_before(lab: &Lab) -> bool {
    let homework = &lab.homework();
    lab.desk(homework, &["verify"]).status.success() && owner(lab, homework) == "[\"lb-5\"]"
}

fn begun(lab: &Lab, name: &str) -> Child {
    let mut command = remembering(lab, &lab.homework(), &["drill", name, "-y", SLOW[0], SLOW[1]]);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Each way back is kept by somebody who does not need the desk: the host's timer, the host that has lost its network,
/// and for power a process beside the desk.
pub(crate) fn a_desk_that_dies(lab: &Lab) {
    for (name, host, broken) in [
        ("heartbeat-blocked", "lb-6", "nft list tables | grep -q hactl_drill"),
        ("stop", "lb-5", "! systemctl -q is-active hactl-agent"),
        ("link", "lb-5", "ip -o link show up | grep -q ' eth0' && exit 1; true"),
    ] {
        let is_broken = || lab.hactl(&["lab", "exec", host, "--", "sh", "-c", broken]).status.success();
        assert!(!is_broken(), "{name}");
        let mut desk = begun(lab, name);
        until(&format!("{name} breaks {host}"), Duration::from_secs(30), is_broken);
        desk.kill().unwrap();
        desk.wait().unwrap();
        assert!(is_broken(), "{name}: it was restored before the desk died");
        until(&format!("{host} undoes {name}"), Duration::from_secs(90), || !is_broken());
        until("all is as before", Duration::from_secs(60), || is_as_before(lab));
    }
    let on = || lab.hactl(&["lab", "exec", "lb-5", "--", "true"]).status.success();
    let mut desk = begun(lab, "crash");
    until("lb-5 is without power", Duration::from_secs(30), || !on());
    desk.kill().unwrap();
    desk.wait().unwrap();
    until("lb-5 has power again", Duration::from_secs(90), on);
    until("all is as before", Duration::from_secs(60), || is_as_before(lab));
}

/// It puts right what it broke, and then ends.
pub(crate) fn a_desk_that_is_told_to_end(lab: &Lab) {
    let broken = || lab.sh("lb-6", "nft list tables").contains("hactl_drill");
    let desk = begun(lab, "heartbeat-blocked");
    until("it is broken", Duration::from_secs(30), broken);
    kill(Pid::from_raw(desk.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    let output = desk.wait_with_output().unwrap();
    let said = expect("interrupted", &output, 130);
    assert!(said.contains("interrupted; everything is as before") && !broken(), "{said}");
}

/// A pair that cannot fail over is left alone, unless somebody insists.
pub(crate) fn a_pair_that_cannot_fail_over(lab: &Lab) {
    let homework = &lab.homework();
    lab.sh("lb-6", "systemctl stop hactl-agent");
    let refused = expect("refused", &lab.desk(homework, &["drill", "stop", "-y"]), 7);
    assert!(refused.contains("E720") && refused.contains("--anyway"), "{refused}");
    let words = ["drill", "agent-killed", "-y", "--anyway", SLOW[0], SLOW[1]];
    expect("anyway", &remembering(lab, homework, &words).output().unwrap(), 0);
    lab.sh("lb-6", "systemctl start hactl-agent");
    until("all is as before", Duration::from_secs(60), || is_as_before(lab));
}
