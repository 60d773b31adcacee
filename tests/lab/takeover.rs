//! A pair that somebody made by hand with Debian's keepalived and nginx, as the course notes do: imported, taken over
//! and given back while a client pings every millisecond.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::hosts::{Lab, SUBNET, expect};
use super::moves::{json_of, status_json};
use super::pings::Pings;

const NEW: &str = "--accept-new-host-keys";
/// What a person's own files are; they are the same before, between and after.
const THEIRS: &str = "cd / && find etc/keepalived etc/nginx -type f -exec sha256sum {} + | sort -k2; stat -c '%n %a %U' etc/keepalived/*; \
                      systemctl is-enabled nginx keepalived; systemctl is-active nginx";

/// The client hears every answer but perhaps the one to the ping that was on its way when it was told to end.
const ON_ITS_WAY: u64 = 1;

pub(crate) fn there_and_back(lab: &Lab) {
    by_hand(lab);
    let before = ["lb-5", "lb-6"].map(|host| lab.sh(host, THEIRS));
    let inventory = import(lab);
    let during = |what: &str, work: &dyn Fn()| {
        let pings = Pings::begin(lab, "0.001");
        work();
        // As long as a router would need to notice what it does not hear any more.
        std::thread::sleep(Duration::from_secs(5));
        let pinged = pings.end();
        println!("{what}: {pinged}");
        assert!(pinged.sent > 2000 && pinged.lost <= ON_ITS_WAY, "{what}: {pinged}");
    };
    during("takeover", &|| {
        let done = json_of("takeover", lab, &inventory, &["takeover", "-y", "--json"], 0);
        assert_eq!((&done["verified"], &done["differences"]), (&true.into(), &serde_json::json!([])), "{done}");
        let owned = [&done["keepalived"][0]["owned"], &done["keepalived"][1]["owned"]];
        assert_eq!(owned, [&serde_json::json!([format!("{SUBNET}.3")]), &serde_json::json!([])], "{done}");
    });
    owned_by(lab, "lb-5");
    let status = status_json(lab, &inventory);
    assert_eq!(status["vips"][0]["owners"], serde_json::json!(["lb-5"]), "{status}");
    assert_eq!(status["hosts"][0]["instances"][0]["effective_priority"], 150, "an override stayed: {status}");
    expect("verify", &lab.desk(&inventory, &["verify"]), 0);
    expect("nothing to change", &lab.desk(&inventory, &["plan"]), 0);
    for (host, then) in ["lb-5", "lb-6"].iter().zip(&before) {
        let now = lab.sh(host, THEIRS);
        assert_eq!(now.replace("disabled", "enabled"), *then, "{host}: only keepalived's unit is another");
    }
    during("uninstall", &|| drop(expect("uninstall", &lab.desk(&inventory, &["uninstall", "-y"]), 0)));
    given_back(lab, &before, "/var/lib/hactl /run/hactl");
    // What fails after both have changed goes back by itself.
    let text = std::fs::read_to_string(&inventory).unwrap();
    let strict = inventory.with_file_name("strict.yaml");
    std::fs::write(&strict, text.replace("  managed: no  ", "  expect_status: [299]\n  managed: no  ")).unwrap();
    let pings = Pings::begin(lab, "0.001");
    let failed = expect("a takeover that fails", &lab.desk(&strict, &["takeover", "-y"]), 5);
    std::thread::sleep(Duration::from_secs(5));
    let pinged = pings.end();
    println!("a takeover that fails: {pinged}");
    assert!(failed.contains("everything was taken back"), "{failed}");
    assert!(pinged.lost <= ON_ITS_WAY, "a takeover that fails: {pinged}");
    // Its memory stays: `hactl history` tells what became of it.
    given_back(lab, &before, "");
    expect("lab down", &lab.hactl(&["lab", "down"]), 0);
}

fn import(lab: &Lab) -> PathBuf {
    let out = lab.files.path().join("imported");
    let words = [5, 6].map(|last| format!("root@lb-{last}={SUBNET}.{last}"));
    let words = ["import", &words[0], &words[1], "--out", out.to_str().unwrap(), NEW];
    let before = ["lb-5", "lb-6"].map(|host| lab.sh(host, THEIRS));
    let said = expect("import", &lab.desk(Path::new("unused"), &words), 0);
    assert!(said.contains("/etc/keepalived/keepalived.conf:") && !said.contains("hunter2"), "{said}");
    assert_eq!(before, ["lb-5", "lb-6"].map(|host| lab.sh(host, THEIRS)), "an import only reads");
    let told = json_of("import, for programs", lab, Path::new("unused"), &["import", words[1], words[2], "--json"], 0);
    assert_eq!(told["hosts"][0]["config"], "/etc/keepalived/keepalived.conf", "{told}");
    assert!(told["inventory"].as_str().unwrap().contains("HACTL_VIP_1_PASS"), "{told}");
    let inventory = out.join("inventory.yaml");
    let checked = expect("check", &lab.desk(&inventory, &["check"]), 0);
    assert!(!checked.contains("warning"), "{checked}");
    inventory
}

/// keepalived owns it again, and nothing of ours is left, nor these folders.
fn given_back(lab: &Lab, before: &[String; 2], folders: &str) {
    owned_by(lab, "lb-5");
    for (host, then) in ["lb-5", "lb-6"].iter().zip(before) {
        assert_eq!(lab.sh(host, THEIRS), *then, "{host}");
        assert_eq!(lab.sh(host, "systemctl is-active keepalived").trim(), "active", "{host}");
        let left = format!("ls -d /etc/hactl /usr/local/bin/hactl /etc/systemd/system/hactl* {folders} 2>/dev/null");
        assert_eq!(lab.sh(host, &left), "", "{host}");
    }
}

/// Waits until a host owns the VIP alone.
fn owned_by(lab: &Lab, owner: &str) {
    let has = |host: &str| !lab.sh(host, &format!("ip -o addr show dev eth0 to {SUBNET}.3")).is_empty();
    let end = Instant::now() + Duration::from_secs(20);
    while ["lb-5", "lb-6"].iter().any(|host| has(host) != (*host == owner)) {
        assert!(Instant::now() < end, "{owner} should own it: {:?}", ["lb-5", "lb-6"].map(has));
        std::thread::sleep(Duration::from_millis(300));
    }
}

/// Packages and files, typed as in the course notes.
fn by_hand(lab: &Lab) {
    let install = "DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends";
    for host in ["web-7", "web-8"] {
        lab.sh(host, &format!("{install} nginx >/dev/null 2>&1; echo {host} >/var/www/html/index.html"));
    }
    for (host, state, priority) in [("lb-5", "MASTER", 150), ("lb-6", "BACKUP", 100)] {
        lab.sh(host, &format!("{install} nginx keepalived >/dev/null 2>&1; rm -f /etc/nginx/sites-enabled/default"));
        let write = |path: &str, text: &str| lab.sh(host, &format!("cat >{path} <<'END'\n{text}END\n"));
        write(
            "/etc/nginx/conf.d/lb.conf",
            &format!(
                "upstream web_pools {{\n    server {SUBNET}.7:80 weight=1 max_fails=1;\n    server {SUBNET}.8:80 weight=2;\n}}\n\
                 server {{\n    listen 80;\n    server_name www.example.cc;\n    location / {{\n        proxy_pass http://web_pools;\n    }}\n}}\n"
            ),
        );
        write(
            "/etc/keepalived/check_web.sh",
            "#!/bin/bash\n# nginx dead: restart it, once; then give the address up\nkill -0 $(cat /run/nginx.pid) || { systemctl restart nginx; sleep 1; kill -0 $(cat /run/nginx.pid); }\n",
        );
        lab.sh(host, "chmod +x /etc/keepalived/check_web.sh; systemctl reload nginx");
        write(
            "/etc/keepalived/keepalived.conf",
            &format!(
                "global_defs {{\n    router_id {host}\n}}\n\nvrrp_script chk_web {{\n    script \"/etc/keepalived/check_web.sh\"\n    interval 2\n    weight -60\n}}\n\n\
                 vrrp_instance VIP_1 {{\n    state {state}\n    interface eth0\n    virtual_router_id 51\n    priority {priority}\n    advert_int 1\n    \
                 authentication {{\n        auth_type PASS\n        auth_pass hunter2\n    }}\n    virtual_ipaddress {{\n        {SUBNET}.3/24 dev eth0 label eth0:1\n    }}\n    \
                 track_script {{\n        chk_web\n    }}\n    garp_master_repeat 2\n}}\n"
            ),
        );
        lab.sh(host, "systemctl enable -q --now keepalived; systemctl restart keepalived");
    }
    owned_by(lab, "lb-5");
    assert!(lab.page().starts_with("web-"), "{}", lab.page());
}
