//! What the desk may believe: hosts with habits, a standby that is deaf, moves where adverts do not pass, a few hosts
//! of many.

use std::time::{Duration, Instant};

use super::hosts::{Lab, SUBNET, expect};
use super::moves::owner;

/// Another cluster's router on the LAN, at the client, with this VRID; returns its process id there.
pub(crate) fn another_cluster(lab: &Lab, vrid: u8) -> String {
    let conf = format!(
        "vrrp_instance other {{\ninterface eth0\nvirtual_router_id {vrid}\npriority 50\nvirtual_ipaddress {{\n{SUBNET}.77/24\n}}\n}}\n"
    );
    let file = lab.files.path().join("other.conf");
    std::fs::write(&file, conf).unwrap();
    let (folder, binary) = (lab.files.path().display().to_string(), std::env::var("HACTL_BINARY").unwrap());
    let run = format!(
        "{binary} agent run -f {} --socket {folder}/other.sock --state-dir {folder}/other >/dev/null 2>&1 & echo $!",
        file.display()
    );
    let pid = lab.sh("client", &run);
    let end = Instant::now() + Duration::from_secs(20);
    while !lab.sh("client", "ip -4 addr show dev eth0").contains(&format!("{SUBNET}.77/")) {
        assert!(Instant::now() < end, "the other cluster does not come up");
        std::thread::sleep(Duration::from_millis(100));
    }
    pid.trim().to_owned()
}

/// While a neighbour on the LAN, another cluster's router, has the VRID that the homework derives.
pub(crate) fn a_vrid_in_use(lab: &Lab) {
    let homework = &lab.homework();
    let pid = another_cluster(lab, 3);
    let said = expect("a VRID in use", &lab.desk(homework, &["deploy", "-y", "--accept-new-host-keys"]), 4);
    lab.sh("client", &format!("kill {pid}"));
    assert!(said.contains("VRID 3 of VI_1 is in use on this LAN by") && said.contains("vrid: 4"), "{said}");
    assert_eq!(lab.sh("lb-5", "ls -d /etc/hactl /var/lib/hactl/lock 2>/dev/null"), "", "something was changed");
}

fn profile(lab: &Lab, host: &str, line: &str) {
    lab.sh(host, &format!("cd /root; touch .bashrc; mv .bashrc .bashrc.was; cat > .bashrc <<'X'\n{line}\nX\n"));
}

fn no_profile(lab: &Lab, host: &str) {
    lab.sh(host, "cd /root; mv .bashrc.was .bashrc");
}

/// A title without a line end hid who owns the VIP; a profile that read cut what was sent.
pub(crate) fn profiles_that_print_and_read(lab: &Lab) {
    let homework = &lab.homework();
    profile(lab, "lb-5", "printf '\\033]0;lb-5\\007'");
    profile(lab, "web-7", "read -t 1 answer");
    assert_eq!(owner(lab, homework), "[\"lb-5\"]");
    expect("verify with a title", &lab.desk(homework, &["verify"]), 0);
    let moved = expect("failover to a host with a title", &lab.desk(homework, &["failover", "--to", "lb-6"]), 0);
    assert!(moved.contains("moved: lb-5 -> lb-6"), "{moved}");
    expect("and back", &lab.desk(homework, &["failover", "--to", "lb-5"]), 0);
    let changed = lab.inventory("eaten.yaml", &[("www.example.cc", "eaten.example.cc")]);
    expect("deploy past a profile that reads", &lab.desk(&changed, &["deploy", "-y"]), 0);
    let first = lab.sh("web-7", "head -n1 /etc/nginx/conf.d/hactl-web.conf");
    assert!(first.starts_with("# made by hactl"), "{first}");
    no_profile(lab, "lb-5");
    no_profile(lab, "web-7");
    expect("deploy as before", &lab.desk(homework, &["deploy", "-y"]), 0);
    let unpinned = expect("unpin", &lab.desk(homework, &["unpin"]), 0);
    assert!(unpinned.contains("lb-5: ") && unpinned.contains("lb-6: "), "{unpinned}");
}

/// The standby alone, while its owner answers for the VIP: that is no stranger.
pub(crate) fn a_few_of_many(lab: &Lab) {
    let changed = lab.inventory("limited.yaml", &[("www.example.cc", "limited.example.cc")]);
    let said = expect("--limit to the standby", &lab.desk(&changed, &["deploy", "-y", "--limit", "lb-6", "-vv"]), 0);
    assert!(said.contains("on 1 hosts, verified"), "{said}");
    assert!(said.contains("lb-6: running") && !said.contains("lb-5: running"), "nobody else is contacted: {said}");
    assert!(said.contains("\n    commit ") && !said.contains("() {"), "calls, and not what they are made of: {said}");
    let back = lab.inventory("unlimited.yaml", &[]);
    expect("--limit, back", &lab.desk(&back, &["deploy", "-y", "--limit", "lb-6"]), 0);
}

/// A user with a real sudo and a real PAM: each reason why nothing works has advice of its own, and what it advises
/// helps.
pub(crate) fn each_refusal_of_a_login(lab: &Lab) {
    let by_deploy = lab.inventory("deploy.yaml", &[("user: root", "user: deploy, sudo: yes")]);
    lab.sh(
        "lb-6",
        "useradd -m -s /bin/sh deploy; cp -r /root/.ssh ~deploy/; chown -R deploy: ~deploy/.ssh; \
         echo 'deploy ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/deploy",
    );
    let plan = ["plan", "--limit", "lb-6"];
    expect("nothing is wrong", &lab.desk(&by_deploy, &plan), 0);
    // What breaks it, what is told, and the command that mends it: "" where the advice itself is followed.
    for (wrong, told, right) in [
        ("echo 'Defaults:deploy requiretty' > /etc/sudoers.d/tty", "[E207]", "rm /etc/sudoers.d/tty"),
        ("chage -d 0 deploy", "[E209]", "chage -d $(date +%F) deploy"),
        ("chage -E 0 deploy", "[E205]", "chage -E -1 deploy"),
        ("usermod -s /usr/sbin/nologin deploy", "[E209]", ""),
        ("mv /etc/sudoers.d/deploy /root/", "sudo there asks for a password", ""),
        ("sed -i 's/NOPASSWD: //' /etc/sudoers.d/deploy", "sudo there asks for a password", ""),
        ("chmod 666 /etc/sudoers.d/deploy", "its owner or mode is wrong", ""),
        ("echo 'deploy ALL=(ALL) NOPASSWD: /usr/bin/id' > /etc/sudoers.d/deploy", "sudo there asks for a password", ""),
        ("chmod u-s /usr/bin/sudo", "lost its rights", ""),
        ("chown deploy /etc/sudoers", "its owner or mode is wrong", ""),
        (
            "echo 'maintenance until 5' > /etc/nologin",
            "and ended the connection; it says: maintenance until 5",
            "rm /etc/nologin",
        ),
        (
            "printf 'AuthenticationMethods publickey,keyboard-interactive\\nKbdInteractiveAuthentication yes\\n' > \
             /etc/ssh/sshd_config.d/x.conf; systemctl reset-failed ssh; systemctl restart ssh",
            "the host took ~/.ssh/id_ed25519 and wants keyboard-interactive as well",
            "rm /etc/ssh/sshd_config.d/x.conf; systemctl reset-failed ssh; systemctl restart ssh",
        ),
        (
            "echo 'deploy hard nproc 0' > /etc/security/limits.d/none.conf",
            "[E209]",
            "rm /etc/security/limits.d/none.conf",
        ),
    ] {
        lab.sh("lb-6", wrong);
        let said = expect(wrong, &lab.desk(&by_deploy, &plan), 4);
        assert!(said.contains(told), "{wrong}: {said}");
        eprintln!("{wrong}: {said}");
        let advice = said.lines().find(|line| line.contains("next: ")).and_then(|line| line.split('`').nth(1));
        lab.sh("lb-6", if right.is_empty() { advice.unwrap() } else { right });
        expect(wrong, &lab.desk(&by_deploy, &plan), 0);
    }
    lab.sh("lb-6", "rm /etc/sudoers.d/deploy; userdel -r deploy");
}

/// sshd counts a session until it has seen its end: what came too early was told as a host that is down, or as an agent
/// that does not run.
pub(crate) fn one_session_at_a_time(lab: &Lab) {
    let homework = &lab.homework();
    let limit = |line: &str| {
        let file = "/etc/ssh/sshd_config.d/sessions.conf";
        lab.sh("lb-6", &format!("{line} {file}; systemctl reset-failed ssh; systemctl restart ssh"));
    };
    limit("echo MaxSessions 1 >");
    expect("status", &lab.desk(homework, &["status"]), 0);
    expect("failover", &lab.desk(homework, &["failover", "--to", "lb-6"]), 0);
    expect("back", &lab.desk(homework, &["failover", "--to", "lb-5"]), 0);
    expect("unpin", &lab.desk(homework, &["unpin"]), 0);
    let changed = lab.inventory("sessions.yaml", &[("www.example.cc", "sessions.example.cc")]);
    expect("deploy", &lab.desk(&changed, &["deploy", "-y"]), 0);
    expect("deploy as before", &lab.desk(homework, &["deploy", "-y"]), 0);
    limit("echo MaxSessions 0 >");
    let said = expect("no session", &lab.desk(homework, &["failover", "--to", "lb-6"]), 4);
    assert!(said.contains("[E209]") && said.contains("`MaxSessions 10`"), "{said}");
    limit("rm");
    expect("verify", &lab.desk(homework, &["verify"]), 0);
}

/// The course notes' accident: a firewall on the standby. It is told while it is only a standby; when it has taken the
/// VIP, a planned move takes it back.
pub(crate) fn a_deaf_standby(lab: &Lab) {
    let homework = &lab.homework();
    lab.sh(
        "lb-6",
        "echo 'table inet wall { chain in { type filter hook input priority 0; iif lo accept; meta l4proto 112 drop; tcp dport 80 drop; }; }' | nft -f -",
    );
    let end = Instant::now() + Duration::from_secs(30);
    let told = loop {
        let output = lab.desk(homework, &["status"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if said.contains("E716") {
            assert_eq!(output.status.code(), Some(7), "{said}");
            break said;
        }
        assert!(Instant::now() < end, "{said}");
        std::thread::sleep(Duration::from_millis(300));
    };
    assert!(told.contains("lb-6: VI_1 stands by, but has heard no advert for"), "{told}");
    assert!(told.contains("lb-6: nothing answers lb-5 and this desk on port 80"), "{told}");
    expect("verify", &lab.desk(homework, &["verify"]), 7);
    expect("deploy", &lab.desk(homework, &["deploy", "-y"]), 7);
    expect("a drill", &lab.desk(homework, &["drill", "stop", "-y"]), 7);
    let refused = expect("failover to one that nobody reaches", &lab.desk(homework, &["failover", "--to", "lb-6"]), 4);
    assert!(refused.contains("lb-6: nothing answers") && refused.contains("nothing was changed"), "{refused}");
    // The master ends, the deaf one takes over, the master comes back.
    lab.sh("lb-5", "systemctl stop hactl-agent");
    let end = Instant::now() + Duration::from_secs(30);
    while owner(lab, homework) != "[\"lb-6\"]" {
        assert!(Instant::now() < end, "the deaf standby should take what nobody answers for");
        std::thread::sleep(Duration::from_millis(300));
    }
    lab.sh("lb-5", "systemctl start hactl-agent");
    let moved = expect("failover past a firewall", &lab.desk(homework, &["failover", "--to", "lb-5"]), 0);
    assert!(moved.contains("moved: lb-6 -> lb-5"), "{moved}");
    lab.sh("lb-6", "nft delete table inet wall; systemctl restart hactl-agent");
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let output = lab.desk(homework, &["status", "--json"]);
        let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        if output.status.code() == Some(0) {
            assert_eq!(status["vips"][0]["owners"], serde_json::json!(["lb-5"]), "{status}");
            assert_eq!(status["hosts"][0]["instances"][0]["effective_priority"], 150, "a pin stayed: {status}");
            return;
        }
        assert!(Instant::now() < end, "{status}");
        std::thread::sleep(Duration::from_millis(300));
    }
}
