//! A guarded story: lease and guard are on, ARP always passes, and everything else goes wrong.
//!
//! In none of them do two hosts answer for an address at any instant: not when an election finds two at once, not while
//! one hands over to another, not when a master hangs or dies in the midst of it, and not when a firewall drops
//! adverts.

use std::time::Duration;

use hactl_engine::input::{Command, Input};

use super::check;
use super::random::Random;
use super::story::config;
use super::world::{World, host_address};

pub(crate) struct Guarded {
    world: World,
    interval: Duration,
    kind: Kind,
}

/// What goes wrong besides hosts, agents and clocks.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Nobody preempts and nobody promotes.
    Elections,
    /// Both happen.
    Takeovers,
    /// And adverts are filtered at times.
    Filters,
}

impl Guarded {
    pub(crate) fn new(seed: u64, tell: bool, protected: bool) -> Self {
        let mut random = Random::new(seed ^ 0x6a09_e667_f3bc_c908);
        let hosts = 2 + random.below(2) as usize;
        let (version, interval) = *random.pick(&[("2", "1"), ("3", "1"), ("3", "0.7"), ("3", "0.1")]);
        let kind = *random.pick(&[Kind::Elections, Kind::Takeovers, Kind::Filters]);
        let nopreempt = if kind == Kind::Elections || random.chance(50) { "nopreempt" } else { "" };
        let mut configs: Vec<_> = (0..hosts)
            .map(|_| config(version, interval, nopreempt, 0, *random.pick(&[37, 91, 100, 150, 200, 253]), 1))
            .collect();
        // Of three hosts one may never have been heard: only the configuration can name it.
        let named = hosts > 2 || random.chance(50);
        for (own, config) in configs.iter_mut().enumerate() {
            (config.own.lease, config.own.guard) = (protected, protected);
            config.own.connection_draining = Duration::from_secs(if protected { 3 } else { 0 });
            let others = (0..hosts).filter(|other| named && *other != own);
            config.own.peers = others.map(host_address).collect();
        }
        let mut world = World::new(configs, random, tell);
        let interval = Duration::from_secs_f64(interval.parse().unwrap());
        world.wire.delay_max_ms = 2;
        world.overlap_max = Some(Duration::ZERO);
        Self { world, interval, kind }
    }

    pub(crate) fn run(mut self) -> Result<u64, String> {
        for host in 0..self.world.hosts.len() {
            self.world.start(host)?;
        }
        for _ in 0..40 {
            self.trouble()?;
            // Trouble comes in company: what goes wrong in the midst of a takeover goes wrong within milliseconds.
            let random = &mut self.world.random;
            let pause_us = if random.chance(25) { random.below(12_000) } else { random.below(4_000_000) };
            self.pass(Duration::from_micros(pause_us))?;
        }
        self.world.say("peace");
        self.world.wire.filtered.clear();
        for host in 0..self.world.hosts.len() {
            self.world.hosts[host].hung_until = None;
            if self.world.hosts[host].agent.is_none() || self.world.hosts[host].said_goodbye {
                self.world.start(host)?;
            }
            self.world.input(host, Input::Script { name: "web".into(), ok: true })?;
            self.world.input(host, Input::Command { token: 1, command: Command::Unpin { instance: None } })?;
        }
        self.pass(self.interval * 12 + Duration::from_secs(8))?;
        check::one_master(&self.world)?;
        Ok(self.world.trace)
    }

    fn pass(&mut self, time: Duration) -> Result<(), String> {
        self.world.run_until(self.world.now.after(time))
    }

    fn trouble(&mut self) -> Result<(), String> {
        let (filters, takeovers) = (self.kind == Kind::Filters, self.kind != Kind::Elections);
        let world = &mut self.world;
        let host = world.random.below(world.hosts.len() as u64) as usize;
        let other = (host + 1) % world.hosts.len();
        if world.hosts[host].agent.is_none() && world.random.chance(60) {
            world.say(&format!("host {host}: the agent starts"));
            return world.start(host);
        }
        match world.random.below(12) {
            0 if filters => {
                world.say(&format!("a firewall drops adverts {host} -> {other}"));
                world.wire.filtered.insert((host, other));
            }
            1 if filters => {
                world.say("a firewall drops all adverts");
                let all = 0..world.hosts.len();
                world.wire.filtered = all.clone().flat_map(|a| all.clone().map(move |b| (a, b))).collect();
            }
            2 | 3 => {
                world.say("adverts pass");
                world.wire.filtered.clear();
            }
            4 | 5 => {
                let time = Duration::from_millis(world.random.below(9000));
                world.say(&format!("host {host}: the loop stands still for {time:?}"));
                world.hang(host, time);
            }
            6 => {
                world.say(&format!("host {host}: the agent dies"));
                world.hosts[host].agent = None;
            }
            7 => {
                world.say(&format!("host {host}: power is cut"));
                let at = &mut world.hosts[host];
                at.agent = None;
                at.addresses.clear();
                at.gates.clear();
                at.kept.clear();
                at.passing.clear();
                at.stamps.clear();
            }
            8 => {
                let keep_addresses = world.random.chance(50);
                world.say(&format!("host {host}: stop, keep addresses {keep_addresses}"));
                world.input(host, Input::Stop { keep_addresses })?;
            }
            9 => {
                let ok = world.random.chance(50);
                world.say(&format!("host {host}: check ok {ok}"));
                world.input(host, Input::Script { name: "web".into(), ok })?;
            }
            10 if takeovers => {
                world.say(&format!("host {host}: promote"));
                let command = Command::Promote { instance: None, force: false, expires: None, reason: None };
                world.input(host, Input::Command { token: 1, command })?;
            }
            _ => {
                let ppm = world.random.below(401) as i64 - 200;
                world.say(&format!("host {host}: restarts with a clock off by {ppm} ppm"));
                world.hosts[host].agent = None;
                world.hosts[host].drift_ppm = ppm;
                world.start(host)?;
            }
        }
        Ok(())
    }
}
