//! Deploys that are refused before they begin, the first one, the one after it, and what a newcomer does next.

use std::time::{Duration, Instant};

use super::hosts::{Lab, SUBNET, Templates, expect};
use super::moves::{json_of, status_json};

const NEW: &str = "--accept-new-host-keys";

pub(crate) fn unknown_host_keys_are_refused(lab: &Lab) {
    let homework = &lab.homework();
    let unknown = expect("unknown host keys", &lab.desk(homework, &["deploy", "-y"]), 4);
    assert!(unknown.contains("lb-5") && unknown.contains("--accept-new-host-keys"), "{unknown}");
}

/// A plan asks nothing, and a deploy that cannot ask says how to go on.
pub(crate) fn nobody_is_asked_twice(lab: &Lab) {
    let homework = &lab.homework();
    json_of("plan, for programs", lab, homework, &["plan", NEW, "--json"], 2);
    let pending = expect("plan", &lab.desk(homework, &["plan", NEW]), 2);
    assert!(pending.contains("install package nginx"), "{pending}");
    let asked = expect("nobody to ask", &lab.desk(homework, &["deploy", NEW]), 2);
    assert!(asked.contains("add -y"), "{asked}");
}

pub(crate) fn a_stranger_that_has_the_vip(lab: &Lab) {
    let homework = &lab.homework();
    lab.sh("client", &format!("ip addr add {SUBNET}.3/24 dev eth0"));
    let stranger = expect("a stranger has the VIP", &lab.desk(homework, &["deploy", "-y", NEW]), 4);
    assert!(stranger.contains("is answered by a stranger"), "{stranger}");
    assert_eq!(lab.sh("lb-5", "ls /etc/hactl 2>/dev/null"), "", "something was changed");
    lab.sh("client", &format!("ip addr del {SUBNET}.3/24 dev eth0"));
}

pub(crate) fn the_first_and_the_second(lab: &Lab) {
    let homework = &lab.homework();
    let done = expect("deploy", &lab.desk(homework, &["deploy", "-y", NEW]), 0);
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

pub(crate) fn mistakes_in_the_inventory(lab: &Lab) {
    for (name, from, to, says) in [
        ("typo", "vip:", "viip:", "did you mean `vip`"),
        ("subnet", "SUBNET.3/24", "10.68.0.3/24", "is not in the subnet of lb-5"),
        ("twice", "SUBNET.6", "SUBNET.5", "has the address"),
        ("role", "SUBNET.7", "{address: SUBNET.7, roles: [web-statik]}", "did you mean `web-static`"),
    ] {
        let [from, to] = [from, to].map(|text| text.replace("SUBNET", &SUBNET));
        let inventory = lab.inventory(&format!("{name}.yaml"), &[(&from, &to)]);
        let said = expect(name, &lab.desk(&inventory, &["deploy", "-y"]), 3);
        assert!(said.contains(says), "{name}: {said}");
    }
}

pub(crate) fn a_mistake_in_a_template(lab: &Lab) {
    let _templates = Templates::write(lab, "nginx-lb.conf.tera", "# one\n{{ nowhere.to_be_found }}\n");
    let inventory = lab.inventory("undefined.yaml", &[]);
    let said = expect("undefined variable", &lab.desk(&inventory, &["check"]), 3);
    assert!(said.contains("nginx-lb.conf.tera:2:"), "{said}");
}

/// What a newcomer does next: a third web host and a second VIP.
pub(crate) fn more_hosts_and_vips(lab: &Lab) {
    let homework = &lab.homework();
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
    expect("and back", &lab.desk(homework, &["deploy", "-y"]), 0);
}

/// Web hosts that carry a VIP of their own: it is deployed, told, moved by its name, missed, and goes with its agents.
pub(crate) fn a_vip_of_web_hosts(lab: &Lab) {
    let homework = &lab.homework();
    let vips = format!("vip: [{SUBNET}.3/24, {{address: {SUBNET}.4/24, name: db, hosts: [web-8, web-7]}}]");
    let more = lab.inventory("web-vip.yaml", &[(&format!("vip: {SUBNET}.3/24"), &vips)]);
    let said = expect("deploy", &lab.desk(&more, &["deploy", "-y"]), 0);
    assert!(said.contains("verified") && !said.contains("lb-5: done"), "nothing changes on load balancers: {said}");
    assert!(expect("plan", &lab.desk(&more, &["plan"]), 0).contains("nothing would change"));
    let owners = || [0, 1].map(|n| status_json(lab, &more)["vips"][n]["owners"].to_string());
    assert_eq!(owners(), ["[\"lb-5\"]", "[\"web-8\"]"]);
    let moved = expect("failover", &lab.desk(&more, &["failover", "--vip", "db", "--to", "web-7"]), 0);
    assert!(moved.contains("web-8 -> web-7") && moved.contains(" 0 of "), "{moved}");
    assert_eq!(owners(), ["[\"lb-5\"]", "[\"web-7\"]"]);
    expect("lb-6 does not carry it", &lab.desk(&more, &["failover", "--vip", "db", "--to", "lb-6"]), 3);
    // The agent on the standby ends: that is told, and which host it is.
    lab.sh("web-8", "systemctl stop hactl-agent");
    let said = expect("verify", &lab.desk(&more, &["verify"]), 7);
    assert!(said.contains("E707") && said.contains("web-8: no agent answers"), "{said}");
    lab.sh("web-8", "systemctl start hactl-agent");
    expect("without it", &lab.desk(homework, &["deploy", "-y"]), 0);
    for host in ["web-7", "web-8"] {
        let left = format!(
            "ls /etc/hactl/hactl.conf /etc/systemd/system/hactl-agent.service 2>/dev/null; ip -o addr show to {SUBNET}.4; pgrep -x hactl"
        );
        assert_eq!(lab.sh(host, &left), "", "{host}");
    }
}
