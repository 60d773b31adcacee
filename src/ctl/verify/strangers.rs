//! Virtual routers of others on the LAN of the load balancers, as the agents hear them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use hactl_engine::control::StrangerStatus;

use crate::ctl::cluster::Cluster;
use crate::ctl::look::observe::Observed;
use crate::error::{Code, Problem};

/// Who was silent for longer is not there any more: the longest interval of VRRP 2 is 255 s, the usual one 1 s.
const MOMENT_MS: u64 = 60_000;

/// Each that was heard in the last minute, once, with who heard it.
pub fn told(cluster: &Cluster, observed: &Observed) -> Vec<Problem> {
    let mut heard: BTreeMap<(u8, &str), Vec<&str>> = BTreeMap::new();
    for host in cluster.agents() {
        let agent = observed.hosts.get(&host.name).and_then(|seen| seen.agent.as_ref());
        let strangers = agent.iter().flat_map(|agent| &agent.strangers);
        for one in strangers.filter(|one| one.last_advert_ms <= MOMENT_MS && !is_ours(cluster, one)) {
            heard.entry((one.vrid, &one.source)).or_default().push(&host.name);
        }
    }
    let one = |((vrid, source), hosts): ((u8, &str), Vec<&str>)| {
        let who = match cluster.hosts.iter().find(|host| host.address.to_string() == source) {
            Some(host) => format!("{} ({source})", host.name),
            None => source.to_owned(),
        };
        let hosts = hosts.join(" and ");
        let message = format!("{who} advertises VRID {vrid}, which no VIP of the inventory has");
        Problem::new(Code::StrangerAdvertises, message)
            .why(format!("heard by {hosts}"))
            .next("ask whose it is; do not give a VIP of this LAN the same VRID; `hactl capture` shows its adverts")
            .warn()
    };
    heard.into_iter().map(one).collect()
}

/// A VIP that other hosts of this cluster carry, such as a database's. Adverts of IPv6 come from link-local addresses,
/// which no inventory names: with the VRID of a VIP they count as its own.
fn is_ours(cluster: &Cluster, one: &StrangerStatus) -> bool {
    let is_host = cluster.hosts.iter().any(|host| host.address.to_string() == one.source);
    let is_v6 = one.source.parse().is_ok_and(|source: IpAddr| source.is_ipv6());
    (is_host || is_v6) && cluster.vips.iter().any(|vip| vip.vrid == one.vrid)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::ctl::inventory::load::parse;
    use crate::ctl::look::observe::Seen;

    #[test]
    fn each_is_told_once_with_who_hears_it() {
        let cluster = parse(Path::new("x.yaml"), include_str!("../../../inventories/homework.yaml")).unwrap().cluster;
        let mut observed = Observed::default();
        let hears = |vrid: u8, source: &str, ms: u64| json!({"interface": "eth0", "vrid": vrid, "source": source, "last_advert_ms": ms});
        for (host, strangers) in [
            ("lb-5", vec![hears(7, "10.0.0.91", 300), hears(9, "10.0.0.92", 60_001)]),
            ("lb-6", vec![hears(7, "10.0.0.91", 400), hears(8, "10.0.0.7", 1), hears(3, "10.0.0.5", 9)]),
        ] {
            let agent = json!({"version": "0", "pid": 1, "started_unix_s": 0, "now_unix_ms": 0, "config": "", "instances": [],
                "strangers": strangers});
            let agent = Some(serde_json::from_value(agent).unwrap());
            observed.hosts.insert(host.into(), Seen { reachable: true, agent, ..Seen::default() });
        }
        let found = told(&cluster, &observed);
        let said: Vec<&str> = found.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(
            said,
            [
                "10.0.0.91 advertises VRID 7, which no VIP of the inventory has",
                "web-7 (10.0.0.7) advertises VRID 8, which no VIP of the inventory has"
            ]
        );
        assert!(found.iter().all(|problem| problem.warning) && found[0].to_string().contains("heard by lb-5 and lb-6"));
    }
}
