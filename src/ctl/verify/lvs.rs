//! The verdict on a cluster that the kernel balances: real servers that would answer ARP for the VIP, or drop what they
//! are sent, and directors that do not balance.

use hactl_engine::control::{RealServerStatus, VirtualServerStatus};

use crate::ctl::cluster::{Cluster, Group, Host, LvsMethod};
use crate::ctl::look::observe::{Observed, Seen};
use crate::error::{Code, Problem};

/// Judges what was seen of LVS. Empty means good.
pub fn judge(cluster: &Cluster, observed: &Observed) -> Vec<Problem> {
    let Some(lvs) = &cluster.lvs else { return Vec::new() };
    let seen = |host: &Host| observed.hosts.get(&host.name).filter(|seen| seen.reachable);
    let mut problems = Vec::new();
    if lvs.method != LvsMethod::Nat {
        for host in cluster.backends() {
            problems.extend(seen(host).into_iter().flat_map(|seen| real_server(cluster, host, seen)));
        }
    }
    for host in cluster.group(Group::Lb) {
        let agent = seen(host).and_then(|seen| seen.agent.as_ref());
        for server in agent.iter().flat_map(|agent| &agent.virtual_servers) {
            problems.extend(director(cluster, host, server));
        }
    }
    problems
}

/// What breaks direct routing on a real server.
fn real_server(cluster: &Cluster, host: &Host, seen: &Seen) -> Vec<Problem> {
    let mut problems = Vec::new();
    let name = &host.name;
    let vips = || cluster.vips.iter().flat_map(|vip| &vip.addresses).map(ipnet::IpNet::addr);
    let next = format!("`systemctl restart hactl-realserver` on {name}, or `hactl deploy`");
    for vip in vips().filter(|vip| vip.is_ipv4() == host.address.is_ipv4() && !seen.has_quietly(*vip)) {
        let problem = Problem::new(Code::VipNotOnLo, format!("{name}: VIP {vip} is not on lo"))
            .why("it drops what the director sends there: some clients get no answer");
        problems.push(problem.next(next.clone()));
    }
    if let Some((ignore, announce)) = seen.arp.filter(|(ignore, announce)| *ignore == 0 || *announce < 2) {
        let message = format!("{name}: arp_ignore is {ignore} and arp_announce {announce}, not 1 and 2");
        let problem = Problem::new(Code::ArpVisible, message)
            .why("it may answer ARP for the VIP, and clients would reach it past the director");
        problems.push(problem.next(next));
    }
    if host.group != Group::Lb
        && let Some(vip) = vips().find(|vip| seen.has(*vip))
    {
        let problem =
            Problem::new(Code::ArpVisible, format!("{name}: VIP {vip} is on an interface that neighbours ask"))
                .why("it answers ARP for the VIP, and clients reach it past the director");
        problems.push(problem.next(format!("`ip addr show` on {name}; the VIP belongs on lo there")));
    }
    problems
}

fn director(cluster: &Cluster, host: &Host, server: &VirtualServerStatus) -> Vec<Problem> {
    let name = &host.name;
    let mut problems = Vec::new();
    if server.in_kernel != Some(true) && !server.absent && requires_ipvs(cluster) {
        let problem =
            Problem::new(Code::NoVirtualServer, format!("{name}: the kernel's LVS table has no {}", server.name))
                .why("nothing is balanced there");
        problems.push(problem.next(format!("`journalctl -u hactl-agent` on {name}; `lsmod | grep ip_vs`")));
    }
    problems.extend(quorum(name, server));
    let down: Vec<&RealServerStatus> = server.real_servers.iter().filter(|real| !real.up).collect();
    for real in down {
        let host = cluster.backends().find(|host| real.address.starts_with(&host.address.to_string()));
        let whose = host.map_or_else(|| real.address.clone(), |host| host.name.clone());
        let reason = real.reason.as_deref().unwrap_or("its checks have not passed yet");
        let message = format!("{whose} is out of {} on {name}: {reason}", server.name);
        problems
            .push(Problem::new(Code::WebServerOut, message).next(format!("is its service running? {}", real.address)));
    }
    problems
}

/// A virtual server with too few real servers left.
fn quorum(name: &str, server: &VirtualServerStatus) -> Option<Problem> {
    let what = match &server.sorry_server {
        _ if server.quorum => return None,
        Some(sorry) => format!("sorry server {sorry} serves"),
        None => "there is no sorry server".to_owned(),
    };
    let message = format!(
        "{name}: {} has no quorum: weight {} is alive, {} is needed; {what}",
        server.name, server.alive, server.needed
    );
    Some(Problem::new(Code::QuorumLost, message).next("`hactl agent status` there tells what each check found"))
}

/// The same on every director, for whoever takes a real server out.
pub fn without_quorum(observed: &Observed) -> Vec<Problem> {
    let agents = observed.hosts.iter().filter_map(|(name, seen)| Some((name, seen.agent.as_ref()?)));
    agents.flat_map(|(name, agent)| agent.virtual_servers.iter().filter_map(|server| quorum(name, server))).collect()
}

/// Whether somebody may be expected to answer: not where no director's kernel has IPVS, and the inventory knows that.
pub fn is_balanced(cluster: &Cluster, observed: &Observed) -> bool {
    let agents = || observed.hosts.values().filter_map(|seen| seen.agent.as_ref());
    let in_kernel = || agents().flat_map(|agent| &agent.virtual_servers).any(|server| server.in_kernel.is_some());
    cluster.lvs.is_none() || requires_ipvs(cluster) || in_kernel()
}

/// The role's own parameter: a place to try things may lack the module.
fn requires_ipvs(cluster: &Cluster) -> bool {
    let given = cluster.role_params.get("lvs-director").and_then(|params| params.get("require_ipvs"));
    given.is_none_or(|value| *value != serde_json::Value::Bool(false))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ctl::inventory::load::parse;

    fn scene() -> (Cluster, Observed) {
        let cluster = parse(Path::new("x.yaml"), include_str!("../../../inventories/lvs-dr.yaml")).unwrap().cluster;
        let mut observed = Observed::default();
        for host in &cluster.hosts {
            let mut seen = Seen { reachable: true, ..Seen::default() };
            seen.addresses.push(("eth0".into(), format!("{}/24", host.address).parse().unwrap()));
            if host.group == Group::Web {
                seen.addresses.push(("lo".into(), "10.0.0.3/32".parse().unwrap()));
                seen.arp = Some((1, 2));
            }
            observed.hosts.insert(host.name.clone(), seen);
        }
        (cluster, observed)
    }

    fn codes(cluster: &Cluster, observed: &Observed) -> Vec<&'static str> {
        judge(cluster, observed).iter().map(|problem| problem.code.id()).collect()
    }

    #[test]
    fn silence_is_good_and_anything_else_is_told() {
        let (cluster, mut observed) = scene();
        assert_eq!(codes(&cluster, &observed), Vec::<&str>::new());
        let web = observed.hosts.get_mut("web-7").unwrap();
        web.arp = Some((0, 2));
        assert_eq!(codes(&cluster, &observed), ["E712"]);
        let web = observed.hosts.get_mut("web-7").unwrap();
        (web.arp, web.addresses) = (Some((1, 2)), vec![("eth0".into(), "10.0.0.3/24".parse().unwrap())]);
        assert_eq!(codes(&cluster, &observed), ["E711", "E712"]);
    }

    #[test]
    fn a_director_that_does_not_balance_is_told() {
        let (cluster, mut observed) = scene();
        let agent = serde_json::json!({"version": "0", "pid": 1, "started_unix_s": 0, "now_unix_ms": 0, "config": "", "instances": [],
            "virtual_servers": [{"name": "10.0.0.3:80", "services": [], "scheduler": "rr", "persistence_s": null, "quorum": false,
                "quorum_for_ms": 7, "alive": 0, "needed": 1, "sorry_server": null, "in_kernel": false,
                "traffic": {"connections": 0, "bytes_in": 0, "bytes_out": 0, "connections_per_s": 0, "bytes_in_per_s": 0, "bytes_out_per_s": 0},
                "real_servers": [{"address": "10.0.0.7:80", "up": false, "reason": "connection refused", "for_ms": 7, "drained": false,
                    "weight": 1, "weight_by_operator": false, "weight_now": null, "forward": "DR", "active": 0, "inactive": 0,
                    "traffic": {"connections": 0, "bytes_in": 0, "bytes_out": 0, "connections_per_s": 0, "bytes_in_per_s": 0, "bytes_out_per_s": 0},
                    "checks": []}]}]});
        observed.hosts.get_mut("lb-6").unwrap().agent = Some(serde_json::from_value(agent).unwrap());
        let problems = judge(&cluster, &observed);
        assert_eq!(codes(&cluster, &observed), ["E713", "E714", "E709"]);
        assert_eq!(without_quorum(&observed)[0].code.id(), "E714");
        assert!(problems[2].message.contains("web-7 is out of 10.0.0.3:80 on lb-6: connection refused"));
    }
}
