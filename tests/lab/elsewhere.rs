//! Clusters that are not the homework's: IPv6, and a VIP beside the hosts' own subnet.

use super::hosts::{Lab, SUBNET, expect};
use super::moves::owner;
use super::wordpress::becomes;

const NEW: &str = "--accept-new-host-keys";
const HOSTS: [(&str, u8); 6] = [("lb-5", 5), ("lb-6", 6), ("web-7", 7), ("web-8", 8), ("client", 251), ("desk", 250)];

/// From `init` to a failover and back to nothing.
pub(crate) fn an_ipv6_cluster(lab: &Lab) {
    for (host, last) in HOSTS {
        lab.sh(host, &format!("ip addr add fd66::{last}/64 dev eth0 nodad"));
    }
    let words = ["init", "--vip", "fd66::3/64", "--lb", "fd66::5,fd66::6", "--web", "fd66::7,fd66::8"];
    let inventory = lab.files.path().join("six.yaml");
    std::fs::write(&inventory, lab.hactl(&words).stdout).unwrap();
    expect("check", &lab.hactl(&["check", &inventory.display().to_string()]), 0);
    let done = expect("deploy", &lab.desk(&inventory, &["deploy", "-y", NEW]), 0);
    assert!(done.contains("verified"), "{done}");
    let page = |lab: &Lab| lab.sh("client", "curl -gsS --max-time 40 'http://[fd66::3]/' 2>&1");
    let pages: Vec<String> = (0..4).map(|_| page(lab)).collect();
    assert!(pages.contains(&"web7\n".to_owned()) && pages.contains(&"web8\n".to_owned()), "{pages:?}");
    let verified = expect("verify", &lab.desk(&inventory, &["verify"]), 0);
    assert!(
        verified.contains("verified: 1 VIPs, one owner each, service answers, every web host reached"),
        "{verified}"
    );
    let again = expect("deploy, again", &lab.desk(&inventory, &["deploy", "-y"]), 0);
    assert!(again.contains("nothing changed on 4 hosts"), "{again}");
    for (to, from) in [("lb-6", "lb-5"), ("lb-5", "lb-6")] {
        let moved = expect("failover", &lab.desk(&inventory, &["failover", "--to", to]), 0);
        assert!(moved.contains(&format!("moved: {from} -> {to}")), "{moved}");
        assert_eq!(owner(lab, &inventory), format!("[\"{to}\"]"));
        assert!(page(lab).starts_with("web"), "{}", page(lab));
    }
    expect("uninstall", &lab.desk(&inventory, &["uninstall", "-y"]), 0);
    assert_eq!(lab.sh("lb-5", "ip -6 -o addr show to fd66::3; ls /etc/hactl 2>/dev/null"), "");
    for (host, last) in HOSTS {
        lab.sh(host, &format!("ip addr del fd66::{last}/64 dev eth0"));
    }
}

/// Who asks from the hosts' subnet has a way to it, and the answers come back there.
pub(crate) fn a_vip_of_another_subnet(lab: &Lab) {
    for host in ["client", "desk"] {
        lab.sh(host, "ip route add 10.67.0.0/24 dev eth0");
    }
    let inventory = lab.inventory(
        "beside.yaml",
        &[(&format!("vip: {SUBNET}.3/24"), "vip: { address: 10.67.0.3/24, interface: eth0 }")],
    );
    let done = expect("deploy", &lab.desk(&inventory, &["deploy", "-y", NEW]), 0);
    assert!(done.contains("verified"), "{done}");
    let page = |lab: &Lab| lab.sh("client", "curl -sS --max-time 40 http://10.67.0.3/ 2>&1");
    assert!(page(lab).starts_with("web"), "{}", page(lab));
    let verified = expect("verify", &lab.desk(&inventory, &["verify"]), 0);
    assert!(verified.contains("one owner each, service answers, every web host reached"), "{verified}");
    let moved = expect("failover", &lab.desk(&inventory, &["failover", "--to", "lb-6"]), 0);
    assert!(moved.contains("moved: lb-5 -> lb-6") && page(lab).starts_with("web"), "{moved}");
    expect("uninstall", &lab.desk(&inventory, &["uninstall", "-y"]), 0);
    assert_eq!(lab.sh("lb-6", "ip -o addr show to 10.67.0.0/24"), "");
    for host in ["client", "desk"] {
        lab.sh(host, "ip route del 10.67.0.0/24 dev eth0");
    }
}

/// `inventories/two-names.yaml`: the owner has both addresses, the default route and a unit, and the other one none of
/// them.
pub(crate) fn two_public_addresses(lab: &Lab) {
    for host in ["client", "desk"] {
        lab.sh(host, "ip route add 202.102.152.0/24 dev eth0");
    }
    let before = ["lb-5", "lb-6"].map(|host| {
        lab.sh(host, "printf '[Service]\\nExecStart=/bin/sleep infinity\\n' > /etc/systemd/system/lonely.service; systemctl daemon-reload");
        lab.sh(host, "printf '#!/bin/sh\\nsystemctl is-active lonely >/run/unit; echo \"$2\" >/run/told; echo told\\n' > /usr/local/bin/on-owner; chmod +x /usr/local/bin/on-owner");
        // Without a way out nobody installs.
        lab.sh(host, "command -v nginx || apt-get install -q -y --no-install-recommends nginx");
        let route = lab.sh(host, "ip route show default");
        lab.sh(host, "ip route del default");
        route
    });
    let text = include_str!("../../inventories/two-names.yaml").replace("10.0.0", &SUBNET);
    let text = text.replace("# start: [stunnel4.service] ", "start: [lonely.service] ");
    let text = text.replace("# scripts: [/usr/local/bin/on-owner] ", "scripts: [/usr/local/bin/on-owner --tell] ");
    let inventory = lab.files.path().join("two-names.yaml");
    std::fs::write(&inventory, text).unwrap();
    let done = expect("deploy", &lab.desk(&inventory, &["deploy", "-y", NEW]), 0);
    assert!(done.contains("verified"), "{done}");
    let page = |name: &str, last: u8| {
        let line = format!("curl -sSk --max-time 10 --resolve {name}:443:202.102.152.{last} https://{name}/ 2>&1");
        lab.sh("client", &line)
    };
    let stands = |owner: &str, other: &str| {
        // The last step of who becomes owner, and of who is not any more.
        let told = |host: &str| lab.sh(host, "cat /run/told /run/unit");
        becomes("the steps of the takeover are done", 30, || {
            told(owner) == "start\nactive\n" && lab.sh(other, "systemctl is-active lonely").trim() != "active"
        });
        assert!(page("www.one.example.cc", 253).starts_with("web"), "{}", page("www.one.example.cc", 253));
        assert!(page("www.two.example.cc", 254).starts_with("web"), "{}", page("www.two.example.cc", 254));
        // A browser without SNI gets the certificate of the address.
        let shown = lab.sh("client", "echo | openssl s_client -noservername -connect 202.102.152.254:443 2>/dev/null | openssl x509 -noout -subject");
        assert!(shown.contains("www.two.example.cc"), "{shown}");
        for (host, has) in [(owner, true), (other, false)] {
            assert_eq!(lab.sh(host, "ip route show default").contains("via 202.102.152.1"), has, "{host}");
            let runs = lab.sh(host, "systemctl is-active lonely");
            assert_eq!(runs.trim() == "active", has, "{host}: {runs}");
            let told = told(host);
            assert!(if has { told == "start\nactive\n" } else { told.starts_with("stop\n") }, "{host}: {told}");
        }
    };
    stands("lb-5", "lb-6");
    expect("failover", &lab.desk(&inventory, &["failover", "--to", "lb-6"]), 0);
    stands("lb-6", "lb-5");
    // Each step is told of: what it did, how long that took, and what it said last.
    for (host, steps) in [
        (
            "lb-6",
            [
                "`/usr/bin/systemctl start lonely.service` is done after",
                "`/usr/local/bin/on-owner --tell start` is done after",
            ],
        ),
        (
            "lb-5",
            [
                "`/usr/local/bin/on-owner --tell stop` is done after",
                "`/usr/bin/systemctl stop lonely.service` is done after",
            ],
        ),
    ] {
        let (history, journal) =
            (lab.sh(host, "hactl agent history"), lab.sh(host, "journalctl -u hactl-agent -o cat"));
        for step in steps {
            assert!(history.contains(step) && journal.contains(step), "{host} lacks {step}: {history}{journal}");
        }
        assert!(history.contains("s; it said: told"), "{history}");
    }
    assert_eq!(lab.sh("lb-5", "cat /run/unit"), "active\n", "a script is told of the end before the unit stops");
    expect("back", &lab.desk(&inventory, &["failover", "--to", "lb-5"]), 0);
    let drilled = lab.desk(&inventory, &["drill", "crash", "-y"]);
    expect("a drill", &drilled, 0);
    stands("lb-5", "lb-6");
    expect("uninstall", &lab.desk(&inventory, &["uninstall", "-y"]), 0);
    for (host, route) in ["lb-5", "lb-6"].into_iter().zip(before) {
        let left = "ip -o addr show to 202.102.152.0/24; ip route show | grep 202.102.152; systemctl -q is-active lonely && echo runs";
        assert_eq!(lab.sh(host, left), "", "{host}");
        lab.sh(host, &format!("ip route replace {}", route.trim())); // a host that was down has its own again
    }
    for host in ["client", "desk"] {
        lab.sh(host, "ip route del 202.102.152.0/24 dev eth0");
    }
}
