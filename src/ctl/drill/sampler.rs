//! Who owns the VIP, asked again and again; a host that cannot be asked is connected to anew.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::observe::Owners;
use crate::ctl::cluster::Cluster;
use crate::ctl::look::observe::{Observed, Seen, parse, show};
use crate::ctl::progress::Listener;
use crate::ctl::remote::{How, Remote, Way};
use crate::ctl::secret::Secrets;
use crate::ctl::verify::vips::judge;
use crate::error::Code;

/// Between two rounds.
const EVERY: Duration = Duration::from_millis(200);
/// How long a host may take to answer; a host that does not is no owner as far as anybody can see.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Connections to the load balancers that heal by themselves.
pub struct Watchers {
    way: Arc<dyn Way>,
    cluster: Cluster,
    secrets: Secrets,
    hosts: tokio::sync::Mutex<BTreeMap<String, Arc<dyn Remote>>>,
}

impl Watchers {
    /// Takes over open connections.
    pub fn new(
        way: Arc<dyn Way>,
        cluster: Cluster,
        secrets: Secrets,
        hosts: BTreeMap<String, Arc<dyn Remote>>,
    ) -> Self {
        Self { way, cluster, secrets, hosts: tokio::sync::Mutex::new(hosts) }
    }

    /// The cluster.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// An open connection, or a new one.
    pub async fn connection(&self, name: &str) -> Option<Arc<dyn Remote>> {
        if let Some(open) = self.hosts.lock().await.get(name) {
            return Some(Arc::clone(open));
        }
        let how = How { limit: PATIENCE, accept_new: false, parallel: 1, listener: Listener::silent() };
        let (_, answer) = self.way.connect(&self.cluster, &[name.to_owned()], &self.secrets, how).await.pop()?;
        let remote = answer.ok()?;
        self.hosts.lock().await.insert(name.to_owned(), Arc::clone(&remote));
        Some(remote)
    }

    /// Forgets a connection that does not answer.
    pub async fn drop_connection(&self, name: &str) {
        self.hosts.lock().await.remove(name);
    }

    /// What the load balancers show right now.
    pub async fn look(&self) -> Observed {
        let names: Vec<String> = self.cluster.agents().map(|host| host.name.clone()).collect();
        let looks = names.iter().map(|name| async move { (name.clone(), self.look_at(name).await) });
        Observed { hosts: join_all(looks).await.into_iter().collect(), ..Observed::default() }
    }

    async fn look_at(&self, name: &str) -> Seen {
        let Some(remote) = self.connection(name).await else { return Seen::default() };
        if let Ok(output) = remote.exec(&show(), b"", PATIENCE).await {
            return parse(output.text());
        }
        self.drop_connection(name).await;
        Seen::default()
    }
}

/// What was sampled.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    /// Owners over time; repeats are left out.
    pub owners: Vec<Owners>,
    /// When two owners were first found and named.
    pub two_owners_at: Option<Duration>,
}

/// Samples owners for ever into `samples`; times count from `begin`. The caller drops the future when it has enough.
pub async fn sample(watchers: &Watchers, vip: IpAddr, begin: Instant, samples: &Mutex<Samples>) {
    let mut clock = tokio::time::interval(EVERY);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        clock.tick().await;
        let observed = watchers.look().await;
        let hosts = observed.owners(watchers.cluster(), vip);
        // Found and named, by the same judge as `hactl verify`.
        let two = judge(watchers.cluster(), &observed).iter().any(|problem| problem.code == Code::TwoOwners);
        let mut samples = samples.lock().unwrap_or_else(PoisonError::into_inner);
        if samples.owners.last().is_none_or(|last| last.hosts != hosts) {
            samples.owners.push(Owners { at: begin.elapsed(), hosts });
        }
        if two && samples.two_owners_at.is_none() {
            samples.two_owners_at = Some(begin.elapsed());
        }
    }
}
