//! Signed adverts and their keys, and the other secrets of load balancers: they come, stay, go, and are shown to
//! nobody.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};

use hactl::ctl::apply::deploy::{Order, deploy};
use hactl::ctl::apply::plan_file::PlanFile;
use hactl::ctl::desk::Options;
use hactl::ctl::progress::{Event, Listener};
use hactl::error::{Code, Exit};

use super::fault::Fault;
use super::plans::{pending as planned, told};
use super::stage::{End, Stage, stage};
use super::truth::{check, comes_to_rest, goes_back, pending};

const KEY: &str = "/etc/hactl/vrrp-1.key";
const PASSWORD: &str = "/etc/hactl/smtp.password";

/// The inventory of these hosts, with this `auth:` of the VIP.
fn signs(stage: &Stage, hosts: &[&str], auth: &str, more: &str) {
    stage.inventory_of(hosts, more);
    let text = std::fs::read_to_string(stage.path("inventory.yaml")).unwrap();
    stage.write(
        "inventory.yaml",
        &text.replace("vip: 127.0.0.3/24", &format!("vip: {{ address: 127.0.0.3/24, auth: {auth} }}")),
    );
}

const ALL: [&str; 3] = ["lb-5", "lb-6", "web-7"];

/// How agents have signed, in the order in which they were told to.
fn history(stage: &Stage) -> Vec<String> {
    let text = std::fs::read_to_string(stage.path("lan/signs")).unwrap_or_default();
    let _ = std::fs::remove_file(stage.path("lan/signs"));
    text.lines().map(str::to_owned).collect()
}

/// The key that a deploy has made up, as it lies on a host.
fn key(stage: &Stage, host: &str) -> String {
    let key = stage.host(host).text(KEY);
    let mode = std::fs::metadata(stage.host(host).path(KEY)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(key.len() == 65 && key.trim_end().chars().all(|c| c.is_ascii_hexdigit()), "no key: {} bytes", key.len());
    key.trim_end().to_owned()
}

/// Everything that a desk says of a deploy, with `-vv`.
pub(crate) fn deploy_aloud(stage: &Stage) -> (End<hactl::ctl::apply::deploy::Deployed>, String) {
    let heard = Arc::new(Mutex::new(String::new()));
    let ear = Arc::clone(&heard);
    let listen = move |event: Event<'_>| {
        let words = match event {
            Event::Command { host, script, input } => format!("{host}: {script} {input}\n"),
            Event::CommandEnded { host, end, .. } => {
                format!("{host}: {}\n", end.map_or_else(|e| e.to_string(), |c| c.to_string()))
            }
            Event::Warning(problem) => format!("{problem}\n"),
            _ => return,
        };
        ear.lock().unwrap().push_str(&words);
    };
    let options = Options { commands: true, listener: Listener::new(listen), ..stage.options() };
    let end = stage.run(async { End::of(deploy(&stage.order, options, &|_| Ok(true)).await) });
    let said = end.value.as_ref().map(|value| serde_json::to_string(value).unwrap() + &told(&value.plan));
    let heard = heard.lock().unwrap().clone() + &said.unwrap_or_default() + &end.said();
    (end, heard)
}

#[test]
fn a_first_deploy_makes_a_key_up_and_later_ones_know_it() {
    let Some(stage) = stage(&ALL) else { return };
    signs(&stage, &ALL, "{ hmac: yes }", "");
    let text = planned(&stage);
    assert!(
        text.contains(&format!("lb-5: create {KEY}\n    (holds secrets, so its lines are not shown: 0 go, 1 come)")),
        "{text}"
    );
    assert!(text.contains("lb-5: VI_1: VRID 3, ") && text.contains("signing enforce with key 1"), "{text}");
    let (end, heard) = deploy_aloud(&stage);
    end.is(Exit::Done, &[]);
    let made = key(&stage, "lb-5");
    assert_eq!(made, key(&stage, "lb-6"));
    assert!(!stage.host("web-7").has(KEY) && !heard.contains(&made) && heard.contains("keys /etc/hactl"), "{heard}");
    assert_eq!(
        history(&stage),
        ["lb-5 enforce 1 of 1", "lb-6 enforce 1 of 1"],
        "nobody spoke before: there is nobody to wait for"
    );
    let conf = stage.host("lb-6").text("/etc/hactl/hactl.conf");
    assert!(conf.contains(&format!("key 1 file:{KEY}")) && !conf.contains(&made), "{conf}");
    let before = stage.snapshot();
    let (end, heard) = deploy_aloud(&stage);
    assert_eq!(end.value.unwrap().changed, 0);
    stage.plan().is(Exit::Done, &[]);
    stage.drift().is(Exit::Done, &[]);
    assert!(!heard.contains(&made));
    assert_eq!(stage.changes(&before), Vec::<String>::new());
    // Somebody lost one, and somebody else wrote into the other one's rights.
    stage.host("lb-6").sh(&format!("rm {KEY}"));
    stage.host("lb-5").sh(&format!("chmod 644 {KEY}"));
    let drift = serde_json::to_string(&stage.drift().value.unwrap()).unwrap();
    assert!(drift.contains(&format!("{KEY} is gone")) && !drift.contains(&made), "{drift}");
    stage.deployed();
    assert_eq!(stage.live_changes(&before), Vec::<String>::new(), "the other one has it still");
}

/// A plan in a file is carried out although the key is made up only then.
#[test]
fn a_plan_holds_although_its_key_is_made_up_later() {
    let Some(stage) = stage(&ALL) else { return };
    signs(&stage, &ALL, "{ hmac: yes }", "");
    stage.plan_to("plan.json").is(Exit::Pending, &[]);
    let file = PlanFile::read(&stage.path("plan.json")).unwrap();
    stage.deploy_as(&Order { exactly: Some(file), ..stage.order.clone() }).is(Exit::Done, &[]);
    let text = std::fs::read_to_string(stage.path("plan.json")).unwrap();
    assert!(!text.contains(&key(&stage, "lb-5")) && text.contains("made up 600 root:root"), "{text}");
}

#[test]
fn a_pair_that_serves_takes_one_step_after_the_other() {
    let Some(stage) = stage(&ALL) else { return };
    stage.deployed();
    history(&stage);
    signs(&stage, &ALL, "{ hmac: yes }", "roles: { vip: { guard: no } }\n");
    let text = planned(&stage);
    assert!(text.contains("lb-5: VI_1: signing off becomes enforce with key 1\n"), "{text}");
    let half = Order { limit: vec!["lb-6".into()], ..stage.order.clone() };
    let end = stage.deploy_as(&half);
    end.is(Exit::Preflight, &[Code::NotTogether]);
    assert!(end.said().contains("signing of adverts changes from off to enforce"), "{}", end.said());
    stage.deployed();
    let up = ["receive-only", "permissive", "enforce"];
    let both = |mode: &str| ["lb-6", "lb-5"].map(|host| format!("{host} {mode}"));
    assert_eq!(
        history(&stage),
        up.map(|mode| both(&format!("{mode} 1 of 1"))).concat(),
        "without a guard, the owner last"
    );
    let old = key(&stage, "lb-6");
    assert_eq!(stage.deployed().changed, 0);
    history(&stage);
    // Another key: both are known until all sign with the new one, and the old one is gone then.
    signs(&stage, &ALL, "{ hmac: { id: 7 } }", "");
    let text = planned(&stage);
    assert!(
        text.contains(&format!("remove {KEY}\n    (holds secrets, so its lines are not shown: 1 go, 0 come)")),
        "{text}"
    );
    let (end, heard) = deploy_aloud(&stage);
    end.is(Exit::Done, &[]);
    let steps = ["enforce 1 of 1+7", "enforce 7 of 1+7", "enforce 7 of 7"];
    assert_eq!(history(&stage), steps.map(both).concat());
    for host in ["lb-5", "lb-6"] {
        assert!(!stage.host(host).has(KEY));
        let new = stage.host(host).text("/etc/hactl/vrrp-7.key");
        assert!(new.trim_end() != old && !heard.contains(new.trim_end()) && !heard.contains(&old));
        let left = stage.host(host).try_sh(&format!("grep -rl {old} /etc /run /tmp"));
        assert_eq!(left.stdout, b"", "the old key is in the way back alone");
    }
    // And off again.
    stage.inventory("");
    stage.deployed();
    let down = ["permissive 7 of 7", "receive-only 7 of 7", "off"];
    assert_eq!(history(&stage), down.map(both).concat());
    assert!(!stage.host("lb-5").has("/etc/hactl/vrrp-7.key") && !stage.host("lb-6").has("/etc/hactl/vrrp-7.key"));
    assert_eq!(stage.deployed().changed, 0);
}

#[test]
fn a_new_load_balancer_gets_the_key_of_the_others() {
    let Some(stage) = stage(&ALL) else { return };
    signs(&stage, &["lb-5", "web-7"], "{ hmac: yes }", "");
    stage.deployed();
    let made = key(&stage, "lb-5");
    signs(&stage, &ALL, "{ hmac: yes }", "");
    let only = Order { limit: vec!["lb-6".into()], ..stage.order.clone() };
    // Who may have it does not answer: no other one is made up.
    stage.host("lb-5").faults.power(false);
    let before = stage.host("lb-6").snapshot();
    let end = stage.deploy_as(&only);
    end.is(Exit::Preflight, &[Code::KeyUnknown]);
    assert_eq!(before, stage.host("lb-6").snapshot());
    stage.host("lb-5").faults.power(true);
    let end = stage.deploy_as(&only);
    assert_eq!(end.exit, Exit::Done, "{}", end.said());
    assert_eq!(key(&stage, "lb-6"), made);
    assert!(!end.said().contains(&made));
    stage.deployed();
    assert_eq!((key(&stage, "lb-5"), key(&stage, "lb-6")), (made.clone(), made));
}

/// What is in an inventory's place for a key is no key that others may read.
#[test]
fn a_key_of_the_inventory_is_brought_and_kept_secret() {
    let Some(stage) = stage(&ALL) else { return };
    stage.write("key", "correct horse battery staple\n");
    let auth = format!("{{ hmac: {{ key: {{ file: {} }}, mode: permissive }} }}", stage.path("key").display());
    signs(&stage, &ALL, &auth, "");
    let (end, heard) = deploy_aloud(&stage);
    end.is(Exit::Done, &[]);
    assert_eq!(stage.host("lb-6").text("/etc/hactl/vrrp-VI_1-2.key"), "correct horse battery staple\n");
    assert!(!heard.contains("correct horse"));
    assert_eq!(stage.deployed().changed, 0);
    stage.write("key", "too short\n");
    let text = planned(&stage);
    assert!(!text.contains("too short") && !text.contains("correct horse"), "{text}");
    assert!(stage.told.lock().unwrap().iter().any(|told| told.contains("E150") && !told.contains("too short")));
    std::fs::remove_file(stage.path("key")).unwrap();
    let end = stage.plan();
    end.is(Exit::Invalid, &[Code::SecretMissing]);
    assert!(end.said().contains("inventory.yaml:1:"), "{}", end.said());
}

#[test]
fn whoever_hears_nothing_any_more_ends_it_for_all() {
    let Some(stage) = stage(&ALL) else { return };
    stage.deployed();
    let before = stage.snapshot();
    signs(&stage, &ALL, "{ hmac: yes }", "");
    stage.host("lb-6").tells("deaf", "yes\n");
    history(&stage);
    let end = stage.deploy();
    end.is(Exit::RolledBack, &[Code::DeafStandby, Code::TakenBack]);
    check(&stage, &before, &before, &end).unwrap();
    assert!(!stage.host("lb-5").has(KEY) && !stage.host("lb-6").has(KEY));
    let done = history(&stage);
    assert_eq!(done[..2], ["lb-6 receive-only 1 of 1", "lb-5 receive-only 1 of 1"]);
    assert!(done.iter().all(|one| !one.contains("permissive")), "{done:?}");
}

/// At each call of each later step something fails, or nobody answers any more: everything is as before, on both.
#[test]
fn a_step_that_fails_takes_all_of_them_back() {
    let Some(stage) = stage(&ALL) else { return };
    stage.deployed();
    let before = stage.snapshot();
    signs(&stage, &ALL, "{ hmac: yes }", "");
    // The first of each brings what comes with the first step, before it is a step of its own.
    let calls = [
        "stage_file /etc/hactl/hactl.conf",
        "swap_file /etc/hactl/hactl.conf",
        "service reload-or-restart hactl-agent",
    ];
    let standby = [2, 3].into_iter().flat_map(|number| calls.map(|call| ("lb-6", call, number, Fault::Fails)));
    let last = [Fault::Fails, Fault::Lost, Fault::PowerCut].map(|fault| ("lb-5", calls[2], 3, fault));
    for (host, call, number, fault) in standby.chain(last) {
        let what = format!("{host}: {call}, the {number}. time: {fault:?}");
        stage.reset(&before, "lb-5");
        stage.host(host).faults.at_nth(call, number, fault);
        let end = stage.deploy();
        let code = end.codes().first().copied();
        assert!(stage.host(host).faults.over(), "{what} never came");
        assert!(matches!(code, Some(Code::ActivateFailed | Code::ConnectionLost)), "{what}: {}", end.said());
        check(&stage, &before, &before, &end).unwrap_or_else(|why| panic!("{what}: {why}"));
        comes_to_rest(&stage, &before, &before, &end).unwrap_or_else(|why| panic!("{what}: {why}"));
    }
    // A desk that is killed between two steps.
    stage.reset(&before, "lb-5");
    stage.host("lb-5").faults.at_nth(calls[2], 2, Fault::DeskDies);
    stage.deploy_and_die();
    assert!(["lb-5", "lb-6"].iter().all(|host| !pending(stage.host(host)).is_empty()));
    goes_back(&stage, &before).unwrap();
}

#[test]
fn clocks_that_differ_are_found_before_anything_changes() {
    let Some(stage) = stage(&ALL) else { return };
    stage.deployed();
    let late = "printf '#!/bin/sh\\n[ \"$1\" != +%%s.%%N ] || exec /usr/bin/date -d \"17 seconds\" \"$1\"\\nexec /usr/bin/date \"$@\"\\n' \
                >/played/bin/date; chmod 755 /played/bin/date";
    stage.host("lb-6").sh(late);
    let before = stage.snapshot();
    signs(&stage, &ALL, "{ hmac: yes }", "");
    let end = stage.deploy();
    end.is(Exit::Preflight, &[Code::ClocksDiffer]);
    assert!(end.said().contains("the clock of lb-6 is 17 s ahead of that of lb-5"), "{}", end.said());
    assert_eq!(stage.changes(&before), Vec::<String>::new());
    signs(&stage, &ALL, "{ hmac: { window: 60s } }", "");
    stage.deployed();
    // Clocks that part later are told by whoever looks.
    signs(&stage, &ALL, "{ hmac: { window: 60s } }", "");
    let skew = "printf '#!/bin/sh\\n[ \"$1\" != +%%s ] || exec /usr/bin/date -d \"90 seconds\" \"$1\"\\nexec /usr/bin/date \"$@\"\\n' \
                >/played/bin/date";
    stage.host("lb-6").sh(skew);
    let end = stage.deploy();
    assert_eq!((end.exit, end.codes()), (Exit::Done, vec![Code::ClocksDiffer]), "{}", end.said());
    assert!(end.problems[0].warning && end.said().contains("is 90 s ahead of that of lb-5"), "{}", end.said());
}

/// Whoever takes the place of keepalived begins as that speaks.
#[test]
fn a_pair_of_keepalived_becomes_one_that_signs() {
    let Some(stage) = stage(&ALL) else { return };
    for host in ["lb-5", "lb-6"] {
        stage.host(host).sh("touch /etc/systemd/system/keepalived.service; systemctl enable --now keepalived");
    }
    signs(&stage, &ALL, "{ hmac: yes }", "");
    stage.deployed();
    // The keepalived of lb-5 has the VIP, so lb-5 changes last.
    let both = |mode: &str| ["lb-6", "lb-5"].map(|host| format!("{host} {mode} 1 of 1"));
    assert_eq!(history(&stage), ["receive-only", "permissive", "enforce"].map(both).concat());
}

/// Whom agents tell, with a password that lies in a file for root alone, and goes when nobody needs it any more.
#[test]
fn alerts_bring_a_password_that_nobody_sees() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    stage.deployed();
    stage.write("password", "hunter2 hunter3\n");
    stage.write("url", "https://ops.example.cc/hook?token=hunter4\n");
    let path = |name: &str| stage.path(name).display().to_string();
    let alerts = format!(
        "metrics: unix:/run/hactl/metrics.sock\nalerts:\n  webhook: {{ file: {} }}\n  mail: {{ to: [ops@example.cc, night@example.cc], from: lb@example.cc, server: mail.example.cc, user: hactl, password: {{ file: {} }} }}\n",
        path("url"),
        path("password")
    );
    stage.inventory(&alerts);
    let text = planned(&stage);
    assert!(text.contains(&format!("create {PASSWORD}\n    (holds secrets")) && text.contains("webhook …"), "{text}");
    let (end, heard) = deploy_aloud(&stage);
    end.is(Exit::Done, &[]);
    let secret = |text: &str| ["hunter2", "hunter3", "hunter4"].iter().any(|word| text.contains(word));
    assert!(!secret(&text) && !secret(&heard), "{text}{heard}");
    let lb = stage.host("lb-5");
    assert_eq!(lb.text(PASSWORD), "hunter2 hunter3\n");
    assert_eq!(std::fs::metadata(lb.path(PASSWORD)).unwrap().permissions().mode() & 0o777, 0o600);
    let conf = lb.text("/etc/hactl/hactl.conf");
    let parsed = hactl_engine::conf::parse("x", &conf);
    assert_eq!(parsed.diagnostics, []);
    let (own, mail) = (&parsed.config.own, parsed.config.global.mail.as_ref().unwrap());
    assert_eq!(own.webhook.as_deref(), Some("https://ops.example.cc/hook?token=hunter4"));
    assert_eq!((own.smtp_user.as_deref(), own.smtp_password_file.as_deref()), (Some("hactl"), Some(PASSWORD)));
    assert_eq!((mail.host.as_str(), mail.port, mail.recipients.len()), ("mail.example.cc", 587, 2));
    assert!(parsed.config.instances[0].smtp_alert);
    assert_eq!(stage.deployed().changed, 0);
    stage.drift().is(Exit::Done, &[]);
    // Another one.
    stage.write("password", "hunter3 hunter2\n");
    let text = planned(&stage);
    assert!(text.contains(&format!("change {PASSWORD}\n    (holds secrets")) && !secret(&text), "{text}");
    stage.deployed();
    stage.inventory("");
    let text = planned(&stage);
    assert!(text.contains(&format!("remove {PASSWORD}\n    (holds secrets")) && !secret(&text), "{text}");
    stage.deployed();
    assert!(!lb.has(PASSWORD));
    // One that somebody has put there is theirs.
    lb.sh(&format!("echo mine >{PASSWORD}"));
    assert_eq!(stage.deployed().changed, 0);
    assert_eq!(lb.text(PASSWORD), "mine\n");
}
