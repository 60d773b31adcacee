//! What a plan tells before anything is changed, and that it is true.

use std::os::unix::fs::PermissionsExt as _;

use hactl::ctl::apply::deploy::{Order, Planned};
use hactl::ctl::apply::plan_file::PlanFile;
use hactl::error::{Code, Exit};

use super::fault::Fault;
use super::stage::{Stage, stage};

/// A plan in words, as `HOST: WHAT` with the lines behind it.
pub(crate) fn told(plan: &Planned) -> String {
    let mut text = String::new();
    for host in &plan.hosts {
        host.drift.iter().for_each(|one| text += &format!("{}: drift: {one}\n", host.host));
        host.derived.iter().for_each(|line| text += &format!("{}: {line}\n", host.host));
        for change in &host.changes {
            text += &format!("{}: {}\n{}", host.host, change.what, change.difference.as_deref().unwrap_or_default());
        }
    }
    text
}

/// A plan with something to do.
pub(crate) fn pending(stage: &Stage) -> String {
    let end = stage.plan();
    end.is(Exit::Pending, &[]);
    end.is_as_described("plan");
    told(&end.value.unwrap())
}

fn has(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn a_first_plan_shows_what_comes() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    let text = pending(&stage);
    has(
        &text,
        &[
            "lb-5: VI_1: VRID 3, interface eth0, priority 150, version 2, interval 1s, addresses 127.0.0.3/24\n",
            "create /etc/hactl/hactl.conf",
            "\n    +    virtual_router_id 3\n",
            "create /usr/share/nginx/html/hactl/index.html\n    @@ -0,0 +1 @@\n    +web7\n",
            "enable hactl-agent",
        ],
    );
}

/// One round trip fetches all files of a host; neither the password that is there nor the one that comes is shown.
#[test]
fn a_secret_that_changes_is_told_once_and_not_shown() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    let inventory = |pass: &str, vrid: u8| {
        stage.inventory("");
        let text = std::fs::read_to_string(stage.path("inventory.yaml")).unwrap();
        let vip = format!("vip: {{ address: 127.0.0.3/24, vrid: {vrid}, version: 2, auth: {{ pass: {pass} }} }}");
        stage.write("inventory.yaml", &text.replace("vip: 127.0.0.3/24", &vip));
    };
    inventory("former", 3);
    stage.deployed();
    inventory("hunter2", 7);
    stage.host("lb-5").faults.clear();
    let text = pending(&stage);
    assert!(!text.contains("former") && !text.contains("hunter2"), "{text}");
    has(&text, &["lb-5: VI_1: VRID 3 becomes 7\n", "-    virtual_router_id 3\n", "+    virtual_router_id 7\n"]);
    assert_eq!(text.matches("auth_pass").count(), 1, "{text}");
    has(&text, &["    ~        auth_pass … (another secret)\n"]);
    let looks = stage.host("lb-5").faults.calls();
    assert_eq!(looks.iter().filter(|call| call.starts_with("contents")).count(), 1, "{looks:?}");
}

#[test]
fn files_that_go_and_files_that_are_none_are_told() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    stage.deployed();
    stage
        .host("web-7")
        .sh("mkdir -p /etc/hactl; echo 'vips=old' >/etc/hactl/realserver.sh; cd /usr/share/nginx/html/hactl; \
         rm index.html; ln -s /etc/passwd index.html; seq 50000 >/etc/nginx/conf.d/hactl-web.conf");
    let text = pending(&stage);
    has(
        &text,
        &[
            "remove /etc/hactl/realserver.sh, which is not ours (kept in the way back)\n    @@ -1 +0,0 @@\n    -vips=old\n",
            "index.html\n    (a link to /etc/passwd now; it becomes a file)\n",
            "hactl-web.conf\n    (288894 bytes now, too many to be compared here)\n",
        ],
    );
    stage.host("web-7").sh("printf 'a\\0b' >/etc/nginx/conf.d/hactl-web.conf");
    has(&pending(&stage), &["(3 bytes that are not text now; it becomes this)"]);
}

#[test]
fn what_a_setting_is_now_is_told() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    stage.write("roles/mine/role.yaml", "applies_to: [web]\nretires: []\nsysctl: { net.ipv4.ip_forward: \"1\" }\n");
    let text = std::fs::read_to_string(stage.path("inventory.yaml")).unwrap();
    stage.write("inventory.yaml", &text.replace("web-7: {", "web-7: { roles: [mine],"));
    has(&pending(&stage), &["set net.ipv4.ip_forward = 1\n"]);
}

/// A shop that lives where Debian has its example is nobody's to delete: it is named, kept, and put back.
#[test]
fn somebody_s_own_site_is_named_and_kept() {
    let site = "/etc/nginx/sites-enabled/default";
    for (arrange, what) in [
        ("rm default; echo 'my shop' >default", "a file"),
        ("ln -sfn /srv/shop.conf default", "a link that leads nowhere"),
        ("rm default; echo 'my shop' >/srv/shop.conf; ln -s /srv/shop.conf default", "a link"),
    ] {
        let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
        stage
            .host("web-7")
            .sh(&format!("cd /etc/nginx/sites-enabled; {arrange}; echo theirs >/etc/nginx/conf.d/hactl-web.conf; systemctl restart nginx"));
        let before = stage.snapshot();
        let text = pending(&stage);
        has(
            &text,
            &[
                &format!("web-7: remove {site}, which is not ours (kept in the way back)\n"),
                "web-7: replace /etc/nginx/conf.d/hactl-web.conf, which is not ours (kept in the way back)\n    @@ -1 +1,7 @@\n    -theirs\n",
                "web-7: reload nginx\n",
            ],
        );
        stage.host("web-7").faults.at("probe", Fault::Fails);
        let end = stage.deploy();
        end.is(Exit::RolledBack, &[Code::ActivateFailed, Code::TakenBack]);
        assert_eq!(stage.live_changes(&before), Vec::<String>::new(), "{what}");
        has(&pending(&stage), &["which is not ours"]);
        let deployed = stage.deployed();
        let theirs = deployed.plan.hosts.iter().flat_map(|host| &host.changes).filter(|change| change.theirs);
        assert_eq!(theirs.count(), 3, "two sites, one file");
        assert!(!stage.host("web-7").has(site), "{what}");
        // What a deploy has put there is ours from then on, whoever edits it.
        stage
            .host("web-7")
            .sh("echo edited >>/etc/nginx/conf.d/hactl-web.conf; echo mine >>/usr/share/nginx/html/hactl/index.html");
        stage.host("web-7").sh(&format!("echo again >{site}"));
        let text = pending(&stage);
        assert_eq!(text.matches("not ours").count(), 1, "{text}");
        has(&text, &["change /etc/nginx/conf.d/hactl-web.conf\n", &format!("remove {site}, which is not ours")]);
    }
}

/// On a host that hactl worked on before this was written down nobody is called a stranger.
#[test]
fn what_is_not_known_is_not_said() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    stage.deployed();
    stage.host("web-7").sh("rm /var/lib/hactl/put; echo edited >>/etc/nginx/conf.d/hactl-web.conf");
    has(&pending(&stage), &["change /etc/nginx/conf.d/hactl-web.conf\n"]);
    stage.deployed();
    stage.host("web-7").sh("echo edited >>/usr/share/nginx/html/hactl/index.html");
    has(&pending(&stage), &["change /usr/share/nginx/html/hactl/index.html\n"]);
}

/// A plan that was looked at is carried out as it is, or not at all.
#[test]
fn a_plan_in_a_file_is_carried_out_exactly_or_not_at_all() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    let pass = |vip: &str| {
        stage.inventory("");
        let text = std::fs::read_to_string(stage.path("inventory.yaml")).unwrap();
        stage.write("inventory.yaml", &text.replace("vip: 127.0.0.3/24", vip));
    };
    pass("vip: { address: 127.0.0.3/24, version: 2, auth: { pass: hunter2 } }");
    let exactly = || {
        let file = PlanFile::read(&stage.path("plan.json")).unwrap();
        stage.deploy_as(&Order { exactly: Some(file), ..stage.order.clone() })
    };
    stage.plan_to("plan.json").is(Exit::Pending, &[]);
    let text = std::fs::read_to_string(stage.path("plan.json")).unwrap();
    assert!(!text.contains("hunter2") && text.contains("create /etc/hactl/hactl.conf"), "{text}");
    assert_eq!(std::fs::metadata(stage.path("plan.json")).unwrap().permissions().mode() & 0o777, 0o600);
    // A host changes, then the inventory.
    stage.host("web-7").sh("echo other >/etc/nginx/conf.d/hactl-web.conf");
    let before = stage.snapshot();
    let end = exactly();
    end.is(Exit::Preflight, &[Code::PlanDiffers]);
    assert!(
        end.said().contains("web-7: /etc/nginx/conf.d/hactl-web.conf has come to the host since then"),
        "{}",
        end.said()
    );
    stage.host("web-7").sh("rm /etc/nginx/conf.d/hactl-web.conf");
    pass("vip: { address: 127.0.0.3/24, version: 2, auth: { pass: another } }");
    let end = exactly();
    end.is(Exit::Preflight, &[Code::PlanDiffers]);
    assert!(end.said().contains("lb-5: /etc/hactl/hactl.conf is wanted otherwise than in the plan"), "{}", end.said());
    assert_eq!(stage.live_changes(&before), ["web-7: lacks /etc/nginx/conf.d/hactl-web.conf"]);
    pass("vip: { address: 127.0.0.3/24, version: 2, auth: { pass: hunter2 } }");
    exactly().is(Exit::Done, &[]);
    assert_eq!(stage.deployed().changed, 0);
    // It was carried out: there is nothing left of it to do.
    assert_eq!(exactly().value.unwrap().changed, 0);
    stage.write("other.json", "{}");
    let refused = |name: &str| PlanFile::read(&stage.path(name)).unwrap_err().problems[0].code;
    assert_eq!((refused("other.json"), refused("none.json")), (Code::NotAPlan, Code::InputUnreadable));
}

/// What somebody has done to hosts since the last deploy, told apart from what the inventory wants by now.
#[test]
fn drift_is_told_by_kind_and_goes_with_the_next_deploy() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    let before = stage.drift();
    assert!(before.value.unwrap().drift.unwrap().is_empty(), "nothing was deployed yet");
    stage.host("web-7").tells("packages", "install ok installed nginx 1.22-1\n");
    stage.deployed();
    let words = |stage: &Stage| -> Vec<String> {
        let hosts = stage.drift().value.unwrap().drift.unwrap();
        hosts.iter().flat_map(|host| host.drift.iter().map(move |one| format!("{}: {one}", host.host))).collect()
    };
    stage.inventory("roles: { web-static: { page: changed } }\n");
    stage.drift().is(Exit::Done, &[]);
    assert_eq!(words(&stage), Vec::<String>::new(), "the inventory alone has changed");
    stage.inventory("");
    stage.host("web-7").sh("echo mine >>/etc/nginx/conf.d/hactl-web.conf; rm /usr/share/nginx/html/hactl/index.html; systemctl disable nginx");
    stage.host("web-7").tells("packages", "install ok installed nginx 1.24-2\n");
    stage.host("lb-5").sh("touch /etc/systemd/system/keepalived.service; systemctl enable --now keepalived; chmod 644 /etc/hactl/hactl.conf");
    let end = stage.drift();
    end.is(Exit::Pending, &[]);
    end.is_as_described("status");
    let all = [
        "lb-5: /etc/hactl/hactl.conf has mode 644 and owner root:root, not 600 and root:root",
        "lb-5: keepalived runs, whose place hactl-agent has taken",
        "web-7: /usr/share/nginx/html/hactl/index.html is gone",
        "web-7: /etc/nginx/conf.d/hactl-web.conf was edited",
        "web-7: nginx is not enabled: it would not run after a boot",
        "web-7: package nginx is 1.24-2 now, it was 1.22-1",
    ];
    assert_eq!(words(&stage), all);
    let text = pending(&stage);
    has(
        &text,
        &[
            "web-7: drift: /etc/nginx/conf.d/hactl-web.conf was edited\n",
            "web-7: drift: package nginx is 1.24-2 now",
            "lb-5: drift: keepalived runs",
        ],
    );
    stage.deployed();
    stage.drift().is(Exit::Done, &[]);
    assert_eq!(words(&stage), Vec::<String>::new());
}

#[test]
fn what_becomes_of_the_vip_is_rehearsed() {
    let Some(stage) = stage(&["lb-5", "lb-6", "web-7"]) else { return };
    let rehearsed = || {
        let end = stage.plan();
        end.is_as_described("plan");
        let traffic = end.value.unwrap().traffic.unwrap();
        assert_eq!(traffic.not_rehearsed, None);
        traffic.effects.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(rehearsed(), ["VIP 127.0.0.3 comes to lb-5"]);
    stage.deployed();
    stage.inventory("roles: { vip: { check_interval_s: 3 } }\n");
    assert_eq!(rehearsed(), ["VIP 127.0.0.3 stays on lb-5, 0 ms without an owner"]);
    stage.binary("two");
    assert_eq!(rehearsed(), ["VIP 127.0.0.3 stays on lb-5, 0 ms without an owner"], "the agents start anew");
    stage.deployed();
    stage.inventory("roles: { web-static: { page: other }, vip: { check_interval_s: 3 } }\n");
    assert!(stage.plan().value.unwrap().traffic.is_none(), "no agent is touched");
}

/// A host may hold anything in its files, and a program there may say it: neither reaches the terminal of who deploys.
/// Here a title, and a clipboard that is written to (OSC 52).
#[test]
fn nothing_of_a_host_moves_the_terminal() {
    let Some(stage) = stage(&["lb-5", "web-7"]) else { return };
    stage.deployed();
    let evil = "\\033]0;mine\\007\\033[2J\\033]52;c;eA==\\007\\r";
    stage.host("web-7").sh(&format!("printf 'old {evil}page\\n' >/usr/share/nginx/html/hactl/index.html"));
    let clean = |text: &str| {
        let control = |c: &char| c.is_control() && *c != '\n';
        assert_eq!(text.chars().find(control), None, "{text:?}");
    };
    let text = pending(&stage);
    has(&text, &["    -old ", "page\n    +web7\n"]);
    clean(&text);

    // nginx quotes what it does not know.
    stage.write("templates/nginx-web.conf.tera", "BROKEN\u{1b}]52;c;eA==\u{7}\u{9b}2J\r;\n");
    let end = stage.deploy();
    assert!(end.exit != Exit::Done && end.said().contains("unknown directive \"BROKEN"), "{end:?}");
    clean(&end.said());
}
