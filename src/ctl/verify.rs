//! The verdict on a cluster: pure, from what was seen.

use super::cluster::{Cluster, Group};
use super::observe::Sight;
use super::verify_lvs;
use crate::error::Problem;

/// Judges what was seen. Empty means good.
pub fn judge(cluster: &Cluster, sight: &Sight) -> Vec<Problem> {
    let mut problems = Vec::new();
    for vip in &cluster.vips {
        let Some(address) = vip.address() else { continue };
        let owners = sight.owners(cluster, address);
        match owners.as_slice() {
            [_] => {}
            [] => problems.push(
                Problem::new("E701", format!("VIP {address} ({}) is owned by nobody", vip.name))
                    .why("clients get no answer")
                    .next("`hactl status` shows why each load balancer does not take it"),
            ),
            many => problems.push(
                Problem::new("E702", format!("VIP {address} ({}) is owned by {}", vip.name, many.join(" and ")))
                    .why("they do not hear each other's adverts: a firewall, or different VRID, password or interval")
                    .next("allow IP protocol 112 and 224.0.0.18 between them; counters: `hactl agent status --json` there"),
            ),
        }
        for other in vip.addresses.iter().skip(1).map(ipnet::IpNet::addr) {
            if sight.owners(cluster, other) != owners {
                let message = format!("VIP {other} is not where {address} is, though both belong to {}", vip.name);
                problems.push(Problem::new("E703", message));
            }
        }
        let service = sight.service.get(&address).filter(|_| verify_lvs::is_balanced(cluster, sight));
        if let Some(Err(why)) = service {
            let message = format!("nothing answers on http://{address}:{}/: {why}", cluster.site.port);
            problems.push(Problem::new("E704", message).next("`hactl status`; is nginx running on the owner?"));
        }
        if let Some(Ok(status)) = service
            && *status >= 500
        {
            let message = format!("http://{address}:{}/ answers with status {status}", cluster.site.port);
            problems.push(Problem::new("E704", message).why("no web host could be reached").next("hactl status"));
        }
        if let [owner] = owners.as_slice() {
            stale_neighbours(cluster, sight, address, owner, &mut problems);
        }
    }
    problems.extend(agents(cluster, sight));
    problems.extend(backends(cluster, sight));
    problems.extend(verify_lvs::judge(cluster, sight));
    problems
}

/// A host that believes the VIP to be at another place than its owner.
fn stale_neighbours(cluster: &Cluster, sight: &Sight, vip: std::net::IpAddr, owner: &str, problems: &mut Vec<Problem>) {
    let Some(macs) = sight.hosts.get(owner).map(|seen| &seen.macs) else { return };
    for (name, seen) in &sight.hosts {
        if name == owner {
            continue;
        }
        let Some(believed) = seen.neighbours.get(&vip).filter(|mac| !macs.contains(mac)) else { continue };
        let whose =
            cluster.hosts.iter().find(|host| sight.hosts.get(&host.name).is_some_and(|s| s.macs.contains(believed)));
        let whose = whose.map_or_else(|| "a stranger".to_owned(), |host| host.name.clone());
        let message = format!("{name} sends packets for VIP {vip} to {believed} ({whose}), but its owner is {owner}");
        problems
            .push(Problem::new("E705", message).next("another machine answers for the VIP, or an ARP cache is stale"));
    }
}

fn agents(cluster: &Cluster, sight: &Sight) -> Vec<Problem> {
    cluster
        .group(Group::Lb)
        .filter_map(|host| {
            let seen = sight.hosts.get(&host.name)?;
            if !seen.reachable {
                let message = format!("{}: not reachable, its state is unknown", host.name);
                return Some(
                    Problem::new("E706", message).next(format!("is {} up? `ssh {}`", host.name, host.address)),
                );
            }
            let Some(agent) = &seen.agent else {
                let next = format!("`journalctl -u hactl-agent` on {}, or `hactl deploy`", host.name);
                return Some(Problem::new("E707", format!("{}: no agent answers", host.name)).next(next));
            };
            let faults: Vec<String> = agent
                .instances
                .iter()
                .filter(|instance| !instance.fault_reasons.is_empty())
                .map(|instance| format!("{} is in FAULT: {}", instance.name, instance.fault_reasons.join("; ")))
                .collect();
            let why = "if the other load balancer fails now, nobody serves";
            (!faults.is_empty()).then(|| Problem::new("E708", format!("{}: {}", host.name, faults.join(", "))).why(why))
        })
        .collect()
}

fn backends(cluster: &Cluster, sight: &Sight) -> Vec<Problem> {
    let mut problems = Vec::new();
    for web in cluster.backends() {
        let blind: Vec<&str> = cluster
            .group(Group::Lb)
            .filter(|lb| sight.hosts.get(&lb.name).and_then(|seen| seen.backends.get(&web.name)) == Some(&false))
            .map(|lb| lb.name.as_str())
            .collect();
        if !blind.is_empty() {
            let message = format!("{} does not answer {} on port {}", web.name, blind.join(" and "), web.backend.port);
            problems.push(Problem::new("E709", message).next(format!("is nginx running on {}? a firewall?", web.name)));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ctl::inventory::load::parse;
    use crate::ctl::observe::Seen;

    fn scene(owners: &[&str]) -> (Cluster, Sight) {
        let cluster = parse(Path::new("x.yaml"), include_str!("../../inventories/homework.yaml")).unwrap().cluster;
        let mut sight = Sight::default();
        for host in &cluster.hosts {
            let mut seen = Seen { reachable: true, macs: vec![format!("02:00:{}", host.address)], ..Seen::default() };
            seen.addresses.push(("eth0".into(), format!("{}/24", host.address).parse().unwrap()));
            if owners.contains(&host.name.as_str()) {
                seen.addresses.push(("eth0".into(), "10.0.0.3/24".parse().unwrap()));
            }
            let agent = serde_json::json!({"version": "0", "pid": 1, "started_unix_s": 0, "now_unix_ms": 0, "config": "", "instances": []});
            seen.agent = (host.group == Group::Lb).then(|| serde_json::from_value(agent).unwrap());
            sight.hosts.insert(host.name.clone(), seen);
        }
        sight.service.insert("10.0.0.3".parse().unwrap(), Ok(200));
        (cluster, sight)
    }

    fn codes(cluster: &Cluster, sight: &Sight) -> Vec<&'static str> {
        judge(cluster, sight).iter().map(|problem| problem.code).collect()
    }

    #[test]
    fn one_owner_is_good_none_and_two_are_not() {
        let (cluster, sight) = scene(&["lb-5"]);
        assert_eq!(judge(&cluster, &sight), []);
        let (cluster, sight) = scene(&[]);
        assert_eq!(codes(&cluster, &sight), ["E701"]);
        let (cluster, sight) = scene(&["lb-5", "lb-6"]);
        let problems = judge(&cluster, &sight);
        assert!(problems[0].message.contains("is owned by lb-5 and lb-6"), "{problems:?}");
    }

    #[test]
    fn each_trouble_is_named() {
        let vip = "10.0.0.3".parse().unwrap();
        let (cluster, mut sight) = scene(&["lb-5"]);
        sight.service.insert(vip, Ok(502));
        assert_eq!(codes(&cluster, &sight), ["E704"]);
        sight.service.insert(vip, Err("connection refused".into()));
        assert_eq!(codes(&cluster, &sight), ["E704"]);
        let (cluster, mut sight) = scene(&["lb-5"]);
        sight.hosts.get_mut("web-7").unwrap().neighbours.insert(vip, "02:00:10.0.0.6".into());
        assert!(judge(&cluster, &sight)[0].message.contains("(lb-6), but its owner is lb-5"));
        let (cluster, mut sight) = scene(&["lb-5"]);
        sight.hosts.get_mut("lb-6").unwrap().agent = None;
        sight.hosts.get_mut("lb-5").unwrap().backends.insert("web-8".into(), false);
        assert_eq!(codes(&cluster, &sight), ["E707", "E709"]);
        sight.hosts.insert("lb-6".into(), Seen::default());
        assert_eq!(codes(&cluster, &sight), ["E706", "E709"]);
    }
}
