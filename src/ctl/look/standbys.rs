//! Each site as whoever stands by has it: with the next failure that one answers, and nobody else asks it before.

use std::borrow::Cow;
use std::time::Duration;

use crate::ctl::cluster::{Cluster, Group, Host};
use crate::ctl::inventory::virtual_hosts::of_short;
use crate::ctl::look::observe::Observed;
use crate::ctl::look::sites::{Asked, SiteSeen, ask};
use crate::ctl::sites::VirtualHost;

/// The role that has nginx answer on a load balancer.
const BALANCES: &str = "lb-nginx";

/// A web server that is restarted refuses for a moment: who did not answer is asked once more after this time.
const AGAIN: Duration = Duration::from_secs(1);

/// Asks for every site at the own address of each load balancer that does not own all VIPs. Only those are asked whose
/// web server answers this desk at all, since the others are judged by that; and no site that listens on VIPs only.
pub async fn ask_standbys(cluster: &Cluster, observed: &Observed) -> Vec<SiteSeen> {
    let hosts: Vec<&Host> = cluster.group(Group::Lb).filter(|host| stands_by(cluster, observed, host)).collect();
    let first = ask_all(cluster, &hosts).await;
    if first.iter().all(|seen| seen.answer.is_ok()) {
        return first;
    }
    tokio::time::sleep(AGAIN).await;
    ask_all(cluster, &hosts).await
}

async fn ask_all(cluster: &Cluster, hosts: &[&Host]) -> Vec<SiteSeen> {
    let pairs = hosts.iter().flat_map(|host| sites(cluster, host).map(move |site| (host, site)));
    let pairs = pairs.filter(|(_, site)| site.addresses.is_empty());
    let asks = pairs.filter_map(|(host, site)| ask(&site, host.address, Asked::Standby(host.name.clone())));
    futures_util::future::join_all(asks).await
}

/// What it is to answer: `sites:`, or the short form where nginx there is ours.
fn sites<'a>(cluster: &'a Cluster, host: &Host) -> impl Iterator<Item = Cow<'a, VirtualHost>> {
    let is_ours = cluster.traffic.sites.is_empty() && host.roles.iter().any(|role| role == BALANCES);
    let short = is_ours.then(|| Cow::Owned(of_short(&cluster.site)));
    short.into_iter().chain(cluster.traffic.sites.iter().map(Cow::Borrowed))
}

fn stands_by(cluster: &Cluster, observed: &Observed, host: &Host) -> bool {
    let answers = observed.direct.get(&host.name) == Some(&true);
    let Some(seen) = observed.hosts.get(&host.name).filter(|seen| answers && seen.is_known()) else { return false };
    let mut vips = cluster.vips.iter().filter(|vip| vip.has_sites(&cluster.hosts)).filter_map(|vip| vip.address());
    vips.any(|vip| !seen.has(vip))
}
