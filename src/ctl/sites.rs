//! What the load balancers' nginx does with requests: pools of servers, sites by name, streams, and nginx's own
//! settings. The short form `site:` is one pool and one site.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::sealed::{Sealed, Secret};
use crate::certificate::Certificate;

/// Requests of everybody: the site for every name.
pub const EVERY_NAME: &str = "_";

/// `pools: NAME:`; a block `upstream` of nginx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// In the order written.
    pub servers: Vec<Server>,
    /// nginx's line for the method, such as `least_conn`; `None` is in turn.
    pub method: Option<String>,
    /// Idle connections that each worker keeps open to the servers; 0 is none.
    pub keepalive: u32,
    /// When the next server is tried, in nginx's words; empty is nginx's default, `error timeout`.
    pub next_upstream: Vec<String>,
    /// How the agents of the load balancers find out that a server is dead; `None`: they do not, and nginx learns it
    /// from requests.
    pub check: Option<PoolCheck>,
}

/// nginx's own `fail_timeout`.
pub const FAIL_TIMEOUT: Duration = Duration::from_secs(10);

impl Pool {
    /// For how long nginx leaves a server alone that has failed, where nothing is said of it: no longer than until the
    /// next check where there is one. The agents know sooner who is well, and what they refuse counts as failed for
    /// nginx, too.
    pub fn fail_timeout(&self) -> Duration {
        self.check.as_ref().map_or(FAIL_TIMEOUT, |check| check.interval.clamp(Duration::from_secs(1), FAIL_TIMEOUT))
    }
}

/// `check:` of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolCheck {
    /// What a server is asked.
    pub question: Question,
    /// From one try to the next.
    pub interval: Duration,
    /// Limit for an answer.
    pub timeout: Duration,
    /// Tries in a row that fail before a server gets no more requests; at least 1.
    pub fall: u32,
    /// Tries in a row that pass before it gets them again; at least 1.
    pub rise: u32,
}

/// What a check asks a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Whether it takes connections.
    Tcp,
    /// A page of it.
    Page {
        /// By HTTPS; whose certificate it shows does not matter.
        tls: bool,
        /// The path of the URL.
        path: String,
        /// The name that is asked for; the server's address where there is none.
        host: Option<String>,
        /// Ranges of HTTP statuses that are good.
        status: Vec<(u16, u16)>,
    },
}

impl Default for PoolCheck {
    /// Whether a server takes connections, every two seconds: a server that is dead is out after three.
    fn default() -> Self {
        let (interval, timeout) = (Duration::from_secs(2), Duration::from_secs(1));
        Self { question: Question::Tcp, interval, timeout, fall: 2, rise: 1 }
    }
}

/// One server of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The host of the inventory that it runs on.
    pub host: Option<String>,
    /// What it is called where it is no host of the inventory.
    pub name: Option<String>,
    /// Where it listens.
    pub at: SocketAddr,
    /// Its share of the requests.
    pub weight: u32,
    /// Failures within [`fail_timeout`](Self::fail_timeout) after which it is left alone for as long; 0 is never.
    pub max_fails: u32,
    /// See [`max_fails`](Self::max_fails); `None`: [`Pool::fail_timeout`].
    pub fail_timeout: Option<Duration>,
    /// Used only when all others are down.
    pub backup: bool,
    /// It gets no requests.
    pub down: bool,
}

/// One of `sites:`; one or two blocks `server` of nginx.
#[derive(Debug, Clone)]
pub struct VirtualHost {
    /// What its files are called: its first whole name, or its place in the list.
    pub id: String,
    /// In nginx's words; empty is every name.
    pub names: Vec<String>,
    /// Ports.
    pub listens: Vec<Listen>,
    /// The VIPs that it answers on; empty is all of them.
    pub addresses: Vec<IpAddr>,
    /// Certificate, key and what is spoken with them.
    pub tls: Option<Tls>,
    /// Plain requests are sent to HTTPS.
    pub to_https: bool,
    /// Requests for other names are sent to this one.
    pub to_name: Option<String>,
    /// What is not said of a path.
    pub rules: Rules,
    /// By path, in the order written.
    pub locations: Vec<Location>,
    /// Pictures and videos are refused to pages of other sites.
    pub hotlink_protection: bool,
    /// The page that clients get, with status 503, where no server of a pool answers; `None`: nginx's own 502 or 504.
    pub sorry_page: Option<String>,
    /// The path that `verify` asks for.
    pub path: String,
    /// Ranges of HTTP statuses that count as an answer.
    pub expect_status: Vec<(u16, u16)>,
}

/// A port of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// Its number.
    pub port: u16,
    /// HTTPS is spoken there.
    pub tls: bool,
    /// Connections begin with the line of a proxy before us that says who the client is.
    pub proxy_protocol: bool,
}

/// One of `locations:`.
#[derive(Debug, Clone)]
pub struct Location {
    /// In nginx's words: `/api/`, `= /`, `^~ /x`, `~* \.png$`.
    pub path: String,
    /// What happens there.
    pub rules: Rules,
}

/// What becomes of requests: of a site's, and of those for a path, where it overrides the site's.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Where they go.
    pub target: Option<Target>,
    /// Time to connect to a server.
    pub connect_timeout: Option<Duration>,
    /// Time between two pieces of an answer.
    pub read_timeout: Option<Duration>,
    /// Time between two pieces of a request.
    pub send_timeout: Option<Duration>,
    /// Largest body of a request, in nginx's words.
    pub max_body: Option<String>,
    /// Connections that change to another protocol pass.
    pub websocket: bool,
    /// For how long browsers keep what they got, in nginx's words.
    pub expires: Option<String>,
    /// Answers that nginx keeps.
    pub cache: Option<Cache>,
    /// How much one client may ask.
    pub limit: Option<Limit>,
    /// Who may log in.
    pub auth: Option<Auth>,
    /// Who may ask at all; empty is everybody.
    pub allow: Vec<String>,
    /// Lines of nginx's own, as they are.
    pub lines: String,
}

/// Where requests go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// To this pool.
    Pool(String),
    /// To files below this folder of the load balancer.
    Root(String),
    /// Back, with this status and URL.
    Redirect(u16, String),
    /// Back, with this status.
    Status(u16),
}

/// `cache:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    /// For how long good answers are kept, in nginx's words.
    pub keep: String,
    /// When an old answer is better than none, in nginx's words.
    pub stale: Vec<String>,
    /// Size on the disk, in nginx's words.
    pub size: String,
    /// Requests with one of these, variables of nginx's, are neither answered from it nor kept.
    pub skip: Vec<String>,
}

/// `limit:`, for each client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limit {
    /// Requests, such as `50r/s`.
    pub requests: Option<String>,
    /// So many more at once.
    pub burst: u32,
    /// Connections.
    pub connections: Option<u32>,
}

/// `auth:`.
#[derive(Debug, Clone)]
pub struct Auth {
    /// What the browser shows.
    pub realm: String,
    /// Lines of `htpasswd`; hashed, and still nobody's to see.
    pub users: String,
}

/// `tls:`.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Where the certificate is from.
    pub origin: TlsOrigin,
    /// What is known of it; `None` while nobody has made it up.
    pub certificate: Option<Certificate>,
    /// Its private key, as PEM.
    pub key: Sealed,
    /// Versions and ciphers.
    pub profile: Profile,
    /// For how long browsers shall come by HTTPS only.
    pub hsts: Option<Duration>,
    /// HTTP/2 is offered.
    pub http2: bool,
}

/// Where a certificate is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsOrigin {
    /// A file.
    File(PathBuf),
    /// The desk makes it up, and keeps it in its state folder.
    SelfSigned,
    /// Each load balancer gets one of its own from an authority; until then something stands in that the desk has made
    /// up.
    Acme(Acme),
}

/// `acme:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acme {
    /// Whom the authority may write to.
    pub email: String,
    /// URL of the authority's directory (RFC 8555 §7.1.1).
    pub directory: String,
    /// Roots, as PEM, that vouch for the directory's own HTTPS; the load balancer's own where there are none.
    pub roots: Option<String>,
    /// To which account of its own the authority binds ours; `None` where it takes strangers.
    pub eab: Option<Eab>,
}

/// `eab:`, external account binding (RFC 8555 §7.3.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eab {
    /// The name of the key there.
    pub kid: String,
    /// The key, as base64.
    pub key: Sealed,
}

/// Versions and ciphers of TLS, by Mozilla's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// TLS 1.3 alone.
    Modern,
    /// TLS 1.2 as well, with ciphers that have forward secrecy.
    Intermediate,
}

/// One of `streams:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Port on every VIP.
    pub port: u16,
    /// UDP rather than TCP.
    pub udp: bool,
    /// Its pool.
    pub pool: String,
    /// Idle time after which a connection ends.
    pub timeout: Duration,
    /// Servers are told who the client is, by the PROXY protocol.
    pub proxy_protocol: bool,
}

/// `nginx:`, its main settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nginx {
    /// Directives outside of all blocks, in order.
    pub main: Vec<(&'static str, String)>,
    /// Those of `events`.
    pub events: Vec<(&'static str, String)>,
    /// Those of `http`.
    pub http: Vec<(&'static str, String)>,
    /// Lines of nginx's own inside `http`, as they are.
    pub lines: String,
    /// Lines of nginx's own outside of all blocks, as they are.
    pub main_lines: String,
}

/// Everything that nginx on the load balancers does, where the inventory says more than `site:`.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    /// By name.
    pub pools: BTreeMap<String, Pool>,
    /// In the order written; empty where the short form says it.
    pub sites: Vec<VirtualHost>,
    /// In the order written.
    pub streams: Vec<Stream>,
    /// nginx's own settings.
    pub nginx: Option<Nginx>,
    /// The page that answers every request while something is worked on.
    pub maintenance: Option<String>,
    /// The private key of the account at authorities, as PEM: the load balancers keep it, and a deploy asks them for
    /// it.
    pub account: Option<Secret>,
}

impl Traffic {
    /// The sites whose certificates are got by ACME.
    pub fn by_acme(&self) -> impl Iterator<Item = (&VirtualHost, &Acme)> {
        self.sites.iter().filter_map(|site| Some((site, site.acme()?)))
    }

    /// The pools that requests of this site go to.
    pub fn pools_of<'a>(&'a self, site: &'a VirtualHost) -> impl Iterator<Item = &'a Pool> {
        let rules = std::iter::once(&site.rules).chain(site.locations.iter().map(|location| &location.rules));
        rules.filter_map(|rules| match &rules.target {
            Some(Target::Pool(name)) => self.pools.get(name),
            _ => None,
        })
    }

    /// The ports of a host's address that pools name.
    pub fn ports_of(&self, address: IpAddr) -> Vec<u16> {
        let servers = self.pools.values().flat_map(|pool| &pool.servers);
        let mut ports: Vec<u16> =
            servers.filter(|server| server.at.ip() == address).map(|server| server.at.port()).collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    }
}

impl VirtualHost {
    /// Where its certificate is got from, where that is by ACME.
    pub fn acme(&self) -> Option<&Acme> {
        match &self.tls.as_ref()?.origin {
            TlsOrigin::Acme(acme) => Some(acme),
            TlsOrigin::File(_) | TlsOrigin::SelfSigned => None,
        }
    }

    /// The name to ask for: the first that is a whole name.
    pub fn host_name(&self) -> &str {
        self.names.iter().map(String::as_str).find(|name| is_whole(name)).unwrap_or(EVERY_NAME)
    }

    /// Whether a status is a good answer.
    pub fn expects(&self, status: u16) -> bool {
        self.expect_status.iter().any(|(from, to)| (*from..=*to).contains(&status))
    }

    /// Where `verify` asks: by HTTPS where there is that.
    pub fn asked(&self) -> Option<Listen> {
        let usable = || self.listens.iter().filter(|listen| !listen.proxy_protocol);
        usable().find(|listen| listen.tls).or_else(|| usable().next()).copied()
    }
}

/// Whether a word of `server_name` is a name, rather than a pattern for many.
pub fn is_whole(name: &str) -> bool {
    !name.contains(['*', '~', '^', '$']) && !name.starts_with('.') && name != EVERY_NAME
}
