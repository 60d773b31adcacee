//! Hosts that fail, and desks that are killed; the VIP keeps serving throughout.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::hosts::{Lab, SUBNET, Templates, expect};

/// `nginx -t` fails: nothing live was touched.
pub(crate) fn nginx_refuses_its_files(lab: &Lab) {
    let homework = &lab.homework();
    let templates = Templates::write(lab, "proxy_params.tera", "no_such_directive on;\n");
    let said = expect("nginx -t fails", &lab.desk(homework, &["deploy", "-y"]), 4);
    assert!(said.contains("no_such_directive") && said.contains("lb-5"), "{said}");
    drop(templates);
    assert!(lab.page().starts_with("web"), "{}", lab.page());
}

/// Everything is taken back.
pub(crate) fn an_agent_that_does_not_come_up(lab: &Lab) {
    let homework = &lab.homework();
    let unit = include_str!("../../templates/hactl-agent.service.tera").replace("agent run", "agent runn");
    let templates = Templates::write(lab, "hactl-agent.service.tera", &unit);
    let said = expect("an agent that does not come up", &lab.desk(homework, &["deploy", "-y"]), 5);
    assert!(said.contains("lb-6") && said.contains("everything was taken back"), "{said}");
    drop(templates);
    assert!(lab.page().starts_with("web"), "{}", lab.page());
    expect("as before", &lab.desk(homework, &["plan"]), 0);
}

pub(crate) fn a_wrong_host_key(lab: &Lab) {
    let homework = &lab.homework();
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
}

pub(crate) fn no_login(lab: &Lab) {
    let stranger = lab.inventory("stranger.yaml", &[("user: root", "user: nobody-here")]);
    let said = expect("no login", &lab.desk(&stranger, &["deploy", "-y"]), 4);
    assert!(said.contains("nobody-here"), "{said}");
}

/// The others go on without it.
pub(crate) fn a_host_that_is_down(lab: &Lab) {
    let homework = &lab.homework();
    expect("power off", &lab.hactl(&["lab", "power", "web-8", "off"]), 0);
    let said = expect("a host is down", &lab.desk(homework, &["deploy", "-y", "--timeout", "3"]), 4);
    assert!(said.contains("web-8") && said.contains("nothing was changed"), "{said}");
    assert!(lab.page().starts_with("web7"), "{}", lab.page());
    assert!(said.contains("--skip-unreachable"), "how to go on: {said}");
    let limited = ["deploy", "-y", "--timeout", "3", "--limit", "lb-5,lb-6,web-7"];
    let said = expect("the others go on", &lab.desk(homework, &limited), 0);
    assert!(said.contains("nothing changed on 3 hosts"), "{said}");
    expect("verify notices", &lab.desk(homework, &["verify", "--timeout", "3"]), 7);
    expect("power on", &lab.hactl(&["lab", "power", "web-8", "on"]), 0);
}

pub(crate) fn no_space_left(lab: &Lab) {
    let changed = lab.inventory("changed.yaml", &[("www.example.cc", "changed.example.cc")]);
    lab.sh("lb-6", "mount -t tmpfs -o size=2m tmpfs /var/lib/hactl");
    let said = expect("no space left", &lab.desk(&changed, &["deploy", "-y"]), 4);
    assert!(said.contains("lb-6") && said.contains("kB free"), "{said}");
    lab.sh("lb-6", "umount /var/lib/hactl");
}

pub(crate) fn locked_by_somebody_else(lab: &Lab) {
    let changed = lab.inventory("changed.yaml", &[("www.example.cc", "changed.example.cc")]);
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
pub(crate) fn a_killed_desk(lab: &Lab) {
    let homework = &lab.homework();
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

/// Its lock is broken: when that returns the hosts have what they had, and both ends remember what was.
pub(crate) fn a_killed_desk_s_lock_is_broken(lab: &Lab) {
    let changed = lab.inventory("broken.yaml", &[("www.example.cc", "broken.example.cc")]);
    let served = || lab.sh("lb-6", "cat /etc/nginx/conf.d/*.conf");
    let (before, limit) = (served(), Instant::now() + Duration::from_secs(60));
    let mut child =
        lab.desk_command(&changed, &["deploy", "-y"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let active = |host: &str| lab.sh(host, "cat /var/lib/hactl/state").starts_with("active ");
    while !["lb-5", "lb-6"].into_iter().any(active) {
        assert!(Instant::now() < limit && child.try_wait().unwrap().is_none(), "the deploy was never seen at work");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let said = expect("lock break", &lab.desk(&changed, &["lock", "break", "-y"]), 0);
    assert!(said.contains("is broken; it has gone back: generation "), "{said}");
    for host in ["lb-5", "lb-6", "web-7", "web-8"] {
        let state =
            lab.sh(host, "cat /var/lib/hactl/state; ls -d /var/lib/hactl/lock /var/lib/hactl/staging 2>/dev/null");
        assert!(state.starts_with("committed ") && state.lines().count() == 1, "{host}: {state}\n{said}");
    }
    assert_eq!(served(), before, "{said}");
    let told = expect("history", &lab.desk(&changed, &["history"]), 0);
    let desk: Vec<&str> = told.lines().skip_while(|line| *line != "this desk:").skip(1).collect();
    let of = |at: usize, words: &str| desk[desk.len() - at].contains(words);
    assert!(of(2, " deploy, generation ") && of(2, ": was interrupted: no end of it was written"), "{told}");
    assert!(of(1, " lock break, generation ") && of(1, ": exit 0 at "), "{told}");
    assert!(told.contains(" lock-broken ") && told.contains(" taken-back to "), "{told}");
}
