//! Pools, sites and streams as templates see them: each block of nginx with its lines, in order.
//!
//! `pools` {name, upstream, zone_kib, method, keepalive, servers {at, weight, max_fails, fail_timeout_s, backup, down}}
//! · `servers` {listens, names, health, tls, hotlink, lines, locations {path, lines}} · `zones` lines that stand before
//! all blocks · `ports` of sites, with blanks between them · `streams` {listens, upstream, lines} · `stream_pools` like
//! `pools` · `main` {main, events, http {name, value}, lines, main_lines}: all of it below the name `nginx`.

mod directives;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

use self::directives::{Own, location, of_rules, tls_lines, upstream, zones};
use crate::ctl::account::thumbprint;
use crate::ctl::cluster::Cluster;
use crate::ctl::inventory::pools::of_web_hosts;
use crate::ctl::inventory::virtual_hosts;
use crate::ctl::plan::sha256;
use crate::ctl::render::tls;
use crate::ctl::render::tls::{FOLDER, MAINTENANCE, sorry_page};
use crate::ctl::roles::builtin::PROXY_PARAMS;
use crate::ctl::sites::{EVERY_NAME, Listen, Location, Nginx, Pool, Stream, Target, VirtualHost};

/// Everything of it.
#[derive(Serialize)]
pub struct NginxView {
    pools: Vec<PoolView>,
    servers: Vec<ServerView>,
    zones: Vec<String>,
    ports: String,
    streams: Vec<StreamView>,
    stream_pools: Vec<PoolView>,
    /// Those of TCP, which a connection can be tried on.
    stream_ports: String,
    main: MainView,
    /// What `/hactl-health` answers: it tells one configuration from another, so that one that nginx has not loaded yet
    /// is noticed.
    version: String,
}

/// A block `upstream`.
#[derive(Serialize)]
pub struct PoolView {
    name: String,
    upstream: String,
    /// The memory in which nginx's workers count together, in KiB: who failed, who has how many connections.
    zone_kib: usize,
    method: Option<String>,
    keepalive: u32,
    servers: Vec<UpstreamServer>,
}

#[derive(Serialize)]
struct UpstreamServer {
    at: String,
    weight: u32,
    max_fails: u32,
    fail_timeout_s: u64,
    backup: bool,
    down: bool,
}

/// A block `server`.
#[derive(Serialize)]
pub struct ServerView {
    listens: Vec<String>,
    names: String,
    /// It answers `/hactl-health` on a plain port.
    health: bool,
    tls: Vec<String>,
    hotlink: bool,
    lines: Vec<String>,
    locations: Vec<LocationView>,
}

/// A block `location`.
#[derive(Serialize)]
pub struct LocationView {
    path: String,
    lines: Vec<String>,
}

/// A block `server` of streams.
#[derive(Serialize)]
pub struct StreamView {
    listens: Vec<String>,
    upstream: String,
    lines: Vec<String>,
}

/// The main configuration.
#[derive(Serialize)]
pub struct MainView {
    main: Vec<Setting>,
    events: Vec<Setting>,
    http: Vec<Setting>,
    lines: Vec<String>,
    main_lines: Vec<String>,
}

#[derive(Serialize)]
struct Setting {
    name: &'static str,
    value: String,
}

/// The pools of a cluster: of the short form as well.
pub fn pools(cluster: &Cluster) -> BTreeMap<String, Pool> {
    if !cluster.traffic.sites.is_empty() || !cluster.traffic.pools.is_empty() {
        return cluster.traffic.pools.clone();
    }
    let method = cluster.site.method.line().map(str::to_owned);
    let web = Pool { method, ..of_web_hosts(&cluster.hosts) };
    BTreeMap::from([(web.name.clone(), web)])
}

impl NginxView {
    /// Of a cluster.
    pub fn new(cluster: &Cluster) -> Self {
        let (pools, sites) = (pools(cluster), virtual_hosts::of(cluster));
        let six = cluster.vips.iter().flat_map(|vip| &vip.addresses).any(|net| net.addr().is_ipv6());
        let of_streams: BTreeSet<&str> = cluster.traffic.streams.iter().map(|stream| stream.pool.as_str()).collect();
        let of_sites: BTreeSet<&str> = sites
            .iter()
            .flat_map(|site| std::iter::once(&site.rules).chain(site.locations.iter().map(|location| &location.rules)))
            .filter_map(|rules| match &rules.target {
                Some(Target::Pool(name)) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        let view = |wanted: &BTreeSet<&str>| {
            pools.values().filter(|pool| wanted.contains(pool.name.as_str())).map(PoolView::new).collect()
        };
        let mut ports: Vec<u16> = sites.iter().flat_map(|site| &site.listens).map(|listen| listen.port).collect();
        ports.push(cluster.site.port);
        ports.sort_unstable();
        ports.dedup();
        let mut defaults = Defaults { taken: BTreeSet::new(), single: single(&sites), six };
        let mut servers: Vec<ServerView> = Vec::new();
        for (number, site) in (1..).zip(&sites) {
            servers.extend(server(cluster, site, number, &pools, &mut defaults));
        }
        if cluster.traffic.maintenance.is_some() {
            servers.iter_mut().for_each(ServerView::close);
        }
        let nobodys = nobodys(cluster, &sites, &mut defaults);
        servers.extend(nobodys);
        let tcp: Vec<u16> = cluster.traffic.streams.iter().filter(|one| !one.udp).map(|one| one.port).collect();
        let streams = cluster.traffic.streams.iter().map(|stream| StreamView::new(stream, six)).collect();
        let mut whole = Self {
            pools: view(&of_sites),
            servers,
            zones: zones(&sites),
            ports: ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            streams,
            stream_pools: view(&of_streams),
            stream_ports: tcp.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            main: MainView::new(cluster.traffic.nginx.as_ref().unwrap_or(&Nginx::default())),
            version: String::new(),
        };
        whole.version = version(cluster, &whole);
        whole
    }
}

/// Twelve digits that another configuration, or another certificate, does not have.
fn version(cluster: &Cluster, view: &NginxView) -> String {
    // What is made of strings and numbers alone can always be written.
    let mut all = serde_json::to_string(view).unwrap_or_default();
    all.push_str(&serde_json::to_string(&cluster.role_params.get(tls::ROLE)).unwrap_or_default());
    for (name, value) in &cluster.site.proxy_params {
        all.push_str(&format!("{name} {value};"));
    }
    let own = cluster.traffic.sites.iter().filter(|site| site.acme().is_none());
    let shown = own.filter_map(|site| site.tls.as_ref()?.certificate.as_ref());
    shown.for_each(|certificate| all.push_str(&certificate.fingerprint));
    sha256(all.as_bytes()).chars().take(12).collect()
}

/// Who answers for names that nobody has, by port: the first that listens to all addresses.
struct Defaults {
    taken: BTreeSet<u16>,
    /// Addresses that sites name, by port: nginx asks nobody else about these, so who listens everywhere must name
    /// them, too.
    single: BTreeMap<u16, BTreeSet<IpAddr>>,
    six: bool,
}

impl Defaults {
    /// The words behind `listen` for whoever answers where nobody is named.
    fn everywhere(&mut self, listen: &Listen) -> Vec<String> {
        self.single.remove(&listen.port);
        self.listens(listen, &[], false)
    }

    /// The words behind `listen` for a port of a site.
    fn listens(&mut self, listen: &Listen, addresses: &[IpAddr], http2: bool) -> Vec<String> {
        let mut words = String::new();
        for (word, wanted) in
            [(" ssl", listen.tls), (" http2", listen.tls && http2), (" proxy_protocol", listen.proxy_protocol)]
        {
            words.push_str(if wanted { word } else { "" });
        }
        let port = listen.port;
        let at = |one: &IpAddr| format!("{}{words}", SocketAddr::new(*one, port));
        if !addresses.is_empty() {
            return addresses.iter().map(at).collect();
        }
        let default = if self.taken.insert(port) { " default_server" } else { "" };
        let mut all = vec![format!("{port}{default}{words}")];
        all.extend(self.six.then(|| format!("[::]:{port}{default}{words}")));
        all.extend(self.single.get(&port).into_iter().flatten().map(at));
        all
    }
}

fn single(sites: &[VirtualHost]) -> BTreeMap<u16, BTreeSet<IpAddr>> {
    let mut found: BTreeMap<u16, BTreeSet<IpAddr>> = BTreeMap::new();
    for (site, listen) in sites.iter().flat_map(|site| site.listens.iter().map(move |listen| (site, listen))) {
        found.entry(listen.port).or_default().extend(&site.addresses);
    }
    found
}

/// The blocks of a site: one that sends plain requests to HTTPS and one that sends other names to its own, if it does,
/// and the site itself.
fn server(
    cluster: &Cluster,
    site: &VirtualHost,
    number: usize,
    pools: &BTreeMap<String, Pool>,
    defaults: &mut Defaults,
) -> Vec<ServerView> {
    let names = if site.names.is_empty() { EVERY_NAME.to_owned() } else { site.names.join(" ") };
    let http2 = site.tls.as_ref().is_some_and(|tls| tls.http2);
    let (sent, kept): (Vec<&Listen>, Vec<&Listen>) =
        site.listens.iter().partition(|listen| site.to_https && !listen.tls);
    let mut listens = |some: &[&Listen]| -> Vec<String> {
        some.iter().flat_map(|listen| defaults.listens(listen, &site.addresses, http2)).collect()
    };
    let tls = site.tls.as_ref().map(|tls| tls_lines(tls, &site.id)).unwrap_or_default();
    let asked = |some: &[&Listen]| site.acme().filter(|_| some.iter().any(|listen| listen.port == 80));
    let challenge = |some: &[&Listen]| asked(some).map(|_| challenge(cluster));
    let elsewhere = |listens: Vec<String>, names: String, to: String, tls: &[String], first| ServerView {
        listens,
        names,
        health: tls.is_empty(),
        tls: tls.to_vec(),
        hotlink: false,
        lines: Vec::new(),
        locations: Option::into_iter(first)
            .chain([LocationView { path: "/".into(), lines: vec![format!("return 301 {to}$request_uri;")] }])
            .collect(),
    };
    let mut blocks = Vec::new();
    if !sent.is_empty() {
        let port = kept.iter().map(|listen| listen.port).next().filter(|port| *port != 443);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let host = site.to_name.as_deref().unwrap_or("$host");
        blocks.push(elsewhere(listens(&sent), names.clone(), format!("https://{host}{port}"), &[], challenge(&sent)));
    }
    // Before the site itself, so that who asks for a name that nobody has is sent to it, too.
    if let Some(name) = &site.to_name {
        let others: Vec<&str> = site.names.iter().map(String::as_str).filter(|other| other != name).collect();
        let others = if others.is_empty() { EVERY_NAME.to_owned() } else { others.join(" ") };
        blocks.push(elsewhere(listens(&kept), others, format!("$scheme://{name}"), &tls, challenge(&kept)));
    }
    let mut lines = Vec::new();
    if site.listens.iter().any(|listen| listen.proxy_protocol) {
        lines.extend(
            ["real_ip_header proxy_protocol;", "set_real_ip_from 0.0.0.0/0;", "set_real_ip_from ::/0;"]
                .map(str::to_owned),
        );
    }
    lines.extend(of_rules(&site.rules, &format!("{number}"), &site.id));
    // What servers answer themselves, good or bad, goes through as it is.
    lines.extend(site.sorry_page.as_ref().map(|_| format!("error_page 502 504 =503 {SORRY};")));
    let here = |own: Option<&Own<'_>>| location(cluster, (site, number), own, pools);
    let mut locations: Vec<LocationView> = challenge(&kept).into_iter().collect();
    locations.extend((1..).zip(&site.locations).map(|(place, one): (usize, &Location)| {
        let own = Own { rules: &one.rules, id: format!("{number}_{place}"), file: format!("{}-{place}", site.id) };
        LocationView { path: one.path.clone(), lines: here(Some(&own)) }
    }));
    locations.extend(site.sorry_page.as_ref().map(|_| page(SORRY, &sorry_page(&site.id))));
    if !site.locations.iter().any(|one| one.path == "/") {
        locations.push(LocationView { path: "/".into(), lines: here(None) });
    }
    let health = kept.iter().any(|listen| !listen.tls);
    blocks.push(ServerView {
        listens: listens(&kept),
        names: site.to_name.clone().unwrap_or(names),
        health,
        tls,
        hotlink: site.hotlink_protection,
        lines,
        locations,
    });
    blocks
}

/// Answers an authority's question of HTTP-01 (RFC 8555 §8.3), whichever it is: the answer is made of the token at the
/// end of the URL and of the account's key, so nothing has to be remembered, and whichever load balancer has the VIP
/// answers for all of them. `return` comes before lists of addresses, logins and limits.
fn challenge(cluster: &Cluster) -> LocationView {
    let thumbprint = cluster.traffic.account.as_ref().and_then(|account| thumbprint(&account.0));
    let thumbprint = thumbprint.unwrap_or_else(|| "unknown".into());
    let lines = vec![
        "default_type text/plain;".into(),
        format!("location ~ \"^{CHALLENGE}([A-Za-z0-9_-]+)$\" {{ return 200 \"$1.{thumbprint}\"; }}"),
        "return 404;".into(),
    ];
    LocationView { path: format!("^~ {CHALLENGE}"), lines }
}

/// What an authority's questions begin with.
const CHALLENGE: &str = "/.well-known/acme-challenge/";

/// Blocks for whoever asks under no site's name on ports where every site has an address of its own, and on the port
/// where the agent asks for this balancer's health.
fn nobodys(cluster: &Cluster, sites: &[VirtualHost], defaults: &mut Defaults) -> Vec<ServerView> {
    let mut ports: BTreeMap<u16, Listen> = BTreeMap::new();
    for listen in sites.iter().flat_map(|site| &site.listens) {
        ports.insert(listen.port, *listen);
    }
    ports.entry(cluster.site.port).or_insert(Listen { port: cluster.site.port, tls: false, proxy_protocol: false });
    let free: Vec<Listen> = ports.into_values().filter(|listen| !defaults.taken.contains(&listen.port)).collect();
    free.iter()
        .map(|listen| ServerView {
            listens: defaults.everywhere(listen),
            names: EVERY_NAME.into(),
            health: !listen.tls,
            tls: if listen.tls { vec!["ssl_reject_handshake on;".into()] } else { Vec::new() },
            hotlink: false,
            lines: Vec::new(),
            locations: vec![LocationView { path: "/".into(), lines: vec!["return 404;".into()] }],
        })
        .collect()
}

impl ServerView {
    /// One page for every request, except the question after this balancer's health.
    fn close(&mut self) {
        self.hotlink = false;
        self.lines = vec![format!("error_page 503 {CLOSED};")];
        let all = LocationView { path: "/".into(), lines: vec!["return 503;".into()] };
        // An authority is answered all the same: certificates end during a maintenance, too.
        self.locations.retain(|location| location.path.ends_with(CHALLENGE));
        self.locations.extend([page(CLOSED, &format!("{FOLDER}/{MAINTENANCE}")), all]);
    }
}

/// A page of ours under a name within nginx.
fn page(name: &str, file: &str) -> LocationView {
    let alias = format!("alias {file};");
    let lines = vec!["internal;".into(), "default_type text/html;".into(), RETRY.into(), alias];
    LocationView { path: format!("= {name}"), lines }
}

/// What the page of a site is called within nginx whose servers do not answer.
const SORRY: &str = "/hactl-sorry";

/// What the page is called within nginx; nobody else can ask for it.
const CLOSED: &str = "/hactl-maintenance";
/// When clients shall come again, in seconds.
const RETRY: &str = "add_header Retry-After 120 always;";

/// A server takes less than 1 KiB of a zone: two structures of nginx, its address and its name twice.
const ZONE_KIB: usize = 64;
/// As many have room in that.
const ZONE_SERVERS: usize = 50;

impl PoolView {
    fn new(pool: &Pool) -> Self {
        let server = |one: &crate::ctl::sites::Server| UpstreamServer {
            at: one.at.to_string(),
            weight: one.weight,
            max_fails: one.max_fails,
            fail_timeout_s: one.fail_timeout.unwrap_or(pool.fail_timeout()).as_secs(),
            backup: one.backup,
            down: one.down,
        };
        Self {
            name: pool.name.clone(),
            upstream: upstream(&pool.name),
            zone_kib: ZONE_KIB + pool.servers.len().saturating_sub(ZONE_SERVERS),
            method: pool.method.clone(),
            keepalive: pool.keepalive,
            servers: pool.servers.iter().map(server).collect(),
        }
    }
}

impl StreamView {
    fn new(stream: &Stream, six: bool) -> Self {
        let udp = if stream.udp { " udp" } else { "" };
        let mut listens = vec![format!("{}{udp}", stream.port)];
        listens.extend(six.then(|| format!("[::]:{}{udp}", stream.port)));
        let mut lines =
            vec![format!("proxy_timeout {}s;", stream.timeout.as_secs().max(1)), "proxy_connect_timeout 3s;".into()];
        lines.extend(stream.proxy_protocol.then(|| "proxy_protocol on;".to_owned()));
        Self { listens, upstream: upstream(&stream.pool), lines }
    }
}

impl MainView {
    fn new(nginx: &Nginx) -> Self {
        let format = nginx.http.iter().find(|(name, _)| *name == "log_format");
        let log = format!("/var/log/nginx/access.log{}", if format.is_some() { " hactl" } else { "" });
        let settings = |defaults: &[(&'static str, &str)], some: &[(&'static str, String)]| {
            let left = defaults.iter().filter(|(name, _)| some.iter().all(|(given, _)| given != name));
            let left = left.map(|(name, value)| Setting { name, value: (*value).to_owned() });
            left.chain(some.iter().map(|(name, value)| Setting::new(name, value))).collect()
        };
        let lines = |text: &str| text.lines().map(str::to_owned).collect();
        let mut defaults = HTTP.to_vec();
        if nginx.http.iter().any(|(name, _)| BOUND_BY_BUFFERS.contains(name)) {
            // nginx compares them wherever they hold, and its own buffers are smaller than every path's.
            defaults.extend(PROXY_PARAMS.iter().filter(|(name, _)| name.starts_with("proxy_buffer")));
        }
        Self {
            main: settings(&MAIN, &nginx.main),
            events: settings(&EVENTS, &nginx.events),
            http: settings(&defaults, &[nginx.http.as_slice(), &[("access_log", log)]].concat()),
            lines: lines(&nginx.lines),
            main_lines: lines(&nginx.main_lines),
        }
    }
}

impl Setting {
    fn new(name: &'static str, value: &str) -> Self {
        let value = match name {
            "log_format" => format!("hactl {value}"),
            "error_log" => format!("/var/log/nginx/error.log {value}"),
            _ => value.to_owned(),
        };
        Self { name, value }
    }
}

/// What Debian's own file says, where the inventory says nothing.
const MAIN: [(&str, &str); 2] = [("user", "www-data"), ("worker_processes", "auto")];
const EVENTS: [(&str, &str); 1] = [("worker_connections", "1024")];
const HTTP: [(&str, &str); 6] = [
    ("default_type", "application/octet-stream"),
    ("sendfile", "on"),
    ("tcp_nopush", "on"),
    ("types_hash_max_size", "2048"),
    ("gzip", "on"),
    ("error_log", "/var/log/nginx/error.log"),
];
/// What nginx accepts only beside buffers of a fitting size.
const BOUND_BY_BUFFERS: [&str; 4] =
    ["proxy_buffer_size", "proxy_buffers", "proxy_busy_buffers_size", "proxy_temp_file_write_size"];
