//! Which family an instance speaks, what becomes of the rest, and unicast without peers or interface. Where keepalived
//! 2.2.7 is named, it was asked with the same lines.

use super::support::{faults, instance, one, read};
use crate::conf::config::Version;

fn bare(lines: &str) -> String {
    format!("vrrp_instance web {{\ninterface eth7\nvirtual_router_id 37\n{lines}\n}}\n")
}

#[test]
fn without_addresses_native_ipv6_or_a_witness_decides_the_family() {
    let family = |lines: &str| {
        let found = read(&bare(lines)).instances.remove(0);
        (found.ipv6, found.version)
    };
    let (v4, v6) = ((false, Version::V2), (true, Version::V3));
    assert_eq!(family("no_virtual_ipaddress"), v4);
    assert_eq!(family("no_virtual_ipaddress\nnative_ipv6"), v6);
    assert_eq!(family("no_virtual_ipaddress\nmcast_src_ip fe80::5"), v6);
    // Excluded addresses decide nothing: keepalived 2.2.7 advertises such an instance by IPv4.
    assert_eq!(family("virtual_ipaddress_excluded {\nfd00::3/64\n10.1.2.4/27\n}"), v4);
}

/// keepalived 2.2.7 goes by the first line that shows a family, and drops what disagrees further down.
#[test]
fn the_first_line_that_shows_a_family_decides() {
    let both = "virtual_ipaddress {\n10.1.2.3/27\nfd00::3/64\n}";
    let kept = |lines: &str| {
        let (found, said) = one(&bare(lines));
        (found.ipv6, found.addresses.iter().map(|one| one.address.to_string()).collect::<Vec<_>>(), said)
    };
    let (four, six) = (vec!["10.1.2.3/27".to_owned()], vec!["fd00::3/64".to_owned()]);
    let because =
        |what: &str| vec![format!("E 8:1 `10.1.2.3` is ignored: the instance speaks IPv6, as `{what}` on line 4 says")];
    assert_eq!(kept(&format!("native_ipv6\n\n\n{both}")), (true, six.clone(), because("native_ipv6")));
    let unicast = "unicast_src_ip fd00::1\nunicast_peer { fd00::2 }\n\n";
    assert_eq!(kept(&format!("{unicast}{both}")), (true, six.clone(), because("unicast_src_ip")));
    assert_eq!(kept(&format!("unicast_peer {{ fd00::2 }}\n\n\n{both}")).1, six);
    assert_eq!(kept(&format!("mcast_dst_ip ff02::13\n\n\n{both}")).2, because("mcast_dst_ip"));
    assert_eq!(
        kept(&format!("{both}\nnative_ipv6\nmcast_src_ip fd00::1")),
        (
            false,
            four,
            vec![
                "E 6:1 `fd00::3` is of another family than the first address; ignored".into(),
                "W 8:1 `native_ipv6` changes nothing: the instance speaks IPv4, as `virtual_ipaddress` on line 5 says"
                    .into(),
                "E 9:14 source address `fd00::1` is ignored: the instance speaks IPv4".into(),
            ]
        )
    );
}

#[test]
fn peers_and_source_speak_the_family_of_the_first() {
    let (found, said) = one(&instance(
        "unicast_src_ip 10.0.0.5\nunicast_peer {\n10.0.0.6 min_ttl 3 max_ttl\nfe80::6\nlb-6\n10.0.0.300\n}\nmcast_dst_ip ff02::13",
    ));
    assert_eq!((found.source, found.unicast_peers.len()), (Some([10, 0, 0, 5].into()), 1));
    assert_eq!((found.unicast_peers[0].min_ttl, found.unicast_peers[0].max_ttl), (3, 255));
    assert_eq!((found.peer_names, found.check_unicast_source), (vec!["lb-6".to_owned()], true));
    assert_eq!(
        said,
        [
            "E 4:20 `max_ttl` needs a value",
            "E 5:1 peer `fe80::6` is ignored: the instance speaks IPv4",
            "E 7:1 `10.0.0.300` is neither an IP address nor a host name",
            "E 9:14 `mcast_dst_ip` `ff02::13` is ignored: the instance speaks IPv4",
        ]
    );
}

/// keepalived goes on by multicast then, and is master beside the peers that it was told of.
#[test]
fn an_instance_whose_peers_were_all_ignored_never_runs() {
    let ignored = "none of its unicast peers can be used; the instance is ignored";
    for lines in [
        "unicast_src_ip 10.1.2.1\nunicast_peer {\nfd00::2\n}",
        "unicast_peer {\n10.0.0.300\n}",
        "unicast_src_ip fd00::1\nunicast_peer {\n10.1.2.2\n}",
    ] {
        let said = faults(&instance(lines));
        assert!(said.iter().any(|one| one.starts_with("E ") && one.ends_with(ignored)), "{said:?}");
        assert!(crate::conf::parse("f", &instance(lines)).config.instances.is_empty(), "{lines}");
    }
    // With `unicast_fault_no_peer` it is there, and in FAULT.
    let (found, _) = one(&instance("unicast_src_ip 10.1.2.1\nunicast_fault_no_peer\nunicast_peer {\nfd00::2\n}"));
    assert!(found.unicast_peers.is_empty() && found.fault_without_peer);
}

#[test]
fn unicast_without_peers_is_multicast() {
    let (_, said) = one(&instance("unicast_src_ip 10.1.2.9"));
    assert_eq!(said, ["W 2:1 without `unicast_peer` adverts are sent by multicast"]);
    let (_, said) = one(&instance("unicast_peer {\n}"));
    assert_eq!(said, ["W 2:1 without `unicast_peer` adverts are sent by multicast"]);
}

#[test]
fn unicast_needs_no_interface() {
    let without = |lines: &str| bare(lines).replace("interface eth7\n", "");
    let vips = "virtual_ipaddress { 10.1.2.3/27 dev eth7 }";
    let (found, said) = one(&without(&format!("unicast_src_ip 10.0.0.5\nunicast_peer {{ 10.0.0.6 }}\n{vips}")));
    assert_eq!((found.interface.as_str(), found.source), ("", Some([10, 0, 0, 5].into())));
    assert_eq!(said, ["W 1:15 vrrp_instance `web` has no `interface`; the one that carries 10.0.0.5 is used"]);
    let (_, said) = one(&without(&format!("unicast_peer {{ 10.0.0.6 }}\n{vips}")));
    assert_eq!(said, ["W 1:15 vrrp_instance `web` has no `interface`; the one that leads to its peers is used"]);
    for lines in ["", "use_vmac\nvmac_xmit_base\nunicast_src_ip 10.0.0.5\nunicast_peer { 10.0.0.6 }\n"] {
        assert_eq!(
            faults(&without(&format!("{lines}{vips}"))),
            ["E 1:15 vrrp_instance `web` has no `interface`; the instance is ignored"]
        );
    }
}

#[test]
fn an_address_may_belong_to_two_instances() {
    let second = |lines: &str| instance(lines).replace("web", "b").replace("37", "38");
    let parsed = crate::conf::parse("f", &(instance("") + &second("")));
    assert!(parsed.config.instances.iter().all(|one| one.addresses.len() == 1), "{parsed:?}");
    // On a macvlan of its own it is another interface's, and on another interface too.
    assert_eq!(faults(&(instance("") + &second("use_vmac"))), Vec::<String>::new());
    assert_eq!(faults(&(instance("") + &second("").replace("eth7", "eth8"))), Vec::<String>::new());
}
