//! The checks of a real server.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::conf::config::notify::{Argv, ScriptUser};
use crate::conf::text::diagnostic::Location;

/// One check of one real server, and when it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Checker {
    /// What is tried.
    pub check: Check,
    /// `delay_loop`: from one try to the next; default 60 s.
    pub interval: Duration,
    /// `retry`: so many failures more than one, in a row, before it counts as failed.
    pub retry: u32,
    /// `delay_before_retry`: from a failure to the next try.
    pub retry_delay: Duration,
    /// `rise` (hactl's own): successes in a row before it counts as passed again; default 1.
    pub rise: u32,
    /// `warmup`: the first try comes somewhere within this time, so that checks spread; default the interval.
    pub warmup: Duration,
    /// `alpha`: failed until its first success.
    pub alpha: bool,
    /// `log_all_failures`: each failed try is told, not only the one that decides.
    pub log_all_failures: bool,
    /// Where the block begins.
    pub location: Location,
}

impl Checker {
    /// Whether another one does the same, wherever it stands.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let timing = |one: &Self| (one.interval, one.retry, one.retry_delay, one.rise, one.warmup);
        let switches = |one: &Self| (one.alpha, one.log_all_failures);
        self.check == other.check && timing(self) == timing(other) && switches(self) == switches(other)
    }
}

/// What a check tries.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// `TCP_CHECK`: connect, close.
    Tcp(Connection),
    /// `HTTP_GET`, and `SSL_GET` when [`HttpCheck::tls`] is there.
    Http(Box<HttpCheck>),
    /// `SMTP_CHECK`.
    Smtp(Box<SmtpCheck>),
    /// `DNS_CHECK`.
    Dns(Box<DnsCheck>),
    /// `UDP_CHECK`.
    Udp(Box<UdpCheck>),
    /// `PING_CHECK`: one ICMP echo.
    Ping(Connection),
    /// `MISC_CHECK`.
    Misc(Box<MiscCheck>),
    /// `FILE_CHECK`.
    File(FileCheck),
}

impl Check {
    /// Where it goes, of several hosts the first; `None` for what this host finds out by itself.
    pub fn connection(&self) -> Option<&Connection> {
        match self {
            Self::Tcp(connection) | Self::Ping(connection) => Some(connection),
            Self::Http(http) => Some(&http.connection),
            Self::Smtp(smtp) => smtp.hosts.first(),
            Self::Dns(dns) => Some(&dns.connection),
            Self::Udp(udp) => Some(&udp.connection),
            Self::Misc(_) | Self::File(_) => None,
        }
    }
}

/// Where to, from where, how long.
#[derive(Debug, Clone, PartialEq)]
pub struct Connection {
    /// `connect_ip` and `connect_port`; else the real server.
    pub to: SocketAddr,
    /// `connect_timeout`; default 5 s. Of the whole try, not of each step.
    pub timeout: Duration,
    /// What few checks name; absent in most.
    pub from: Option<Box<Endpoint>>,
}

/// Where a check comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Endpoint {
    /// `bindto`.
    pub address: Option<IpAddr>,
    /// `bind_port`.
    pub port: Option<u16>,
    /// `bind_if`.
    pub interface: Option<String>,
    /// `fwmark`.
    pub mark: Option<u32>,
}

/// `HTTP_GET` and `SSL_GET`: every url must answer as wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpCheck {
    /// Where it goes.
    pub connection: Connection,
    /// `SSL_GET`.
    pub tls: Option<Tls>,
    /// `http_protocol`; default 1.0.
    pub version: HttpVersion,
    /// `fast_recovery`: one whole round of good answers is enough to come back after a failure.
    pub fast_recovery: bool,
    /// `url` blocks. Never empty.
    pub urls: Vec<Url>,
}

/// TLS as a client.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// `enable_sni` (the url's host) or `sni_name`.
    pub sni: Option<String>,
    /// `enable_sni`: the name comes from the url's `virtualhost` where [`Tls::sni`] is absent.
    pub sni_from_host: bool,
    /// `tls_verify [CA-FILE]` (hactl's own): the certificate is verified; against the system's authorities when empty.
    pub verify: Option<String>,
}

/// `http_protocol`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HttpVersion {
    /// `1.0`.
    #[default]
    Http10,
    /// `1.0C`: 1.0 with `Connection: close`.
    Http10Close,
    /// `1.1`, with `Connection: close`.
    Http11,
}

/// `url { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Url {
    /// `path`; begins with `/`.
    pub path: String,
    /// `virtualhost`: the host asked for; the url's, the check's, the real server's or the virtual server's. Else the
    /// address.
    pub host: Option<String>,
    /// `status_code`: which are good; default 200..=299.
    pub status: StatusSet,
    /// `digest`: the MD5 sum of the body.
    pub digest: Option<[u8; 16]>,
    /// `regex` and what belongs to it.
    pub pattern: Option<Box<Pattern>>,
    /// `header "Name: value"` (hactl's own): added to the request, in file order.
    pub headers: Vec<(String, String)>,
    /// `basic_auth USER FILE` (hactl's own).
    pub auth: Option<Box<BasicAuth>>,
}

/// Status codes 100..=599 as inclusive ranges in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusSet(pub Vec<(u16, u16)>);

impl Default for StatusSet {
    fn default() -> Self {
        Self(vec![(200, 299)])
    }
}

impl StatusSet {
    /// Whether a status is good.
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&status))
    }
}

/// `regex`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The expression over bytes, options written into it as `(?i-u)` and the like; `regex::bytes` compiles it.
    pub regex: String,
    /// `regex_no_match`: it must not be found.
    pub absent: bool,
    /// `regex_min_offset`: bytes of the body before which a match does not count.
    pub min_offset: usize,
    /// `regex_max_offset`: a match must begin before this byte; 0 is no limit.
    pub max_offset: usize,
}

/// A name, and the file that holds the password: it never stands in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasicAuth {
    /// User name.
    pub user: String,
    /// File whose first line is the password.
    pub password_file: String,
}

/// `SMTP_CHECK`: greeting, HELO, QUIT.
#[derive(Debug, Clone, PartialEq)]
pub struct SmtpCheck {
    /// Where it goes: the real server, or each `host` block. Never empty; all must pass.
    pub hosts: Vec<Connection>,
    /// `helo_name`; default `smtpchecker.keepalived.org` in keepalived, the host's name here.
    pub helo: Option<String>,
}

/// `DNS_CHECK`: a question over UDP that must be answered with NOERROR and at least one record.
#[derive(Debug, Clone, PartialEq)]
pub struct DnsCheck {
    /// Where it goes.
    pub connection: Connection,
    /// `type`: the number of the record's type; default SOA (6).
    pub record_type: u16,
    /// `name`; default the root.
    pub name: String,
}

/// `UDP_CHECK`.
#[derive(Debug, Clone, PartialEq)]
pub struct UdpCheck {
    /// Where it goes.
    pub connection: Connection,
    /// `payload`; empty by default.
    pub payload: Vec<u8>,
    /// `require_reply`: there must be an answer; without, only an ICMP error fails.
    pub require_reply: bool,
    /// Hex of `require_reply`: bytes that the answer begins with, each with the mask of what counts (`X` does not).
    pub reply: Vec<(u8, u8)>,
    /// `min_reply_length`; default 0.
    pub min_length: u16,
    /// `max_reply_length`; default 255.
    pub max_length: u16,
}

/// `MISC_CHECK`: a command.
#[derive(Debug, Clone, PartialEq)]
pub struct MiscCheck {
    /// `misc_path`.
    pub command: Argv,
    /// `misc_timeout`; default the interval. Killed after it.
    pub timeout: Duration,
    /// `misc_dynamic`: exit 2..=255 means good with weight `exit - 2`.
    pub dynamic: bool,
    /// `user`.
    pub user: Option<ScriptUser>,
}

/// `FILE_CHECK`: the number in a tracked file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileCheck {
    /// `track_file`: name of the block.
    pub file: String,
    /// `weight`: multiplies the number, the product is added to the real server's weight. 0: any number but 0 is a
    /// failure.
    pub weight: i16,
    /// `weight N reverse`: the sign of the product is turned.
    pub reverse: bool,
}
