//! What a plan tells before anything is changed, and that it is true.

use hactl::ctl::apply::deploy::Planned;
use hactl::error::{Code, Exit};

use super::fault::Fault;
use super::stage::{Stage, stage};

/// A plan in words, as `HOST: WHAT` with the lines behind it.
pub fn told(plan: &Planned) -> String {
    let mut text = String::new();
    for host in &plan.hosts {
        host.derived.iter().for_each(|line| text += &format!("{}: {line}\n", host.host));
        for change in &host.changes {
            text += &format!("{}: {}\n{}", host.host, change.what, change.difference.as_deref().unwrap_or_default());
        }
    }
    text
}

/// A plan with something to do.
pub fn pending(stage: &Stage) -> String {
    let end = stage.plan();
    end.is(Exit::Pending, &[]);
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
