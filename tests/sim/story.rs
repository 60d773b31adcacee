//! A story: a cluster, a time of troubles, peace, and the verdict.

use std::time::Duration;

use hactl_engine::conf;
use hactl_engine::conf::config::Config;
use hactl_engine::input::{Command, Input};

use super::check;
use super::random::Random;
use super::world::{Wire, World};

pub(crate) struct Story {
    world: World,
    interval: Duration,
    preempt_delay: Duration,
    heals: bool,
}

impl Story {
    pub(crate) fn new(seed: u64, tell: bool) -> Self {
        let mut random = Random::new(seed);
        let hosts = 2 + random.below(2) as usize;
        let (version, interval) = *random.pick(&[("2", "1"), ("3", "1"), ("3", "0.7"), ("3", "0.1")]);
        let nopreempt = if random.chance(25) { "nopreempt" } else { "" };
        let delay = if nopreempt.is_empty() && random.chance(25) { 3 } else { 0 };
        let vips = 1 + random.below(2);
        let configs = (0..hosts)
            .map(|_| {
                let priority = *random.pick(&[37, 91, 100, 150, 150, 200]);
                config(version, interval, nopreempt, delay, priority, vips)
            })
            .collect();
        Self {
            world: World::new(configs, random, tell),
            interval: Duration::from_secs_f64(interval.parse().unwrap()),
            preempt_delay: Duration::from_secs(delay),
            heals: true,
        }
    }

    /// For the test of the checkers: the troubles never end.
    pub(crate) fn never_heal(&mut self) {
        self.heals = false;
    }

    /// For the test of the checkers: no more steps than these.
    pub(crate) fn may_take(&mut self, steps: u64) {
        self.world.steps_max = steps;
    }

    /// Runs the story; `Ok` is a fingerprint of everything that was said.
    pub(crate) fn run(mut self) -> Result<u64, String> {
        for host in 0..self.world.hosts.len() {
            self.world.start(host)?;
            let pause = Duration::from_millis(self.world.random.below(500));
            self.pass(pause)?;
        }
        for _ in 0..40 {
            self.trouble()?;
            let pause = Duration::from_millis(self.world.random.below(3000));
            self.pass(pause)?;
        }
        self.heal()?;
        // Three intervals and the longest skew, the preempt delay, a retry after a refused address, and the handovers
        // of the last duplicate address.
        let settle = self.interval * 5 + Duration::from_secs(1) + self.preempt_delay + Duration::from_secs(5);
        self.pass(settle)?;
        for _ in 0..5 {
            check::one_master(&self.world)?;
            self.pass(self.interval * 3)?;
        }
        Ok(self.world.trace)
    }

    fn pass(&mut self, time: Duration) -> Result<(), String> {
        self.world.run_until(self.world.now.after(time))
    }

    fn trouble(&mut self) -> Result<(), String> {
        let world = &mut self.world;
        let host = world.random.below(world.hosts.len() as u64) as usize;
        let other = (host + 1) % world.hosts.len();
        if world.hosts[host].agent.is_none() && world.random.chance(60) {
            world.say(&format!("host {host}: the agent starts"));
            return world.start(host);
        }
        match world.random.below(16) {
            0 => {
                world.wire.loss_percent = world.random.below(61);
                world.say(&format!("the wire loses {} %", world.wire.loss_percent));
            }
            1 => {
                world.wire.delay_max_ms = world.random.below(50);
                world.wire.duplicate_percent = world.random.below(20);
                world.say(&format!("the wire delays up to {} ms", world.wire.delay_max_ms));
            }
            2 => {
                world.say(&format!("cut {host} -> {other}"));
                world.wire.cut.insert((host, other));
            }
            3 => {
                world.say(&format!("cut {host} <-> {other}"));
                world.wire.cut.extend([(host, other), (other, host)]);
            }
            4 | 5 => {
                world.say("the wire is whole");
                world.wire = Wire::default();
            }
            6 => {
                world.say(&format!("host {host}: the agent dies"));
                world.hosts[host].agent = None;
            }
            7 => {
                world.say(&format!("host {host}: power is cut"));
                world.hosts[host].agent = None;
                world.hosts[host].addresses.clear();
                world.hosts[host].gates.clear();
                world.hosts[host].kept.clear();
                world.hosts[host].passing.clear();
                world.hosts[host].stamps.clear();
            }
            8 => {
                let keep_addresses = world.random.chance(50);
                world.say(&format!("host {host}: stop, keep addresses {keep_addresses}"));
                world.input(host, Input::Stop { keep_addresses })?;
            }
            9 => {
                world.hosts[host].link_up = !world.hosts[host].link_up;
                world.say(&format!("host {host}: link up {}", world.hosts[host].link_up));
                let link = world.link(host);
                world.input(host, Input::Link(link))?;
            }
            10 => {
                let ok = world.random.chance(50);
                world.say(&format!("host {host}: check ok {ok}"));
                world.input(host, Input::Script { name: "web".into(), ok })?;
            }
            11 => {
                world.say(&format!("host {host}: promote"));
                let command = Command::Promote { instance: None, force: true, expires: None, reason: None };
                world.input(host, Input::Command { token: 1, command })?;
            }
            14 => {
                let time = Duration::from_millis(world.random.below(8000));
                world.say(&format!("host {host}: the loop stands still for {time:?}"));
                world.hang(host, time);
            }
            15 => {
                let ppm = world.random.below(401) as i64 - 200;
                world.say(&format!("host {host}: restarts with a clock off by {ppm} ppm"));
                world.hosts[host].agent = None;
                world.hosts[host].drift_ppm = ppm;
                return world.start(host);
            }
            12 => {
                world.say(&format!("host {host}: resign"));
                world.input(host, Input::Command { token: 1, command: Command::Resign { instance: None } })?;
            }
            _ => {
                world.hosts[host].refuses_addresses = !world.hosts[host].refuses_addresses;
                world.say(&format!("host {host}: refuses addresses {}", world.hosts[host].refuses_addresses));
            }
        }
        Ok(())
    }

    fn heal(&mut self) -> Result<(), String> {
        let world = &mut self.world;
        world.say("peace");
        world.wire = Wire::default();
        for host in 0..world.hosts.len() {
            world.hosts[host].refuses_addresses = false;
            world.hosts[host].link_up = true;
            world.hosts[host].hung_until = None;
            if world.hosts[host].agent.is_none() || world.hosts[host].said_goodbye {
                world.start(host)?;
            }
            let link = world.link(host);
            world.input(host, Input::Link(link))?;
            world.input(host, Input::Script { name: "web".into(), ok: true })?;
            world.input(host, Input::Command { token: 1, command: Command::Unpin { instance: None } })?;
        }
        if !self.heals {
            let all = 0..world.hosts.len();
            world.wire.cut = all.clone().flat_map(|a| all.clone().map(move |b| (a, b))).collect();
        }
        Ok(())
    }
}

/// The configuration of one host: `vips` instances with two addresses each.
pub(crate) fn config(version: &str, interval: &str, nopreempt: &str, delay: u64, priority: u8, vips: u64) -> Config {
    let mut text = String::from("vrrp_script web {\n script /bin/true\n interval 2\n}\n");
    for n in 0..vips {
        text.push_str(&format!(
            "vrrp_instance VI_{n} {{\n state BACKUP\n interface eth0\n virtual_router_id {}\n priority {priority}\n \
             version {version}\n advert_int {interval}\n {nopreempt}\n preempt_delay {delay}\n \
             track_script {{\n web\n }}\n virtual_ipaddress {{\n 10.0.0.{}/27\n 10.0.1.{}/27\n }}\n}}\n",
            37 + n,
            100 + n,
            100 + n,
        ));
    }
    let parsed = conf::parse("story.conf", &text);
    assert_eq!(parsed.diagnostics.len(), 0, "{:?}", parsed.diagnostics);
    parsed.config
}
