//! The story, step by step.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::hosts::{Lab, SUBNET, expect, traces};
use super::json;
use super::{changes, kills, lvs, trust};

pub fn tell() {
    let lab = Lab::new();
    let before = traces(&lab.folder);
    up_and_refusals(&lab);
    let homework = lab.inventory("homework.yaml", &[]);
    first_and_second_deploy(&lab, &homework);
    status_and_moves(&lab, &homework);
    trust::tell(&lab, &homework);
    bad_input(&lab);
    bad_days(&lab, &homework);
    a_killed_desk(&lab, &homework);
    kills::tell(&lab);
    changes::tell(&lab);
    expect("the homework again", &lab.desk(&homework, &["deploy", "-y"]), 0);
    a_restart_on_the_owner(&lab);
    drills(&lab, &homework);
    more_hosts_and_vips(&lab);
    lvs::tell(&lab, &homework);
    expect("lab down", &lab.hactl(&["lab", "down"]), 0);
    assert_eq!(traces(&lab.folder), before, "the lab left something behind");
    a_crash_of_lab_up(&lab, &before);
}

fn up_and_refusals(lab: &Lab) {
    let subnet = format!("{SUBNET}.0/24");
    let up = ["lab", "up", "--subnet", &subnet, "--hosts", "lb-5,lb-6,web-7,web-8,web-9"];
    let name = expect("a name without a number", &lab.hactl(&["lab", "up", "--hosts", "x"]), 3);
    assert!(name.contains("does not end in a number"), "{name}");
    expect("lab up", &lab.hactl(&up), 0);
    expect("lab up, again", &lab.hactl(&up), 0);
    let other = expect("another lab", &lab.hactl(&["lab", "up", "--subnet", "10.67.0.0/24"]), 4);
    assert!(other.contains("a lab is up already"), "{other}");
    let second = lab.command().env("HACTL_LAB_DIR", lab.files.path().join("second")).args(up).output().unwrap();
    let routed = expect("a routed subnet", &second, 4);
    assert!(routed.contains("is already routed here"), "{routed}");
    let status = expect("lab status", &lab.hactl(&["lab", "status", "--json"]), 0);
    assert_eq!(status.matches("\"running\"").count(), 5, "{status}");
}

fn first_and_second_deploy(lab: &Lab, homework: &std::path::Path) {
    let unknown = expect("unknown host keys", &lab.desk(homework, &["deploy", "-y"]), 4);
    assert!(unknown.contains("lb-5") && unknown.contains("--accept-new-host-keys"), "{unknown}");
    json_of("plan, for programs", lab, homework, &["plan", "--accept-new-host-keys", "--json"], 2);
    let pending = expect("plan", &lab.desk(homework, &["plan"]), 2);
    assert!(pending.contains("install package nginx"), "{pending}");
    let asked = expect("nobody to ask", &lab.desk(homework, &["deploy"]), 2);
    assert!(asked.contains("add -y"), "{asked}");
    lab.sh("client", &format!("ip addr add {SUBNET}.3/24 dev eth0"));
    let stranger = expect("a stranger has the VIP", &lab.desk(homework, &["deploy", "-y"]), 4);
    assert!(stranger.contains("is answered by a stranger"), "{stranger}");
    assert_eq!(lab.sh("lb-5", "ls /etc/hactl 2>/dev/null"), "", "something was changed");
    lab.sh("client", &format!("ip addr del {SUBNET}.3/24 dev eth0"));
    trust::a_vrid_in_use(lab, homework);
    let done = expect("deploy", &lab.desk(homework, &["deploy", "-y"]), 0);
    assert!(done.contains("verified"), "{done}");
    let pages: Vec<String> = (0..4).map(|_| lab.page()).collect();
    assert!(pages.contains(&"web7\n".to_owned()) && pages.contains(&"web8\n".to_owned()), "{pages:?}");
    let again = expect("deploy, again", &lab.desk(homework, &["deploy", "-y"]), 0);
    assert!(again.contains("nothing changed on 4 hosts"), "{again}");
    let again = json_of("deploy, for programs", lab, homework, &["deploy", "-y", "--json"], 0);
    assert_eq!((&again["changed"], &again["verified"]), (&0.into(), &true.into()), "{again}");
    json_of("plan, nothing pending", lab, homework, &["plan", "--json"], 0);
    expect("verify", &lab.desk(homework, &["verify", "--for", "2s", "--max-gap", "1s"]), 0);
}

fn status_json(lab: &Lab, inventory: &std::path::Path) -> serde_json::Value {
    let output = lab.desk(inventory, &["status", "--json"]);
    json::document(&output.stdout, output.status.code())
}

/// What a command prints for programs, held against its description.
fn json_of(step: &str, lab: &Lab, inventory: &std::path::Path, words: &[&str], code: i32) -> serde_json::Value {
    let output = lab.desk(inventory, words);
    expect(step, &output, code);
    json::document(&output.stdout, output.status.code())
}

pub fn owner(lab: &Lab, inventory: &std::path::Path) -> String {
    status_json(lab, inventory)["vips"][0]["owners"].to_string()
}

fn status_and_moves(lab: &Lab, homework: &std::path::Path) {
    let status = status_json(lab, homework);
    assert_eq!(status["vips"][0]["owners"], serde_json::json!(["lb-5"]), "{status}");
    assert_eq!(status["hosts"][1]["instances"][0]["state"], "BACKUP", "{status}");
    expect("dry run", &lab.desk(homework, &["failover", "--to", "lb-6", "--dry-run"]), 0);
    assert_eq!(owner(lab, homework), "[\"lb-5\"]");
    let moved = json_of("failover", lab, homework, &["failover", "--to", "lb-6", "--json"], 0);
    let moved = &moved["moves"][0];
    assert_eq!((&moved["from"], &moved["to"]), (&serde_json::json!(["lb-5"]), &"lb-6".into()));
    assert!(moved["sent"].as_u64() > Some(100) && moved["gap_ms"].is_number(), "{moved}");
    assert_eq!(owner(lab, homework), "[\"lb-6\"]");
    expect("failover back", &lab.desk(homework, &["failover", "--to", "lb-5"]), 0);
    let status = status_json(lab, homework);
    assert_eq!(status["hosts"][0]["instances"][0]["effective_priority"], 150, "an override stayed: {status}");
    expect("failover to nowhere", &lab.desk(homework, &["failover", "--to", "lb-9"]), 3);
}

fn bad_input(lab: &Lab) {
    for (name, from, to, says) in [
        ("typo", "vip:", "viip:", "did you mean `vip`"),
        ("subnet", "10.66.0.3/24", "10.68.0.3/24", "is not in the subnet of lb-5"),
        ("twice", "10.66.0.6", "10.66.0.5", "has the address"),
        ("role", "10.66.0.7", "{address: 10.66.0.7, roles: [web-statik]}", "did you mean `web-static`"),
    ] {
        let inventory = lab.inventory(&format!("{name}.yaml"), &[(from, to)]);
        let said = expect(name, &lab.desk(&inventory, &["deploy", "-y"]), 3);
        assert!(said.contains(says), "{name}: {said}");
    }
    let folder = lab.files.path().join("templates");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("nginx-lb.conf.tera"), "# one\n{{ nowhere.to_be_found }}\n").unwrap();
    let inventory = lab.inventory("undefined.yaml", &[]);
    let said = expect("undefined variable", &lab.desk(&inventory, &["check"]), 3);
    assert!(said.contains("nginx-lb.conf.tera:2:"), "{said}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// Hosts that fail; the VIP keeps serving throughout.
fn bad_days(lab: &Lab, homework: &std::path::Path) {
    // nginx -t fails: nothing live was touched.
    let folder = lab.files.path().join("templates");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("proxy_params.tera"), "no_such_directive on;\n").unwrap();
    let said = expect("nginx -t fails", &lab.desk(homework, &["deploy", "-y"]), 4);
    assert!(said.contains("no_such_directive") && said.contains("lb-5"), "{said}");
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(lab.page().starts_with("web"), "{}", lab.page());
    // An agent that does not come up: everything is taken back.
    std::fs::create_dir_all(&folder).unwrap();
    let unit = include_str!("../../templates/hactl-agent.service.tera").replace("agent run", "agent runn");
    std::fs::write(folder.join("hactl-agent.service.tera"), unit).unwrap();
    let said = expect("an agent that does not come up", &lab.desk(homework, &["deploy", "-y"]), 5);
    assert!(said.contains("lb-6") && said.contains("everything was taken back"), "{said}");
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(lab.page().starts_with("web"), "{}", lab.page());
    expect("as before", &lab.desk(homework, &["plan"]), 0);
    // A wrong host key.
    let known = lab.folder.join("desk/.ssh/known_hosts");
    let good = std::fs::read_to_string(&known).unwrap();
    let foreign = lab.sh("web-7", "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub");
    let swapped: String = good
        .lines()
        .map(|line| {
            if line.contains(&format!("{SUBNET}.5")) {
                format!("{SUBNET}.5 {}\n", foreign.trim())
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    std::fs::write(&known, swapped).unwrap();
    let said = expect("a wrong host key", &lab.desk(homework, &["deploy", "-y"]), 4);
    assert!(said.contains("lb-5") && said.contains("known_hosts:"), "{said}");
    std::fs::write(&known, good).unwrap();
    // No login.
    let stranger = lab.inventory("stranger.yaml", &[("user: root", "user: nobody-here")]);
    let said = expect("no login", &lab.desk(&stranger, &["deploy", "-y"]), 4);
    assert!(said.contains("nobody-here"), "{said}");
    // A host that is down.
    expect("power off", &lab.hactl(&["lab", "power", "web-8", "off"]), 0);
    let said = expect("a host is down", &lab.desk(homework, &["deploy", "-y", "--timeout", "3"]), 4);
    assert!(said.contains("web-8") && said.contains("nothing was changed"), "{said}");
    assert!(lab.page().starts_with("web7"), "{}", lab.page());
    assert!(said.contains("--limit lb-5,lb-6,web-7"), "how to go on: {said}");
    let limited = ["deploy", "-y", "--timeout", "3", "--limit", "lb-5,lb-6,web-7"];
    let said = expect("the others go on", &lab.desk(homework, &limited), 0);
    assert!(said.contains("nothing changed on 3 hosts"), "{said}");
    expect("verify notices", &lab.desk(homework, &["verify", "--timeout", "3"]), 7);
    expect("power on", &lab.hactl(&["lab", "power", "web-8", "on"]), 0);
    // No space left.
    let changed = lab.inventory("changed.yaml", &[("www.example.cc", "changed.example.cc")]);
    lab.sh("lb-6", "mount -t tmpfs -o size=2m tmpfs /var/lib/hactl");
    let said = expect("no space left", &lab.desk(&changed, &["deploy", "-y"]), 4);
    assert!(said.contains("lb-6") && said.contains("kB free"), "{said}");
    lab.sh("lb-6", "umount /var/lib/hactl");
    // Locked by somebody else.
    lab.sh(
        "lb-6",
        "boot=$(cat /proc/sys/kernel/random/boot_id).$(sed 's/.*) //' /proc/1/stat | cut -d' ' -f20); \
         echo \"1 $(($(cut -d. -f1 /proc/uptime) + 600)) $boot ann@desk 12\" > /var/lib/hactl/lock",
    );
    let said = expect("locked", &lab.desk(&changed, &["deploy", "-y"]), 8);
    assert!(said.contains("ann@desk"), "{said}");
    lab.sh("lb-6", "rm -rf /var/lib/hactl/lock");
}

/// A desk that is killed in the middle: the next run repairs it.
fn a_killed_desk(lab: &Lab, homework: &std::path::Path) {
    let changed = lab.inventory("killed.yaml", &[("www.example.cc", "killed.example.cc")]);
    for after_ms in [150, 250, 400] {
        let mut child =
            lab.desk_command(&changed, &["deploy", "-y"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(after_ms));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(lab.page().starts_with("web"), "{}", lab.page());
        expect("the next run", &lab.desk(homework, &["deploy", "-y"]), 0);
        expect("and it is whole", &lab.desk(homework, &["plan"]), 0);
        assert!(lab.sh("lb-5", "cat /var/lib/hactl/state").starts_with("committed "));
    }
}

/// `systemctl restart` of the agent on the owner moves nothing.
fn a_restart_on_the_owner(lab: &Lab) {
    let history = |host: &str| lab.sh(host, "/usr/local/bin/hactl agent history").lines().count();
    let standby = history("lb-6");
    lab.sh("lb-5", "systemctl restart hactl-agent");
    let end = Instant::now() + Duration::from_secs(20);
    while !lab.sh("lb-5", "/usr/local/bin/hactl agent status").contains("MASTER") {
        assert!(Instant::now() < end, "{}", lab.sh("lb-5", "journalctl -u hactl-agent -n 30 --no-pager"));
        std::thread::sleep(Duration::from_millis(100));
    }
    let status = lab.sh("lb-5", "/usr/local/bin/hactl agent status");
    assert!(status.contains("the addresses were kept"), "{status}");
    assert_eq!(history("lb-6"), standby, "the standby noticed the restart");
}

fn drills(lab: &Lab, homework: &std::path::Path) {
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
    let unknown = expect("an unknown drill", &lab.desk(homework, &["drill", "stopp", "-y"]), 64);
    assert!(unknown.contains("hactl drill stop"), "{unknown}");
}

/// What a newcomer does next: a third web host and a second VIP.
fn more_hosts_and_vips(lab: &Lab) {
    let second = format!("vip: [{SUBNET}.3/24, {{address: {SUBNET}.4/24, order: [lb-6, lb-5]}}]");
    let third = format!("web-8: {SUBNET}.8, web-9: {SUBNET}.9");
    let more = lab
        .inventory("more.yaml", &[(&format!("vip: {SUBNET}.3/24"), &second), (&format!("web-8: {SUBNET}.8"), &third)]);
    expect("three web hosts, two VIPs", &lab.desk(&more, &["deploy", "-y", "--accept-new-host-keys"]), 0);
    let pages: Vec<String> = (0..6).map(|_| lab.sh("client", &format!("curl -sS http://{SUBNET}.4/"))).collect();
    assert!(pages.contains(&"web9\n".to_owned()), "{pages:?}");
    let status = status_json(lab, &more);
    let owners: Vec<String> = (0..2).map(|n| status["vips"][n]["owners"].to_string()).collect();
    let end = Instant::now() + Duration::from_secs(20);
    let mut last = owners;
    while last != ["[\"lb-5\"]", "[\"lb-6\"]"] {
        assert!(Instant::now() < end, "both balancers should work: {last:?}");
        std::thread::sleep(Duration::from_millis(300));
        let status = status_json(lab, &more);
        last = (0..2).map(|n| status["vips"][n]["owners"].to_string()).collect();
    }
}

/// kill -9 in the middle of `lab up`: `lab down` still leaves nothing behind.
fn a_crash_of_lab_up(lab: &Lab, before: &[String]) {
    let mut child = lab
        .command()
        .args(["lab", "up", "--subnet", &format!("{SUBNET}.0/24"), "--hosts", "a-1,b-2"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(400));
    child.kill().unwrap();
    child.wait().unwrap();
    expect("lab down after a crash", &lab.hactl(&["lab", "down"]), 0);
    assert_eq!(traces(&lab.folder), before, "a crashed lab left something behind");
}
