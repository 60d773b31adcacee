//! The verdict on a cluster: pure, from what was seen.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::{database, lvs, missed, sites, standby};
use crate::ctl::cluster::{Cluster, Group, Host, Vip};
use crate::ctl::look::observe::{Observed, Owners, Seen, servers};
use crate::ctl::look::{clocks, members};
use crate::error::{Code, Problem};

/// Judges what was seen. Empty means good.
pub fn judge(cluster: &Cluster, observed: &Observed) -> Vec<Problem> {
    let mut problems = Vec::new();
    for vip in &cluster.vips {
        let Some(address) = vip.address() else { continue };
        let found = observed.who_owns(cluster, address);
        problems.extend(ownership(cluster, observed, vip, address, &found));
        let owners = found.names;
        for other in vip.addresses.iter().skip(1).map(ipnet::IpNet::addr) {
            if observed.owners(cluster, other) != owners {
                let message = format!("VIP {other} is not where {address} is, though both belong to {}", vip.name);
                problems.push(Problem::new(Code::Scattered, message));
            }
        }
        if lvs::is_balanced(cluster, observed) {
            problems.extend(service(cluster, observed, address, &owners));
        }
        let clock = |host: &str| {
            let agent = observed.hosts.get(host)?.agent.as_ref()?;
            Some(Duration::from_millis(agent.now_unix_ms).as_secs_f64())
        };
        let clocks = clocks::judge(vip, clock);
        problems.extend(clocks.map(|problem| problem.why("beyond that the standby hears no adverts any more").warn()));
        if let [owner] = owners.as_slice() {
            stale_neighbours(cluster, observed, address, owner, &mut problems);
        }
    }
    problems.extend(agents(cluster, observed));
    let unfinished = |host: &Host| observed.hosts.get(&host.name)?.transaction.problem(&host.name);
    problems.extend(cluster.hosts.iter().filter_map(unfinished));
    problems.extend(members::judge(cluster, observed.hosts.values().flat_map(|seen| &seen.members)));
    problems.extend(missed::judge(cluster, &observed.hosts));
    problems.extend(standby::judge(cluster, observed));
    problems.extend(backends(cluster, observed));
    problems.extend(lvs::judge(cluster, observed));
    problems.extend(sites::judge(cluster, observed));
    problems.extend(database::judge(cluster, observed));
    problems
}

/// Whether exactly one owns a VIP. Where somebody was not asked, nobody of the others is no verdict.
fn ownership(cluster: &Cluster, observed: &Observed, vip: &Vip, address: IpAddr, owners: &Owners) -> Option<Problem> {
    let serves = vip.members.iter().all(|member| observed.hosts.contains_key(&member.host));
    match owners.names.as_slice() {
        [_] => None,
        [] if !serves => None,
        [] if owners.unknown.is_empty() => {
            let answer = match observed.service.get(&address) {
                Some(Ok(status)) => format!(
                    "the service answers with status {status} all the same: a machine outside the inventory has the address, or the owner changed just now"
                ),
                Some(Err(_)) => "clients get no answer".to_owned(),
                None => "whether clients get an answer was not asked".to_owned(),
            };
            let problem = Problem::new(Code::NoOwner, format!("VIP {address} ({}) is owned by nobody", vip.name));
            Some(problem.why(answer).next("`hactl agent status` on a load balancer shows why it does not take it"))
        }
        [] => {
            let answer = match observed.service.get(&address) {
                Some(Ok(status)) => format!("the service answers with status {status}, so somebody owns it"),
                Some(Err(_)) => "the service does not answer either".to_owned(),
                None => "the service was not asked".to_owned(),
            };
            let message = format!("the owner of VIP {address} ({}) is {owners}", vip.name);
            let names: Vec<&str> = cluster.carriers(address).iter().map(|host| host.name.as_str()).collect();
            let next = format!("mend the way to it first: `hactl status` needs all of {}", names.join(", "));
            Some(Problem::new(Code::NoOwner, message).why(answer).next(next))
        }
        many => Some(
            Problem::new(Code::TwoOwners, format!("VIP {address} ({}) is owned by {}", vip.name, many.join(" and ")))
                .why("they do not hear each other's adverts: a firewall, or different VRID, password or interval")
                .next("allow IP protocol 112 and 224.0.0.18 between them; counters: `hactl agent status --json` there"),
        ),
    }
}

/// What to type when the owner's service is silent: look there, and serve from another one meanwhile.
fn way_out(cluster: &Cluster, observed: &Observed, owners: &[String]) -> String {
    let owner = match owners {
        [] => {
            return "first one of them must own it: `hactl agent status` on a load balancer shows why it does not"
                .into();
        }
        [owner] => owner,
        several => return format!("first {} must agree who owns it", several.join(" and ")),
    };
    let look = format!("`systemctl status nginx` and `nft list ruleset` on {owner}");
    let standby = cluster
        .group(Group::Lb)
        .find(|host| host.name != *owner && observed.hosts.get(&host.name).is_some_and(|seen| seen.agent.is_some()));
    match standby {
        Some(other) => format!("{look}; `hactl failover --to {}` serves from there meanwhile", other.name),
        None => look,
    }
}

/// Whether the service answers through a VIP, and well.
fn service(cluster: &Cluster, observed: &Observed, address: IpAddr, owners: &[String]) -> Option<Problem> {
    let site = &cluster.site;
    let url = format!("http://{}/", SocketAddr::new(address, site.port));
    match observed.service.get(&address)? {
        Err(why) => {
            let problem = Problem::new(Code::ServiceBad, format!("nothing answers on {url}: {why}"));
            let wall = owners.first().and_then(|owner| Some((owner, standby::firewall(observed.hosts.get(owner)?)?)));
            Some(match wall {
                Some((owner, (unit, allow))) => {
                    problem.why(format!("clients get no answer; {unit} runs on {owner} and may drop them")).next(allow)
                }
                None => problem.why("clients get no answer").next(way_out(cluster, observed, owners)),
            })
        }
        Ok(status) if site.expects(*status) => None,
        Ok(status) => {
            let message = format!("{url} answers with status {status}; expected is {}", site.expected());
            let problem = Problem::new(Code::ServiceBad, message);
            Some(if *status >= 500 {
                problem
                    .why("no web host could be reached, or none could answer")
                    .next("`hactl status`; nginx's error log on the owner and on the web hosts")
            } else {
                problem.why("clients get an error page").next(format!(
                    "nginx's error log on the web hosts; if that is the right answer: `site: {{ expect_status: [{status}] }}`"
                ))
            })
        }
    }
}

/// A host that believes the VIP to be at another place than its owner.
fn stale_neighbours(cluster: &Cluster, observed: &Observed, vip: IpAddr, owner: &str, problems: &mut Vec<Problem>) {
    let Some(macs) = observed.hosts.get(owner).map(|seen| &seen.macs) else { return };
    for (name, seen) in &observed.hosts {
        if name == owner {
            continue;
        }
        let Some(believed) = seen.neighbours.get(&vip).filter(|mac| !macs.contains(mac)) else { continue };
        let whose =
            cluster.hosts.iter().find(|host| observed.hosts.get(&host.name).is_some_and(|s| s.macs.contains(believed)));
        let whose = whose.map_or_else(|| "a stranger".to_owned(), |host| host.name.clone());
        let message = format!("{name} sends packets for VIP {vip} to {believed} ({whose}), but its owner is {owner}");
        problems.push(
            Problem::new(Code::ForeignMac, message)
                .next("another machine answers for the VIP, or an ARP cache is stale"),
        );
    }
}

/// Hosts that were asked and did not answer, agents that do not, routers in FAULT.
fn agents(cluster: &Cluster, observed: &Observed) -> Vec<Problem> {
    let judged = cluster.hosts.iter().filter_map(|host| {
        let seen = observed.hosts.get(&host.name)?;
        if !seen.reachable {
            return Some(unreachable(host, seen));
        }
        if !cluster.runs_agent(host) {
            return None;
        }
        let Some(agent) = &seen.agent else {
            let next = format!("`journalctl -u hactl-agent` on {}, or `hactl deploy`", host.name);
            let problem = Problem::on(&host.name, Code::AgentSilent, "no agent answers");
            return Some(problem.why("without one it never takes the VIP").next(next));
        };
        let faults: Vec<String> = agent
            .instances
            .iter()
            .filter(|instance| !instance.fault_reasons.is_empty())
            .map(|instance| format!("{} is in FAULT: {}", instance.name, instance.fault_reasons.join("; ")))
            .collect();
        if faults.is_empty() {
            return None;
        }
        let next = format!(
            "`hactl agent status` on {} shows each check's last result; when the cause is mended it comes back by itself (check_web: `systemctl start nginx`)",
            host.name
        );
        let why = "if the other load balancer fails now, nobody serves";
        Some(Problem::on(&host.name, Code::RouterFault, faults.join(", ")).why(why).next(next))
    });
    judged.collect()
}

/// With the reason that it was not reached for.
fn unreachable(host: &Host, seen: &Seen) -> Problem {
    let prefix = format!("{}: ", host.name);
    let reason = seen.why.as_ref().map(|why| why.message.strip_prefix(&prefix).unwrap_or(&why.message).to_owned());
    let message = format!("{prefix}not reachable, its state is unknown: {}", reason.as_deref().unwrap_or("no answer"));
    let mut problem = Problem::new(Code::HostUnseen, message);
    problem.why = seen.why.as_ref().and_then(|why| why.why.clone());
    let next = seen.why.as_ref().and_then(|why| why.next.clone());
    problem.next = next.or_else(|| Some(format!("is {} up? `ssh {}`", host.name, host.address)));
    problem
}

fn backends(cluster: &Cluster, observed: &Observed) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, at) in servers(cluster) {
        let mut blind: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for lb in cluster.group(Group::Lb) {
            if let Some(Some(why)) = observed.hosts.get(&lb.name).and_then(|seen| seen.backends.get(&name)) {
                blind.entry(why).or_default().push(&lb.name);
            }
        }
        if !blind.is_empty() {
            let host = name.rsplit_once(':').map_or(name.as_str(), |(host, _)| host);
            let each = blind.iter().map(|(why, whom)| format!("{}: {why}", whom.join(" and ")));
            let seen = each.collect::<Vec<_>>().join("; ");
            let message = format!("{host} does not answer as it should on port {} (asked by {seen})", at.port());
            let next = match blind.keys().all(|why| why.starts_with("HTTP status")) {
                true => format!("something serves there and fails: its web server's error log on {host}"),
                false => format!("is its web server running on {host}? a firewall?"),
            };
            problems.push(Problem::new(Code::WebServerOut, message).next(next));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ctl::inventory::load::parse;
    use crate::ctl::look::no_answer::NoAnswer;

    fn scene(owners: &[&str]) -> (Cluster, Observed) {
        let cluster = parse(Path::new("x.yaml"), include_str!("../../../inventories/homework.yaml")).unwrap().cluster;
        let mut observed = Observed::default();
        for host in &cluster.hosts {
            let mut seen = Seen { reachable: true, macs: vec![format!("02:00:{}", host.address)], ..Seen::default() };
            seen.addresses.push(("eth0".into(), format!("{}/24", host.address).parse().unwrap()));
            if owners.contains(&host.name.as_str()) {
                seen.addresses.push(("eth0".into(), "10.0.0.3/24".parse().unwrap()));
            }
            let agent = serde_json::json!({"version": "0", "pid": 1, "started_unix_s": 0, "now_unix_ms": 0, "config": "", "instances": []});
            seen.agent = (host.group == Group::Lb).then(|| serde_json::from_value(agent).unwrap());
            observed.hosts.insert(host.name.clone(), seen);
        }
        observed.service.insert("10.0.0.3".parse().unwrap(), Ok(200));
        (cluster, observed)
    }

    fn codes(cluster: &Cluster, observed: &Observed) -> Vec<&'static str> {
        judge(cluster, observed).iter().map(|problem| problem.code.id()).collect()
    }

    #[test]
    fn one_owner_is_good_none_and_two_are_not() {
        let (cluster, observed) = scene(&["lb-5"]);
        assert_eq!(judge(&cluster, &observed), []);
        let (cluster, observed) = scene(&[]);
        assert_eq!(codes(&cluster, &observed), ["E701"]);
        let (cluster, observed) = scene(&["lb-5", "lb-6"]);
        let problems = judge(&cluster, &observed);
        assert!(problems[0].message.contains("is owned by lb-5 and lb-6"), "{problems:?}");
    }

    #[test]
    fn unknown_is_not_nobody() {
        let (cluster, mut observed) = scene(&[]);
        let why = Problem::new(Code::ConnectionLost, "lb-5: the script did not end within 30 s");
        observed.hosts.insert("lb-5".into(), Seen { why: Some(why), ..Seen::default() });
        let problems = judge(&cluster, &observed);
        assert_eq!(
            problems[0].message,
            "the owner of VIP 10.0.0.3 (VI_1) is unknown (lb-5 does not answer: the script did not end within 30 s)"
        );
        assert_eq!(problems[0].why.as_deref(), Some("the service answers with status 200, so somebody owns it"));
        assert!(problems[1].message.starts_with("lb-5: not reachable, its state is unknown: the script did not end"));
        // Asked, but without addresses: nothing is known either.
        observed.hosts.insert("lb-5".into(), Seen { reachable: true, ..Seen::default() });
        assert!(judge(&cluster, &observed)[0].message.contains("lb-5 answers, but shows no addresses"));
        // Not asked at all (`--limit`): no verdict.
        observed.hosts.remove("lb-5");
        assert_eq!(judge(&cluster, &observed), []);
    }

    #[test]
    fn each_trouble_is_named() {
        let vip = "10.0.0.3".parse().unwrap();
        let (cluster, mut observed) = scene(&["lb-5"]);
        observed.service.insert(vip, Ok(502));
        assert_eq!(codes(&cluster, &observed), ["E704"]);
        observed.service.insert(vip, Err(NoAnswer("connection refused".into())));
        assert_eq!(codes(&cluster, &observed), ["E704"]);
        observed.hosts.get_mut("lb-5").unwrap().firewalls = vec!["ufw".into()];
        assert!(judge(&cluster, &observed)[0].to_string().contains("ufw runs on lb-5"));
        observed.service.insert(vip, Ok(403));
        assert_eq!(
            judge(&cluster, &observed)[0].message,
            "http://10.0.0.3:80/ answers with status 403; expected is 200 to 399"
        );
        let (cluster, mut observed) = scene(&["lb-5"]);
        observed.hosts.get_mut("web-7").unwrap().neighbours.insert(vip, "02:00:10.0.0.6".into());
        assert_eq!(codes(&cluster, &observed), ["E705"]);
        assert!(judge(&cluster, &observed)[0].message.contains("(lb-6), but its owner is lb-5"));
        let (cluster, mut observed) = scene(&["lb-5"]);
        observed.hosts.get_mut("lb-6").unwrap().agent = None;
        observed.hosts.get_mut("lb-5").unwrap().backends.insert("web-8".into(), Some("connection refused".into()));
        assert_eq!(codes(&cluster, &observed), ["E707", "E709"]);
        observed.hosts.insert("lb-6".into(), Seen::default());
        assert_eq!(codes(&cluster, &observed), ["E706", "E709"]);
        // Of each balancer what it saw.
        observed.hosts.get_mut("lb-5").unwrap().backends.insert("web-8".into(), Some("HTTP status 500".into()));
        observed.hosts.get_mut("lb-6").unwrap().backends.insert("web-8".into(), Some("no answer within 5 s".into()));
        let said =
            judge(&cluster, &observed).iter().map(|problem| problem.message.clone()).collect::<Vec<_>>().join("\n");
        assert!(said.contains("on port 80 (asked by lb-5: HTTP status 500; lb-6: no answer within 5 s)"), "{said}");
    }

    #[test]
    fn a_router_in_fault_and_scattered_addresses_are_named() {
        let (cluster, mut observed) = scene(&["lb-5"]);
        let fault = serde_json::json!({"name": "VI_1", "state": "FAULT", "interface": "eth0", "vrid": 3, "base_priority": 100,
            "effective_priority": 0, "advert_interval_ms": 1000, "addresses": [], "master": null, "master_priority": null,
            "last_advert_ms": null, "last_transition": null, "last_reason": null, "pinned": null,
            "fault_reasons": ["link eth0 is down"]});
        let agent = observed.hosts.get_mut("lb-6").unwrap().agent.as_mut().unwrap();
        agent.instances.push(serde_json::from_value(fault).unwrap());
        assert_eq!(codes(&cluster, &observed), ["E708"]);
        let (mut cluster, observed) = scene(&["lb-5"]);
        cluster.vips[0].addresses.push("10.0.0.4/24".parse().unwrap());
        assert_eq!(codes(&cluster, &observed), ["E703"]);
    }
}
