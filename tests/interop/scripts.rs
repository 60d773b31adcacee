//! Which checks run, as whom: Debian's keepalived and hactl given the same file, and what each makes of every script in
//! it.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};

use crate::lan::{Lan, read, wait};
use crate::need_root;

const VIP: &str = "10.77.0.3";
const NOBODY: u32 = 65_534;
/// Name, mode, owner; each script succeeds and has no more in it.
const SCRIPTS: [(&str, &str, u32, u32); 6] = [
    ("good", "#!/bin/sh\nexit 0\n", 0o755, 0),
    ("plain", "exit 0\n", 0o755, 0),
    ("nobodys", "#!/bin/sh\nexit 0\n", 0o755, NOBODY),
    ("world", "#!/bin/sh\nexit 0\n", 0o777, 0),
    ("noexec", "#!/bin/sh\nexit 0\n", 0o644, 0),
    ("rootonly", "#!/bin/sh\nexit 0\n", 0o700, 0),
];
const USERS: [&str; 4] = ["", "user nobody", "user root", "user no-such-user"];

/// Every script, and one that is not there, under every user.
fn checks(lan: &Lan) -> Vec<(String, String)> {
    fs::set_permissions(lan.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for (name, body, mode, owner) in SCRIPTS {
        let path = lan.path(name);
        fs::write(&path, body).unwrap();
        chown(&path, Some(owner), None).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let names = SCRIPTS.iter().map(|(name, ..)| *name).chain(["missing"]);
    let all = names.flat_map(|name| USERS.map(|user| (name, user)));
    all.map(|(name, user)| {
        let label = format!("{name}_{}", user.rsplit(' ').next().unwrap());
        let block = format!("vrrp_script {label} {{\nscript {}\ninterval 1\n{user}\n}}\n", lan.path(name).display());
        (label, block)
    })
    .collect()
}

fn config(globals: &str, checks: &[(String, String)]) -> String {
    let blocks: String = checks.iter().map(|(_, block)| block.as_str()).collect();
    let tracked: String = checks.iter().map(|(label, _)| format!("{label}\n")).collect();
    format!(
        "global_defs {{\n{globals}\n}}\n{blocks}vrrp_instance VI_1 {{\ninterface eth0\nvirtual_router_id 51\npriority 100\n\
         version 3\nadvert_int 0.2\nvirtual_ipaddress {{\n{VIP}/24\n}}\ntrack_script {{\n{tracked}}}\n}}\n"
    )
}

/// Both become master with the file, and the same checks count.
fn same_checks_count(globals: &str) {
    let lan = Lan::new(2);
    lan.plug(1, false); // neither hears the other
    let checks = checks(&lan);
    let text = config(globals, &checks);
    let _hactl = lan.hactl(0, &text);
    wait("hactl is master", || lan.has(0, VIP));
    lan.plug(0, false);
    lan.plug(1, true);
    let keepalived = lan.keepalived(1, &text);
    wait("keepalived is master", || lan.has(1, VIP));
    let status = lan.status(0);
    let ours: Vec<&str> =
        status["scripts"].as_array().unwrap().iter().map(|script| script["name"].as_str().unwrap()).collect();
    let good = |name: &str| keepalived.log().contains(&format!("VRRP_Script({name}) succeeded"));
    wait("keepalived to have run what hactl runs", || ours.iter().all(|name| good(name)));
    for (label, _) in &checks {
        assert_eq!(ours.contains(&label.as_str()), good(label), "{label} with `{globals}`: {}", keepalived.log());
    }
    for script in status["scripts"].as_array().unwrap() {
        assert_eq!(script["ok"], true, "{script}");
    }
    let warnings = status["warnings"].to_string();
    assert!(warnings.contains("check good_no-such-user is left out: user `no-such-user` is unknown"), "{warnings}");
    assert!(warnings.contains("check missing_root is left out"), "{warnings}");
    let history = String::from_utf8(lan.agent(0, &["history"]).stdout).unwrap();
    assert!(history.contains("check missing_root is left out"), "{history}");
}

#[test]
fn the_same_checks_run_as_with_keepalived() {
    need_root!();
    same_checks_count("");
}

#[test]
fn the_same_checks_run_with_script_security() {
    need_root!();
    same_checks_count("enable_script_security");
}

#[test]
fn the_same_checks_run_with_a_script_user() {
    need_root!();
    same_checks_count("enable_script_security\nscript_user nobody");
}

/// What was there at the start and vanishes later is a failing check, and not one that is left out.
#[test]
fn a_script_that_vanishes_fails() {
    need_root!();
    let lan = Lan::new(1);
    let checks: Vec<_> = checks(&lan).into_iter().filter(|(label, _)| label == "good_root").collect();
    let _a = lan.hactl(0, &config("", &checks));
    lan.wait_owner(0, VIP);
    fs::rename(lan.path("good"), lan.path("away")).unwrap();
    wait("the fault", || lan.status(0)["instances"][0]["state"] == "FAULT");
    assert_eq!(lan.status(0)["instances"][0]["fault_reasons"][0], "check good_root fails");
    fs::rename(lan.path("away"), lan.path("good")).unwrap();
    lan.wait_owner(0, VIP);
}

#[test]
fn checks_and_notify_scripts_need_not_name_their_shell() {
    need_root!();
    let lan = Lan::new(1);
    let (check, notify) = (lan.path("check"), lan.path("notify"));
    fs::write(&check, format!("echo checked >> {}\n", lan.path("checked").display())).unwrap();
    fs::write(&notify, format!("echo \"$3\" >> {}\n", lan.path("told").display())).unwrap();
    for path in [&check, &notify] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let block = format!("vrrp_script bare {{\nscript {}\ninterval 1\n}}\n", check.display());
    let text = config("script_user root", &[("bare".into(), block)]);
    let text = text.replace("track_script", &format!("notify {}\ntrack_script", notify.display()));
    let _a = lan.hactl(0, &text);
    lan.wait_owner(0, VIP);
    wait("the notify script", || read(&lan.path("told")).ends_with("MASTER\n"));
    assert!(read(&lan.path("checked")).starts_with("checked\n"));
}

/// One that fails keeps nobody from the next, and the end of each is in the log and in the history.
#[test]
fn the_end_of_each_step_of_a_takeover_is_told() {
    need_root!();
    let lan = Lan::new(1);
    let told = lan.path("told").display().to_string();
    let steps = format!(
        "takeover_start \"/bin/sh -c 'echo one >> {told}; echo no such unit >&2; exit 3'\"\n\
         takeover_start \"/bin/sh -c 'sleep 0.3; echo two >> {told}'\"\n\
         takeover_start \"{} start\"\n\
         takeover_stop \"/bin/sh -c 'echo three >> {told}; echo bye'\"\n",
        lan.path("missing").display()
    );
    let text = config("script_user root", &[]).replace("track_script {\n}\n", &steps);
    assert!(text.contains("takeover_start"), "{text}");
    let mut agent = lan.hactl(0, &text);
    lan.wait_owner(0, VIP);
    let history = || String::from_utf8(lan.agent(0, &["history"]).stdout).unwrap();
    wait("the last step", || history().contains("missing start` failed"));
    let all = history();
    let lines: Vec<&str> = all.lines().filter(|line| line.contains("takeover: ")).collect();
    let missing = format!("takeover: `{} start` failed after 0.", lan.path("missing").display());
    let expected: [&[&str]; 4] = [
        &["three >> ", "is done after 0.", " s; it said: bye"], // as a backup, at first
        &["one >> ", "failed after 0.", ": exit status: 3; it said: no such unit"],
        &["two >> ", "is done after 0."],
        &[&missing, "No such file or directory"],
    ];
    assert_eq!(lines.len(), expected.len(), "{all}");
    for (line, words) in lines.iter().zip(expected) {
        assert!(words.iter().all(|word| line.contains(word)), "{line} lacks one of {words:?}");
    }
    assert!(!lines[2].contains("it said"), "{}", lines[2]);
    assert!(lan.status(0)["warnings"].to_string().contains("missing"), "{}", lan.status(0));
    // The last ones are told by the log alone: who would be asked for a history is gone.
    agent.signal(nix::sys::signal::Signal::SIGTERM);
    wait("its end", || agent.ended());
    let log = agent.log();
    assert_eq!(log.matches("it said: bye").count(), 2, "{log}");
    assert_eq!(read(&lan.path("told")), "three\none\ntwo\nthree\n");
}

/// A daemon that a step leaves behind says something after the agent that heard it has become another binary, and after
/// the end of the agent.
#[test]
fn what_a_step_leaves_running_outlives_the_agent() {
    need_root!();
    let lan = Lan::new(1);
    let daemon = |word: &str| {
        let at = lan.path(word).display().to_string();
        format!("(while ! test -e {at}.go; do sleep 0.02; done; echo late; echo later; touch {at}) &")
    };
    let step = format!("takeover_start \"/bin/sh -c '{} {} echo begun'\"\n", daemon("upgraded"), daemon("ended"));
    let text = config("script_user root", &[]).replace("track_script {\n}\n", &step);
    let mut agent = lan.hactl(0, &text);
    lan.wait_owner(0, VIP);
    let history = || String::from_utf8(lan.agent(0, &["history"]).stdout).unwrap();
    wait("the step", || history().contains("it said: begun"));
    let output = lan.agent(0, &["upgrade"]);
    assert!(output.status.success(), "{output:?}");
    fs::write(lan.path("upgraded.go"), "").unwrap();
    wait("what it says then", || lan.path("upgraded").exists());
    agent.signal(nix::sys::signal::Signal::SIGTERM);
    wait("its end", || agent.ended());
    fs::write(lan.path("ended.go"), "").unwrap();
    wait("what it says after that", || lan.path("ended").exists());
}
