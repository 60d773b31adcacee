//! The VRRP loop: sleep, take what happened, step the engine, carry out what it says. Nothing here blocks.
//!
//! ```text
//!              ┌──────────────── VRRP thread (SCHED_RR) ────────────────┐
//!  adverts ───►│ raw sockets ┐                                          │
//!  netlink ───►│ links       ├─► Input ─► engine ─► Batch ─► perform ───┼──► kernel
//!  timerfd ───►│ deadline    │                                 │        │
//!              └──────▲──────┴─────────────────────────────────┼────────┘
//!            messages │ (and a bell)              jobs ▼
//!              ┌──────┴─────────────── tokio runtime ───────────────────┐
//!              │ control socket   scripts   notify   journal   signals  │
//!              └────────────────────────────────────────────────────────┘
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::sync::mpsc;
use std::time::Duration;

use hactl_engine::action::{Batch, RouterId};
use hactl_engine::conf::config::Config;
use hactl_engine::control::Timing;
use hactl_engine::input::{Input, Remembered};
use hactl_engine::node::Node;
use hactl_engine::time::Instant;
use hactl_engine::wire::arp::Mac;
use hactl_engine::wire::vrrp::{GROUP_V4, GROUP_V6};
use tokio::sync::{mpsc as tokio_mpsc, oneshot};

use super::error::{Denied, LoopError};
use super::host::HostSetup;
use super::leftovers;
use super::memory::Memory;
use super::message::{Job, LoopStatus, Message};
use super::perform::perform;
use crate::sys::linux::Linux;
use crate::sys::netlink::links::Links;
use crate::sys::packet::mmsg::Inbox;
use crate::sys::packet::vrrp::{self, VrrpSocket};
use crate::sys::process::epoll::Sleeper;
use crate::sys::process::{clock, memory, sched};

/// How often at most the log tells that the loop is late.
const TELL_LATE_EACH: Duration = Duration::from_secs(60);
const LINKS: u64 = u64::MAX - 2;
/// Bit of a token that tells the guard's sockets from those of VRRP.
const CLAIMS: u64 = 1 << 40;
/// Packets taken from one socket before others get a turn.
const PACKETS_AT_A_TIME: usize = 16;

/// Everything the loop owns.
pub(crate) struct Driver {
    node: Node,
    os: Linux,
    host: HostSetup,
    /// Room for packets, which the sockets of all routers share; those of IPv6 take one at a time and need none.
    buffers: Inbox,
    timing: Timing,
    links: Links,
    sleeper: Sleeper,
    inbox: mpsc::Receiver<Message>,
    jobs: tokio_mpsc::Sender<Job>,
    memory: Memory,
    /// The configuration of an agent that was killed, and the one in force now.
    left: Option<(Config, Config)>,
    slots: BTreeMap<RouterId, usize>,
    asked: HashMap<u64, oneshot::Sender<Result<String, Denied>>>,
    next_token: u64,
    keeps_addresses: bool,
    /// Whether any router signs its adverts.
    signs: bool,
    /// The shortest advert interval of all routers.
    fastest: Duration,
    told_late: Option<Instant>,
}

impl Driver {
    /// Opens the kernel's doors. Nothing happens on the wire before [`Driver::run`].
    ///
    /// # Errors
    /// The kernel's, with what was tried.
    pub(crate) fn new(
        config: &Config,
        sleeper: Sleeper,
        inbox: mpsc::Receiver<Message>,
        jobs: tokio_mpsc::Sender<Job>,
        mut memory: Memory,
    ) -> Result<Self, LoopError> {
        let (mut os, links) = Self::doors()?;
        sleeper.watch(links.fd(), LINKS).map_err(LoopError::Epoll)?;
        let left = memory.left().map(|old| (old, config.clone()));
        if let Some((old, _)) = &left {
            os.sweep_draining(&leftovers::virtual_addresses(old));
        }
        let mut driver = Self {
            left,
            node: Node::new(config),
            os,
            host: HostSetup::new(memory.settings()),
            buffers: Inbox::new(PACKETS_AT_A_TIME, vrrp::LARGEST),
            timing: Timing::default(),
            links,
            sleeper,
            inbox,
            jobs,
            memory,
            slots: BTreeMap::new(),
            asked: HashMap::new(),
            next_token: 0,
            keeps_addresses: false,
            signs: false,
            fastest: Duration::MAX,
            told_late: None,
        };
        let table = driver.links.table();
        let warnings = driver.host.prepare(config, table, &mut driver.os);
        driver.warnings(warnings);
        driver.watch_routing()?;
        driver.number_routers();
        Ok(driver)
    }

    /// Opens what every agent needs of the kernel, and nothing that a running agent would notice.
    ///
    /// # Errors
    /// The kernel's, with what was tried.
    pub(crate) fn doors() -> Result<(Linux, Links), LoopError> {
        let os = Linux::open().map_err(LoopError::Sockets)?;
        let links = Links::open().map_err(LoopError::Links)?;
        Ok((os, links))
    }

    /// Runs until a stop is carried out.
    ///
    /// # Errors
    /// When the kernel takes away what the loop stands on (epoll, netlink).
    pub(crate) fn run(mut self) -> Result<(), LoopError> {
        self.strip();
        // The macvlans made a moment ago are among the changes.
        self.take_link_changes()?;
        let known: Vec<Input> = self.links.table().values().cloned().map(Input::Link).collect();
        self.step_all(known);
        self.open_sockets();
        let remembered = self.remembered();
        self.step_all(vec![wall_clock(), Input::Start { remembered }]);
        self.wake();
        self.lock_memory();
        loop {
            let due = self.node.next_wake();
            let tokens = self.sleeper.sleep(due).map_err(LoopError::Epoll)?;
            self.note_punctuality(due);
            self.wake();
            for token in tokens {
                match token {
                    LINKS => self.take_link_changes()?,
                    token if token & CLAIMS != 0 => {
                        let (link, ipv6) = interface(token & !CLAIMS);
                        let heard = self.host.hear(link, ipv6);
                        self.step_all(heard);
                    }
                    token => self.take_packets(interface(token)),
                }
            }
            self.take_messages()?;
            if self.node.is_stopped() {
                if !self.keeps_addresses {
                    let warnings = std::mem::take(&mut self.host).leave(&mut self.os);
                    self.warnings(warnings);
                }
                return Ok(());
            }
        }
    }

    /// Takes away what an agent that was killed left and the configuration has not.
    fn strip(&mut self) {
        let Some((old, new)) = self.left.take() else { return };
        let held = |instance: &str| self.memory.last_master(instance).is_some();
        let said = leftovers::strip(&old, &new, held, self.links.table(), &mut self.os);
        self.warnings(said);
    }

    /// What only the start needed is given back first: locked memory stays.
    fn lock_memory(&mut self) {
        memory::give_back();
        if let Err(error) = sched::lock_memory() {
            self.warnings(vec![format!(
                "no locked memory: {error}; adverts faster than 1 s may be late on a busy host"
            )]);
        }
    }

    /// The wall clock, which signed adverts alone need.
    fn wall_clock(&self) -> Option<Input> {
        self.signs.then(wall_clock)
    }

    /// Fires what is due.
    fn wake(&mut self) {
        let begin = clock::now();
        loop {
            self.step_all(self.wall_clock().into_iter().chain([Input::Wake]).collect());
            // Thousands that were due at once come in portions; what falls due meanwhile waits for the next round.
            if self.node.next_wake().is_none_or(|next| next > begin) {
                return;
            }
        }
    }

    fn step(&mut self, input: Input) {
        self.step_all(vec![input]);
    }

    /// Steps the engine through all inputs, then carries out what it says to all of them together.
    fn step_all(&mut self, mut inputs: Vec<Input>) {
        // A failed action comes back as an input; the engine answers a failure with bounded work, never another try.
        while !inputs.is_empty() {
            let now = clock::now();
            let mut batches: Vec<Batch> = Vec::new();
            for input in inputs {
                batches.extend(self.node.step(now, input));
            }
            inputs = self.perform(batches);
        }
    }

    fn perform(&mut self, batches: Vec<Batch>) -> Vec<Input> {
        if batches.is_empty() {
            return Vec::new();
        }
        let left = perform(&mut self.os, batches, clock::unix_ms());
        for (router, master) in left.mastership {
            if let Some(slot) = self.slots.get(&router) {
                self.memory.stamp(*slot, master.then(clock::now));
            }
        }
        for job in left.jobs {
            // A full queue means that logging and scripts hang; the election goes on without them.
            let _ = self.jobs.try_send(job);
        }
        for (token, result) in left.replies {
            if let Some(asker) = self.asked.remove(&token) {
                let _ = asker.send(result); // the asker may have hung up
            }
        }
        left.failures
    }

    fn warnings(&self, warnings: Vec<String>) {
        for warning in warnings {
            let _ = self.jobs.try_send(Job::Warning(warning)); // see `perform`
        }
    }

    /// Routes and rules are watched only when some are ours: a router with a full table has much to tell.
    fn watch_routing(&mut self) -> Result<(), LoopError> {
        if self.host.has_routing() {
            self.links.watch_routing().map_err(LoopError::Routes)?;
        }
        Ok(())
    }

    fn note_punctuality(&mut self, due: Option<Instant>) {
        let Some(late) =
            due.map(|due| clock::now().0.saturating_sub(due.0) / 1000).filter(|_| due <= Some(clock::now()))
        else {
            return; // something else woke us
        };
        self.timing.wakes += 1;
        self.timing.worst_overshoot_us = self.timing.worst_overshoot_us.max(late);
        let class = [100, 1_000, 10_000, 100_000].iter().filter(|limit| late > **limit).count();
        if let Some(count) = self.timing.overshoots.get_mut(class) {
            *count += 1;
        }
        // Half an interval late, thrice, and a standby claims. Said now and then, not each time: it is a busy host.
        let half = self.fastest / 2;
        let late = Duration::from_micros(late);
        if late > half && self.told_late.is_none_or(|at| clock::now().since(at) > TELL_LATE_EACH) {
            self.told_late = Some(clock::now());
            let warning = format!(
                "the VRRP loop woke {late:.1?} late with adverts every {:?}: this host is too busy for them, or real-time \
                 scheduling is not permitted; use a longer advert_int, or give the agent CAP_SYS_NICE",
                self.fastest
            );
            self.warnings(vec![warning]);
        }
    }

    fn status(&self) -> LoopStatus {
        let instances = self.node.status(clock::now(), clock::unix_ms());
        let strangers = self.node.strangers(clock::now());
        LoopStatus { instances, groups: self.node.groups(), strangers, timing: self.timing.clone() }
    }

    fn take_link_changes(&mut self) -> Result<(), LoopError> {
        let changes = self.links.changes().map_err(LoopError::Netlink)?;
        let gone: Vec<u32> =
            changes.iter().filter_map(|c| if let Input::LinkGone(index) = c { Some(*index) } else { None }).collect();
        self.os.sockets().retain(|(link, _), _| !gone.contains(link));
        let mut warnings = Vec::new();
        for lost in &changes {
            warnings.extend(self.host.restore(lost, &mut self.os));
        }
        self.host.follow(self.links.table(), &mut self.os, &mut warnings);
        self.warnings(warnings);
        self.open_sockets();
        self.step_all(changes);
        Ok(())
    }

    fn take_packets(&mut self, key: (u32, bool)) {
        let Some(socket) = self.os.sockets().get(&key) else { return };
        // An error is "nothing left"; a link going down reports here too, and again through netlink.
        let Ok(packets) = socket.receive(&mut self.buffers) else { return };
        let link = socket.home();
        let packets = packets.into_iter().map(|packet| Input::Packet { link, packet });
        self.step_all(self.wall_clock().into_iter().chain(packets).collect());
    }

    fn take_messages(&mut self) -> Result<(), LoopError> {
        while let Ok(message) = self.inbox.try_recv() {
            match message {
                Message::Input(input) => self.step(input),
                Message::Command(command, asker) => {
                    self.next_token += 1;
                    self.asked.insert(self.next_token, asker);
                    self.step(Input::Command { token: self.next_token, command });
                }
                Message::Status(asker) => {
                    let _ = asker.send(self.status()); // may have hung up
                }
                Message::Reload(config, asker) => {
                    let warnings = self.host.prepare(&config, self.links.table(), &mut self.os);
                    self.warnings(warnings);
                    self.watch_routing()?;
                    self.take_link_changes()?;
                    self.step(Input::Reload(config));
                    self.number_routers();
                    self.open_sockets();
                    let _ = asker.send(()); // may have hung up
                }
                Message::Stop { keep_addresses } => {
                    self.keeps_addresses = keep_addresses;
                    self.step(Input::Stop { keep_addresses });
                }
            }
        }
        Ok(())
    }

    /// Opens a socket for each interface and family that a router needs and that exists.
    fn open_sockets(&mut self) {
        self.listen();
        let mut wanted: BTreeMap<(u32, bool), (String, BTreeSet<IpAddr>)> = BTreeMap::new();
        let mut macvlans: BTreeMap<u32, (u32, Mac)> = BTreeMap::new();
        for router in self.node.routers() {
            let config = router.config();
            let by_name = |name: &String| self.links.table().values().find(|link| link.name == *name);
            let six = router.is_ipv6();
            let Some(home) = by_name(&config.interface) else { continue };
            // What other hosts send in the name of the virtual MAC comes in by the macvlan.
            let macvlan = config.vmac.as_ref().and_then(|vmac| by_name(&vmac.name).filter(|at| at.mac == vmac.mac));
            macvlans.extend(macvlan.map(|link| (link.index, (home.index, link.mac))));
            let standard = if six { IpAddr::V6(GROUP_V6) } else { IpAddr::V4(GROUP_V4) };
            let group = (!config.is_unicast()).then(|| config.group_address.unwrap_or(standard));
            for link in [Some(home), macvlan].into_iter().flatten() {
                let (_, groups) =
                    wanted.entry((link.index, six)).or_insert_with(|| (link.name.clone(), BTreeSet::new()));
                groups.extend(group);
            }
        }
        for ((link, ipv6), (name, groups)) in wanted {
            let groups: Vec<IpAddr> = groups.into_iter().collect();
            if let Some(socket) = self.os.sockets().get(&(link, ipv6)) {
                // A reload may have named another group.
                let warnings = groups.iter().filter_map(|group| {
                    let error = socket.join(*group).err()?;
                    Some(format!("cannot hear {group} on {name}: {error}"))
                });
                let warnings = warnings.collect();
                self.warnings(warnings);
                continue;
            }
            let socket = match macvlans.get(&link) {
                Some((home, mac)) => VrrpSocket::on_macvlan(link, &name, ipv6, *home, *mac),
                None => VrrpSocket::open(link, &name, ipv6, &[]),
            };
            let opened = socket.and_then(|socket| {
                groups.iter().try_for_each(|group| socket.join(*group))?;
                self.sleeper.watch(socket.as_fd(), token(link, ipv6))?;
                Ok(socket)
            });
            match opened {
                Ok(socket) => drop(self.os.sockets().insert((link, ipv6), socket)),
                Err(error) => {
                    let warning = format!("cannot listen for adverts on {name}: {error}; trying again when it changes");
                    let _ = self.jobs.try_send(Job::Warning(warning)); // see `perform`
                }
            }
        }
    }

    /// Opens the guard's ears too.
    fn listen(&mut self) {
        let warnings = self.host.listen(self.links.table(), &self.sleeper, |link, six| CLAIMS | token(link, six));
        self.warnings(warnings);
    }

    /// Gives each router its slot among the stamps.
    fn number_routers(&mut self) {
        self.signs = self.node.routers().any(|router| router.config().hmac.is_some());
        self.fastest = self.node.routers().map(|router| router.config().advert_interval).min().unwrap_or(Duration::MAX);
        let names: Vec<String> = self.node.routers().map(|router| router.config().name.clone()).collect();
        self.slots = self.node.router_ids().zip(0..).collect();
        if let Err(error) = self.memory.number(&names) {
            let warning =
                format!("cannot write {}: {error}; a restart will not adopt the addresses", self.memory.path());
            let _ = self.jobs.try_send(Job::Warning(warning)); // see `perform`
        }
    }

    /// What earlier runs left: overrides, and mastership young enough that no backup has claimed it.
    fn remembered(&self) -> Vec<Remembered> {
        let now = clock::now();
        self.node
            .routers()
            .map(|router| {
                let config = router.config();
                let fresh =
                    self.memory.last_master(&config.name).is_some_and(|at| now.since(at) < router.unclaimed_for());
                let here = |address: std::net::IpAddr| {
                    self.links.table().values().any(|link| link.addresses.contains(&address))
                };
                let all_here = config.addresses.iter().all(|virtual_address| here(virtual_address.address.addr()));
                Remembered {
                    instance: config.name.clone(),
                    was_master: fresh && all_here,
                    pin: self.memory.pin(&config.name),
                }
            })
            .collect()
    }
}

fn wall_clock() -> Input {
    let ahead = clock::unix_ms().saturating_sub(clock::now().0 / 1_000_000);
    Input::WallClock { offset: Duration::from_millis(ahead) }
}

/// What the sleeper calls the socket of an interface and family.
fn token(link: u32, ipv6: bool) -> u64 {
    u64::from(link) << 1 | u64::from(ipv6)
}

fn interface(token: u64) -> (u32, bool) {
    // Tokens are made by `token`; anything else is of no interface.
    (u32::try_from(token >> 1).unwrap_or(u32::MAX), token & 1 == 1)
}
