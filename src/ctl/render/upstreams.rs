//! The servers of nginx's pools as the agent of a load balancer checks them: the list `upstreams` of {name, interval_s,
//! retry, retry_delay_s, rise, timeout_s, checker, path, host, status, servers {address, port}} for templates.

use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;

use super::nginx;
use crate::ctl::cluster::Cluster;
use crate::ctl::inventory::virtual_hosts;
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

/// The pools that nginx has a use for and that are to be checked. Servers that get no requests anyway are not; nor are
/// pools of UDP alone, which no connection can be tried on.
pub fn upstreams(cluster: &Cluster) -> Vec<UpstreamView> {
    if cluster.lvs.is_some() || !cluster.site.managed {
        return Vec::new();
    }
    let sites = virtual_hosts::of(cluster);
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
    /// What agents call it.
    pub fn status_name(&self) -> String {
        format!("upstream {}", self.name)
    }

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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ctl::inventory::load::parse;

    const CLUSTER: &str = "cluster: pools\nvip: 10.0.0.3/24\nlb: { lb-5: 10.0.0.5, lb-6: 10.0.0.6 }\n\
                           web: { web-7: 10.0.0.7, web-8: 10.0.0.8 }\n";

    fn found(text: &str) -> Vec<String> {
        let loaded = parse(Path::new("x.yaml"), &format!("{CLUSTER}{text}"));
        let loaded = loaded.unwrap_or_else(|failure| panic!("{:?}", failure.problems));
        let one = |view: &UpstreamView| {
            let servers: Vec<String> = view.servers.iter().map(|one| format!("{}:{}", one.address, one.port)).collect();
            let UpstreamView { name, interval_s, retry, retry_delay_s, rise, timeout_s, checker, path, status, .. } =
                view;
            let every = format!("{interval_s} {retry}x{retry_delay_s} {rise} {timeout_s}");
            format!("{name} {every} {checker} {path} {status}: {}", servers.join(" "))
        };
        upstreams(&loaded.cluster).iter().map(one).collect()
    }

    #[test]
    fn the_web_hosts_of_a_site_are_checked_without_a_word() {
        assert_eq!(found("site: { kind: static }\n"), ["web 2 1x0.5 1 1 TCP_CHECK  : 10.0.0.7:80 10.0.0.8:80"]);
        let drained = CLUSTER.replace("10.0.0.8", "{ address: 10.0.0.8, down: yes }");
        let loaded = parse(Path::new("x.yaml"), &format!("{drained}site: {{ kind: static }}\n")).unwrap();
        assert_eq!(upstreams(&loaded.cluster)[0].servers.len(), 1, "who gets no requests need not be checked");
        assert_eq!(found("site: { kind: static }\nlvs: { method: nat }\n"), Vec::<String>::new());
        assert_eq!(found("site: { kind: static, managed: no }\n"), Vec::<String>::new());
    }

    #[test]
    fn pools_that_somebody_uses_are_checked_as_they_say() {
        let text = "pools:\n  api: { servers: [web-7:9000], check: { https: /health, host: api.cc, interval: 500ms, fall: 3, rise: 2, \
                    expect_status: [2xx, 401] } }\n  db: { servers: [web-8:3306], check: { tcp: yes, timeout: 3s, interval: 5s } }\n  \
                    dns: [web-7:53]\n  idle: [web-7:1]\n  quiet: { servers: [web-7:2], check: no }\n\
                    sites: [{ pool: web, locations: [{ path: /api/, pool: api }, { path: /q, pool: quiet }] }]\n\
                    streams: [{ listen: 3306, pool: db }, { listen: 53, protocol: udp, pool: dns }]\n";
        assert_eq!(
            found(text),
            [
                "api 0.5 2x0.5 2 0.5 SSL_GET /health 200-299 401: 10.0.0.7:9000",
                "db 5 1x0.5 1 3 TCP_CHECK  : 10.0.0.8:3306",
                "web 2 1x0.5 1 1 TCP_CHECK  : 10.0.0.7:80 10.0.0.8:80",
            ]
        );
    }
}
