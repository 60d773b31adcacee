//! `lvs:`, the kernel's balancing in place of nginx's.

use std::time::Duration;

use serde::Serialize;

use super::group::Group;
use super::units::{seconds, whole_seconds};

/// `lvs:`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lvs {
    /// How packets reach the real servers.
    pub method: LvsMethod,
    /// The kernel's scheduler.
    pub scheduler: String,
    /// Port of the service on the VIP; of the first one of TCP, where there are several.
    #[serde(skip)]
    pub port: u16,
    /// What is balanced, in the order written; one, where only its port is said. Templates see them with their real
    /// servers.
    #[serde(skip)]
    pub services: Vec<LvsService>,
    /// Who serves: the web hosts, or the directors themselves.
    #[serde(skip)]
    pub real_servers: Group,
    /// How real servers are checked.
    #[serde(skip)]
    pub check: LvsCheck,
    /// Between two checks.
    #[serde(rename = "interval_s", serialize_with = "seconds")]
    pub interval: Duration,
    /// Limit of a check.
    #[serde(rename = "timeout_s", serialize_with = "seconds")]
    pub timeout: Duration,
    /// Failures more than one before a server is out.
    pub retry: u64,
    /// Clients that return within this time get the server they had; zero is off.
    #[serde(rename = "persistence_s", serialize_with = "whole_seconds")]
    pub persistence: Duration,
    /// Directors tell each other their connections.
    #[serde(skip)]
    pub sync: bool,
    /// `ADDRESS PORT` of who serves when nobody else does.
    #[serde(rename = "sorry")]
    pub sorry_server: Option<String>,
}

/// `lvs: method:`; templates see keepalived's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LvsMethod {
    /// Direct routing.
    Dr,
    /// Network address translation.
    Nat,
    /// IP in IP.
    Tun,
}

impl LvsMethod {
    /// The word of `lb_kind`.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Dr => "DR",
            Self::Nat => "NAT",
            Self::Tun => "TUN",
        }
    }
}

/// `lvs: check:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LvsCheck {
    /// A request that must be answered well.
    Http {
        /// Its path.
        path: String,
    },
    /// A connection.
    Tcp,
    /// An answer to a ping.
    Ping,
}

/// One of `lvs: services:`; what it does not say is said by `lvs:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LvsService {
    /// Which packets.
    pub what: Packets,
    /// How they reach the real servers.
    pub method: LvsMethod,
    /// The kernel's scheduler.
    pub scheduler: String,
    /// See [`Lvs::persistence`].
    pub persistence: Duration,
    /// How real servers are checked.
    pub check: LvsCheck,
    /// Between two checks.
    pub interval: Duration,
    /// Limit of a check.
    pub timeout: Duration,
    /// Failures more than one before a server is out.
    pub retry: u64,
    /// `ADDRESS PORT` of who serves when nobody else does.
    pub sorry_server: Option<String>,
    /// The pool that serves; `None`: the cluster's own real servers.
    pub pool: Option<String>,
}

/// Which packets a service is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packets {
    /// Those to a port of every VIP.
    Port {
        /// Its number.
        port: u16,
        /// UDP rather than TCP.
        udp: bool,
    },
    /// Those that netfilter has marked.
    Mark(u32),
}

impl Packets {
    /// The port, where there is one.
    pub fn port(self) -> Option<u16> {
        match self {
            Self::Port { port, .. } => Some(port),
            Self::Mark(_) => None,
        }
    }
}

impl std::fmt::Display for Packets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Port { port, udp: false } => write!(f, "port {port}"),
            Self::Port { port, udp: true } => write!(f, "port {port} (UDP)"),
            Self::Mark(mark) => write!(f, "fwmark {mark}"),
        }
    }
}

impl Lvs {
    /// Whose port is not said is the site's; where no services are listed there is one, on that port.
    pub fn settle(&mut self, site_port: u16) {
        let of_tcp = |service: &LvsService| match service.what {
            Packets::Port { port, udp: false } => Some(port),
            Packets::Port { udp: true, .. } | Packets::Mark(_) => None,
        };
        if let Some(port) = self.services.iter().find_map(of_tcp) {
            self.port = port;
        }
        if self.port == 0 {
            self.port = site_port;
        }
        if self.services.is_empty() {
            self.services.push(self.service(Packets::Port { port: self.port, udp: false }));
        }
    }

    /// A service that says nothing of its own.
    pub fn service(&self, what: Packets) -> LvsService {
        LvsService {
            what,
            method: self.method,
            scheduler: self.scheduler.clone(),
            persistence: self.persistence,
            check: self.check.clone(),
            interval: self.interval,
            timeout: self.timeout,
            retry: self.retry,
            sorry_server: self.sorry_server.clone(),
            pool: None,
        }
    }
}
