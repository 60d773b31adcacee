//! The servers of nginx's pools as the agent of a load balancer checks them: the list `upstreams` of {name, interval_s, retry,
//! retry_delay_s, rise, timeout_s, checker, path, host, status, servers {address, port}} for templates.

use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;

use super::nginx;
use crate::ctl::cluster::Cluster;
use crate::ctl::sites::{Pool, PoolCheck, Question, Target};
use crate::ctl::units::seconds_text;

/// A block `virtual_server upstream`.
#[derive(Debug, Serialize)]
pub struct UpstreamView {
    name: String,
    interval_s: String,
    /// Tries that may fail before the one that counts.
    retry: u32,
    retry_delay_s: String,
    rise: u32,
    timeout_s: String,
    /// Its keyword.
    checker: &'static str,
    /// What is asked for; empty where nothing is.
    path: String,
    host: Option<String>,
    status: String,
    servers: Vec<ServerView>,
}

#[derive(Debug, Serialize)]
struct ServerView {
    address: IpAddr,
    port: u16,
}

/// The pools that nginx has a use for and that are to be checked. Servers that get no requests anyway are not; nor are pools of UDP
/// alone, which no connection can be tried on.
pub fn upstreams(cluster: &Cluster) -> Vec<UpstreamView> {
    if cluster.lvs.is_some() || !cluster.site.managed {
        return Vec::new();
    }
    let sites = nginx::sites(cluster);
    let rules =
        sites.iter().flat_map(|site| std::iter::once(&site.rules).chain(site.locations.iter().map(|one| &one.rules)));
    let of_sites = rules.filter_map(|rules| match &rules.target {
        Some(Target::Pool(name)) => Some(name.as_str()),
        _ => None,
    });
    let streams = cluster.traffic.streams.iter().filter(|stream| !stream.udp).map(|stream| stream.pool.as_str());
    let mut used: Vec<&str> = of_sites.chain(streams).collect();
    used.sort_unstable();
    used.dedup();
    let pools = nginx::pools(cluster);
    let view = |pool: &Pool| pool.check.as_ref().map(|check| UpstreamView::new(pool, check));
    used.into_iter().filter_map(|name| pools.get(name).and_then(view)).filter(|view| !view.servers.is_empty()).collect()
}

impl UpstreamView {
    fn new(pool: &Pool, check: &PoolCheck) -> Self {
        let servers = pool.servers.iter().filter(|server| !server.down);
        let (checker, path, host, status) = match &check.question {
            Question::Tcp => ("TCP_CHECK", "", None, &[][..]),
            Question::Page { tls, path, host, status } => {
                (if *tls { "SSL_GET" } else { "HTTP_GET" }, path.as_str(), host.clone(), status.as_slice())
            }
        };
        let range =
            |(first, last): &(u16, u16)| if first == last { first.to_string() } else { format!("{first}-{last}") };
        Self {
            name: pool.name.clone(),
            interval_s: seconds_text(check.interval),
            retry: check.fall.saturating_sub(1),
            retry_delay_s: seconds_text(check.interval.min(SOON)),
            rise: check.rise,
            timeout_s: seconds_text(check.timeout),
            checker,
            path: path.to_owned(),
            host,
            status: status.iter().map(range).collect::<Vec<_>>().join(" "),
            servers: servers.map(|server| ServerView { address: server.at.ip(), port: server.at.port() }).collect(),
        }
    }
}

/// A server that failed is tried again soon, so that it is known within about its interval.
const SOON: Duration = Duration::from_millis(500);
