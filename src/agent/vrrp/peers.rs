//! `unicast_peer` by name: looked up beside the loop, again and again, so that neither the start nor an advert ever
//! waits for a name server.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hactl_engine::conf::config::{Config, Peer};
use tokio::net::lookup_host;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::error::Unresolved;

/// How often a name that was found is looked up again, and the longest pause after failures.
const AGAIN: Duration = Duration::from_secs(30);
/// The first pause after a failure; doubled each time.
const RETRY: Duration = Duration::from_secs(1);
/// How long a name server may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Addresses taken from one name.
const ADDRESSES: usize = 16;

/// A name and whether its IPv6 addresses are wanted.
type Wanted = (String, bool);

/// What a look-up brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    wanted: Wanted,
    addresses: Vec<IpAddr>,
}

/// The names of a configuration and what is known of them.
pub(crate) struct Names {
    news: mpsc::Sender<Resolved>,
    found: BTreeMap<Wanted, Vec<IpAddr>>,
    tasks: BTreeMap<Wanted, JoinHandle<()>>,
}

impl Names {
    /// No names yet; results arrive at the other end of `news`.
    pub(crate) fn new(news: mpsc::Sender<Resolved>) -> Self {
        Self { news, found: BTreeMap::new(), tasks: BTreeMap::new() }
    }

    /// Looks up the names of a configuration. What is known already is kept.
    pub(crate) fn configure(&mut self, config: &Config) {
        let wanted: BTreeSet<Wanted> = config
            .instances
            .iter()
            .flat_map(|instance| instance.peer_names.iter().map(|name| (name.clone(), instance.ipv6)))
            .collect();
        self.tasks.retain(|name, task| {
            if !wanted.contains(name) {
                task.abort();
            }
            wanted.contains(name)
        });
        self.found.retain(|name, _| wanted.contains(name));
        for name in wanted {
            let news = &self.news;
            self.tasks.entry(name.clone()).or_insert_with(|| tokio::spawn(follow(name, news.clone())));
        }
    }

    /// Takes a result; whether anything is new in it.
    pub(crate) fn take(&mut self, resolved: Resolved) -> bool {
        if !self.tasks.contains_key(&resolved.wanted) || self.found.get(&resolved.wanted) == Some(&resolved.addresses) {
            return false;
        }
        let addresses: Vec<String> = resolved.addresses.iter().map(ToString::to_string).collect();
        tracing::info!("peer {} is {}", resolved.wanted.0, addresses.join(" "));
        self.found.insert(resolved.wanted, resolved.addresses);
        true
    }

    /// The configuration with the peers that are known by now.
    pub(crate) fn complete(&self, config: &Config) -> Config {
        let mut config = config.clone();
        for instance in config.instances.iter_mut().filter(|one| !one.peer_names.is_empty()).map(Arc::make_mut) {
            let is_ipv6 = instance.ipv6;
            let known = instance.peer_names.iter().filter_map(|name| self.found.get(&(name.clone(), is_ipv6)));
            for address in known.flatten() {
                if !instance.unicast_peers.iter().any(|peer| peer.address == *address) {
                    instance.unicast_peers.push(Peer::from(*address));
                }
            }
        }
        config
    }
}

async fn follow(wanted: Wanted, news: mpsc::Sender<Resolved>) {
    let mut pause = RETRY;
    let mut complained = false;
    loop {
        match look_up(&wanted).await {
            Ok(addresses) => {
                (pause, complained) = (RETRY, false);
                if news.send(Resolved { wanted: wanted.clone(), addresses }).await.is_err() {
                    return; // the agent ends
                }
                sleep(AGAIN).await;
            }
            Err(why) => {
                if !complained {
                    tracing::warn!("unicast peer {}: {why}; it is looked up again until it is known", wanted.0);
                }
                complained = true;
                sleep(pause).await;
                pause = (pause * 2).min(AGAIN);
            }
        }
    }
}

/// All addresses of the family, in an order that does not depend on the name server's mood.
async fn look_up((name, is_ipv6): &Wanted) -> Result<Vec<IpAddr>, Unresolved> {
    let found = timeout(PATIENCE, lookup_host((name.as_str(), 0))).await.map_err(|_| Unresolved::Silent)?;
    let of_family = found?.map(|address| address.ip());
    let addresses: BTreeSet<IpAddr> = of_family.filter(|address| address.is_ipv6() == *is_ipv6).collect();
    let family = if *is_ipv6 { "IPv6" } else { "IPv4" };
    if addresses.is_empty() {
        return Err(Unresolved::NoAddress(family));
    }
    Ok(addresses.into_iter().take(ADDRESSES).collect())
}

#[cfg(test)]
mod tests {
    use hactl_engine::conf::config::{VirtualAddress, VrrpInstance};

    use super::*;

    #[tokio::test]
    async fn a_host_of_the_other_family_has_no_address() {
        let found = async |name: &str, ipv6| look_up(&(name.to_owned(), ipv6)).await;
        assert_eq!(found("127.0.0.9", false).await.unwrap(), ["127.0.0.9".parse::<IpAddr>().unwrap()]);
        assert!(matches!(found("127.0.0.9", true).await, Err(Unresolved::NoAddress("IPv6"))));
        assert!(matches!(found("::1", false).await, Err(Unresolved::NoAddress("IPv4"))));
        assert!(matches!(found("no-such-name.invalid", false).await, Err(Unresolved::Resolver(_))));
    }

    #[tokio::test]
    async fn names_become_peers_of_the_family() {
        let (news, mut inbox) = mpsc::channel(8);
        let mut names = Names::new(news);
        let mut instance = VrrpInstance::new("VI_1", "eth0", 51);
        instance.addresses.push(VirtualAddress::new("10.0.0.3/27".parse().unwrap()));
        instance.peer_names = vec!["localhost".into(), "no-such-name.invalid".into()];
        instance.unicast_peers.push(Peer::from("10.0.0.6".parse::<IpAddr>().unwrap()));
        let config = Config { instances: vec![instance.into()], ..Config::default() };
        names.configure(&config);
        assert_eq!(names.complete(&config), config, "nothing is known yet");
        let resolved = inbox.recv().await.unwrap();
        assert_eq!(resolved.wanted, ("localhost".into(), false));
        let again = Resolved { wanted: resolved.wanted.clone(), addresses: resolved.addresses.clone() };
        assert!(names.take(resolved));
        assert!(!names.take(again), "nothing new");
        let peers: Vec<String> =
            names.complete(&config).instances[0].unicast_peers.iter().map(|peer| peer.address.to_string()).collect();
        assert_eq!(peers, ["10.0.0.6", "127.0.0.1"]);
        names.configure(&config);
        assert_ne!(names.complete(&config), config, "a reload keeps what is known");
        names.configure(&Config::default());
        let late = Resolved { wanted: ("localhost".into(), false), addresses: vec![] };
        assert!(!names.take(late), "nobody wants it any more");
    }
}
