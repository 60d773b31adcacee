//! One engine on a bench: adverts in, everything that it does out, time as the test says.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hactl_engine::action::{Action, Drain, Frame};
use hactl_engine::conf;
use hactl_engine::conf::config::{Config, Version, VrrpInstance};
use hactl_engine::control::RouterState;
use hactl_engine::input::{Command, Input, Link, Received};
use hactl_engine::node::Node;
use hactl_engine::time::Instant;
use hactl_engine::vrrp::state::public;
use hactl_engine::wire::ip::Ipv4Header;
use hactl_engine::wire::vrrp::{Advert, Auth, ChecksumForm, GROUP_V4, GROUP_V6};

/// Kernel index of eth0.
pub(crate) const ETH0: u32 = 2;
/// Hardware address of eth0.
pub(crate) const MAC: [u8; 6] = [2, 0, 0, 0, 0, 5];
/// The configured advert interval: neither a second nor a round number of anything.
pub(crate) const INTERVAL: Duration = Duration::from_millis(700);
/// Skew of priority 91 at that interval.
pub(crate) const SKEW: Duration = Duration::from_nanos(451_171_875);
/// Three intervals and the skew.
pub(crate) const MASTER_DOWN: Duration = Duration::from_nanos(2_100_000_000 + 451_171_875);

const TEXT: &str = "vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 37
    priority 91
    version 3
    advert_int 0.7
    virtual_ipaddress {
        10.0.0.100/27
        10.0.0.101/27
    }
}
";

pub(crate) struct Rig {
    pub node: Node,
    pub now: Instant,
    pub config: Config,
}

/// `10.0.0.5` or `fe80::5`, as an address.
pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

impl Rig {
    /// An engine with eth0 up that has not started; the instance is VRID 37, priority 91, version 3, 0.7 s, two
    /// addresses, changed as the test wants.
    pub(crate) fn new(change: impl FnOnce(&mut VrrpInstance)) -> Self {
        Self::of(TEXT, change)
    }

    /// Started, with the whole configuration changed as the test wants.
    pub(crate) fn configured(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = conf::parse("rig.conf", TEXT).config;
        change(&mut config);
        let mut rig = Self { node: Node::new(&config), now: Instant(1_000_000_000), config };
        rig.link(true);
        rig.step(Input::Start { remembered: vec![] });
        rig
    }

    /// What a router says of itself, by its number in the file.
    pub(crate) fn state_of(&self, number: usize) -> RouterState {
        public(self.node.routers().nth(number).expect("that many instances").state())
    }

    /// The same with IPv6 addresses.
    pub(crate) fn ipv6() -> Self {
        Self::of(&TEXT.replace("10.0.0.100/27", "fd00::64/64").replace("10.0.0.101/27", "fd00::65/64"), |_| {})
    }

    fn of(text: &str, change: impl FnOnce(&mut VrrpInstance)) -> Self {
        let parsed = conf::parse("rig.conf", text);
        assert_eq!(parsed.diagnostics, [], "the rig's own configuration");
        let mut config = parsed.config;
        change(Arc::make_mut(&mut config.instances[0]));
        let mut rig = Self { node: Node::new(&config), now: Instant(1_000_000_000), config };
        rig.link(true);
        rig
    }

    /// Started: a backup, unless the test's configuration says otherwise.
    pub(crate) fn started(change: impl FnOnce(&mut VrrpInstance)) -> Self {
        let mut rig = Self::new(change);
        rig.step(Input::Start { remembered: vec![] });
        rig
    }

    /// Master, by silence.
    pub(crate) fn master(change: impl FnOnce(&mut VrrpInstance)) -> Self {
        let mut rig = Self::started(change);
        rig.pass(Duration::from_secs(10));
        assert_eq!(rig.state(), RouterState::Master);
        rig
    }

    pub(crate) fn step(&mut self, input: Input) -> Vec<Action> {
        self.node.step(self.now, input).into_iter().flat_map(|batch| batch.actions).collect()
    }

    pub(crate) fn link(&mut self, up: bool) -> Vec<Action> {
        let addresses = vec![ip("10.0.0.5"), ip("fe80::5")];
        self.step(Input::Link(Link { index: ETH0, name: "eth0".into(), up, mac: MAC, addresses }))
    }

    pub(crate) fn hear(&mut self, peer: &Peer) -> Vec<Action> {
        self.receive(peer.packet())
    }

    pub(crate) fn receive(&mut self, packet: Received) -> Vec<Action> {
        self.step(Input::Packet { link: ETH0, packet })
    }

    pub(crate) fn command(&mut self, command: Command) -> Vec<Action> {
        self.step(Input::Command { token: 7, command })
    }

    pub(crate) fn promote(&mut self) -> Vec<Action> {
        self.command(Command::Promote { instance: None, force: false, expires: None, reason: None })
    }

    /// Lets time pass, waking the engine exactly when it wants; what it did, with the time since the beginning.
    pub(crate) fn pass(&mut self, time: Duration) -> Vec<(Duration, Action)> {
        let (begin, end) = (self.now, self.now.after(time));
        let mut done = Vec::new();
        while let Some(at) = self.node.next_wake().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            let actions = self.step(Input::Wake);
            done.extend(actions.into_iter().map(|action| (self.now.since(begin), action)));
        }
        self.now = end;
        done
    }

    /// How long after now the engine wants to be woken.
    pub(crate) fn wakes_in(&self) -> Option<Duration> {
        self.node.next_wake().map(|at| at.since(self.now))
    }

    pub(crate) fn state(&self) -> RouterState {
        public(self.node.routers().next().expect("one instance").state())
    }

    pub(crate) fn priority(&self) -> u8 {
        self.node.routers().next().expect("one instance").priority()
    }

    pub(crate) fn counter(&self, name: &str) -> u64 {
        self.node.status(self.now, 0)[0].counters.get(name).copied().unwrap_or_default()
    }
}

/// An advert of another router and how it travels.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub source: IpAddr,
    pub destination: IpAddr,
    pub ttl: u8,
    pub advert: Advert,
    pub form: ChecksumForm,
}

impl Peer {
    /// What a well-behaved 10.0.0.6 with this priority sends.
    pub(crate) fn new(priority: u8) -> Self {
        Self {
            source: ip("10.0.0.6"),
            destination: GROUP_V4.into(),
            ttl: 255,
            advert: Advert {
                version: Version::V3,
                vrid: 37,
                priority,
                interval: INTERVAL,
                addresses: [ip("10.0.0.100"), ip("10.0.0.101")].into(),
                auth: Auth::None,
            },
            form: ChecksumForm::PseudoHeader,
        }
    }

    pub(crate) fn from(self, source: &str) -> Self {
        Self { source: ip(source), ..self }
    }

    pub(crate) fn ipv6(mut self) -> Self {
        self.advert.addresses = [ip("fd00::64"), ip("fd00::65")].into();
        Self { source: ip("fe80::6"), destination: GROUP_V6.into(), ..self }
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Advert)) -> Self {
        change(&mut self.advert);
        self
    }

    pub(crate) fn packet(&self) -> Received {
        Received {
            source: self.source,
            destination: self.destination,
            ttl: self.ttl,
            payload: self.advert.emit(self.source, self.destination, self.form).into(),
        }
    }
}

/// The adverts among the actions, parsed, with the header they travel in.
pub(crate) fn adverts(actions: &[Action]) -> Vec<(Ipv4Header, Advert, ChecksumForm)> {
    let sent = actions.iter().filter_map(|action| match action {
        Action::Send { packet, .. } => Some(packet),
        _ => None,
    });
    sent.map(|packet| {
        let (header, payload) = Ipv4Header::parse(packet).expect("an IPv4 packet");
        let (advert, form) =
            Advert::parse(payload, header.source.into(), header.destination.into()).expect("a good advert");
        (header, advert, form)
    })
    .collect()
}

/// Their priorities.
pub(crate) fn priorities(actions: &[Action]) -> Vec<u8> {
    adverts(actions).iter().map(|(_, advert, _)| advert.priority).collect()
}

/// The frames that announce addresses.
pub(crate) fn frames(actions: &[Action]) -> Vec<Frame> {
    let announced = actions.iter().filter_map(|action| match action {
        Action::Announce(frames) => Some(frames.clone()),
        _ => None,
    });
    announced.flatten().collect()
}

/// The actions that touch wire or kernel, by name and in order.
pub(crate) fn order(actions: &[Action]) -> Vec<&'static str> {
    let name = |action: &Action| match action {
        Action::Send { packet, .. } => Some(if packet.get(22) == Some(&0) { "goodbye" } else { "advert" }),
        Action::AddAddresses(_) => Some("add"),
        Action::RemoveAddresses(_) => Some("remove"),
        Action::Announce(_) => Some("announce"),
        Action::Drain(Drain::Keep { .. }) => Some("keep"),
        Action::Drain(Drain::EndKeep(_)) => Some("keep no more"),
        Action::Drain(Drain::Pass { .. }) => Some("pass"),
        Action::Drain(Drain::EndPass(_)) => Some("pass no more"),
        _ => None,
    };
    actions.iter().filter_map(name).collect()
}

pub(crate) fn actions(timed: Vec<(Duration, Action)>) -> Vec<Action> {
    timed.into_iter().map(|(_, action)| action).collect()
}
