//! Where an agent runs: the network namespace that its configuration names, the interface that nobody named.

use std::fs;
use std::process::Command;

use crate::lan::{Lan, binary, wait};
use crate::need_root;

const VIP: &str = "10.77.0.3";

fn config(head: &str, place: &str) -> String {
    format!(
        "{head}vrrp_instance VI_1 {{\n{place}\nvirtual_router_id 51\npriority 150\nversion 3\nadvert_int 0.2\n\
         virtual_ipaddress {{\n{VIP}/24 dev eth0\n}}\n}}\n"
    )
}

#[test]
fn the_agent_works_in_the_namespace_that_its_configuration_names() {
    need_root!();
    let lan = Lan::new(2);
    let there = format!("net_namespace {}\n", lan.host(1));
    // Started on host 0.
    let a = lan.hactl(0, &config(&there, "interface eth0"));
    lan.wait_owner(1, VIP);
    fs::write(lan.path("0.conf"), config("", "interface eth0")).unwrap();
    let refused = lan.agent(0, &["reload"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("`net_namespace` has changed: restart the agent"));
    assert!(lan.has(1, VIP));
    a.stop();
    assert!(!lan.has(1, VIP));
}

#[test]
fn a_namespace_that_is_not_there_stops_the_start() {
    need_root!();
    let lan = Lan::new(1);
    let file = lan.path("0.conf");
    for (head, told) in [
        ("net_namespace hactl-nowhere\n", "cannot enter the network namespace hactl-nowhere: No such file"),
        (
            "net_namespace_ipvs hactl-nowhere\nvirtual_server 10.77.0.3 80 {\nreal_server 10.77.0.9 80 {\n}\n}\n",
            "`net_namespace_ipvs hactl-nowhere` is not supported",
        ),
    ] {
        fs::write(&file, config(head, "interface eth0")).unwrap();
        let run = Command::new("ip")
            .args(["netns", "exec", &lan.host(0)])
            .arg(binary())
            .args(["agent", "run", "--use-file"])
            .arg(&file)
            .arg("--socket")
            .arg(lan.path("socket"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.code() == Some(3) && said.contains(told), "{:?} {said}", run.status);
        assert!(!lan.has(0, VIP));
    }
}

#[test]
fn unicast_finds_its_interface_by_the_source_address() {
    need_root!();
    let lan = Lan::new(2);
    let unicast = |own: u8, peer: u8| format!("unicast_src_ip 10.77.0.{own}\nunicast_peer {{\n10.77.0.{peer}\n}}");
    let a = lan.hactl(0, &config("", &unicast(5, 6)));
    let _b = lan.keepalived(1, &config("", &format!("interface eth0\n{}", unicast(6, 5))).replace("150", "100"));
    lan.wait_owner(0, VIP);
    assert_eq!(lan.status(0)["instances"][0]["interface"], "eth0");
    // The source goes and comes back: the instance stays where it is.
    lan.ip(0, &["addr", "del", "10.77.0.5/24", "dev", "eth0"]);
    lan.ip(0, &["addr", "add", "10.77.0.5/24", "dev", "eth0"]);
    wait("the owner", || lan.has(0, VIP));
    a.stop();
    lan.wait_owner(1, VIP);
}

/// Peers of IPv6 and a first address of IPv4: keepalived goes by the peers and drops the address, and so does hactl. By
/// multicast of IPv4 both would be master.
#[test]
fn unicast_peers_decide_the_family_as_in_keepalived() {
    need_root!();
    let lan = Lan::new(2);
    let text = |own: u8, peer: u8, priority: u8| {
        format!(
            "vrrp_instance VI_1 {{\ninterface eth0\nvirtual_router_id 51\npriority {priority}\nversion 3\nadvert_int 0.2\n\
             unicast_src_ip fd77::{own}\nunicast_peer {{\nfd77::{peer}\n}}\n\
             virtual_ipaddress {{\n{VIP}/24\nfd77::3/64\n}}\n}}\n"
        )
    };
    let a = lan.hactl(0, &text(5, 6, 150));
    let _b = lan.keepalived(1, &text(6, 5, 100));
    lan.wait_owner(0, "fd77::3");
    assert!(!lan.has(0, VIP) && !lan.has(1, VIP));
    a.stop();
    lan.wait_owner(1, "fd77::3");
    assert!(!lan.has(1, VIP));
}
