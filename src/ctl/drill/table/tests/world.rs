//! The faults made for real in a world of their own: a network namespace with a cable, and a private /run, /etc and
//! /var/lib. Nothing of this machine is touched.

use std::process::Command;

use super::{Context, Fault, SCENARIOS};

/// `state` tells everything that a fault may change; the clock stands still but for who sets it.
const WORLD: &str = r#"set -e
mount -t tmpfs none /run
cp -a /etc/alternatives /run/
for folder in /etc /var/lib; do mount -t tmpfs none $folder; done
mv /run/alternatives /etc/
mkdir /etc/hactl /var/lib/hactl
printf 'vrrp_instance a {\n authentication {\n  auth_pass secret\n }\n}\n' > /etc/hactl/hactl.conf
echo 0f37 > /etc/hactl/vrrp-a.key
echo 37 > /var/lib/hactl/state
ip link set lo up
ip link add bond0.37 type veth peer name peer0
ip addr add 10.9.0.5/27 dev bond0.37
ip link set bond0.37 up
ip link set peer0 up
ip neigh add 10.9.0.6 lladdr 02:00:00:00:00:06 dev bond0.37 nud permanent
ip route add default via 10.9.0.1
systemctl() {
  case "$*" in
    *MainPID*) echo MainPID=$$ ;;
    *) echo "$*" >> /etc/asked ;;
  esac
}
date() {
  case $1 in
    -s) awk -v to="${2#@}" -v now="$(cat /etc/now)" 'BEGIN { print int((to - now) / 60) }' > /etc/ahead ;;
    *) command date "$@" ;;
  esac
}
for try in 1 2 3 4 5 6 7 8 9; do ip -o link show bond0.37 | grep -q LOWER_UP && break; sleep 0.1; done
command date +%s > /etc/now
echo 0 > /etc/ahead
state() {
  nft list ruleset 2>/dev/null || true
  ip -4 -o addr
  ip route | sed 's/ linkdown//'
  ip neigh show nud permanent
  ip -o link show bond0.37 | grep -o 'UP[,>]' || true
  tc qdisc show dev bond0.37
  grep -c hactl /proc/mounts || true
  ls -A /run /etc/hactl /var/lib/hactl
  cat /etc/hactl/*
  df --output=avail -k /var/lib/hactl | tail -n 1 | grep -qx ' *0' && echo full
  cat /etc/ahead
  true
}
state > /etc/before
"#;

/// What a world says of these lines; `None` where there can be none.
fn world(lines: &str) -> Option<String> {
    let script = format!("{WORLD}{lines}");
    let output = Command::new("unshare").args(["-n", "-m", "sh", "-c", &script]).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if err.contains("not permitted") || err.contains("nft: not found") || err.contains("ip: not found") {
        eprintln!("skipped: needs root, ip and nft ({err})");
        return None;
    }
    assert!(output.status.success(), "{lines}\n{out}{err}");
    Some(out.into_owned())
}

fn context() -> Context {
    Context { interface: "bond0.37".into(), peer: "10.9.0.6".into(), vip: "10.9.0.3".into(), ..Context::default() }
}

#[test]
fn every_fault_is_made_and_undone_twice_without_a_trace() {
    for scenario in SCENARIOS {
        // The process that a test may kill is its own: nginx has a test of its own.
        let Fault::Shell { prepare, inject, undo, .. } = scenario.fault else { continue };
        if scenario.name == "nginx" {
            continue;
        }
        let [prepare, inject, undo, possible] = [prepare, inject, undo, scenario.possible].map(|part| part(&context()));
        let lines = format!(
            "possible() {{\n{possible}\n}}\nundo() {{\n{undo}\n}}\n\
             said=$( (possible) 2>&1) || {{ [ -n \"$said\" ] && echo \"not here: $said\"; exit; }}\n\
             state > /etc/tried\ndiff /etc/before /etc/tried\n\
             {prepare}\n{inject}\nstate > /etc/broken\n\
             if diff /etc/before /etc/broken >/dev/null && [ ! -s /etc/asked ]; then echo 'nothing was broken'; fi\n\
             undo\nundo\nstate > /etc/after\ndiff /etc/before /etc/after"
        );
        let Some(told) = world(&lines) else { return };
        let not_here = told.starts_with("not here: ") && matches!(scenario.name, "delay" | "clock-step");
        assert!(told.is_empty() || not_here, "{}: {told}", scenario.name);
    }
}

#[test]
fn undoing_nothing_harms_nothing() {
    for scenario in SCENARIOS {
        let Fault::Shell { undo, .. } = scenario.fault else { continue };
        let Some(told) = world(&format!("{}\nstate > /etc/after\ndiff /etc/before /etc/after", undo(&context())))
        else {
            return;
        };
        assert_eq!(told, "", "{}", scenario.name);
    }
}

/// The clock that a container shares with its machine is not set; a host's own comes back right.
#[test]
fn the_clock_comes_back_by_the_one_that_nobody_sets() {
    let clock = SCENARIOS.iter().find(|scenario| scenario.name == "clock-step").unwrap();
    let Fault::Shell { prepare, inject, undo, .. } = clock.fault else { panic!("a shell fault") };
    let [prepare, inject, undo] = [prepare, inject, undo].map(|part| part(&context()));
    let Some(told) = world(&format!("{prepare}\n{inject}\ncat /etc/ahead\n{undo}\ncat /etc/ahead")) else { return };
    let minutes: Vec<&str> = told.lines().collect();
    assert!(["59", "60"].contains(&minutes[0]) && minutes[1] == "0", "{told}");
}

/// A second desk must not remember what the first one broke as what was there before.
#[test]
fn a_fault_that_is_under_way_is_not_made_again() {
    use crate::ctl::drill::shell::{armed, disarm};
    let make = armed("stop", "echo prepared", "echo broken", "echo undone", std::time::Duration::from_secs(30));
    let lines = format!(
        "unset -f systemctl\n({make})\n({make}) 2>&1 || echo refused\n({})\n({make})\n({})",
        disarm("stop", "echo undone"),
        disarm("stop", ":")
    );
    let Some(told) = world(&lines) else { return };
    let told: Vec<&str> = told.lines().collect();
    let refused = "a drill of this kind is under way here, and ends by itself";
    assert_eq!(told, ["prepared", "broken", refused, "refused", "undone", "prepared", "broken"]);
}
