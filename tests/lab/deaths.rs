//! nginx of the owner dies, or is started anew: only a death for good moves the VIP, and that at once. The check of
//! nginx comes once an hour here, so that it is not what moves anything.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::hosts::{Lab, expect};

/// The process ids of nginx, without tools that a host may lack.
const NGINX: &str =
    "for one in /proc/[0-9]*; do [ \"$(cat $one/comm 2>/dev/null)\" != nginx ] || echo ${one#/proc/}; done";
/// systemd lets nobody start a unit more often than five times in ten seconds, unless it forgets that.
const FRESH: &str = "systemctl reset-failed nginx";
/// The skew of the standby, which a router that is told goodbye by the only other one does not wait for.
const SKEW_MS: u64 = 609;

pub(crate) fn a_death_moves_the_vip_at_once(lab: &Lab) {
    expect("a check each hour", &lab.desk(&seldom_checked(lab, "seldom.yaml", "www.example.cc"), &["deploy", "-y"]), 0);
    until(lab, "lb-5", "process nginx: ", "run, good");
    let mut took = Vec::new();
    for _ in 0..5 {
        until(lab, "lb-5", "VI_1", "MASTER");
        until(lab, "lb-6", "VI_1", "BACKUP");
        std::thread::sleep(Duration::from_secs(2)); // a goodbye is followed at once once an interval
        // With the unit masked nothing starts it again, as with a configuration that it refuses.
        lab.sh("lb-5", "systemctl mask --quiet --runtime nginx");
        let died = lab.sh("lb-5", &format!("pids=$({NGINX}); date +%s%3N; kill -9 $pids"));
        let died: u64 = died.trim().parse().unwrap_or_else(|_| panic!("{died}"));
        until(lab, "lb-6", "VI_1", "MASTER");
        let status = lab.sh("lb-5", "/usr/local/bin/hactl agent status");
        assert!(status.contains("FAULT") && status.contains("not enough of nginx run"), "{status}");
        took.push(became_master(lab, "lb-6").saturating_sub(died));
        assert!(lab.page().starts_with("web"), "{}", lab.page());
        lab.sh("lb-5", &format!("systemctl unmask --quiet --runtime nginx; {FRESH}; systemctl start nginx"));
    }
    println!("NOTE from the death of nginx until the other one is master, ms: {took:?}");
    let worst = took.iter().max().copied().unwrap_or_default();
    assert!(worst < SKEW_MS, "a goodbye and no skew, nor the next check: {took:?}");
    until(lab, "lb-5", "VI_1", "MASTER");
    expect("the homework again", &lab.desk(&lab.homework(), &["deploy", "-y"]), 0);
}

pub(crate) fn a_restart_moves_nothing(lab: &Lab) {
    expect("a check each hour", &lab.desk(&seldom_checked(lab, "seldom.yaml", "www.example.cc"), &["deploy", "-y"]), 0);
    until(lab, "lb-5", "VI_1", "MASTER");
    until(lab, "lb-5", "process nginx: ", "run, good");
    let changes = || ["lb-5", "lb-6"].map(|host| lab.sh(host, "/usr/local/bin/hactl agent history").lines().count());
    let before = changes();
    for verb in ["restart", "reload", "restart", "reload", "reload-or-restart", "restart"] {
        let done = lab.sh("lb-5", &format!("{FRESH}; systemctl {verb} nginx && echo done"));
        assert_eq!(done, "done\n", "{verb}");
        std::thread::sleep(Duration::from_millis(500));
    }
    let page = seldom_checked(lab, "reloads.yaml", "www.example.org");
    expect("a deploy that reloads nginx", &lab.desk(&page, &["deploy", "-y"]), 0);
    let log = lab.sh("lb-5", "journalctl -u hactl-agent -n 60 --no-pager");
    assert_eq!(changes(), before, "something moved\n{log}");
    assert!(log.contains("systemd is about to start nginx.service"), "{log}");
    // The same with a configuration that nginx refuses: systemd ends its job, and nothing is about to start it any
    // more.
    lab.sh("lb-5", "echo 'nonsense;' >/etc/nginx/conf.d/nonsense.conf; systemctl restart nginx");
    until(lab, "lb-6", "VI_1", "MASTER");
    lab.sh("lb-5", &format!("rm /etc/nginx/conf.d/nonsense.conf; {FRESH}; systemctl start nginx"));
    until(lab, "lb-5", "VI_1", "MASTER");
    expect("the homework again", &lab.desk(&lab.homework(), &["deploy", "-y"]), 0);
}

/// The homework with a check of nginx each hour.
fn seldom_checked(lab: &Lab, name: &str, site: &str) -> PathBuf {
    let roles = "cluster: homework\nroles: { vip: { check_interval_s: 3600 } }";
    lab.inventory(name, &[("cluster: homework", roles), ("www.example.cc", site)])
}

/// Waits until a line of a load balancer's status that holds the one holds the other.
fn until(lab: &Lab, host: &str, line: &str, wanted: &str) {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let status = lab.sh(host, "/usr/local/bin/hactl agent status");
        if status.lines().any(|one| one.contains(line) && one.contains(wanted)) {
            return;
        }
        let log = || lab.sh(host, "journalctl -u hactl-agent -n 40 --no-pager");
        assert!(Instant::now() < end, "{host}: {line} … {wanted}\n{status}\n{}", log());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// When this host's router last became master, in milliseconds of the machine's clock.
fn became_master(lab: &Lab, host: &str) -> u64 {
    let text = lab.sh(host, "/usr/local/bin/hactl agent history --json");
    let history: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let events = history["events"].as_array().unwrap();
    let last = events.iter().rev().find(|event| event["state"] == "MASTER").unwrap();
    last["unix_ms"].as_u64().unwrap()
}
