//! What the unit of the agent permits: macvlans, and what a drop-in adds for somebody's script.

use std::time::{Duration, Instant};

use super::hosts::{Lab, SUBNET, Templates, expect};
use super::moves::owner;

const NEW: &str = "--accept-new-host-keys";
const CONF: &str = include_str!("../../templates/hactl.conf.tera");
/// What a macvlan may leave behind: links, addresses, tables, settings.
const HOST: &str = "ip -br link | cut -d' ' -f1; ip -4 -o addr show dev eth0 | grep -v '\\.3/' | cut -d'\\' -f1; nft list tables; cd /proc/sys/net/ipv4/conf; \
                    grep . all/arp_* all/rp_filter all/accept_local default/arp_* eth0/arp_* eth0/rp_filter eth0/accept_local";

fn until(lab: &Lab, host: &str, line: &str, wanted: &str) {
    let end = Instant::now() + Duration::from_secs(20);
    while !lab.sh(host, line).contains(wanted) {
        assert!(
            Instant::now() < end,
            "{host}: {wanted}: {}\n{}",
            lab.sh(host, line),
            lab.sh(host, "hactl agent status; journalctl -n 30")
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// A VIP on a macvlan with the virtual router's own hardware address, from a deploy to the end.
pub(crate) fn a_macvlan(lab: &Lab) {
    let before = ["lb-5", "lb-6"].map(|host| lab.sh(host, HOST));
    let place = "\n    virtual_ipaddress {";
    assert!(CONF.contains(place));
    let own = Templates::write(lab, "hactl.conf.tera", &CONF.replace(place, &format!("\n    use_vmac{place}")));
    let homework = &lab.homework();
    expect("deploy", &lab.desk(homework, &["deploy", "-y", NEW]), 0);
    let link = "ip -d -o link show vrrp.3 type macvlan; ip -4 -o addr show dev vrrp.3; cat /proc/sys/net/ipv4/conf/vrrp.3/arp_ignore";
    let carries = |host: &str| {
        let shown = lab.sh(host, link);
        assert!(shown.contains("00:00:5e:00:01:03") && shown.contains(&format!(" {SUBNET}.3/24")), "{host}: {shown}");
        let clients = lab.sh("client", &format!("ping -qc1 -W2 {SUBNET}.3 >/dev/null; ip neigh show {SUBNET}.3"));
        assert!(clients.contains("00:00:5e:00:01:03"), "the client knows the virtual router: {clients}");
        assert!(lab.page().starts_with("web"), "{}", lab.page());
    };
    carries("lb-5");
    expect("verify", &lab.desk(homework, &["verify"]), 0);
    for (to, from) in [("lb-6", "lb-5"), ("lb-5", "lb-6")] {
        let moved = expect("failover", &lab.desk(homework, &["failover", "--to", to]), 0);
        assert!(moved.contains(&format!("moved: {from} -> {to}")), "{moved}");
        carries(to);
    }
    assert_eq!(lab.sh("lb-5", "systemctl restart hactl-agent; echo $?"), "0\n");
    until(lab, "lb-5", "hactl agent status", "MASTER");
    carries("lb-5");
    expect("verify after a restart", &lab.desk(homework, &["verify"]), 0);
    expect("uninstall", &lab.desk(homework, &["uninstall", "-y"]), 0);
    for (host, before) in ["lb-5", "lb-6"].iter().zip(&before) {
        assert_eq!(lab.sh(host, HOST), *before, "{host}: everything is as before");
    }
    drop(own);
}

/// A check that writes below /etc may not, unless whoever owns the host says so; and a deploy leaves that to him.
pub(crate) fn a_script_that_writes(lab: &Lab) {
    let track = "track: [{ name: writes, command: /usr/local/bin/writes, interval: 1s, weight: -10 }]";
    let vip = format!("vip: {{ address: {SUBNET}.3/24, {track} }}");
    let (from, to) = (format!("vip: {SUBNET}.3/24"), vip.as_str());
    let inventory = lab.inventory("writes.yaml", &[(&from, to)]);
    for host in ["lb-5", "lb-6"] {
        let text = "#!/bin/sh\\ntest ! -e /root/write || date >/etc/nginx/written\\n";
        lab.sh(host, &format!("printf '{text}' >/usr/local/bin/writes; chmod 755 /usr/local/bin/writes"));
    }
    expect("deploy", &lab.desk(&inventory, &["deploy", "-y"]), 0);
    let status = "hactl agent status --json | tr -d ' \\n'";
    until(lab, "lb-5", status, "\"effective_priority\":150");
    lab.sh("lb-5", "touch /root/write");
    until(lab, "lb-5", status, "\"effective_priority\":140");
    assert_eq!(lab.sh("lb-5", "ls /etc/nginx/written 2>/dev/null"), "", "/etc is not to be written");
    let drop_in = "[Service]\\nReadWritePaths=/etc/nginx\\n";
    lab.sh(
        "lb-5",
        &format!(
            "cd /etc/systemd/system; mkdir hactl-agent.service.d; printf '{drop_in}' >hactl-agent.service.d/override.conf; \
             systemctl daemon-reload; systemctl restart hactl-agent"
        ),
    );
    until(lab, "lb-5", status, "\"effective_priority\":150");
    until(lab, "lb-5", "ls /etc/nginx/written", "/etc/nginx/written");
    let kept = "cat /etc/systemd/system/hactl-agent.service.d/override.conf; systemctl show -p DropInPaths --value hactl-agent";
    let before = lab.sh("lb-5", kept);
    let metrics = lab.inventory("writes-more.yaml", &[(&from, &format!("metrics: 127.0.0.1:9650\n{vip}"))]);
    let done = expect("another deploy", &lab.desk(&metrics, &["deploy", "-y"]), 0);
    assert!(
        done.contains("verified") && lab.sh("lb-5", kept) == before && before.contains("override.conf"),
        "{before}"
    );
    lab.sh("lb-5", "rm /etc/nginx/written; systemctl restart hactl-agent");
    until(lab, "lb-5", status, "\"effective_priority\":150");
    until(lab, "lb-5", "ls /etc/nginx/written", "/etc/nginx/written");
    for host in ["lb-5", "lb-6"] {
        lab.sh(
            host,
            "rm -rf /root/write /etc/nginx/written /etc/systemd/system/hactl-agent.service.d; systemctl daemon-reload",
        );
    }
    expect("back", &lab.desk(&lab.homework(), &["deploy", "-y"]), 0);
    lab.sh("lb-5", "systemctl restart hactl-agent; rm /usr/local/bin/writes");
    until(lab, "lb-5", "hactl agent status", "MASTER");
    assert_eq!(owner(lab, &lab.homework()), "[\"lb-5\"]");
}
