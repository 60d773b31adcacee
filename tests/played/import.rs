//! `hactl import` of played pairs: what it prints, what it keeps, what it refuses, and that it changes nothing.

use std::path::PathBuf;

use hactl::ctl::import::keep::Fate;
use hactl::ctl::import::run::{Imported, Order, import};
use hactl::ctl::import::who::Login;
use hactl::ctl::inventory::load::load;
use hactl::error::{Code, Exit};

use super::stage::{End, Stage, stage};

/// Reads hosts of a stage, by their names.
pub(crate) fn read(stage: &Stage, names: &[&str], out: Option<PathBuf>) -> End<Imported> {
    let word = |name: &&str| format!("{name}=127.0.0.{}", name.rsplit('-').next().unwrap());
    let order = Order { hosts: names.iter().map(word).collect(), login: Login::default(), out };
    stage.run(async { End::of(import(&order, stage.options()).await) })
}

/// A pair as the course notes make it by hand: keepalived on both, nginx in front of a web host.
pub(crate) fn by_hand(stage: &Stage, more: &str) {
    let port = std::fs::read_to_string(stage.path("inventory.yaml")).unwrap();
    let port = port.rsplit_once("site: { port: ").unwrap().1.split(' ').next().unwrap().to_owned();
    for (name, state, priority) in [("lb-5", "MASTER", 150), ("lb-6", "BACKUP", 100)] {
        let host = stage.host(name);
        let conf = format!(
            "global_defs {{\n  router_id {name}\n}}\nvrrp_script chk_nginx {{\n  script \"/usr/bin/test -e /etc/nginx\"\n  interval 2\n  weight -60\n}}\n\
             vrrp_instance VI_1 {{\n  state {state}\n  interface eth0\n  virtual_router_id 51\n  priority {priority}\n  advert_int 1\n  authentication {{\n    \
             auth_type PASS\n    auth_pass hunter2\n  }}\n  virtual_ipaddress {{\n    127.0.0.3/24\n  }}\n  track_script {{\n    chk_nginx\n  }}\n{more}}}\n"
        );
        host.sh("mkdir -p /etc/keepalived; touch /etc/systemd/system/keepalived.service");
        std::fs::write(host.path("/etc/keepalived/keepalived.conf"), conf).unwrap();
        let site = format!(
            "upstream web {{\n  server 127.0.0.7:{port} weight=2;\n}}\nserver {{\n  listen {port};\n  server_name www.example.cc;\n  \
             location / {{ proxy_pass http://web; }}\n}}\n"
        );
        std::fs::write(host.path("/etc/nginx/conf.d/site.conf"), site).unwrap();
        host.sh("systemctl enable --now keepalived");
    }
    assert_eq!(stage.owner(), "lb-5");
}

#[test]
fn a_pair_made_by_hand_becomes_an_inventory() {
    let Some(stage) = stage(&["lb-5", "lb-6", "web-7"]) else { return };
    by_hand(&stage, "");
    let before = stage.snapshot();
    let out = stage.path("imported");
    let end = read(&stage, &["lb-5", "lb-6", "web-7"], Some(out.clone()));
    end.is(Exit::Done, &[]);
    assert_eq!(stage.changes(&before), Vec::<String>::new(), "an import only reads");
    let found = end.value.unwrap();
    assert_eq!(found.differences, []);
    assert!(found.inventory.contains("/etc/keepalived/keepalived.conf:"), "{}", found.inventory);
    assert!(!found.inventory.contains("hunter2"), "{}", found.inventory);
    assert_eq!(found.files, ["secrets/VI_1", "inventory.yaml"]);
    let loaded = load(&out.join("inventory.yaml")).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(loaded.warnings, []);
    let vip = &loaded.cluster.vips[0];
    assert_eq!((vip.name.as_str(), vip.vrid, vip.auth.as_ref().unwrap().0.as_str()), ("VI_1", 51, "hunter2"));
    let members: Vec<_> = vip.members.iter().map(|one| (one.host.as_str(), one.priority)).collect();
    assert_eq!(members, [("lb-5", 150), ("lb-6", 100)]);
    assert_eq!((vip.track.scripts[0].name.as_str(), vip.track.scripts[0].weight), ("chk_nginx", -60));
    let web = loaded.cluster.host("web-7").unwrap();
    assert_eq!((web.backend.weight, web.managed, loaded.cluster.site.managed), (2, false, false));
    assert_eq!(loaded.cluster.host("lb-5").unwrap().roles, ["vip"], "nginx stays whose it is");
    let line = |text: &str| found.lines.iter().find(|line| line.text.starts_with(text)).unwrap();
    assert_eq!((line("state MASTER").fate, line("virtual_router_id").fate), (Fate::Implied, Fate::Key));
    assert_eq!(line("auth_pass").text, "auth_pass …");
    // A second one writes over nothing.
    read(&stage, &["lb-5", "lb-6"], Some(out)).is(Exit::Invalid, &[Code::WouldOverwrite]);
}

#[test]
fn what_no_key_stands_for_is_kept_or_told() {
    let Some(stage) = stage(&["lb-5", "lb-6", "web-7"]) else { return };
    by_hand(
        &stage,
        "  garp_master_repeat 3\n  virtual_ipaddress_excluded {\n    127.0.9.3/32\n  }\n  no_such_word 7\n  notify \"/usr/bin/logger -t vip\"\n",
    );
    stage.host("lb-6").sh("sed -i 's/garp_master_repeat 3/garp_master_repeat 4/' /etc/keepalived/keepalived.conf");
    stage.host("lb-6").sh("echo 'include /etc/keepalived/none.conf' >>/etc/keepalived/keepalived.conf");
    let out = stage.path("imported");
    let end = read(&stage, &["lb-5", "lb-6"], Some(out.clone()));
    end.is(Exit::Pending, &[Code::NotCarriedOver, Code::NotCarriedOver, Code::NotCarriedOver]);
    assert!(
        end.said().contains("`no_such_word 7` is not carried over") && end.said().contains("keepalived.conf:"),
        "{}",
        end.said()
    );
    assert!(end.said().contains("none.conf"), "{}", end.said());
    let found = end.value.unwrap();
    assert_eq!(found.differences, [], "each host keeps its own lines");
    let template = std::fs::read_to_string(out.join("templates/hactl.conf.tera")).unwrap();
    assert!(template.contains("garp_master_repeat 3") && template.contains("garp_master_repeat 4"), "{template}");
    assert!(template.contains("127.0.9.3/32") && !template.contains("no_such_word"), "{template}");
    assert!(
        found.inventory.contains("notify:") && found.inventory.contains("# NOT carried over:"),
        "{}",
        found.inventory
    );
    // The text that is printed without a folder loads as well, given the password.
    let printed = read(&stage, &["lb-5", "lb-6"], None).value.unwrap();
    assert!(
        printed.inventory.contains("{ env: HACTL_VI_1_PASS }") && printed.files.is_empty(),
        "{}",
        printed.inventory
    );
}

#[test]
fn hosts_that_differ_are_told_of() {
    let Some(stage) = stage(&["lb-5", "lb-6", "web-7"]) else { return };
    by_hand(&stage, "");
    let lb = stage.host("lb-6");
    lb.sh("sed -i 's/advert_int 1/advert_int 2/; s/hunter2/hunter3/' /etc/keepalived/keepalived.conf");
    lb.sh("sed -i 's/weight=2;/weight=2; server app.internal:81;/' /etc/nginx/conf.d/site.conf");
    let end = read(&stage, &["lb-5", "lb-6"], None);
    assert_eq!(end.exit, Exit::Pending, "{}", end.said());
    let said = end.said();
    assert!(
        said.contains("lb-6: vrrp_instance VI_1: advert_int: `advert_int 2` runs, `advert_int 1` would be rendered"),
        "{said}"
    );
    assert!(said.contains("one secret") && said.contains("app.internal:81") && !said.contains("hunter"), "{said}");
    assert!(end.codes().contains(&Code::RunsOtherwise) && end.codes().contains(&Code::PairDisagrees), "{said}");
}

/// The course notes' check ends keepalived by its name, and nothing is called so under hactl.
#[test]
fn scripts_are_looked_into() {
    let Some(stage) = stage(&["lb-5", "lb-6", "web-7"]) else { return };
    by_hand(&stage, "");
    for name in ["lb-5", "lb-6"] {
        let lb = stage.host(name);
        lb.sh("sed -i 's|\"/usr/bin/test -e /etc/nginx\"|/etc/keepalived/check.sh|' /etc/keepalived/keepalived.conf");
    }
    stage.host("lb-5").sh("printf '#!/bin/sh\\nps -C nginx || systemctl stop keepalived\\n' >/etc/keepalived/check.sh");
    let end = read(&stage, &["lb-5", "lb-6"], None);
    end.is(Exit::Pending, &[Code::StopsNothing, Code::ProgramMissing]);
    let said = end.said();
    assert!(said.contains("`systemctl stop keepalived` on line 2 of /etc/keepalived/check.sh"), "{said}");
    assert!(said.contains("lb-6: vrrp_script chk_nginx") && said.contains("check.sh is not there"), "{said}");
}

#[test]
fn what_cannot_be_read_is_refused() {
    let Some(stage) = stage(&["lb-5", "lb-6", "web-7"]) else { return };
    read(&stage, &["lb-5", "web-7"], None).is(Exit::Preflight, &[Code::NoKeepalived]);
    by_hand(&stage, "");
    stage.host("lb-6").faults.power(false);
    let end = read(&stage, &["lb-5", "lb-6"], None);
    end.is(Exit::Preflight, &[Code::Unreachable]);
    assert!(end.said().contains("nothing was changed"), "{}", end.said());
}
