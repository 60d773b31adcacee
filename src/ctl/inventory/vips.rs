//! `vip:` and `vips:`: virtual addresses, their VRRP settings, and who serves them in which order.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use hactl_engine::conf::config::Version;
use ipnet::IpNet;

use super::document::{Node, Place, Value};
use super::fields::{Fields, Reader};
use super::{auth, takeover, track};
use crate::ctl::cluster::{Group, Host, Member, Track, Vip};
use crate::error::{Code, Problem};

/// A VIP and where it stands, for mistakes that only show later.
pub struct Placed {
    /// The VIP.
    pub vip: Vip,
    /// Where.
    pub place: Place,
}

/// Reads one entry or a list of them; `first` numbers the instances.
pub fn read(reader: &Reader<'_>, node: &Node, hosts: &[Host], first: usize) -> Vec<Placed> {
    reader
        .list(node)
        .into_iter()
        .enumerate()
        .filter_map(|(n, node)| {
            let vip = one(reader, node, hosts, first + n)?;
            Some(Placed { vip, place: address_place(node) })
        })
        .collect()
}

/// Where the address itself stands: a mapping's own place is its first letter.
fn address_place(node: &Node) -> Place {
    let Value::Map(entries) = &node.value else { return node.place };
    let written = entries.iter().find(|(key, _)| key.name == "address" || key.name == "addresses");
    written.map_or(node.place, |(_, value)| value.place)
}

fn one(reader: &Reader<'_>, node: &Node, hosts: &[Host], number: usize) -> Option<Vip> {
    let name = format!("VI_{number}");
    if !matches!(node.value, Value::Map(_)) {
        let address = net(reader, node)?;
        return Some(finish(reader, node.place, derived(name, vec![address], hosts), None));
    }
    let fields = reader.fields(node, "vip");
    let addresses: Vec<IpNet> = ["address", "addresses"]
        .into_iter()
        .filter_map(|key| fields.get(key))
        .flat_map(|node| reader.list(node))
        .filter_map(|node| net(reader, node))
        .collect();
    let mut vip = derived(name, addresses, hosts);
    let vrid = fields.get("vrid").and_then(|node| reader.number(node, "vrid", 1..=255));
    options(reader, &fields, &mut vip, hosts);
    let (place, empty) = (fields.place, vip.addresses.is_empty());
    fields.finish();
    if empty {
        reader.wrong(
            place,
            Problem::new(Code::VipWithoutAddress, "a vip without `address`").next("address: 10.0.0.3/24"),
        );
        return None;
    }
    Some(finish(reader, place, vip, vrid))
}

/// Everything that follows from the address and the order of the load balancers.
fn derived(name: String, addresses: Vec<IpNet>, hosts: &[Host]) -> Vip {
    let lbs: Vec<&str> = hosts.iter().filter(|h| h.group == Group::Lb).map(|h| h.name.as_str()).collect();
    let six = addresses.first().is_some_and(|a| a.addr().is_ipv6());
    Vip {
        name,
        vrid: 0,
        vrid_given: false,
        members: members(&lbs),
        interval: Duration::from_secs(1),
        version: if six { Version::V3 } else { Version::V2 },
        auth: None,
        hmac: None,
        unicast: false,
        preempt: true,
        preempt_delay: Duration::ZERO,
        interface: None,
        track: Track::default(),
        notify: BTreeMap::new(),
        takeover_start: Vec::new(),
        takeover_stop: Vec::new(),
        routes: Vec::new(),
        addresses,
    }
}

/// 150, 100, 50 in order; smaller steps where there are more.
pub fn members(order: &[&str]) -> Vec<Member> {
    let step = if order.len() <= 3 { 50 } else { 140 / order.len().max(1) };
    order
        .iter()
        .enumerate()
        .map(|(n, host)| Member {
            host: (*host).to_owned(),
            priority: u8::try_from(150usize.saturating_sub(n * step)).unwrap_or(1).max(1),
        })
        .collect()
}

fn options(reader: &Reader<'_>, fields: &Fields<'_, '_, '_>, vip: &mut Vip, hosts: &[Host]) {
    let flag = |name| fields.get(name).and_then(|node| reader.boolean(node, name));
    if let Some(name) = fields.get("name").and_then(|node| reader.name(node, "name")) {
        vip.name = name;
    }
    vip.interface = fields.get("interface").and_then(|node| reader.interface(node));
    if let Some(interval) = fields.get("interval").and_then(|node| interval(reader, node)) {
        vip.interval = interval;
        if interval.subsec_nanos() != 0 {
            vip.version = Version::V3; // version 2 counts whole seconds
        }
    }
    if let Some(node) = fields.get("version")
        && let Some(version) = reader.number(node, "version", 2..=3)
    {
        vip.version = if version == 2 { Version::V2 } else { Version::V3 };
        if version == 2 && (vip.interval.subsec_nanos() != 0 || vip.addresses.iter().any(|a| a.addr().is_ipv6())) {
            let problem = Problem::new(Code::VersionTwo, "version 2 knows neither IPv6 nor intervals below one second")
                .next("version: 3");
            reader.wrong(node.place, problem);
        }
    }
    if let Some(node) = fields.get("auth") {
        auth::auth(reader, node, vip);
    }
    vip.unicast = flag("unicast").unwrap_or(vip.unicast);
    vip.preempt = flag("preempt").unwrap_or(vip.preempt);
    if let Some(delay) = fields.get("preempt_delay").and_then(|node| reader.duration(node, "preempt_delay")) {
        vip.preempt_delay = delay;
    }
    if let Some(node) = fields.get("hosts") {
        vip.members = members(&carriers(reader, node, hosts));
        if let Some(order) = fields.get("order") {
            let problem = Problem::new(Code::TwoForms, "the vip has both `hosts` and `order`")
                .why("`order` sorts the load balancers, and `hosts` names who carries the VIP, best first");
            reader.wrong(order.place, problem.next("leave one of them out"));
        }
    } else if let Some(node) = fields.get("order") {
        vip.members = members(&known_lbs(reader, node, hosts));
    }
    if let Some(node) = fields.get("priorities") {
        priorities(reader, node, vip);
    }
    if let Some(node) = fields.get("track") {
        vip.track = track::track(reader, node);
    }
    if let Some(node) = fields.get("notify") {
        vip.notify = notify(reader, node);
    }
    if let Some(node) = fields.get("takeover") {
        takeover::takeover(reader, node, vip);
    }
}

fn interval(reader: &Reader<'_>, node: &Node) -> Option<Duration> {
    let interval = reader.duration(node, "interval")?;
    let (least, most) = (Duration::from_millis(10), Duration::from_millis(40_950));
    if !(least..=most).contains(&interval) || interval.subsec_millis() % 10 != 0 {
        let problem = Problem::new(Code::Interval, "interval is from 10ms to 40950ms in steps of 10ms")
            .next("1s is usual; shorter ones notice a failure sooner");
        reader.wrong(node.place, problem);
        return None;
    }
    Some(interval)
}

fn known_lbs<'n>(reader: &Reader<'_>, node: &'n Node, hosts: &[Host]) -> Vec<&'n str> {
    let lbs: Vec<&str> = hosts.iter().filter(|host| host.group == Group::Lb).map(|host| host.name.as_str()).collect();
    named(reader, node, "order", &lbs, "no load balancer of this inventory")
}

/// `hosts:` who carries a VIP that is not the load balancers': all of one group, since what a VIP is for follows from
/// it.
fn carriers<'n>(reader: &Reader<'_>, node: &'n Node, hosts: &[Host]) -> Vec<&'n str> {
    let managed: Vec<&str> = hosts.iter().filter(|host| host.managed).map(|host| host.name.as_str()).collect();
    let names = named(reader, node, "hosts", &managed, "no host of this inventory that hactl works on");
    let group = |name: &str| hosts.iter().find(|host| host.name == name).map(|host| host.group);
    if names.iter().any(|name| group(name) != names.first().and_then(|first| group(first))) {
        let problem = Problem::new(
            Code::WrongValue,
            format!("hosts of two groups carry this VIP: {}", names.join(", ")),
        )
        .why(
            "through a VIP of load balancers clients reach the sites, and behind one of other hosts is what runs there",
        );
        reader.wrong(node.place, problem.next("name hosts of one group, and give the others a VIP of their own"));
    }
    names
}

/// Names out of those that there are, each once.
fn named<'n>(reader: &Reader<'_>, node: &'n Node, key: &str, there: &[&str], none: &str) -> Vec<&'n str> {
    let mut order = Vec::new();
    for item in reader.list(node) {
        let Some(name) = reader.text(item, key) else { continue };
        if !there.contains(&name) {
            let problem = Problem::new(Code::UnknownBalancer, format!("`{name}` is {none}"));
            reader.wrong(item.place, problem.next(format!("there is {}", there.join(", "))));
        } else if order.contains(&name) {
            let problem = Problem::new(Code::NamedTwice, format!("`{name}` is named twice"));
            reader.wrong(item.place, problem.next("leave the second one out"));
        } else {
            order.push(name);
        }
    }
    order
}

fn priorities(reader: &Reader<'_>, node: &Node, vip: &mut Vip) {
    let fields = reader.fields(node, "priorities");
    for (key, node) in fields.entries {
        let Some(priority) = reader.number(node, "priority", 1..=255) else { continue };
        match vip.members.iter_mut().find(|member| member.host == key.name) {
            Some(member) => member.priority = u8::try_from(priority).unwrap_or(100),
            None => {
                let message = format!("`{}` does not serve this VIP", key.name);
                reader.wrong(key.place, Problem::new(Code::UnknownBalancer, message));
            }
        }
    }
    vip.members.sort_by_key(|member| std::cmp::Reverse(member.priority));
}

fn notify(reader: &Reader<'_>, node: &Node) -> BTreeMap<String, String> {
    let fields = reader.fields(node, "notify");
    let mut commands = BTreeMap::new();
    for (key, word) in [
        ("master", "notify_master"),
        ("backup", "notify_backup"),
        ("fault", "notify_fault"),
        ("stop", "notify_stop"),
        ("any", "notify"),
    ] {
        if let Some(command) = fields.get(key).and_then(|node| reader.command(node, key)) {
            commands.insert(word.to_owned(), command);
        }
    }
    fields.finish();
    commands
}

/// An address with its prefix length.
fn net(reader: &Reader<'_>, node: &Node) -> Option<IpNet> {
    let text = reader.text(node, "vip")?;
    if let Ok(net) = text.parse() {
        return usable(reader, node, net);
    }
    let several: Vec<&str> = text.split([',', ' ']).filter(|word| !word.is_empty()).collect();
    let problem = if text.parse::<IpAddr>().is_ok() {
        Problem::new(Code::VipPrefix, format!("VIP `{text}` has no prefix length"))
            .why("the load balancers must know which subnet it belongs to")
            .next(format!("write it like {text}/24"))
    } else if several.len() > 1 && several.iter().all(|word| word.parse::<IpNet>().is_ok()) {
        Problem::new(Code::WrongValue, format!("VIP `{text}` is several addresses in one text"))
            .next(format!("write a list: vip: [{}]", several.join(", ")))
    } else {
        Problem::new(Code::WrongValue, format!("VIP `{text}` is not an address with prefix length"))
            .next("write it like 10.0.0.3/24")
    };
    reader.wrong(node.place, problem);
    None
}

/// Neither the subnet's own address nor its broadcast address can belong to a host.
fn usable(reader: &Reader<'_>, node: &Node, net: IpNet) -> Option<IpNet> {
    let special = match net.addr() {
        address if address.is_unspecified() => Some("no address at all"),
        address if address.is_multicast() => Some("a multicast address, which belongs to no host"),
        _ => None,
    };
    if let Some(what) = special {
        let problem = Problem::new(Code::VipUnusable, format!("VIP {net} is {what}"));
        reader.wrong(node.place, problem.next("choose a free address of the load balancers' subnet"));
        return None;
    }
    let whole = net.max_prefix_len() - net.prefix_len() > 1;
    let (what, why) = match net.addr() {
        address if !whole || address != net.network() && address != net.broadcast() => return Some(net),
        address if address == net.network() => {
            ("the network's own address", "hosts and routers take it for the subnet itself")
        }
        IpAddr::V6(_) => return Some(net), // IPv6 has no broadcast
        IpAddr::V4(_) => ("the broadcast address", "packets to it go to every host of the subnet"),
    };
    let problem = Problem::new(Code::VipUnusable, format!("VIP {net} is {what} of {}", net.trunc())).why(why);
    let free = net.hosts().nth(2).unwrap_or(net.addr());
    reader.wrong(node.place, problem.next(format!("choose an address between, such as {free}/{}", net.prefix_len())));
    None
}

/// The VRID: given, or the last byte of the first address, which is as unique in its subnet as the address; a first
/// deploy listens whether somebody else on the LAN has it.
fn finish(reader: &Reader<'_>, place: Place, mut vip: Vip, vrid: Option<u64>) -> Vip {
    let last = vip.addresses.first().map(|net| match net.addr() {
        IpAddr::V4(v4) => v4.octets()[3],
        IpAddr::V6(v6) => v6.octets()[15],
    });
    vip.vrid_given = vrid.is_some();
    vip.vrid = vrid.and_then(|vrid| u8::try_from(vrid).ok()).or(last).unwrap_or(0); // 0 is told
    if vip.vrid == 0 {
        let problem =
            Problem::new(Code::NoVrid, "no VRID can be derived from an address ending in 0").next("add `vrid: 51`");
        reader.wrong(place, problem);
    }
    vip
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ctl::cluster::Cluster;
    use crate::ctl::inventory::load::parse;

    const HOMEWORK: &str = include_str!("../../../inventories/homework.yaml");

    fn with(vips: &str) -> Result<Cluster, Vec<String>> {
        let text = HOMEWORK.replace("vip: 10.0.0.3/24", &format!("vips: [10.0.0.3/24, {vips}]"));
        let told = |failure: crate::error::Failure| {
            failure.problems.iter().map(|one| format!("{} {}", one.code, one.message)).collect()
        };
        parse(Path::new("x.yaml"), &text).map(|loaded| loaded.cluster).map_err(told)
    }

    #[test]
    fn web_hosts_carry_a_vip_of_their_own() {
        let cluster = with("{ address: 10.0.0.4/24, name: db, hosts: [web-8, web-7] }").unwrap();
        let db = &cluster.vips[1];
        let order: Vec<(&str, u8)> = db.members.iter().map(|one| (one.host.as_str(), one.priority)).collect();
        assert_eq!(order, [("web-8", 150), ("web-7", 100)]);
        assert!(cluster.vips[0].has_sites(&cluster.hosts) && !db.has_sites(&cluster.hosts));
        assert!(db.is_called("db") && db.is_called("10.0.0.4") && !db.is_called("10.0.0.3"));
        let names = |hosts: Vec<&Host>| hosts.into_iter().map(|host| host.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(cluster.agents().collect()), ["lb-5", "lb-6", "web-7", "web-8"]);
        assert_eq!(names(cluster.carriers("10.0.0.4".parse().unwrap())), ["web-7", "web-8"]);
        assert_eq!(names(cluster.carriers("10.0.0.3".parse().unwrap())), ["lb-5", "lb-6"]);
        assert_eq!(cluster.host("web-7").unwrap().roles, ["web-static", "vip"]);
        assert_eq!(
            with("10.0.0.4/24").unwrap().agents().count(),
            2,
            "a VIP is the load balancers' unless it says otherwise"
        );
    }

    #[test]
    fn who_cannot_carry_it_is_told() {
        for (vip, code, word) in [
            ("{ address: 10.0.0.4/24, hosts: [web-9] }", "E114", "there is lb-5, lb-6, web-7, web-8"),
            ("{ address: 10.0.0.4/24, hosts: [web-7, web-7] }", "E137", ""),
            ("{ address: 10.0.0.4/24, hosts: [lb-5, web-7] }", "E104", "of two groups"),
            ("{ address: 10.0.0.4/24, hosts: [web-7], order: [lb-5] }", "E172", "`hosts` and `order`"),
        ] {
            let said = with(vip).unwrap_err();
            assert!(said.len() == 1 && said[0].starts_with(code), "{vip}: {said:?}");
            assert!(word.starts_with("there is") || said[0].contains(word), "{said:?}");
        }
        let said = |text: &str| parse(Path::new("x.yaml"), text).map(drop).unwrap_err().to_string();
        let only = HOMEWORK.replace("vip: 10.0.0.3/24", "vip: { address: 10.0.0.4/24, hosts: [web-7] }");
        assert!(said(&only).contains("E109"), "{}", said(&only));
        let lvs = only.replace("vip: {", "vips: [10.0.0.3/24, {").replace("hosts: [web-7] }", "hosts: [web-7] }]");
        let lvs = format!("{lvs}\nlvs: {{ method: dr }}\n");
        assert!(said(&lvs).contains("both `lvs` and a VIP of web hosts"), "{}", said(&lvs));
    }

    #[test]
    fn priorities_fall_in_order() {
        let values = |n: usize| members(&vec!["x"; n]).iter().map(|m| m.priority).collect::<Vec<_>>();
        assert_eq!(values(2), [150, 100]);
        assert_eq!(values(3), [150, 100, 50]);
        let many = values(20);
        assert!(many.windows(2).all(|pair| pair[0] > pair[1]), "{many:?}");
    }
}
