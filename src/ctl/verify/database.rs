//! The verdict on WordPress's database where it is on two hosts: one is written to, and the other one follows.

use crate::ctl::cluster::Cluster;
use crate::ctl::look::observe::Observed;
use crate::error::{Code, Problem};

/// What a host says that does what its VIP says.
const WELL: &str = "well ";
/// And one that cannot yet.
const WAITS: &str = "waits ";

/// Judges the hosts that were seen. Empty means good.
pub(crate) fn judge(cluster: &Cluster, observed: &Observed) -> Vec<Problem> {
    let Some(database) = cluster.wordpress.as_ref().map(|site| &site.database) else { return Vec::new() };
    let Some(vip) = database.vip else { return Vec::new() };
    let judged = database.hosts.iter().filter_map(|host| {
        // That a host has no agent is told elsewhere.
        let seen = observed.hosts.get(host).filter(|seen| seen.reachable && seen.agent.is_some())?;
        let message = match seen.database.as_deref() {
            Some(said) if said.starts_with(WELL) => return None,
            Some(said) => said.strip_prefix(WAITS).unwrap_or(said),
            None => "whether it is written to is not known: `/etc/hactl/wordpress/pair.sh stands` says nothing there",
        };
        let harm = match seen.has(vip) {
            true => "it has the database's VIP, so nobody can write until it has asked",
            false => "what is written meanwhile is on one host",
        };
        let next = format!("`journalctl -u hactl-wordpress-pair` on {host}; `hactl explain E729`");
        Some(Problem::on(host, Code::DatabaseWaits, message).why(harm).next(next))
    });
    judged.collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ctl::inventory::load::parse;
    use crate::ctl::look::observe::Seen;

    const BLOG: &str = include_str!("../../../inventories/wordpress.yaml");

    #[test]
    fn who_waits_is_told_with_what_it_costs() {
        let cluster = parse(Path::new("x.yaml"), BLOG).unwrap().cluster;
        let agent = serde_json::json!({"version": "0", "pid": 1, "started_unix_s": 0, "now_unix_ms": 0, "config": "", "instances": []});
        let host = |said: Option<&str>, address: &str| Seen {
            reachable: true,
            addresses: vec![("eth0".into(), address.parse().unwrap())],
            agent: serde_json::from_value(agent.clone()).ok(),
            database: said.map(str::to_owned),
            ..Seen::default()
        };
        let said = |seven, eight| {
            let mut observed = Observed::default();
            observed.hosts.insert("web-7".into(), host(seven, "10.0.0.4/24"));
            observed.hosts.insert("web-8".into(), host(eight, "10.0.0.8/24"));
            judge(&cluster, &observed).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(said(Some("well this host is written to"), Some("well this host follows 10.0.0.7")), [""; 0]);
        let waits = said(Some("waits 10.0.0.8 cannot be asked"), Some("well x"));
        assert!(waits.len() == 1 && waits[0].contains("error[E729]: web-7: 10.0.0.8 cannot be asked"), "{waits:?}");
        assert!(waits[0].contains("nobody can write"), "{waits:?}");
        let unknown = said(Some("well x"), None);
        assert!(
            unknown[0].contains("web-8: whether it is written to is not known") && unknown[0].contains("on one host")
        );
        assert_eq!(judge(&cluster, &Observed::default()), [], "nobody was asked");
    }
}
