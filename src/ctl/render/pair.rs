//! What the configurations of one pair must agree on. Each file may be right by itself and the two still make two
//! masters.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use hactl_engine::conf::config::{Config, Version, VrrpInstance};

use crate::error::{Code, Problem};

/// Compares the instances that share a VRID and a family, in every two files. A VRID may be used on several LANs: an
/// instance that shares an address with one of the other file is compared with that one alone.
pub fn across(files: &[(String, Config)]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (at, (_, one)) in files.iter().enumerate() {
        for (_, other) in files.iter().skip(at + 1) {
            for left in &one.instances {
                let same = |right: &&Arc<VrrpInstance>| {
                    let elsewhere = || {
                        other.instances.iter().any(|one| are_one(left, one))
                            || one.instances.iter().any(|one| are_one(one, right))
                    };
                    right.vrid == left.vrid && right.ipv6 == left.ipv6 && (are_one(left, right) || !elsewhere())
                };
                other.instances.iter().filter(same).for_each(|right| compare(left, right, &mut problems));
            }
        }
    }
    problems
}

/// Whether they are one virtual router for sure.
fn are_one(left: &VrrpInstance, right: &VrrpInstance) -> bool {
    let has = |address: IpAddr| right.addresses.iter().any(|one| one.address.addr() == address);
    right.vrid == left.vrid && right.ipv6 == left.ipv6 && left.addresses.iter().any(|one| has(one.address.addr()))
}

fn compare(left: &VrrpInstance, right: &VrrpInstance, problems: &mut Vec<Problem>) {
    let places = format!("{} ({}) and {} ({})", left.name, left.location, right.name, right.location);
    let mut say = |serious: bool, what: String, why: &str, next: &str| {
        let mut problem =
            Problem::new(if serious { Code::PairDisagrees } else { Code::PairDiffers }, format!("{places}: {what}"))
                .why(why);
        problem.next = Some(next.to_owned());
        problem.warning = !serious;
        problems.push(problem);
    };
    let deaf = "neither would hear the other, and both would be master";
    if left.version != right.version {
        let what = format!("VRRP version {} and {}", left.version.number(), right.version.number());
        say(true, what, deaf, "give both the same `version`");
    } else if left.version == Version::V2 && left.advert_interval != right.advert_interval {
        let what = format!("advert_int {:?} and {:?}", left.advert_interval, right.advert_interval);
        say(true, what, deaf, "in version 2 the intervals must be equal");
    } else if left.advert_interval != right.advert_interval {
        let what = format!("advert_int {:?} and {:?}", left.advert_interval, right.advert_interval);
        say(false, what, "the time until a failure is noticed depends on who is master", "give both the same interval");
    }
    if left.password != right.password {
        say(true, "their passwords differ".into(), deaf, "give both the same `auth_pass` (its first 8 bytes count)");
    }
    if left.is_unicast() != right.is_unicast() {
        say(true, "one speaks unicast, the other multicast".into(), deaf, "add or remove `unicast_peer` in both");
    }
    if left.group_address != right.group_address {
        say(true, "they speak to different groups".into(), deaf, "give both the same `mcast_dst_ip`");
    }
    let list = |one: &VrrpInstance| one.addresses.iter().map(|a| a.address.addr()).collect::<BTreeSet<IpAddr>>();
    let differing: Vec<String> = list(left).symmetric_difference(&list(right)).map(ToString::to_string).collect();
    if !differing.is_empty() {
        let what = format!("only one of them has {}", differing.join(", "));
        let why = "the address moves to a host that does not have it; keepalived up to 2.3.2 would make two masters";
        say(false, what, why, "list the same addresses in both");
    }
    if left.priority == right.priority {
        let what = format!("both have priority {}", left.priority);
        say(false, what, "the higher address decides who is master", "give the preferred host the higher priority");
    }
}

#[cfg(test)]
mod tests {
    use hactl_engine::conf::parse;

    use super::*;

    fn said(left: &str, right: &str) -> Vec<String> {
        let config = |file: &str, lines: &str| {
            let text = format!(
                "vrrp_instance A {{\ninterface eth0\nvirtual_router_id 37\n{lines}\nvirtual_ipaddress {{\n10.0.0.3/24\n}}\n}}\n"
            );
            (file.to_owned(), parse(file, &text).config)
        };
        let problems = across(&[config("a", left), config("b", right)]);
        problems.into_iter().map(|one| format!("{} {}", one.code, one.message)).collect()
    }

    #[test]
    fn a_good_pair_is_quiet() {
        assert_eq!(said("priority 150", "priority 100"), Vec::<String>::new());
    }

    #[test]
    fn what_makes_two_masters_is_an_error() {
        for (left, right) in [
            ("version 3", "version 2"),
            ("advert_int 1", "advert_int 2"),
            ("authentication {\nauth_type PASS\nauth_pass a\n}", "authentication {\nauth_type PASS\nauth_pass b\n}"),
            ("unicast_peer {\n10.0.0.6\n}", ""),
            ("mcast_dst_ip 224.0.0.99", ""),
        ] {
            let said = said(&format!("priority 150\n{left}"), right);
            assert!(said.len() == 1 && said[0].starts_with("E304 A (a:1:1) and A (b:1:1): "), "{left}: {said:?}");
        }
    }

    #[test]
    fn one_vrid_on_two_lans_is_no_pair() {
        let instance = |name: &str, link: &str, address: &str, priority: u8| {
            format!(
                "vrrp_instance {name} {{\ninterface {link}\nvirtual_router_id 37\npriority {priority}\nvirtual_ipaddress {{\n{address}/24\n}}\n}}\n"
            )
        };
        let both = instance("A", "eth0", "10.0.0.3", 150) + &instance("B", "eth1", "10.9.0.3", 100);
        let file = |name: &str, text: &str| (name.to_owned(), parse(name, text).config);
        let half = instance("A", "eth0", "10.0.0.3", 100);
        assert_eq!(across(&[file("a", &both), file("b", &half)]).len(), 0, "B is on another LAN");
        let lone = instance("A", "eth0", "10.0.0.99", 100);
        assert!(!across(&[file("a", &half), file("b", &lone)]).is_empty(), "one of them may be mistyped");
    }

    #[test]
    fn what_is_only_doubtful_is_a_warning() {
        assert!(said("", "")[0].starts_with("W304 A (a:1:1) and A (b:1:1): both have priority 100"));
        let more = "priority 150\nversion 3\nadvert_int 0.5\nvirtual_ipaddress {\n10.0.0.4/24\n}";
        let said = said(more, "version 3");
        assert!(said.len() == 2 && said[1].contains("only one of them has 10.0.0.4"), "{said:?}");
    }
}
