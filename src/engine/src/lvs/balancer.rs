//! All virtual servers of one agent: results of checks and operators' words in, changes of the kernel's table out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::effect::{CheckId, Effect};
use super::health::{Health, Outcome};
use super::pool::Pool;
use super::server::{Override, Server};
use super::upstream::Refused;
use crate::conf::config::lvs::{RealServer, VirtualServer};
use crate::ipvs::{ServiceKey, Table};
use crate::time::Instant;

/// A real server by the pool that it is in and its address: what an operator's override is remembered under.
pub type ServerName = (String, SocketAddr);

/// Which real servers an operator means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Their address.
    pub address: IpAddr,
    /// Only this port.
    pub port: Option<u16>,
    /// Only in this virtual server.
    pub virtual_server: Option<String>,
}

/// What an operator wants of real servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// No new connections.
    Drain,
    /// New connections again.
    Undrain,
    /// This weight; `None`: the configured one again.
    Weight(Option<u32>),
}

/// Why an order cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// Not the name of a real server.
    #[error("`{0}` is no real server: write ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT")]
    Unreadable(String),
    /// A proxy spreads the requests: it has the weights.
    #[error(
        "the weight of {0} is in the configuration of the proxy that asks it: `hactl backend weight` at the desk changes it"
    )]
    OfProxy(SocketAddr),
    /// No real server is meant.
    #[error("no real server {selection}; {}", listed(known))]
    Unknown {
        /// Who was meant.
        selection: Selection,
        /// Some of those that there are.
        known: Vec<SocketAddr>,
    },
}

fn listed(known: &[SocketAddr]) -> String {
    let known: Vec<String> = known.iter().map(SocketAddr::to_string).collect();
    if known.is_empty() { "there are none".to_owned() } else { format!("known: {}", known.join(", ")) }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        let within = self.virtual_server.as_ref().map(|name| format!(" in `{name}`")).unwrap_or_default();
        write!(f, "{}{port}{within}", self.address)
    }
}

/// Every pool, and who checks what.
#[derive(Debug, Default)]
pub struct Balancer {
    pools: Vec<Pool>,
    /// Where a check belongs: pool, server, check.
    places: FxHashMap<CheckId, (usize, usize, usize)>,
    ids: BTreeMap<(usize, usize, usize), CheckId>,
    next_id: CheckId,
    overrides: BTreeMap<ServerName, Override>,
}

impl Balancer {
    /// Nothing to balance yet; what operators wanted before is remembered.
    pub fn new(overrides: BTreeMap<ServerName, Override>) -> Self {
        Self { overrides, ..Self::default() }
    }

    /// Takes a configuration. Pools, real servers and checks that stay keep their state; a new real server that
    /// `found`, the kernel's table, lacks although it has its service was taken out by an earlier run, and stays out
    /// until its checks pass. Afterwards the kernel is to be given [`Balancer::wanted`].
    pub fn configure(
        &mut self,
        servers: &[Arc<VirtualServer>],
        found: &Table,
        introduce: bool,
        now: Instant,
    ) -> Vec<Effect> {
        let old_ids = std::mem::take(&mut self.ids);
        let mut old: HashMap<String, (usize, Pool)> = HashMap::new();
        for (place, pool) in std::mem::take(&mut self.pools).into_iter().enumerate() {
            old.insert(pool.config().name.clone(), (place, pool));
        }
        self.places.clear();
        let mut effects = Vec::new();
        for config in servers {
            let by_operator = |real: &RealServer| self.overrides.get(&name(config, real)).copied().unwrap_or_default();
            let mut kept = BTreeMap::new();
            let mut pool = match old.remove(&config.name) {
                Some((place, mut pool)) => {
                    kept = same_checks(pool.config(), config, place, &old_ids);
                    pool.follow(Arc::clone(config), by_operator, now);
                    pool
                }
                None => {
                    let pool = Pool::new(Arc::clone(config), by_operator, |real| taken_out(config, real, found), now);
                    let goes_on = config.services.iter().any(|key| found.contains_key(key));
                    effects.extend(pool.begin(introduce, goes_on));
                    pool
                }
            };
            effects.extend(pool.changed(now, Vec::new()).into_iter().filter(|one| !matches!(one, Effect::Table(_))));
            let at = self.pools.len();
            for (server, real) in config.real_servers.iter().enumerate() {
                for check in 0..real.checkers.len() {
                    let id = kept.get(&(server, check)).copied().unwrap_or_else(|| {
                        self.next_id += 1;
                        self.next_id
                    });
                    self.ids.insert((at, server, check), id);
                    self.places.insert(id, (at, server, check));
                }
            }
            self.pools.push(pool);
        }
        effects
    }

    /// The pools, for reading.
    pub fn pools(&self) -> &[Pool] {
        &self.pools
    }

    /// What operators wanted, to be remembered.
    pub fn overrides(&self) -> &BTreeMap<ServerName, Override> {
        &self.overrides
    }

    /// The table that the kernel shall have; from now on it is taken to have it.
    pub fn wanted(&mut self, now: Instant) -> Table {
        self.pools.iter_mut().flat_map(|pool| pool.wanted(now)).collect()
    }

    /// The table that the kernel is taken to have.
    pub fn in_kernel(&self) -> Table {
        self.pools.iter().flat_map(Pool::in_kernel).collect()
    }

    /// The services that are ours.
    pub fn services(&self) -> BTreeSet<ServiceKey> {
        self.pools.iter().flat_map(|pool| pool.config().services.iter().copied()).collect()
    }

    /// The servers of upstreams that the proxy of this host shall not reach now.
    pub fn refused(&self) -> Refused {
        Refused::of(self.pools.iter())
    }

    /// Whether the checks have found out how every server of upstreams is.
    pub fn upstreams_are_judged(&self) -> bool {
        let mut pools = self.pools.iter().filter(|pool| pool.config().upstream && !pool.is_suspended());
        pools.all(|pool| pool.servers().all(|(_, server)| server.is_judged()))
    }

    /// The checks that shall run now, each with its place (pool, real server, check): those of suspended pools rest.
    pub fn checks(&self) -> impl Iterator<Item = (CheckId, (usize, usize, usize))> {
        let runs = |pool: usize| self.pools.get(pool).is_some_and(|pool| !pool.is_suspended());
        self.ids.iter().filter(move |((pool, ..), _)| runs(*pool)).map(|(place, id)| (*id, *place))
    }

    /// Takes the end of a try: the pause until the next one, and what follows.
    pub fn observe(&mut self, id: CheckId, outcome: Outcome, now: Instant) -> (Duration, Vec<Effect>) {
        let Some((pool, server, check)) = self.places.get(&id).copied() else { return (FAREWELL, Vec::new()) };
        match self.pools.get_mut(pool) {
            Some(pool) => pool.observe((server, check), outcome, now),
            None => (FAREWELL, Vec::new()),
        }
    }

    /// Whether another [`Outcome::Passed`] of this check would change nothing.
    pub fn is_steady(&self, id: CheckId) -> bool {
        let place = self.places.get(&id).copied();
        let health = place.and_then(|(pool, server, check)| self.pools.get(pool)?.health(server, check));
        health.is_some_and(Health::is_steady)
    }

    /// `ha_suspend` and `master_only`: told whether this host holds an address; `None` where nobody decides that.
    ///
    /// When it returns true, the kernel is to be given [`Balancer::wanted`].
    pub fn suspend(&mut self, holds: impl Fn(IpAddr) -> Option<bool>) -> bool {
        let mut changed = false;
        for pool in &mut self.pools {
            let mut addresses = pool.config().services.iter().filter_map(|service| match service {
                ServiceKey::Address { address, .. } => Some(address.ip()),
                ServiceKey::Mark { .. } => None,
            });
            let elsewhere = addresses.any(|address| holds(address) == Some(false));
            let (ha_suspend, master_only) = (pool.config().ha_suspend, pool.config().master_only);
            changed |= pool.absent != (master_only && elsewhere);
            (pool.suspended, pool.absent) = (ha_suspend && elsewhere, master_only && elsewhere);
        }
        changed
    }

    /// Carries out an operator's order and says what was done.
    ///
    /// # Errors
    /// When no real server is meant by it; the error says which there are.
    pub fn order(
        &mut self,
        selection: &Selection,
        order: Order,
        now: Instant,
    ) -> Result<(String, Vec<Effect>), OrderError> {
        let mut effects = Vec::new();
        let mut done = Vec::new();
        let mut deserted = Vec::new();
        let mut of_proxy = None;
        for pool in &mut self.pools {
            let config = Arc::clone(pool.config());
            if selection.virtual_server.as_ref().is_some_and(|name| *name != config.name) {
                continue;
            }
            for (place, real) in config.real_servers.iter().enumerate() {
                if !selection.means(real.address) {
                    continue;
                }
                if config.upstream && matches!(order, Order::Weight(Some(_))) {
                    of_proxy = Some(real.address);
                    continue;
                }
                let key = name(&config, real);
                let mut by_operator = self.overrides.get(&key).copied().unwrap_or_default();
                match order {
                    Order::Drain => by_operator.drained = true,
                    Order::Undrain => by_operator.drained = false,
                    Order::Weight(weight) => by_operator.weight = weight,
                }
                match by_operator.is_none() {
                    true => drop(self.overrides.remove(&key)),
                    false => drop(self.overrides.insert(key, by_operator)),
                }
                effects.extend(pool.overrule(place, by_operator, now));
                done.push(format!("{} of {}", real.address, config.name));
                let serves = |(_, server): (&RealServer, &Server)| server.is_up() && !server.by_operator().drained;
                if matches!(order, Order::Drain) && !pool.servers().any(serves) && !deserted.contains(&config.name) {
                    deserted.push(config.name.clone());
                }
            }
        }
        let left = match deserted.is_empty() {
            true => String::new(),
            false => format!("; nobody is left to serve {} (`undrain` takes that back)", deserted.join(", ")),
        };
        match done.is_empty() {
            false => Ok((done.join(", ") + &left, effects)),
            true => Err(of_proxy.map_or_else(|| self.unknown(selection), OrderError::OfProxy)),
        }
    }

    fn unknown(&self, selection: &Selection) -> OrderError {
        let all = self.pools.iter().flat_map(|pool| pool.servers().map(|(real, _)| real.address));
        let known: BTreeSet<SocketAddr> = all.take(KNOWN_MAX).collect();
        OrderError::Unknown { selection: selection.clone(), known: known.into_iter().collect() }
    }

    /// When to call [`Balancer::wake`] if nothing happens before.
    pub fn next_wake(&self, now: Instant) -> Option<Instant> {
        self.pools.iter().filter_map(|pool| pool.next_wake(now)).min()
    }

    /// Takes the steps of slow starts that are due.
    pub fn wake(&mut self, now: Instant) -> Vec<Effect> {
        let rising = self.pools.iter_mut().filter(|pool| !pool.config().slow_start.is_zero());
        rising.flat_map(|pool| pool.changed(now, Vec::new())).collect()
    }

    /// `omega`: what the end of the agent means.
    pub fn farewell(&self) -> Vec<Effect> {
        self.pools.iter().flat_map(Pool::farewell).collect()
    }
}

impl Selection {
    /// Reads `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT`.
    ///
    /// # Errors
    /// When it is none of these.
    pub fn parse(text: &str, virtual_server: Option<String>) -> Result<Self, OrderError> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self { address, port: None, virtual_server });
        }
        match text.parse::<SocketAddr>() {
            Ok(both) => Ok(Self { address: both.ip(), port: Some(both.port()), virtual_server }),
            Err(_) => Err(OrderError::Unreadable(text.to_owned())),
        }
    }

    fn means(&self, address: SocketAddr) -> bool {
        address.ip() == self.address && self.port.is_none_or(|port| port == address.port())
    }
}

fn taken_out(config: &VirtualServer, real: &RealServer, found: &Table) -> bool {
    let services = || config.services.iter().filter_map(|key| found.get(key));
    services().next().is_some() && !services().any(|service| service.destinations.contains_key(&real.address))
}

fn name(config: &VirtualServer, real: &RealServer) -> ServerName {
    (config.name.clone(), real.address)
}

/// Ids of checks that are the same in both configurations, by server and check of the new one.
fn same_checks(
    old: &VirtualServer,
    new: &VirtualServer,
    pool: usize,
    ids: &BTreeMap<(usize, usize, usize), CheckId>,
) -> BTreeMap<(usize, usize), CheckId> {
    let before: HashMap<SocketAddr, (usize, &RealServer)> =
        old.real_servers.iter().enumerate().map(|(place, real)| (real.address, (place, real))).collect();
    let mut kept = BTreeMap::new();
    for (server, real) in new.real_servers.iter().enumerate() {
        let Some((old_server, old_real)) = before.get(&real.address) else { continue };
        let mut free: Vec<usize> = (0..old_real.checkers.len()).collect();
        for (check, checker) in real.checkers.iter().enumerate() {
            let same = |place: &usize| old_real.checkers.get(*place).is_some_and(|other| other.is_like(checker));
            let Some(at) = free.iter().position(same) else { continue };
            if let Some(id) = ids.get(&(pool, *old_server, free.swap_remove(at))) {
                kept.insert((server, check), *id);
            }
        }
    }
    kept
}

/// Real servers that a refusal names.
const KNOWN_MAX: usize = 50;
/// A check that a reload took away: its task ends before the pause does.
const FAREWELL: Duration = Duration::from_secs(60);
