//! What is seen of a cluster right now: addresses, agents, neighbours' caches, the service. Pure parsing; the scripts
//! are run by whoever asks.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hactl_engine::certificates::Standing;
use hactl_engine::control::AgentStatus;
use ipnet::IpNet;

use crate::ctl::cluster::{Cluster, Group, Host, Vip};
use crate::ctl::desk::{Desk, Options};
use crate::ctl::host::Script;
use crate::ctl::look::members::{Member, Missed};
use crate::ctl::look::no_answer::NoAnswer;
use crate::ctl::look::sites::{SiteSeen, ask_sites};
use crate::ctl::look::transaction::{self, Transaction};
use crate::ctl::look::way::can_answer;
use crate::ctl::remote::Output;
use crate::ctl::wordpress::Database;
use crate::ctl::words::plain_json;
use crate::error::{Failure, Problem};
use crate::net::http::get::get;

/// What one host shows.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Whether it answered.
    pub reachable: bool,
    /// Why it did not.
    pub why: Option<Problem>,
    /// Interfaces and their addresses.
    pub addresses: Vec<(String, IpNet)>,
    /// Hardware addresses of its interfaces.
    pub macs: Vec<String>,
    /// Its agent.
    pub agent: Option<AgentStatus>,
    /// Whether nginx runs.
    pub nginx: bool,
    /// Units of firewalls that are active.
    pub firewalls: Vec<String>,
    /// Hardware address it believes a VIP to be at.
    pub neighbours: BTreeMap<IpAddr, String>,
    /// What each web server does not answer it for; `None`: it answers.
    pub backends: BTreeMap<String, Option<String>>,
    /// The same of the web server of each other load balancer.
    pub peers: BTreeMap<String, Option<String>>,
    /// How far a deploy is.
    pub transaction: Transaction,
    /// Hosts that were deployed with it.
    pub members: Vec<Member>,
    /// Hosts that it was deployed without.
    pub missed: Vec<Missed>,
    /// How the certificates stand that it gets by ACME; `None` where it was never looked after them.
    pub certificates: Option<Standing>,
    /// What its database says of itself: `well …` or `waits …`, where it is one of two.
    pub database: Option<String>,
    /// `arp_ignore` and `arp_announce` of all interfaces, where they were asked for.
    pub arp: Option<(u8, u8)>,
}

/// Devices of addresses that are not for neighbours.
const QUIET: [&str; 2] = ["lo", "tunl0"];

impl Seen {
    /// Whether its addresses are known: every host has some.
    pub fn is_known(&self) -> bool {
        self.reachable && !self.addresses.is_empty()
    }

    /// Whether its kernel has this address where neighbours may ask for it: a real server's on `lo` or `tunl0` is no
    /// claim.
    pub fn has(&self, address: IpAddr) -> bool {
        self.addresses.iter().any(|(link, net)| net.addr() == address && !QUIET.contains(&link.as_str()))
    }

    /// Whether it holds an address as a real server does.
    pub fn has_quietly(&self, address: IpAddr) -> bool {
        self.addresses.iter().any(|(link, net)| net.addr() == address && QUIET.contains(&link.as_str()))
    }
}

/// What the whole cluster shows.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// By host name; who is not here was not asked.
    pub hosts: BTreeMap<String, Seen>,
    /// What the desk itself got through each VIP: an HTTP status or why not.
    pub service: BTreeMap<IpAddr, Result<u16, NoAnswer>>,
    /// Whether the desk itself reaches the web server of each load balancer, by host name; only where the way is
    /// direct.
    pub direct: BTreeMap<String, bool>,
    /// What the desk itself got for each site through each VIP.
    pub sites: Vec<SiteSeen>,
}

/// Who owns an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owners {
    /// Hosts whose kernel has it, in the order written.
    pub names: Vec<String>,
    /// Hosts that may have it: they did not answer, with the reason, or were not asked.
    pub unknown: Vec<(String, String)>,
}

impl std::fmt::Display for Owners {
    /// `lb-5`, `lb-5 and lb-6`, `nobody`; `unknown (lb-5: …)` where that is the truth.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.names.is_empty() {
            return f.write_str(&self.names.join(" and "));
        }
        if self.unknown.is_empty() {
            return f.write_str("nobody");
        }
        let who: Vec<String> = self.unknown.iter().map(|(host, why)| format!("{host} {why}")).collect();
        write!(f, "unknown ({})", who.join("; "))
    }
}

impl Observed {
    /// The hosts with an agent whose kernel has a VIP, in the order written.
    pub fn owners(&self, cluster: &Cluster, vip: IpAddr) -> Vec<String> {
        cluster
            .agents()
            .filter(|host| self.hosts.get(&host.name).is_some_and(|seen| seen.has(vip)))
            .map(|host| host.name.clone())
            .collect()
    }

    /// The same with those of whom nothing is known.
    pub fn who_owns(&self, cluster: &Cluster, vip: IpAddr) -> Owners {
        let unknown = cluster.carriers(vip).into_iter().filter_map(|host| {
            let why = match self.hosts.get(&host.name) {
                None => "was not asked".to_owned(),
                Some(seen) if seen.is_known() => return None,
                Some(Seen { reachable: true, .. }) => "answers, but shows no addresses".to_owned(),
                Some(Seen { why: Some(why), .. }) => {
                    let prefix = format!("{}: ", host.name);
                    format!("does not answer: {}", why.message.strip_prefix(&prefix).unwrap_or(&why.message))
                }
                Some(_) => "does not answer".to_owned(),
            };
            Some((host.name.clone(), why))
        });
        Owners { names: self.owners(cluster, vip), unknown: unknown.collect() }
    }
}

/// Firewalls that are started as services. Whether they drop anything is theirs to know: they are named as a cause
/// that is worth a look.
pub const FIREWALLS: [&str; 3] = ["firewalld", "ufw", "nftables"];

/// The script that shows addresses, what runs and the agent, for [`parse`]; nothing more.
pub fn show() -> String {
    Script::new().call("show", []).text()
}

/// The script that shows a host, for [`parse`].
pub fn script(cluster: &Cluster, host: &Host, thorough: bool) -> String {
    let mut script = ask_more(Script::new().call("show", []), cluster, host);
    if thorough {
        let vips: Vec<String> =
            cluster.vips.iter().filter_map(|vip| vip.address()).map(|vip| vip.to_string()).collect();
        script = script.call("neighbours", vips.iter().map(String::as_str));
        if cluster.lvs.is_some() {
            script = script.call("arp_settings", []);
        }
        if host.group == Group::Lb {
            let pairs: Vec<String> =
                servers(cluster).into_iter().flat_map(|(name, at)| [name, format!("http://{at}/")]).collect();
            script = script.call("backends", pairs.iter().map(String::as_str));
        }
    }
    script.text()
}

/// Whom the load balancers send requests to, by name, who is drained aside: servers that listen where the inventory's
/// hosts do by themselves have just the host's.
pub fn servers(cluster: &Cluster) -> Vec<(String, SocketAddr)> {
    if cluster.traffic.sites.is_empty() {
        let webs = cluster.backends().filter(|web| !web.backend.down);
        return webs.map(|web| (web.name.clone(), SocketAddr::new(web.address, web.backend.port))).collect();
    }
    let mut found: Vec<(String, SocketAddr)> = Vec::new();
    let pools = cluster.traffic.sites.iter().flat_map(|site| cluster.traffic.pools_of(site));
    for server in pools.flat_map(|pool| &pool.servers).filter(|server| !server.down) {
        let host = server.host.as_ref().and_then(|name| cluster.host(name));
        let name = match host {
            Some(host) if host.backend.port == server.at.port() => host.name.clone(),
            Some(host) => format!("{}:{}", host.name, server.at.port()),
            None => server.at.to_string(),
        };
        if !found.iter().any(|(_, at)| *at == server.at) {
            found.push((name, server.at));
        }
    }
    found
}

/// Adds the parts that take longer than a look, and without which the whole cannot be judged.
pub fn ask_more(script: Script, cluster: &Cluster, host: &Host) -> Script {
    let script = ask_peers(script, cluster, host);
    let database = cluster.wordpress.as_ref().map(|site| &site.database);
    let is_of_two = |database: &Database| database.vip.is_some() && database.hosts.contains(&host.name);
    if database.is_some_and(is_of_two) { script.call("database", []) } else { script }
}

/// Adds the part in which a load balancer asks the others' web servers: a standby that nobody can reach is no standby.
fn ask_peers(script: Script, cluster: &Cluster, host: &Host) -> Script {
    if host.group != Group::Lb || cluster.lvs.is_some() {
        return script;
    }
    let peers = cluster.group(Group::Lb).filter(|peer| peer.name != host.name);
    let pairs: Vec<String> = peers.flat_map(|peer| [peer.name.clone(), health_url(cluster, peer)]).collect();
    script.call("peers", pairs.iter().map(String::as_str))
}

/// Answered by the load balancer's own web server; any answer is good enough.
fn health_url(cluster: &Cluster, lb: &Host) -> String {
    format!("http://{}/hactl-health", SocketAddr::new(lb.address, cluster.site.port))
}

/// Splits a script's output at its `@@name` lines.
pub fn sections(text: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut sections: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut current = "";
    for line in text.lines() {
        match line.strip_prefix("@@") {
            Some(name) => current = name,
            None => sections.entry(current).or_default().push(line),
        }
    }
    sections
}

/// Reads what [`script`] printed.
pub fn parse(text: &str) -> Seen {
    let sections = sections(text);
    let lines = |name: &str| sections.get(name).cloned().unwrap_or_default();
    let (addresses, macs) = addresses(&lines("addr"));
    let neighbours = lines("neigh").into_iter().filter_map(|line| {
        let address = line.split_whitespace().next()?.parse().ok()?;
        let mac = line.split_whitespace().skip_while(|word| *word != "lladdr").nth(1)?;
        Some((address, mac.to_owned()))
    });
    let answers = |section: &str| -> BTreeMap<String, Option<String>> {
        let words = lines(section).into_iter().filter_map(|line| line.split_once(' '));
        words
            .map(|(name, state)| (name.to_owned(), state.strip_prefix("down").map(|why| why.trim().to_owned())))
            .collect()
    };
    let units = lines("units");
    let active = |n: usize| units.get(n).is_some_and(|state| state.trim() == "active");
    Seen {
        reachable: true,
        why: None,
        addresses,
        macs,
        agent: serde_json::from_str(&lines("agent").join("\n")).map(plain_json).and_then(serde_json::from_value).ok(),
        nginx: active(0),
        firewalls: (1..).zip(FIREWALLS).filter(|(n, _)| active(*n)).map(|(_, name)| name.to_owned()).collect(),
        neighbours: neighbours.collect(),
        backends: answers("backends"),
        peers: answers("peers"),
        transaction: transaction::told(&lines("transaction")),
        members: lines("members").into_iter().filter_map(Member::parse).collect(),
        certificates: serde_json::from_str(&lines("certificates").join("\n"))
            .map(plain_json)
            .and_then(serde_json::from_value)
            .ok(),
        database: lines("database").first().map(|line| (*line).to_owned()),
        missed: lines("missed").into_iter().filter_map(Missed::parse).collect(),
        arp: match lines("arp").iter().map(|line| line.trim().parse().ok()).collect::<Vec<_>>().as_slice() {
            [Some(ignore), Some(announce)] => Some((*ignore, *announce)),
            _ => None,
        },
    }
}

/// What `ip addr show` prints: each address with its interface, and the hardware addresses. A line with a number begins
/// an interface (`2: vrrp.51@eth0: <UP> …`), or is an address itself, as with `-o` (`2: eth0    inet 10.0.0.5/24 …`).
fn addresses(lines: &[&str]) -> (Vec<(String, IpNet)>, Vec<String>) {
    let (mut found, mut macs, mut link) = (Vec::new(), Vec::new(), String::new());
    for line in lines {
        let mut words = line.split_whitespace().peekable();
        if words.next_if(|word| word.trim_end_matches(':').parse::<u32>().is_ok()).is_some() {
            let name = words.next().unwrap_or_default().trim_end_matches(':');
            link = name.split('@').next().unwrap_or_default().to_owned();
        }
        match (words.next(), words.next()) {
            (Some("inet" | "inet6"), Some(net)) => {
                // A peer address shows as `10.0.0.3 peer …`: no prefix length means a host route.
                let net = net.parse().ok().or_else(|| net.parse::<IpAddr>().ok().map(IpNet::from));
                found.extend(net.map(|net| (link.clone(), net)));
            }
            (Some(kind), Some(mac)) if kind.starts_with("link/") => macs.push(mac.to_owned()),
            _ => {}
        }
    }
    (found, macs)
}

/// Looks at every connected host, and at the service through each VIP, all at once.
pub async fn look(desk: &Desk, thorough: bool) -> Observed {
    let names = desk.hosts.keys().filter_map(|name| desk.cluster.host(name));
    let scripts = names.map(|host| (host.name.as_str(), script(&desk.cluster, host, thorough), Vec::new()));
    let cluster = &desk.cluster;
    let (outputs, service, direct, sites) =
        tokio::join!(desk.on_all(scripts), ask_all(cluster), ask_directly(cluster), ask_sites(cluster));
    let unreachable = desk.unreachable.iter().map(|(name, problem)| (name.clone(), silent(problem.clone())));
    let hosts = unreachable.chain(outputs.into_iter().map(seen)).collect();
    Observed { hosts, service, direct, sites }
}

/// The same once, of all hosts that are managed, with no connection left.
///
/// # Errors
/// As [`Desk::ask_in_turns`].
pub async fn look_in_turns(cluster: &Cluster, options: Options, thorough: bool) -> Result<Observed, Failure> {
    let names: Vec<String> = cluster.managed().map(|host| host.name.clone()).collect();
    let outputs = Desk::ask_in_turns(cluster, options, &names, |host| script(cluster, host, thorough));
    let (outputs, service, direct, sites) =
        tokio::join!(outputs, ask_all(cluster), ask_directly(cluster), ask_sites(cluster));
    Ok(Observed { hosts: outputs?.into_iter().map(seen).collect(), service, direct, sites })
}

fn seen((name, answer): (String, Result<Output, Problem>)) -> (String, Seen) {
    (name, answer.map_or_else(silent, |output| parse(output.text())))
}

fn silent(problem: Problem) -> Seen {
    Seen { why: Some(problem), ..Seen::default() }
}

/// Whether each load balancer's web server answers the desk, where the desk reaches it without a jump.
pub async fn ask_directly(cluster: &Cluster) -> BTreeMap<String, bool> {
    let asked = cluster.group(Group::Lb).filter(|host| cluster.lvs.is_none() && host.ssh.jump.is_none());
    let asks = asked.map(|host| async move {
        let answer = ask(SocketAddr::new(host.address, cluster.site.port), "_", "/hactl-health").await;
        (host.name.clone(), answer.is_ok())
    });
    futures_util::future::join_all(asks).await.into_iter().collect()
}

/// Asks for `/` through every VIP that can answer here.
pub async fn ask_all(cluster: &Cluster) -> BTreeMap<IpAddr, Result<u16, NoAnswer>> {
    let vips = cluster.vips.iter().filter(|vip| can_answer(cluster, vip)).filter_map(Vip::address);
    let asks = vips.map(|vip| async move {
        (vip, ask(SocketAddr::new(vip, cluster.site.port), cluster.site.host_name(), "/").await)
    });
    futures_util::future::join_all(asks).await.into_iter().collect()
}

/// How long the service may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// One HTTP request; the status.
///
/// # Errors
/// Nobody answered, or not in HTTP.
pub async fn ask(target: SocketAddr, server_name: &str, path: &str) -> Result<u16, NoAnswer> {
    let name = match (server_name, target.ip()) {
        ("_", IpAddr::V4(v4)) => v4.to_string(),
        ("_", IpAddr::V6(v6)) => format!("[{v6}]"),
        _ => server_name.to_owned(),
    };
    Ok(get(target, &name, path, PATIENCE).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosts_words_are_understood() {
        let text = "@@addr\n1: lo    inet 127.0.0.1/8 scope host lo\\ valid_lft forever\n\
            2: eth0    inet 10.0.0.5/24 brd 10.0.0.255 scope global eth0\n2: eth0    inet6 fe80::1/64 scope link\n\
            3: vrrp.51@eth0: <UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000\n    \
            link/ether 02:aa:00:00:00:05 brd ff:ff:ff:ff:ff:ff\n    inet 10.0.0.8 peer 10.0.0.9/32 scope global vrrp.51\n       \
            valid_lft forever preferred_lft forever\n@@units\nactive\nactive\ninactive\n@@agent\n\
            @@neigh\n10.0.0.3 dev eth0 lladdr 02:aa:00:00:00:06 REACHABLE\n10.0.0.4 dev eth0 FAILED\n\
            @@backends\nweb-7 up\nweb-8 down HTTP status 500\n";
        let seen = parse(text);
        assert!(seen.has("10.0.0.5".parse().unwrap()) && !seen.has("10.0.0.3".parse().unwrap()));
        assert_eq!(seen.addresses.len(), 4);
        assert_eq!(seen.addresses[3], ("vrrp.51".to_owned(), "10.0.0.8/32".parse().unwrap()));
        assert!(seen.nginx && seen.agent.is_none());
        assert_eq!(seen.firewalls, ["firewalld"]);
        assert_eq!(seen.macs, ["02:aa:00:00:00:05"]);
        assert_eq!(seen.neighbours.len(), 1);
        assert_eq!(
            seen.backends,
            BTreeMap::from([("web-7".into(), None), ("web-8".into(), Some("HTTP status 500".into()))])
        );
        assert!(parse("garbage\n@@addr\nx\n").addresses.is_empty());
    }
}
