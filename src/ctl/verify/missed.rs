//! Hosts that a deploy did without.

use std::collections::BTreeMap;

use crate::ctl::cluster::Cluster;
use crate::ctl::look::observe::Seen;
use crate::error::{Code, Problem};

/// Hosts of the inventory that missed a deploy, as the others remember it. A host that has had a later deploy since
/// then has missed nothing.
pub(super) fn judge(cluster: &Cluster, hosts: &BTreeMap<String, Seen>) -> Vec<Problem> {
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    for one in hosts.values().flat_map(|seen| &seen.missed) {
        let number = last.entry(&one.host).or_default();
        *number = one.number.max(*number);
    }
    let since = |name: &str, number: u64| hosts.get(name).is_some_and(|seen| seen.transaction.committed > number);
    let left = last.into_iter().filter(|(name, number)| cluster.host(name).is_some() && !since(name, *number));
    let problem = |(name, number): (&str, u64)| {
        let message =
            format!("it was left out of the deploy of generation {number}, since it could not be reached then");
        Problem::on(name, Code::MissedDeploy, message)
            .why("it may have older files than the others")
            .next("`hactl plan` shows what differs, `hactl deploy` makes them alike")
            .warn()
    };
    left.map(problem).collect()
}
