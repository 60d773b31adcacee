//! What directors balance, as templates see it: `lvs` {method, scheduler, interval_s, timeout_s, retry, retry_delay_s,
//! persistence_s, sorry, check, path, vips, sync, on_directors} as the inventory has it for all services, and
//! `services` {head, vip, port, protocol, family, method, scheduler, persistence_s, sorry, check, path, interval_s,
//! timeout_s, retry, retry_delay_s, real_servers {address, port, weight}}: each address of a VIP with each of the
//! services that has real servers of its family.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use serde::Serialize;

use crate::ctl::cluster::{Cluster, Group, Host, Lvs, LvsCheck, LvsMethod};
use crate::ctl::lvs::{LvsService, Packets};
use crate::ctl::units::seconds_text;

/// All of it.
#[derive(Serialize)]
pub(super) struct LvsView<'c> {
    #[serde(flatten)]
    lvs: &'c Lvs,
    check: &'static str,
    path: &'c str,
    vips: Vec<IpAddr>,
    services: Vec<Service<'c>>,
    retry_delay_s: String,
    sync: bool,
    on_directors: bool,
}

/// A block `virtual_server`.
#[derive(Serialize)]
struct Service<'c> {
    /// What stands behind the keyword.
    head: String,
    /// None for a mark.
    vip: Option<IpAddr>,
    /// 0 for a mark.
    port: u16,
    /// Empty for a mark.
    protocol: &'static str,
    /// Of a mark that says it: `inet6`.
    family: &'static str,
    method: LvsMethod,
    scheduler: &'c str,
    persistence_s: u64,
    sorry: Option<&'c str>,
    check: &'static str,
    path: &'c str,
    interval_s: String,
    timeout_s: String,
    retry: u64,
    retry_delay_s: String,
    real_servers: Vec<RealServer>,
}

#[derive(Serialize)]
struct RealServer {
    address: IpAddr,
    port: u16,
    weight: u32,
}

impl<'c> LvsView<'c> {
    pub(super) fn new(cluster: &'c Cluster, lvs: &'c Lvs) -> Self {
        let vips: Vec<IpAddr> = cluster.vips.iter().flat_map(|vip| &vip.addresses).map(IpNet::addr).collect();
        let mut services = Vec::new();
        for service in &lvs.services {
            match service.what {
                Packets::Port { .. } => {
                    services.extend(vips.iter().map(|vip| Service::new(cluster, lvs, service, *vip)))
                }
                Packets::Mark(_) => services.extend(FAMILIES.map(|any| Service::new(cluster, lvs, service, any))),
            }
        }
        services.retain(|service| !service.real_servers.is_empty());
        let (check, path) = words(&lvs.check);
        let retry_delay_s = retry_delay(lvs.interval);
        let sync = lvs.sync && cluster.group(Group::Lb).count() > 1;
        Self { lvs, check, path, vips, services, retry_delay_s, sync, on_directors: lvs.real_servers == Group::Lb }
    }
}

impl<'c> Service<'c> {
    /// Of an address; for a mark it says the family only.
    fn new(cluster: &Cluster, lvs: &Lvs, service: &'c LvsService, vip: IpAddr) -> Self {
        let (head, port, protocol, family) = match service.what {
            Packets::Port { port, udp } => (format!("{vip} {port}"), port, if udp { "UDP" } else { "TCP" }, ""),
            Packets::Mark(mark) => (format!("fwmark {mark}"), 0, "", if vip.is_ipv6() { "inet6" } else { "" }),
        };
        let (check, path) = words(&service.check);
        let mut real_servers = real_servers(cluster, lvs, service);
        real_servers.retain(|real| real.address.is_ipv4() == vip.is_ipv4());
        Self {
            head,
            vip: service.what.port().map(|_| vip),
            port,
            protocol,
            family,
            method: service.method,
            scheduler: &service.scheduler,
            persistence_s: service.persistence.as_secs(),
            sorry: service.sorry_server.as_deref(),
            check,
            path,
            interval_s: seconds_text(service.interval),
            timeout_s: seconds_text(service.timeout),
            retry: service.retry,
            retry_delay_s: retry_delay(service.interval),
            real_servers,
        }
    }
}

/// Those of its pool; else the cluster's own, each on its own port where that is what the service of the site is
/// translated to, on the service's where not.
fn real_servers(cluster: &Cluster, lvs: &Lvs, service: &LvsService) -> Vec<RealServer> {
    if let Some(pool) = service.pool.as_ref().and_then(|name| cluster.traffic.pools.get(name)) {
        let servers = pool.servers.iter();
        return servers
            .map(|one| RealServer { address: one.at.ip(), port: one.at.port(), weight: one.weight })
            .collect();
    }
    let port = |host: &Host| match service.what.port() {
        Some(port) if port != lvs.port || lvs.real_servers == Group::Lb => port,
        _ => host.backend.port,
    };
    let real = |host: &Host| RealServer { address: host.address, port: port(host), weight: host.backend.weight };
    cluster.backends().map(real).collect()
}

fn words(check: &LvsCheck) -> (&'static str, &str) {
    match check {
        LvsCheck::Tcp => ("tcp", ""),
        LvsCheck::Ping => ("ping", ""),
        LvsCheck::Http { path } => ("http", path.as_str()),
    }
}

fn retry_delay(interval: Duration) -> String {
    seconds_text(interval.min(Duration::from_secs(1)))
}

const FAMILIES: [IpAddr; 2] =
    [IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED)];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::ctl::inventory::load::parse;
    use crate::ctl::render::context::Interfaces;
    use crate::ctl::render::host::render;

    const CLUSTER: &str = "cluster: lvs\nvip: [10.0.0.3/24, \"2001:db8::3/64\"]\nlb: { lb-5: 10.0.0.5, lb-6: 10.0.0.6 }\n\
                           web: { web-7: 10.0.0.7, web-8: { address: 10.0.0.8, weight: 3 } }\n\
                           site: { kind: static, server_name: www.example.cc }\n\
                           pools: { dns: [10.0.0.21:53, 10.0.0.22:53], api: [10.0.0.31:9000, \"[2001:db8::31]:9000\"] }\n";

    /// The virtual servers that lb-5 gets, as keepalived's language has them; nothing of it is doubtful.
    fn servers(lvs: &str) -> Vec<String> {
        let text = format!("{CLUSTER}lvs: {lvs}\n");
        let loaded = parse(Path::new("x.yaml"), &text).unwrap_or_else(|failure| panic!("{:?}", failure.problems));
        let host = loaded.cluster.host("lb-5").unwrap();
        let wanted = render(&loaded.cluster, host, &Interfaces::default()).unwrap();
        let conf = wanted.files.iter().find(|file| file.dest == "/etc/hactl/hactl.conf").unwrap();
        let conf = String::from_utf8(conf.content.clone()).unwrap();
        let parsed = hactl_engine::conf::parse("x", &conf);
        assert_eq!(parsed.diagnostics, [], "{conf}");
        let one = |server: &std::sync::Arc<hactl_engine::conf::config::lvs::VirtualServer>| {
            let keys: Vec<String> = server.services.iter().map(ToString::to_string).collect();
            let real = server.real_servers.iter().map(|real| {
                let checks: Vec<String> = real.checkers.iter().map(|one| one.check.to_string()).collect();
                format!("{}*{} {}", real.address, real.weight, checks.join(" "))
            });
            let persistence = server.persistence.map_or(0, |one| one.timeout.as_secs());
            let real: Vec<String> = real.collect();
            format!("{} {} {persistence}: {}", keys.join(" "), server.scheduling.name, real.join(", "))
        };
        parsed.config.virtual_servers.iter().map(one).collect()
    }

    #[test]
    fn a_port_alone_is_one_service() {
        assert_eq!(
            servers("{ method: nat }"),
            ["TCP 10.0.0.3:80 wrr 0: 10.0.0.7:80*1 HTTP_GET 10.0.0.7:80 /, 10.0.0.8:80*3 HTTP_GET 10.0.0.8:80 /"]
        );
    }

    #[test]
    fn each_service_has_its_own_words_and_the_others() {
        let found = servers(
            "{ method: nat, interval: 5s, services: [{ port: 80 }, { port: 443, scheduler: mh, persistence: 50s, check: tcp }, \
             { port: 53, protocol: udp, pool: dns }, { fwmark: 7, pool: api, path: /health, scheduler: rr }] }",
        );
        assert_eq!(
            found,
            [
                "TCP 10.0.0.3:80 wrr 0: 10.0.0.7:80*1 HTTP_GET 10.0.0.7:80 /, 10.0.0.8:80*3 HTTP_GET 10.0.0.8:80 /",
                "TCP 10.0.0.3:443 mh 50: 10.0.0.7:443*1 TCP_CHECK 10.0.0.7:443, 10.0.0.8:443*3 TCP_CHECK 10.0.0.8:443",
                "UDP 10.0.0.3:53 wrr 0: 10.0.0.21:53*1 PING_CHECK 10.0.0.21, 10.0.0.22:53*1 PING_CHECK 10.0.0.22",
                "fwmark 7 rr 0: 10.0.0.31:0*1 HTTP_GET 10.0.0.31:9000 /health",
                "fwmark 7 inet6 rr 0: [2001:db8::31]:0*1 HTTP_GET [2001:db8::31]:9000 /health",
            ]
        );
    }

    #[test]
    fn what_cannot_be_is_told() {
        for (lvs, code) in [
            ("{ port: 80, services: [{ port: 80 }] }", "E172"),
            ("{ services: [80] }", "E103"),
            ("{ services: [{ scheduler: rr }] }", "E103"),
            ("{ services: [{ port: 80, fwmark: 7 }] }", "E103"),
            ("{ services: [{ port: 80 }, { port: 80 }] }", "E166"),
            ("{ services: [{ port: 80, pool: nowhere }] }", "E163"),
            ("{ services: [{ port: 80, pool: api }] }", "E128"),
            ("{ services: [{ port: 80 }, { port: 443, method: nat }] }", "E172"),
            ("{ services: [{ port: 53, protocol: udp, check: http }] }", "E172"),
        ] {
            let failure = parse(Path::new("x.yaml"), &format!("{CLUSTER}lvs: {lvs}\n")).unwrap_err();
            let codes: Vec<&str> = failure.problems.iter().map(|problem| problem.code.id()).collect();
            assert_eq!(codes, [code], "{lvs}: {:?}", failure.problems);
        }
    }
}
