//! `alerts:` and `metrics:`: whom the agents tell of changes and trouble, besides their logs.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use hactl_engine::conf::WebUrl;
use serde::Serialize;

use super::sealed::Sealed;

/// `metrics:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Metrics {
    /// For programs of the host itself, in the agent's own words: `127.0.0.1:9650` or `unix:/PATH`.
    Here(String),
    /// At this port of each agent's own address, for anybody who reaches it.
    Unprotected(u16),
}

impl Metrics {
    /// The agent's words on the host with this address.
    pub fn at(&self, host: IpAddr) -> String {
        match self {
            Self::Here(words) => words.clone(),
            Self::Unprotected(port) => format!("{} unprotected", SocketAddr::new(host, *port)),
        }
    }
}

/// `alerts:`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alerts {
    /// Gets each alert by HTTP POST; its path may hold a token, so it is a secret.
    pub webhook: Option<Sealed>,
    /// Who is mailed.
    pub mail: Option<Mail>,
    /// A file on the load balancers with the authorities that certificates must be from; the system's when absent.
    pub authorities: Option<PathBuf>,
}

/// `alerts: mail:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// To whom.
    pub to: Vec<String>,
    /// From whom; `root@HOST` when absent.
    pub from: Option<String>,
    /// The mail server, by name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How mail is protected on its way there.
    pub tls: Tls,
    /// Who logs in there, and with what.
    pub login: Option<(String, Sealed)>,
}

/// `tls:` of a mail server; templates see the agent's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Not at all.
    Off,
    /// The connection becomes one of TLS before anything is said.
    StartTls,
    /// From the first byte on.
    On,
}

/// The user's password for the mail server on a load balancer.
pub const PASSWORD_FILE: &str = "/etc/hactl/smtp.password";

/// Whether an agent can post to a URL, and its configuration can have it.
///
/// # Errors
/// Why not, in words that hold nothing of it.
pub fn postable(url: &str) -> Result<(), BadUrl> {
    WebUrl::parse(url).map_err(|why| BadUrl(why.to_string()))?;
    match url.chars().find(|c| "\"'\\$#!{}@~".contains(*c)) {
        Some(sign) => Err(BadUrl(format!("it holds `{sign}`; in a URL that is written %{:02X}", u32::from(sign)))),
        None => Ok(()),
    }
}

/// Why a URL cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadUrl(String);
