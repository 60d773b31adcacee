//! From file to cluster.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use super::document::{Document, Value};
use super::fields::{Fields, Reader};
use super::hosts::{self, Shared, Vars};
use super::{alerts, drill, lvs, lvs_mistakes, maintenance, site, traffic, vips, wordpress_site};
use crate::ctl::cluster::{Cluster, Group, Host, Vip};
use crate::error::{Code, Exit, Failure, Problem};
use crate::includes::read_file;

/// A cluster and what should be looked at although it is valid.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The cluster.
    pub cluster: Cluster,
    /// Warnings.
    pub warnings: Vec<Problem>,
}

/// Loads an inventory. Nothing is contacted.
///
/// # Errors
/// Every mistake of the file at once, exit 3.
pub fn load(file: &Path) -> Result<Loaded, Failure> {
    let unreadable = |why: String, next: &str| {
        let problem = Problem::new(Code::InputUnreadable, format!("inventory {}: {why}", file.display())).next(next);
        Failure::one(Exit::Invalid, problem)
    };
    let bytes = read_file(file).map_err(|error| {
        unreadable(error.to_string(), "`hactl init --example homework > inventory.yaml` writes one to start from")
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = line.iter().filter(|byte| **byte == b'\n').count() + 1;
        unreadable(format!("line {line} is not UTF-8 text"), "save it as UTF-8")
    })?;
    if text.trim().is_empty() {
        return Err(unreadable("it is empty".into(), "`hactl init --example homework` prints one to start from"));
    }
    parse(file, &text)
}

/// The same from text.
///
/// # Errors
/// As [`load`].
pub fn parse(file: &Path, text: &str) -> Result<Loaded, Failure> {
    let document = Document::parse(file, text).map_err(|problem| Failure::one(Exit::Invalid, problem))?;
    let reader = Reader::new(&document);
    let cluster = cluster(&reader, &document, file);
    let (warnings, errors): (Vec<_>, Vec<_>) = reader.problems().into_iter().partition(|problem| problem.warning);
    if errors.is_empty() {
        Ok(Loaded { cluster, warnings })
    } else {
        Err(Failure { exit: Exit::Invalid, problems: errors.into_iter().chain(warnings).collect() })
    }
}

fn cluster(reader: &Reader<'_>, document: &Document, file: &Path) -> Cluster {
    let fields = reader.fields(&document.root, "the inventory");
    let name = fields.get("cluster").and_then(|node| reader.text(node, "cluster")).unwrap_or("cluster").to_owned();
    let folder = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => Path::new(".").to_owned(),
    };
    let shared = Shared {
        folder: folder.clone(),
        ssh: fields.get("ssh").map_or_else(hosts::default_ssh, |node| hosts::ssh(reader, node, &hosts::default_ssh())),
        vars: fields.get("vars").map(|node| hosts::vars(reader, node)).unwrap_or_default(),
    };
    let group_vars: BTreeMap<String, Vars> = fields.get("group_vars").map_or_else(BTreeMap::new, |node| {
        let groups = reader.fields(node, "group_vars");
        let read = ["lb", "web"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), hosts::vars(reader, groups.get(name)?))))
            .collect();
        groups.finish();
        read
    });
    let mut lvs = fields.get("lvs").map(|node| lvs::lvs(reader, node));
    let own_nginx = fields.get("site").is_none_or(site::is_managed);
    let more: Vec<&'static str> = [("streams", "lb-nginx-stream"), ("nginx", "lb-nginx-main")]
        .into_iter()
        .filter_map(|(key, role)| fields.get(key).map(|_| role))
        .collect();
    let none = Vars::new();
    let mut all = Vec::new();
    for (key, group) in [("lb", Group::Lb), ("web", Group::Web)] {
        if let Some(node) = fields.get(key) {
            let mut hosts = hosts::group(reader, node, group, &shared, group_vars.get(key).unwrap_or(&none));
            hosts.iter_mut().for_each(|host| hosts::give_roles(host, lvs.as_ref(), own_nginx, &more));
            all.extend(hosts);
        }
    }
    let others = lvs.is_some() || !own_nginx || fields.get("sites").is_some();
    check_groups(reader, &fields, &all, others, &folder);
    let mut placed = Vec::new();
    for key in ["vip", "vips"] {
        if let Some(node) = fields.get(key) {
            let first = placed.len() + 1;
            placed.extend(vips::read(reader, node, &all, first));
        }
    }
    let read = fields.get("site").map(|node| site::site(reader, node, &all, &folder));
    let (mut site, wordpress) = read.unwrap_or_else(|| (site::default_site(), None));
    let (wordpress, database) = wordpress.unzip();
    placed.extend(database.flatten());
    let (for_sites, for_others): (Vec<&Vip>, Vec<&Vip>) =
        placed.iter().map(|placed| &placed.vip).partition(|vip| vip.has_sites(&all));
    let mut traffic = traffic::traffic(reader, &fields, &all, &for_sites, &folder);
    if let Some(wordpress) = &wordpress {
        wordpress_site::exclude(reader, &fields);
        wordpress_site::settle(wordpress, &site, &mut all, &mut traffic);
    }
    for vip in &for_others {
        all.iter_mut().for_each(|host| hosts::give_agent(host, vip));
    }
    traffic::stand_for(&traffic, &mut site);
    if traffic.by_acme().next().is_some() {
        all.iter_mut().for_each(hosts::give_acme);
    }
    maintenance::answer_is_unavailable(&mut traffic, &mut site);
    if let Some(lvs) = &mut lvs {
        lvs.settle(site.port);
    }
    let metrics = fields.get("metrics").and_then(|node| alerts::metrics(reader, node));
    let alerts = fields.get("alerts").map(|node| alerts::alerts(reader, node)).unwrap_or_default();
    let drill_budgets = fields.get("drill").map(|node| drill::budgets(reader, node)).unwrap_or_default();
    let role_params = fields.get("roles").map(|node| site::role_params(reader, node, &folder)).unwrap_or_default();
    let role_places = fields.get("roles").map(|node| site::role_places(document, node)).unwrap_or_default();
    check_whose(reader, &fields, &placed, &all);
    if placed.is_empty() && fields.get("vip").is_none() && fields.get("vips").is_none() {
        reader.wrong_file(Problem::new(Code::NoVip, "the inventory names no VIP").next("add `vip: 10.0.0.3/24`"));
    }
    check_hosts(reader, &fields, &all);
    check_vips(reader, &placed, &all);
    if let Some((lvs, place)) = lvs.as_ref().zip(fields.get("lvs").map(|node| node.place)) {
        lvs_mistakes::check_lvs(reader, place, lvs, &all, &traffic.pools);
    }
    fields.finish();
    let vips: Vec<Vip> = placed.into_iter().map(|placed| placed.vip).collect();
    Cluster {
        name,
        source: file.to_owned(),
        folder,
        hosts: all,
        vips,
        site,
        traffic,
        wordpress,
        lvs,
        metrics,
        alerts,
        drill_budgets,
        role_params,
        role_places,
    }
}

/// VIPs of hosts that balance nothing stand beside those of the load balancers, and not beside LVS.
fn check_whose(reader: &Reader<'_>, fields: &Fields<'_, '_, '_>, placed: &[vips::Placed], hosts: &[Host]) {
    let idle = |host: &&Host| {
        let carries = host.group == Group::Lb || placed.iter().any(|one| one.vip.is_carried_by(&host.name));
        !carries && host.roles.iter().any(|role| role == "vip")
    };
    for host in hosts.iter().filter(idle) {
        let problem = Problem::new(Code::RoleGroup, format!("{} has the role vip and carries no VIP", host.name));
        let next = format!("name it in a VIP: {{ address: 10.0.0.4/24, hosts: [{}] }}", host.name);
        reader.wrong(place_of_host(fields, host), problem.why("its agent would have nothing to do").next(next));
    }
    let others = placed.iter().filter(|placed| !placed.vip.members.is_empty() && !placed.vip.has_sites(hosts));
    let Some(first) = others.clone().next() else { return };
    if fields.get("lvs").is_some() {
        let problem = Problem::new(Code::TwoForms, "the inventory has both `lvs` and a VIP of web hosts")
            .why("real servers have every VIP, and answer for none of them");
        reader.wrong(first.place, problem.next("leave one of them out"));
    }
    if others.count() == placed.len() {
        let problem =
            Problem::new(Code::NoVip, "no VIP belongs to the load balancers").why("nobody would reach the site");
        reader.wrong(first.place, problem.next("add a VIP without `hosts`, such as `vip: 10.0.0.3/24`"));
    }
}

/// Groups without hosts: nothing could be deployed.
fn check_groups(reader: &Reader<'_>, fields: &Fields<'_, '_, '_>, hosts: &[Host], no_web: bool, folder: &Path) {
    let key = |name: &str| fields.entries.iter().find(|(key, _)| key.name == name);
    // What was written and could not be read has its own problem.
    let empty = |group: Group| {
        let nothing = match key(group.name()).map(|(_, node)| &node.value) {
            None | Some(Value::Null) => true,
            Some(Value::Map(entries)) => entries.is_empty(),
            Some(_) => false,
        };
        nothing && !hosts.iter().any(|host| host.group == group)
    };
    let say = |group: Group, problem: Problem| match key(group.name()) {
        Some((key, _)) => reader.wrong(key.place, problem),
        None => reader.wrong_file(problem),
    };
    if empty(Group::Lb) {
        let problem = Problem::new(Code::NoLoadBalancers, "the inventory names no load balancers")
            .why("nobody could own the VIP");
        say(Group::Lb, problem.next("add `lb: { lb-5: 10.0.0.5, lb-6: 10.0.0.6 }`"));
    }
    let own_template = folder.join("templates/nginx-lb.conf.tera").exists();
    if empty(Group::Web) && !no_web && !own_template {
        let problem = Problem::new(Code::NoWebHosts, "the inventory names no web hosts")
            .why("the load balancers would have nobody to send requests to, and nginx refuses such a configuration");
        say(Group::Web, problem.next("add `web: { web-7: 10.0.0.7, web-8: 10.0.0.8 }`"));
    }
}

/// Two hosts with one name or one address.
fn check_hosts(reader: &Reader<'_>, fields: &Fields<'_, '_, '_>, hosts: &[Host]) {
    let mut names: BTreeMap<&str, Group> = BTreeMap::new();
    let mut addresses: BTreeMap<IpAddr, &str> = BTreeMap::new();
    for host in hosts {
        let place = place_of_host(fields, host);
        if names.insert(&host.name, host.group).is_some() {
            let problem = Problem::new(Code::HostTwice, format!("host name `{}` is used twice", host.name));
            reader.wrong(place, problem.next("give one of them another name"));
        }
        if let Some(other) = addresses.insert(host.address, &host.name) {
            let message = format!("`{}` has the address {} of `{other}`", host.name, host.address);
            let problem = Problem::new(Code::AddressTwice, message).why("two hosts cannot share an address");
            reader.wrong(place, problem.next("`ip -br addr` on each of them shows its own address"));
        }
    }
}

fn place_of_host(fields: &Fields<'_, '_, '_>, host: &Host) -> super::document::Place {
    let found = fields.entries.iter().filter(|(key, _)| key.name == host.group.name()).find_map(|(_, node)| {
        let super::document::Value::Map(entries) = &node.value else { return None };
        entries.iter().rev().find(|(key, _)| key.name == host.name).map(|(key, _)| key.place)
    });
    found.unwrap_or(fields.place)
}

/// VIPs outside every subnet, VIPs that are a host's address, addresses, names and VRIDs used twice.
fn check_vips(reader: &Reader<'_>, placed: &[vips::Placed], hosts: &[Host]) {
    let mut addresses: BTreeMap<IpAddr, &str> = BTreeMap::new();
    let mut vrids: BTreeMap<(u8, bool), &str> = BTreeMap::new();
    let mut names: BTreeMap<&str, ()> = BTreeMap::new();
    for vips::Placed { vip, place } in placed {
        if names.insert(&vip.name, ()).is_some() {
            let problem = Problem::new(Code::InstanceTwice, format!("the instance name `{}` is used twice", vip.name));
            reader.wrong(*place, problem.next("give one of them another `name:`"));
        }
        let six = vip.address().is_some_and(|address| address.is_ipv6());
        if let Some(other) = vrids.insert((vip.vrid, six), &vip.name) {
            let problem =
                Problem::new(Code::VridTwice, format!("VRID {} of {} is that of {other}", vip.vrid, vip.name))
                    .why("routers with one VRID on one LAN are one virtual router")
                    .next("give one of them a `vrid:` of its own");
            reader.wrong(*place, problem);
        }
        for net in &vip.addresses {
            let address = net.addr();
            if let Some(other) = addresses.insert(address, &vip.name) {
                let problem = Problem::new(Code::VipTwice, format!("{address} is a VIP of {other} already"));
                reader.wrong(*place, problem.next("leave one of them out"));
            }
            if let Some(host) = hosts.iter().find(|host| host.address == address) {
                let problem =
                    Problem::new(Code::VipIsHost, format!("VIP {address} is the address of host `{}`", host.name))
                        .why("a virtual address must belong to nobody")
                        .next("choose a free address of the same subnet for the VIP");
                reader.wrong(*place, problem);
            }
            for member in &vip.members {
                let Some(host) = hosts.iter().find(|host| host.name == member.host) else { continue };
                if vip.interface.is_some() || host.interface.is_some() {
                    continue; // somebody says where it belongs: a public address beside the hosts' own network
                }
                if host.address.is_ipv4() == address.is_ipv4() && !net.contains(&host.address) {
                    let problem = Problem::new(
                        Code::VipElsewhere,
                        format!("VIP {net} is not in the subnet of {} ({})", host.name, host.address),
                    )
                    .why("clients would ask for it on a LAN where nobody has it")
                    .next(format!(
                        "check the address and its prefix length; if it is right, say where it belongs: vip: {{ address: {net}, interface: eth1 }}"
                    ));
                    reader.wrong(*place, problem);
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOMEWORK: &str = "cluster: homework\nvip: 10.0.0.3/24\nssh: { user: root }\n\
        lb: { lb-5: 10.0.0.5, lb-6: 10.0.0.6 }\nweb: { web-7: 10.0.0.7, web-8: 10.0.0.8 }\n\
        site: { kind: static, server_name: www.example.cc }\n";

    fn codes(text: &str) -> Vec<&'static str> {
        let failure = parse(Path::new("x.yaml"), text).map(drop).unwrap_err();
        assert_eq!(failure.exit, Exit::Invalid);
        failure.problems.iter().map(|problem| problem.code.id()).collect()
    }

    #[test]
    fn ten_lines_are_enough() {
        let cluster = parse(Path::new("dir/x.yaml"), HOMEWORK).unwrap().cluster;
        assert_eq!(cluster.hosts.len(), 4);
        let vip = &cluster.vips[0];
        assert_eq!((vip.name.as_str(), vip.vrid, vip.version.number()), ("VI_1", 3, 2));
        let members: Vec<_> = vip.members.iter().map(|m| (m.host.as_str(), m.priority)).collect();
        assert_eq!(members, [("lb-5", 150), ("lb-6", 100)]);
        assert_eq!(cluster.host("web-7").unwrap().roles, ["web-static"]);
        assert_eq!(cluster.folder, Path::new("dir"));
    }

    #[test]
    fn a_long_vip() {
        let text = HOMEWORK.replace(
            "vip: 10.0.0.3/24",
            "vip: {address: 10.0.0.3/24, vrid: 51, order: [lb-6, lb-5], interval: 700ms, unicast: yes, preempt: no}",
        );
        let vip = parse(Path::new("x.yaml"), &text).unwrap().cluster.vips.remove(0);
        assert_eq!((vip.vrid, vip.version.number(), vip.unicast, vip.preempt), (51, 3, true, false));
        assert_eq!(vip.members[0].host, "lb-6");
    }

    #[test]
    fn every_mistake_has_its_code() {
        for (from, to, code) in [
            ("vip: 10.0.0.3/24", "viip: 10.0.0.3/24", "E109"),
            ("vip: 10.0.0.3/24", "vip: 10.0.0.3", "E116"),
            ("vip: 10.0.0.3/24", "vip: 10.0.1.3/24", "E126"),
            ("vip: 10.0.0.3/24", "vip: 10.0.0.7/24", "E125"),
            ("vip: 10.0.0.3/24", "vip: [10.0.0.3/24, 10.0.0.3/24]", "E124"),
            ("vip: 10.0.0.3/24", "vip: {address: 10.0.0.3/24, vrid: 300}", "E104"),
            ("vip: 10.0.0.3/24", "vip: {address: 10.0.0.3/24, order: [lb-9]}", "E114"),
            ("web-8: 10.0.0.8", "web-8: 10.0.0.7", "E119"),
            ("web-8: 10.0.0.8", "lb-6: 10.0.0.8", "E118"),
            ("web-8: 10.0.0.8", "web-8: 10.0.0", "E104"),
            ("web-8: 10.0.0.8", "web-8: {addres: 10.0.0.8}", "E106"),
            ("kind: static", "kind: dynamic", "E107"),
            ("user: root", "usr: root", "E102"),
            ("user: root }", "user: root }\nroles: { web-statik: { page: x } }", "E131"),
            ("user: root", "user: root, password: hunter2", "E120"),
        ] {
            let broken = HOMEWORK.replacen(from, to, 1);
            assert_ne!(broken, HOMEWORK);
            assert!(codes(&broken).contains(&code), "{code} not in {:?} for {to}", codes(&broken));
        }
    }

    #[test]
    fn all_mistakes_come_at_once() {
        let broken = HOMEWORK.replace("vip:", "viip:").replace("kind: static", "knd: static").replace("10.0.0.8", "x");
        assert_eq!(codes(&broken).len(), 4, "{:?}", codes(&broken));
    }

    fn first(text: &str) -> String {
        parse(Path::new("x.yaml"), text).map(drop).unwrap_err().problems.remove(0).to_string()
    }

    /// Cause and next step for what beginners write.
    #[test]
    fn beginners_are_told_what_to_do() {
        for (from, to, said) in [
            (
                "vip: 10.0.0.3/24",
                "vip: 10.0.0.255/24",
                "E121]: VIP 10.0.0.255/24 is the broadcast address of 10.0.0.0/24",
            ),
            ("vip: 10.0.0.3/24", "vip: 224.0.0.18/24", "is a multicast address"),
            ("vip: 10.0.0.3/24", "vip: 0.0.0.0/0", "is no address at all"),
            (
                "vip: 10.0.0.3/24",
                "vip: { address: 10.0.0.3/24, interface: \"eth0\\n priority 255\" }",
                "`eth0\\n priority 255` is no name of an interface",
            ),
            (
                "vip: 10.0.0.3/24",
                "vip: { address: 10.0.0.3/24, interface: a23456789012345x }",
                "no name of an interface",
            ),
            ("vip: 10.0.0.3/24", "vip: { address: 10.0.0.3/24, name: \"VI 1\" }", "name `VI 1` is no name"),
            ("vip: 10.0.0.3/24", "priority: 100\nvip: 10.0.0.3/24", "a key of the VIP"),
            ("vip: 10.0.0.3/24", "vip: 10.0.0.0/24", "is the network's own address"),
            (
                "vip: 10.0.0.3/24",
                "vip: 10.0.0.3/24, 10.0.0.4/24",
                "next: write a list: vip: [10.0.0.3/24, 10.0.0.4/24]",
            ),
            (
                "vip: 10.0.0.3/24",
                "vip: {address: 10.0.0.3/24, auth: 1111}",
                "next: write it like `auth: { pass: \"1111\" }`",
            ),
            ("vip: 10.0.0.3/24", "vip: {address: 10.0.0.3/24, virtual_router_id: 51}", "is `vrid: 51` here"),
            ("vip: 10.0.0.3/24", "vip: {address: 10.0.0.3/24, state: MASTER}", "is master while it is well here"),
            ("vip: 10.0.0.3/24", "vip: {address: 10.0.0.3/24, nopreempt: yes}", "`nopreempt` is `preempt: no` here"),
            ("vip: 10.0.0.3/24", "vip: {address: 10.1.0.3/24, vrid: 51}", "4:16"),
            ("lb: { lb-5: 10.0.0.5, lb-6: 10.0.0.6 }", "lb:\n\tlb-5: 10.0.0.5\n", "YAML takes no tabs there"),
            (
                "lb: { lb-5: 10.0.0.5, lb-6: 10.0.0.6 }",
                "lb:\n  lb-5: 10.0.0.5\n\tlb-6: 10.0.0.6\n",
                "YAML takes no tabs there",
            ),
            (
                "lb: { lb-5: 10.0.0.5, lb-6: 10.0.0.6 }",
                "lb:\n  lb-5: 10.0.0.5\n    lb-6: 10.0.0.6\n",
                "begin keys that belong together in the same column",
            ),
            (
                "lb: { lb-5: 10.0.0.5, lb-6: 10.0.0.6 }",
                "lb:\n  lb-5: 10.0.0.5\n lb-6: 10.0.0.6\n",
                "begin keys that belong together in the same column",
            ),
            ("vip: 10.0.0.3/24", " vip: 10.0.0.3/24", "begin keys that belong together in the same column"),
            ("web-8: 10.0.0.8", "web-8: web8.example.cc", "`getent hosts web8.example.cc`"),
            ("lb: { lb-5", "lb:{ lb-5", "put a blank behind the colon: `lb: {"),
            ("web: { web-7: 10.0.0.7, web-8: 10.0.0.8 }", "web: {}", "E148]: the inventory names no web hosts"),
            ("lb: { lb-5: 10.0.0.5, lb-6: 10.0.0.6 }", "lb: {}", "E108]: the inventory names no load balancers"),
            ("lb-6: 10.0.0.6", "lb-5: 10.0.0.6", "`lb-5` stands twice"),
            ("web-7: 10.0.0.7,", "web-7: 10.0.0.7", "a comma"),
            ("kind: static", "kind: static, method: round-robin", "did you mean `rr`?"),
            ("server_name: www.example.cc", "server_name: \"a; return 200\"", "would end nginx's `server_name` line"),
            ("kind: static", "kind: static, expect_status: fine", "write it like 200, 2xx or 200-399"),
        ] {
            let broken = HOMEWORK.replacen(from, to, 1).replacen("cluster: homework\n", "\n\n\n", 1);
            assert!(broken.contains(to), "{to}");
            let told = parse(Path::new("/nowhere/x.yaml"), &broken).map(drop).unwrap_err().to_string();
            assert!(told.contains(said), "{to}: {told}");
            assert!(told.contains("  next: "), "{to}: {told}");
        }
        assert!(first(&format!("{HOMEWORK}lvs: {{ scheduler: round-robin }}\n")).contains("did you mean `rr`?"));
    }

    #[test]
    fn a_password_that_is_cut_is_told_and_not_shown() {
        let text = HOMEWORK.replace("vip: 10.0.0.3/24", "vip: {address: 10.0.0.3/24, auth: {pass: hunter2hunter2}}");
        let warnings = parse(Path::new("/nowhere/x.yaml"), &text).unwrap().warnings;
        let told = warnings[0].to_string();
        assert!(
            told.starts_with("warning[E149]") && told.contains("has 14 characters") && !told.contains("hunter2"),
            "{told}"
        );
    }

    #[test]
    fn a_vip_beside_the_hosts_network_names_its_interface() {
        for (from, to) in [
            ("vip: 10.0.0.3/24", "vip: {address: 192.0.2.3/27, interface: eth1}"),
            (
                "vip: 10.0.0.3/24\nssh: { user: root }\nlb: { lb-5: 10.0.0.5, lb-6: 10.0.0.6 }",
                "vip: 192.0.2.3/27\nlb: { lb-5: { address: 10.0.0.5, interface: eth1 }, lb-6: { address: 10.0.0.6, interface: eth1 } }",
            ),
        ] {
            let text = HOMEWORK.replacen(from, to, 1);
            assert!(text.contains(to));
            let loaded = parse(Path::new("x.yaml"), &text).unwrap_or_else(|failure| panic!("{failure}"));
            assert_eq!(loaded.cluster.vips[0].vrid, 3);
        }
    }

    #[test]
    fn a_secret_is_not_repeated() {
        let failure = parse(Path::new("x.yaml"), &HOMEWORK.replace("user: root", "password: hunter2")).unwrap_err();
        assert!(!failure.to_string().contains("hunter2"), "{failure}");
    }
}
