//! A quiet LAN with a few engines, and everything they do as text: one line an action, in order of time.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use hactl_engine::action::Action;
use hactl_engine::conf;
use hactl_engine::input::{Input, Link, Received};
use hactl_engine::node::Node;
use hactl_engine::time::Instant;
use hactl_engine::wire::ip::Ipv4Header;

/// How long a packet travels.
const WIRE: Duration = Duration::from_micros(50);
const ETH0: u32 = 2;
const BEGIN: Instant = Instant(1_000_000_000);
const SCRIPT: &str = "vrrp_script web {\n script /bin/true\n interval 2\n}\n";

struct Host {
    name: &'static str,
    own: IpAddr,
    agent: Option<Node>,
    addresses: BTreeSet<IpAddr>,
}

/// The hosts, the wire and the text so far.
pub(crate) struct Lan {
    pub now: Instant,
    hosts: Vec<Host>,
    flying: Vec<(Instant, usize, Received)>,
    /// Hosts that hear nobody and are heard by nobody.
    alone: BTreeSet<usize>,
    text: String,
    holders: String,
    /// The last line if it was an advert: who, what, and how many more of the same followed.
    adverts: Option<(String, u32)>,
}

impl Lan {
    /// Hosts with these priorities and otherwise the same configuration: VRID 51, one address, 1 s, version 3.
    pub(crate) fn new(hosts: &[(&'static str, u8)], extra: &str) -> Self {
        let hosts = hosts.iter().enumerate().map(|(n, (name, priority))| {
            let script = if extra.contains("track_script") { SCRIPT } else { "" };
            let text = format!(
                "{script}vrrp_instance VI_1 {{\n state BACKUP\n interface eth0\n virtual_router_id 51\n \
                 priority {priority}\n version 3\n advert_int 1\n {extra}\n virtual_ipaddress {{\n 10.0.0.3/24\n \
                 }}\n}}\n"
            );
            let parsed = conf::parse("lan.conf", &text);
            assert_eq!(parsed.diagnostics, []);
            Host {
                name,
                own: IpAddr::from([10, 0, 0, 5 + n as u8]),
                agent: Some(Node::new(&parsed.config)),
                addresses: BTreeSet::new(),
            }
        });
        Self {
            now: BEGIN,
            hosts: hosts.collect(),
            flying: Vec::new(),
            alone: BTreeSet::new(),
            text: String::new(),
            holders: "no host".into(),
            adverts: None,
        }
    }

    /// A heading: what is done to the hosts now.
    pub(crate) fn title(&mut self, words: &str) {
        self.close();
        let gap = if self.text.is_empty() { "" } else { "\n" };
        writeln!(self.text, "{gap}# {words}").unwrap();
    }

    /// Starts every agent.
    pub(crate) fn start(&mut self) {
        for host in 0..self.hosts.len() {
            let addresses = vec![self.hosts[host].own];
            let link = Link { index: ETH0, name: "eth0".into(), up: true, mac: [2, 0, 0, 0, 0, host as u8], addresses };
            self.input(host, Input::Link(link));
            self.input(host, Input::Start { remembered: vec![] });
        }
    }

    /// Power is cut: agent and addresses are gone at once.
    pub(crate) fn crash(&mut self, host: usize) {
        self.hosts[host].agent = None;
        self.hosts[host].addresses.clear();
        self.note_holders();
    }

    /// The switch port of a host goes dark, or works again.
    pub(crate) fn isolate(&mut self, host: usize, alone: bool) {
        if alone {
            self.alone.insert(host)
        } else {
            self.alone.remove(&host)
        };
    }

    /// Something happens to an agent.
    pub(crate) fn input(&mut self, host: usize, input: Input) {
        let Some(agent) = &mut self.hosts[host].agent else { return };
        let actions: Vec<Action> = agent.step(self.now, input).into_iter().flat_map(|batch| batch.actions).collect();
        for action in actions {
            self.perform(host, action);
        }
        self.note_holders();
    }

    /// Lets time pass, packet by packet and timer by timer.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now.after(time);
        loop {
            let packet = self.flying.iter().map(|(at, ..)| *at).enumerate().min_by_key(|(_, at)| *at);
            let wakes = self.hosts.iter().map(|host| host.agent.as_ref().and_then(Node::next_wake));
            let timer = wakes.enumerate().filter_map(|(host, at)| Some((host, at?))).min_by_key(|(_, at)| *at);
            match (packet, timer) {
                (Some((index, at)), _) if at <= end && timer.is_none_or(|(_, due)| at <= due) => {
                    self.now = at;
                    let (_, host, packet) = self.flying.remove(index);
                    if !self.alone.contains(&host) {
                        self.input(host, Input::Packet { link: ETH0, packet });
                    }
                }
                (_, Some((host, due))) if due <= end => {
                    self.now = due;
                    self.input(host, Input::Wake);
                }
                _ => break,
            }
        }
        self.now = end;
    }

    /// The whole text.
    pub(crate) fn transcript(mut self) -> String {
        self.close();
        self.text
    }

    fn perform(&mut self, host: usize, action: Action) {
        let name = self.hosts[host].name;
        match action {
            Action::Send { packet, destination, .. } => {
                let (header, payload) = Ipv4Header::parse(&packet).expect("an IPv4 packet");
                self.advert(format!("{name} advertises {}", payload[2]));
                for to in (0..self.hosts.len()).filter(|to| *to != host && !self.alone.contains(&host)) {
                    let source = IpAddr::V4(header.source);
                    let packet = Received { source, destination, ttl: header.ttl, payload: payload.into() };
                    self.flying.push((self.now.after(WIRE), to, packet));
                }
            }
            Action::AddAddresses(all) => {
                self.hosts[host].addresses.extend(all.iter().map(|one| one.address.address.addr()));
                self.line(&format!("{name} adds the address"));
            }
            Action::RemoveAddresses(all) => {
                let here = &mut self.hosts[host].addresses;
                let held = all.iter().filter(|one| here.remove(&one.address.address.addr())).count();
                if held > 0 {
                    self.line(&format!("{name} removes the address"));
                }
            }
            Action::Announce(frames) => self.line(&format!("{name} announces it, {} times", frames.len())),
            Action::SavePin { pin, .. } => {
                let what = pin.map_or("forgets its override".into(), |pin| format!("keeps override {}", pin.priority));
                self.line(&format!("{name} {what}"));
            }
            Action::Tell(notice) => self.line(&format!("{name} says: {notice}")),
            Action::Reply { result, .. } => {
                let words = result.map_err(|why| why.to_string());
                self.line(&format!("{name} answers: {words:?}"));
            }
            Action::AddRouting(_)
            | Action::RemoveRouting(_)
            | Action::Renew(_)
            | Action::Drain(_)
            | Action::Probe(_) => {}
            Action::Record { .. } | Action::Run { .. } => {}
        }
    }

    fn note_holders(&mut self) {
        let holders: Vec<&str> =
            self.hosts.iter().filter(|host| !host.addresses.is_empty()).map(|host| host.name).collect();
        let holders = if holders.is_empty() { "no host".into() } else { holders.join(" and ") };
        if holders != self.holders {
            self.line(&format!("      => the address is at {holders}"));
            self.holders = holders;
        }
    }

    fn advert(&mut self, words: String) {
        if let Some((last, more)) = &mut self.adverts
            && *last == words
        {
            *more += 1;
            return;
        }
        self.line(&words);
        self.adverts = Some((words, 0));
    }

    fn line(&mut self, words: &str) {
        self.close();
        writeln!(self.text, "{:9.6}  {words}", self.now.since(BEGIN).as_secs_f64()).unwrap();
    }

    fn close(&mut self) {
        if let Some((_, more)) = self.adverts.take()
            && more > 0
        {
            writeln!(self.text, "           … and {more} times more").unwrap();
        }
    }
}
