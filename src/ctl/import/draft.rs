//! What hosts run, as an inventory would have it: the values with the places that they come from. Where load balancers
//! say different things the first one's word is taken, and `compare` tells of the others.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use hactl_engine::conf::config::{Version, VrrpInstance};
use hactl_engine::conf::outline::Entry;
use ipnet::IpNet;

use super::ask::Running;
use super::conf::{Read, place};
use super::upstream::Balanced;
use crate::ctl::cluster::{Backend, Ssh};

/// An inventory to be.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Load balancers in the order asked for.
    pub lbs: Vec<Balancer>,
    /// Web hosts: whom nginx or the kernel hands requests to.
    pub webs: Vec<Web>,
    /// Virtual addresses.
    pub vips: Vec<Instance>,
    /// What nginx serves, where one balances.
    pub site: Option<(String, Balanced)>,
}

/// A load balancer.
#[derive(Debug, Clone)]
pub struct Balancer {
    /// Its name.
    pub name: String,
    /// Where it is reached, and what its peers know it by.
    pub address: IpAddr,
    /// How to log in.
    pub ssh: Ssh,
    /// The interface of its instances, where load balancers differ in it.
    pub interface: Option<String>,
    /// Where that comes from.
    pub from: String,
}

/// A web host.
#[derive(Debug, Clone)]
pub struct Web {
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: IpAddr,
    /// How it takes part.
    pub backend: Backend,
    /// Where that comes from.
    pub from: String,
}

/// A virtual router of all load balancers.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Its name in the inventory.
    pub name: String,
    /// Its settings as the first load balancer has them.
    pub settings: VrrpInstance,
    /// Priorities by host.
    pub priorities: Vec<(String, u8)>,
    /// One interface for all; `None` where they differ.
    pub interface: Option<String>,
    /// The password, as text.
    pub password: Option<String>,
    /// What it tracks by scripts.
    pub tracks: Vec<Tracked>,
    /// Commands by the inventory's key.
    pub notify: Vec<(&'static str, String, String)>,
    /// Where each keyword stands.
    pub places: BTreeMap<String, String>,
    /// Where the block begins.
    pub from: String,
}

/// A check.
#[derive(Debug, Clone)]
pub struct Tracked {
    /// Its name.
    pub name: String,
    /// Its command.
    pub command: String,
    /// Between two runs.
    pub interval: Duration,
    /// What it does to the priority.
    pub weight: i16,
    /// Failures in a row.
    pub fall: u32,
    /// Successes in a row.
    pub rise: u32,
    /// Where.
    pub from: String,
}

/// What one host calls its instances, and what the inventory does.
pub type Names = BTreeMap<String, String>;

impl Draft {
    /// Drafts an inventory. `running` are all hosts that were asked; `reads` those with a keepalived.conf.
    pub fn new(running: &[Running], reads: &[Read], site: Option<(String, Balanced)>) -> Self {
        let mut vips: Vec<Instance> = Vec::new();
        for read in reads {
            for instance in &read.config.instances {
                let same = |known: &&mut Instance| {
                    (known.settings.vrid, known.settings.ipv6) == (instance.vrid, instance.ipv6)
                };
                match vips.iter_mut().find(same) {
                    Some(known) => known.join(read, instance),
                    None => vips.push(Instance::new(read, instance, &vips)),
                }
            }
        }
        let mut lbs: Vec<Balancer> = reads
            .iter()
            .filter_map(|read| Some(balancer(read, running.iter().find(|one| one.host.name == read.host)?)))
            .collect();
        for lb in &mut lbs {
            let mut own = vips.iter().filter(|vip| vip.interface.is_none());
            let read = reads.iter().find(|read| read.host == lb.name);
            lb.interface = own.next().and_then(|vip| of(read?, &vip.settings)).map(|one| one.interface.clone());
        }
        let webs = webs(running, reads, &lbs, site.as_ref());
        Self { lbs, webs, vips, site }
    }

    /// The inventory's names of a host's instances.
    pub fn names(&self, read: &Read) -> Names {
        let known = self.vips.iter().filter_map(|vip| Some((of(read, &vip.settings)?.name.clone(), vip.name.clone())));
        known.collect()
    }
}

/// A host's own side of a virtual router.
pub fn of<'r>(read: &'r Read, like: &VrrpInstance) -> Option<&'r VrrpInstance> {
    let same = |one: &&std::sync::Arc<VrrpInstance>| (one.vrid, one.ipv6) == (like.vrid, like.ipv6);
    read.config.instances.iter().find(same).map(|one| &**one)
}

fn balancer(read: &Read, running: &Running) -> Balancer {
    let seen = |address: &IpAddr| running.seen.addresses.iter().any(|(_, net)| net.addr() == *address);
    let vips = || read.config.instances.iter().flat_map(|one| &one.addresses).map(|one| one.address);
    // What the peers know it by: the source that it is told to use, else where it was reached, else its own on that
    // interface.
    let told = read.config.instances.iter().filter(|one| one.is_unicast()).find_map(|one| one.source);
    let reached = Some(running.host.address).filter(|address| seen(address));
    let on_link = || {
        let link = &read.config.instances.first()?.interface;
        let own = running.seen.addresses.iter().filter(|(name, _)| name == link).map(|(_, net)| net.addr());
        own.filter(|own| vips().all(|vip| vip.addr() != *own)).find(IpAddr::is_ipv4)
    };
    let address = told.filter(seen).or(reached).or_else(on_link).unwrap_or(running.host.address);
    let version = running.version.clone().unwrap_or_else(|| "keepalived".to_owned());
    let state = if running.unit.active { "runs" } else { "does not run" };
    Balancer {
        name: running.host.name.clone(),
        address,
        ssh: running.host.ssh.clone(),
        interface: None,
        from: format!("{} {state} there", version.split(" (").next().unwrap_or_default()),
    }
}

impl Instance {
    fn new(read: &Read, instance: &VrrpInstance, others: &[Self]) -> Self {
        let block = block(read, "vrrp_instance", &instance.name);
        let inside = block.map(Entry::inside).unwrap_or_default();
        let good = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
        let plain: String = instance.name.chars().map(|c| if good(c) { c } else { '_' }).collect();
        let mut name = if plain.is_empty() { format!("VI_{}", others.len() + 1) } else { plain };
        while others.iter().any(|other| other.name == name) {
            name.push('_');
        }
        let mut vip = Self {
            name,
            settings: instance.clone(),
            priorities: Vec::new(),
            interface: Some(instance.interface.clone()),
            password: instance.password.map(|password| text(&password.0)),
            tracks: Vec::new(),
            notify: notify(read, inside),
            places: inside.iter().map(|entry| (entry.keyword.clone(), place(&read.host, &entry.location))).collect(),
            from: block.map_or_else(|| read.host.clone(), |block| place(&read.host, &block.location)),
        };
        vip.join(read, instance);
        vip
    }

    /// Another load balancer has it as well.
    fn join(&mut self, read: &Read, instance: &VrrpInstance) {
        self.priorities.push((read.host.clone(), instance.priority));
        if self.interface.as_deref() != Some(&instance.interface) {
            self.interface = None;
        }
        for track in &instance.track_scripts {
            if self.tracks.iter().all(|known| known.name != track.name) {
                self.tracks.extend(tracked(read, &track.name, track.weight));
            }
        }
    }

    /// Where a keyword stands, and else where the block does.
    pub fn place(&self, keyword: &str) -> &str {
        self.places.get(keyword).unwrap_or(&self.from)
    }

    /// Its addresses.
    pub fn addresses(&self) -> impl Iterator<Item = IpNet> {
        self.settings.addresses.iter().map(|one| one.address)
    }

    /// Whether it is the version that its interval and family call for anyway.
    pub fn version(&self) -> Version {
        self.settings.version
    }
}

/// Eight bytes with zeros behind.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

/// The last block of a kind and name: a later one replaces an earlier.
fn block<'r>(read: &'r Read, keyword: &str, name: &str) -> Option<&'r Entry> {
    let named = |entry: &&Entry| entry.keyword == keyword && entry.arguments.first().is_some_and(|own| own == name);
    read.entries.iter().rfind(named)
}

fn tracked(read: &Read, name: &str, weight: i16) -> Option<Tracked> {
    let script = read.config.scripts.iter().find(|script| script.name == name)?;
    let block = block(read, "vrrp_script", name)?;
    let command = block.inside().iter().find(|entry| entry.keyword == "script")?;
    Some(Tracked {
        name: name.to_owned(),
        command: command.arguments.join(" "),
        interval: script.interval,
        weight,
        fall: script.fall,
        rise: script.rise,
        from: place(&read.host, &block.location),
    })
}

fn notify(read: &Read, inside: &[Entry]) -> Vec<(&'static str, String, String)> {
    let keys = [
        ("notify_master", "master"),
        ("notify_backup", "backup"),
        ("notify_fault", "fault"),
        ("notify_stop", "stop"),
        ("notify", "any"),
    ];
    let found = keys.into_iter().filter_map(|(keyword, key)| {
        let entry = inside.iter().rfind(|entry| entry.keyword == keyword && entry.arguments.len() == 1)?;
        Some((key, entry.arguments.first()?.clone(), place(&read.host, &entry.location)))
    });
    found.collect()
}

/// Whom requests are handed to: nginx's upstream, else the kernel's real servers. Each address once, and none of a load
/// balancer's.
fn webs(running: &[Running], reads: &[Read], lbs: &[Balancer], site: Option<&(String, Balanced)>) -> Vec<Web> {
    let mut found: Vec<(IpAddr, Backend, String)> = Vec::new();
    if let Some((host, site)) = site {
        let servers = site.servers.iter().filter(|server| !server.down);
        let servers = servers
            .filter_map(|server| Some((server.address?, server.backend.clone(), format!("{host} {}", server.place))));
        found.extend(servers);
    }
    for read in reads.iter().filter(|_| site.is_none()) {
        for real in read.config.virtual_servers.iter().flat_map(|server| &server.real_servers) {
            let weight = real.weight.max(1);
            let backend = Backend {
                port: real.address.port(),
                weight,
                max_fails: 1,
                fail_timeout: None,
                backup: false,
                down: false,
            };
            found.push((real.address.ip(), backend, place(&read.host, &real.location)));
        }
    }
    let (mut known, mut names): (BTreeSet<IpAddr>, BTreeSet<String>) =
        (lbs.iter().map(|lb| lb.address).collect(), BTreeSet::new());
    names.extend(lbs.iter().map(|lb| lb.name.clone()));
    let mut webs = Vec::new();
    for (address, backend, from) in found {
        if !known.insert(address) {
            continue;
        }
        let asked = running.iter().find(|one| one.seen.addresses.iter().any(|(_, net)| net.addr() == address));
        let mut name = asked.map_or_else(|| short(address, 1), |one| one.host.name.clone());
        if !names.insert(name.clone()) {
            name = short(address, 4);
            names.insert(name.clone());
        }
        webs.push(Web { name, address, backend, from });
    }
    webs
}

/// `web-7`, or with more parts of the address.
fn short(address: IpAddr, parts: usize) -> String {
    let text = address.to_string();
    let mut last: Vec<&str> = text.rsplit(['.', ':']).filter(|part| !part.is_empty()).take(parts).collect();
    last.reverse();
    format!("web-{}", last.join("-"))
}
