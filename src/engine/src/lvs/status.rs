//! What an agent says of its virtual servers, as it travels over the control socket.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::balancer::Balancer;
use super::health::{Outcome, Reason};
use super::load::{DestinationLoad, Loads, Traffic};
use super::pool::Pool;
use super::server::Server;
use super::upstream::Refused;
use crate::conf::config::lvs::{Check, Checker, RealServer};
use crate::ipvs::{Forward, Table, Tunnel};
use crate::time::{Instant, millis};

/// A virtual server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VirtualServerStatus {
    /// Its name: `10.0.0.3:80`, `fwmark 5`, `group web`, `upstream web`.
    pub name: String,
    /// A proxy of this host spreads requests to it, and not the kernel: it has neither services nor a scheduler, and no
    /// traffic is known.
    #[serde(default)]
    pub upstream: bool,
    /// The kernel's services that it is.
    pub services: Vec<String>,
    /// Scheduler.
    pub scheduler: String,
    /// Persistence timeout in seconds.
    pub persistence_s: Option<u64>,
    /// Whether enough weight is alive.
    pub quorum: bool,
    /// How long that has been so, in milliseconds.
    pub quorum_for_ms: u64,
    /// Weight that is alive, and weight that must be.
    pub alive: u32,
    /// See `alive`.
    pub needed: u32,
    /// The sorry server, while it serves.
    pub sorry_server: Option<String>,
    /// The checks rest, since this host does not hold the address (`ha_suspend`).
    #[serde(default)]
    pub suspended: bool,
    /// The kernel shall not have it, since this host does not hold the address (`master_only`).
    #[serde(default)]
    pub absent: bool,
    /// Whether the kernel has it; `None` when the kernel could not be asked.
    pub in_kernel: Option<bool>,
    /// What it carries.
    pub traffic: TrafficStatus,
    /// Its real servers.
    pub real_servers: Vec<RealServerStatus>,
}

/// A real server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RealServerStatus {
    /// Where it listens.
    pub address: String,
    /// All of its checks pass, or none has been tried yet.
    pub up: bool,
    /// The checks have found out whether it is up; before, that is only supposed, and so is whether it is refused.
    /// Agents that do not say suppose nothing.
    #[serde(default = "supposed")]
    pub judged: bool,
    /// Why it went up or down last; `None` since the start.
    pub reason: Option<String>,
    /// How long it has been so, in milliseconds.
    pub for_ms: u64,
    /// An operator drained it.
    pub drained: bool,
    /// The proxy of this host gets no connection to it (upstreams only).
    #[serde(default)]
    pub refused: bool,
    /// Its full weight, and whether an operator set it.
    pub weight: u32,
    /// See `weight`.
    pub weight_by_operator: bool,
    /// The weight in the kernel's table; `None`: it is not there.
    pub weight_now: Option<u32>,
    /// `NAT`, `DR`, `TUN`.
    pub forward: String,
    /// Established connections.
    pub active: u32,
    /// Other connections.
    pub inactive: u32,
    /// What it carries.
    pub traffic: TrafficStatus,
    /// Its checks.
    pub checks: Vec<CheckStatus>,
}

/// A check of a real server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckStatus {
    /// `TCP_CHECK 10.0.0.7:80`.
    pub name: String,
    /// Its verdict.
    pub passing: bool,
    /// How the last try ended, in words; `None` before the first.
    pub last: Option<String>,
    /// The kind of failure, when the last try failed.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// How many tries failed, by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failures: BTreeMap<Reason, u64>,
}

/// What the kernel counted, and its averages of a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrafficStatus {
    /// Connections scheduled.
    pub connections: u64,
    /// Bytes from clients.
    pub bytes_in: u64,
    /// Bytes to clients; only NAT sees them.
    pub bytes_out: u64,
    /// Connections a second.
    pub connections_per_s: u64,
    /// Bytes a second from clients.
    pub bytes_in_per_s: u64,
    /// Bytes a second to clients.
    pub bytes_out_per_s: u64,
}

fn supposed() -> bool {
    true
}

/// Words everything. `kernel` is what its table holds and carries, when it could be asked.
pub fn status(balancer: &Balancer, kernel: Option<(&Table, &Loads)>, now: Instant) -> Vec<VirtualServerStatus> {
    let refused = balancer.refused();
    balancer.pools().iter().map(|pool| pool_status(pool, &refused, kernel, now)).collect()
}

fn pool_status(pool: &Pool, refused: &Refused, kernel: Option<(&Table, &Loads)>, now: Instant) -> VirtualServerStatus {
    let config = pool.config();
    let mut traffic = TrafficStatus::default();
    let loads = || config.services.iter().filter_map(|key| kernel.and_then(|(_, loads)| loads.get(key)));
    loads().for_each(|load| traffic.add(&load.traffic));
    let server = |(real, server): (&RealServer, &Server)| {
        let mut load = DestinationLoad::default();
        let mut carried = TrafficStatus::default();
        for one in loads().filter_map(|load| load.destinations.get(&real.address)) {
            load.active = load.active.saturating_add(one.active);
            load.inactive = load.inactive.saturating_add(one.inactive);
            carried.add(&one.traffic);
        }
        let service = config.services.first().and_then(|key| kernel.and_then(|(table, _)| table.get(key)));
        RealServerStatus {
            address: real.address.to_string(),
            up: server.is_up(),
            judged: server.is_judged(),
            reason: server.reason().map(str::to_owned),
            for_ms: millis(now.since(server.since())),
            drained: server.by_operator().drained,
            refused: config.upstream && refused.has(real),
            weight: server.full_weight(real),
            weight_by_operator: server.by_operator().weight.is_some(),
            weight_now: service.and_then(|service| service.destinations.get(&real.address)).map(|one| one.weight),
            forward: forward_name(real.forward).to_owned(),
            active: load.active,
            inactive: load.inactive,
            traffic: carried,
            checks: real.checkers.iter().zip(server.checks()).map(check_status).collect(),
        }
    };
    VirtualServerStatus {
        name: config.name.clone(),
        upstream: config.upstream,
        services: config.services.iter().map(ToString::to_string).collect(),
        scheduler: config.scheduling.name.to_owned(),
        persistence_s: config.persistence.map(|one| one.timeout.as_secs()),
        quorum: pool.has_quorum(),
        quorum_for_ms: millis(now.since(pool.quorum_since())),
        alive: pool.alive(),
        needed: config.quorum,
        sorry_server: pool.serving_sorry().map(|sorry| sorry.address.to_string()),
        suspended: pool.is_suspended(),
        absent: pool.is_absent(),
        in_kernel: kernel.map(|(table, _)| config.services.iter().all(|key| table.contains_key(key))),
        traffic,
        real_servers: pool.servers().map(server).collect(),
    }
}

fn check_status((checker, health): (&Checker, &super::health::Health)) -> CheckStatus {
    let last = health.last().map(|outcome| match outcome {
        Outcome::Passed => "passed".to_owned(),
        Outcome::Weighed(_) => "passed, with a say in the weight".to_owned(),
        Outcome::Failed(why) => why.words.clone(),
    });
    let reason = match health.last() {
        Some(Outcome::Failed(why)) => Some(why.reason),
        _ => None,
    };
    let failures = health.failures().clone();
    CheckStatus { name: checker.check.to_string(), passing: health.passing(), last, reason, failures }
}

impl TrafficStatus {
    fn add(&mut self, more: &Traffic) {
        self.connections += more.connections;
        self.bytes_in += more.bytes_in;
        self.bytes_out += more.bytes_out;
        self.connections_per_s += more.connections_per_s;
        self.bytes_in_per_s += more.bytes_in_per_s;
        self.bytes_out_per_s += more.bytes_out_per_s;
    }
}

/// The word of `lb_kind`.
fn forward_name(forward: Forward) -> &'static str {
    match forward {
        Forward::Nat => "NAT",
        Forward::Direct => "DR",
        Forward::Tunnel(Tunnel::Ipip | Tunnel::Gue { .. } | Tunnel::Gre { .. }) => "TUN",
    }
}

impl std::fmt::Display for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(connection) => write!(f, "TCP_CHECK {}", connection.to),
            Self::Http(http) => {
                let name = if http.tls.is_some() { "SSL_GET" } else { "HTTP_GET" };
                write!(f, "{name} {}", http.connection.to)?;
                http.urls.iter().try_for_each(|url| write!(f, " {}", url.path))
            }
            Self::Smtp(smtp) => {
                f.write_str("SMTP_CHECK")?;
                smtp.hosts.iter().try_for_each(|host| write!(f, " {}", host.to))
            }
            Self::Dns(dns) => write!(f, "DNS_CHECK {} {}", dns.connection.to, dns.name),
            Self::Udp(udp) => write!(f, "UDP_CHECK {}", udp.connection.to),
            Self::Ping(connection) => write!(f, "PING_CHECK {}", connection.to.ip()),
            Self::Misc(misc) => write!(f, "MISC_CHECK {}", misc.command.first().map_or("", String::as_str)),
            Self::File(file) => write!(f, "FILE_CHECK {}", file.file),
        }
    }
}
