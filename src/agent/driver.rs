//! The VRRP loop: sleep, take what happened, step the engine, carry out what it says. Nothing here blocks.
//!
//! ```text
//!              ┌──────────────── VRRP thread (SCHED_RR) ────────────────┐
//!  adverts ───►│ raw sockets ┐                                          │
//!  netlink ───►│ links       ├─► Input ─► engine ─► Batch ─► perform ───┼──► kernel
//!  timerfd ───►│ deadline    │                                 │        │
//!              └──────▲──────┴─────────────────────────────────┼────────┘
//!             letters │ (bell)                         errands ▼
//!              ┌──────┴─────────────── tokio runtime ───────────────────┐
//!              │ control socket   scripts   notify   journal   signals  │
//!              └────────────────────────────────────────────────────────┘
//! ```

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::os::fd::AsFd;
use std::sync::mpsc;

use hactl_engine::action::{Batch, RouterId};
use hactl_engine::conf::config::Config;
use hactl_engine::control::Timing;
use hactl_engine::input::{Input, Remembered};
use hactl_engine::node::Node;
use tokio::sync::{mpsc as tokio_mpsc, oneshot};

use super::letter::{Errand, Letter, LoopStatus};
use super::memory::Memory;
use super::perform::perform;
use crate::sys::clock;
use crate::sys::links::Links;
use crate::sys::linux::Linux;
use crate::sys::vrrp::VrrpSocket;
use crate::sys::wake::Sleeper;

const LINKS: u64 = u64::MAX - 2;
/// Packets taken from one socket before others get a turn.
const PACKETS_AT_A_TIME: usize = 64;

/// Everything the loop owns.
pub struct Driver {
    node: Node,
    os: Linux,
    links: Links,
    sleeper: Sleeper,
    inbox: mpsc::Receiver<Letter>,
    errands: tokio_mpsc::Sender<Errand>,
    memory: Memory,
    slots: BTreeMap<RouterId, usize>,
    asked: HashMap<u64, oneshot::Sender<Result<String, String>>>,
    next_token: u64,
}

impl Driver {
    /// Opens the kernel's doors. Nothing happens on the wire before [`Driver::run`].
    ///
    /// # Errors
    /// The kernel's, worded with what was tried.
    pub fn new(
        config: &Config,
        sleeper: Sleeper,
        inbox: mpsc::Receiver<Letter>,
        errands: tokio_mpsc::Sender<Errand>,
        memory: Memory,
    ) -> Result<Self, String> {
        let os = Linux::open().map_err(|error| {
            format!("cannot open raw sockets: {error}; the agent needs root, or CAP_NET_RAW and CAP_NET_ADMIN")
        })?;
        let links = Links::open().map_err(|error| format!("cannot read the network interfaces: {error}"))?;
        sleeper.watch(links.fd(), LINKS).map_err(|error| format!("epoll: {error}"))?;
        let mut driver = Self {
            node: Node::new(config),
            os,
            links,
            sleeper,
            inbox,
            errands,
            memory,
            slots: BTreeMap::new(),
            asked: HashMap::new(),
            next_token: 0,
        };
        driver.number_routers();
        Ok(driver)
    }

    /// Runs until a stop is carried out.
    ///
    /// # Errors
    /// When the kernel takes away what the loop stands on (epoll, netlink).
    pub fn run(mut self) -> Result<(), String> {
        let known: Vec<Input> = self.links.table().values().cloned().map(Input::Link).collect();
        for link in known {
            self.step(link);
        }
        self.open_sockets();
        let remembered = self.remembered();
        self.step(Input::Start { remembered });
        loop {
            let tokens = self.sleeper.sleep(self.node.next_wake()).map_err(|error| format!("epoll: {error}"))?;
            self.step(Input::Wake);
            for token in tokens {
                if token == LINKS {
                    self.take_link_changes()?;
                } else {
                    self.take_packets(token);
                }
            }
            self.take_letters();
            if self.node.is_stopped() {
                return Ok(());
            }
        }
    }

    fn step(&mut self, input: Input) {
        let mut inputs = vec![input];
        // A failed action comes back as an input; the engine answers a failure with bounded work, never another try.
        while let Some(input) = inputs.pop() {
            for batch in self.node.step(clock::now(), input) {
                inputs.extend(self.perform(batch));
            }
        }
    }

    fn perform(&mut self, batch: Batch) -> Option<Input> {
        let router = batch.router;
        let left = perform(&mut self.os, batch, clock::unix_ms());
        if let (Some(master), Some(slot)) = (left.mastership, self.slots.get(&router)) {
            self.memory.stamp(*slot, master.then(clock::now));
        }
        for errand in left.errands {
            // A full queue means that logging and scripts hang; the election goes on without them.
            let _ = self.errands.try_send(errand);
        }
        for (token, result) in left.replies {
            if let Some(asker) = self.asked.remove(&token) {
                let _ = asker.send(result); // the asker may have hung up
            }
        }
        left.failure
    }

    fn status(&self) -> LoopStatus {
        let instances = self.node.status(clock::now(), clock::unix_ms());
        LoopStatus { instances, groups: Vec::new(), timing: Timing::default() }
    }

    fn take_link_changes(&mut self) -> Result<(), String> {
        let changes = self.links.changes().map_err(|error| format!("netlink: {error}"))?;
        let gone: Vec<u32> =
            changes.iter().filter_map(|c| if let Input::LinkGone(index) = c { Some(*index) } else { None }).collect();
        self.os.sockets().retain(|(link, _), _| !gone.contains(link));
        self.open_sockets();
        for change in changes {
            self.step(change);
        }
        Ok(())
    }

    fn take_packets(&mut self, token: u64) {
        let Ok(link) = u32::try_from(token >> 1) else { return };
        let key = (link, token & 1 == 1);
        for _ in 0..PACKETS_AT_A_TIME {
            let Some(socket) = self.os.sockets().get(&key) else { return };
            match socket.receive() {
                Ok(Some(packet)) => self.step(Input::Packet { link, packet }),
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // WouldBlock: nothing left. A link going down reports here too, and again through netlink.
                Err(_) => return,
            }
        }
    }

    fn take_letters(&mut self) {
        while let Ok(letter) = self.inbox.try_recv() {
            match letter {
                Letter::Input(input) => self.step(input),
                Letter::Command(command, asker) => {
                    self.next_token += 1;
                    self.asked.insert(self.next_token, asker);
                    self.step(Input::Command { token: self.next_token, command });
                }
                Letter::Status(asker) => {
                    let _ = asker.send(self.status()); // may have hung up
                }
                Letter::Reload(config, asker) => {
                    self.step(Input::Reload(config));
                    self.number_routers();
                    self.open_sockets();
                    let _ = asker.send(()); // may have hung up
                }
                Letter::Stop { keep_addresses } => self.step(Input::Stop { keep_addresses }),
            }
        }
    }

    /// Opens a socket for each interface and family that a router needs and that exists.
    fn open_sockets(&mut self) {
        let mut wanted: BTreeMap<(u32, bool), (String, bool)> = BTreeMap::new();
        for router in self.node.routers() {
            let config = router.config();
            let Some(link) = self.links.table().values().find(|link| link.name == config.interface) else { continue };
            let entry = wanted.entry((link.index, router.is_ipv6())).or_insert_with(|| (link.name.clone(), false));
            entry.1 |= !config.is_unicast();
        }
        for ((link, ipv6), (name, multicast)) in wanted {
            if self.os.sockets().contains_key(&(link, ipv6)) {
                continue;
            }
            let opened = VrrpSocket::open(link, &name, ipv6, multicast).and_then(|socket| {
                self.sleeper.watch(socket.as_fd(), u64::from(link) << 1 | u64::from(ipv6))?;
                Ok(socket)
            });
            match opened {
                Ok(socket) => drop(self.os.sockets().insert((link, ipv6), socket)),
                Err(error) => {
                    let trouble = format!("cannot listen for adverts on {name}: {error}; trying again when it changes");
                    let _ = self.errands.try_send(Errand::Trouble(trouble)); // see `perform`
                }
            }
        }
    }

    /// Gives each router its slot among the stamps.
    fn number_routers(&mut self) {
        let names: Vec<String> = self.node.routers().map(|router| router.config().name.clone()).collect();
        self.slots = self.node.router_ids().zip(0..).collect();
        if let Err(error) = self.memory.number(&names) {
            let trouble =
                format!("cannot write {}: {error}; a restart will not adopt the addresses", self.memory.path());
            let _ = self.errands.try_send(Errand::Trouble(trouble)); // see `perform`
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
