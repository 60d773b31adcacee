//! Lists of operations on an engine: two bytes an operation, in any order, at any time. Whatever the list, the answer
//! is bounded, the kernel and the state agree, and a command gets one reply.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use hactl_engine::action::Action;
use hactl_engine::conf;
use hactl_engine::conf::config::{Config, Version};
use hactl_engine::control::RouterState;
use hactl_engine::input::{Command, Input, Link, Received};
use hactl_engine::node::Node;
use hactl_engine::time::Instant;
use hactl_engine::vrrp::state::public;
use hactl_engine::wire::arp::Arp;
use hactl_engine::wire::vrrp::{Advert, Auth, ChecksumForm, GROUP_V4};

use super::mutate;
use super::sent::Sent;

/// Operations of one list.
const OPERATIONS_MAX: usize = 200;
/// Actions of one step, for two instances. A late wake may find every timer of both due.
const ACTIONS_MAX: usize = 64;
const TOKEN: u64 = 7;

#[test]
fn operations() {
    let configs: Vec<Config> = VARIANTS.iter().map(config).collect();
    mutate::run("ops", &corpus(), &[], |bytes| check(bytes, &configs));
}

fn check(bytes: &[u8], configs: &[Config]) {
    let mut bench = Bench::new(&configs[0]);
    for pair in bytes.chunks_exact(2).take(OPERATIONS_MAX) {
        let [what, how] = [pair[0], pair[1]];
        bench.operate(what % 16, how, configs);
        if bench.node.is_stopped() {
            break;
        }
    }
    if !bench.stopping {
        bench.input(Input::Stop { keep_addresses: false });
    }
    bench.pass(Duration::from_secs(60));
    assert!(bench.node.is_stopped(), "a stop ends: {:?}", bench.states());
    assert_eq!(bench.addresses, BTreeSet::new(), "and leaves nothing behind");
}

/// An engine, its kernel's addresses, and the clock.
struct Bench {
    node: Node,
    now: Instant,
    addresses: BTreeSet<IpAddr>,
    refuses: bool,
    up: bool,
    stopping: bool,
    sent: Sent,
}

impl Bench {
    fn new(config: &Config) -> Self {
        let mut bench = Self {
            node: Node::new(config),
            now: Instant(1_000_000_000),
            addresses: BTreeSet::new(),
            refuses: false,
            up: true,
            stopping: false,
            sent: Sent::default(),
        };
        bench.link();
        bench.input(Input::Start { remembered: vec![] });
        bench
    }

    fn operate(&mut self, what: u8, how: u8, configs: &[Config]) {
        let instance = match how % 4 {
            0 => None,
            1 => Some("A".to_owned()),
            2 => Some("B".to_owned()),
            _ => Some("none of ours".to_owned()),
        };
        match what {
            0 => self.pass(Duration::from_millis(u64::from(how))),
            1 => self.pass(Duration::from_millis(u64::from(how) * 40)),
            2 => {
                self.now = self.now.after(Duration::from_secs(u64::from(how) * 20));
                self.input(Input::Wake); // the machine slept
            }
            3 | 4 => self.input(Input::Packet { link: 2, packet: advert(how) }),
            5 => {
                self.up = how.is_multiple_of(2);
                self.link();
            }
            6 if how.is_multiple_of(8) => {
                self.addresses.clear(); // they go with their interface
                self.input(Input::LinkGone(2));
            }
            6 => self.link(),
            7 => self.input(Input::Script { name: "web".into(), ok: how.is_multiple_of(2) }),
            8 => {
                let expires = (how >= 128).then(|| (Duration::from_secs(u64::from(how) - 127), 1_700_000_000));
                self.command(Command::Promote { instance, force: how % 8 > 3, expires, reason: None });
            }
            9 => self.command(Command::Resign { instance }),
            10 => self.command(Command::Unpin { instance }),
            11 => self.input(Input::Reload(Box::new(configs[usize::from(how) % configs.len()].clone()))),
            12 => {
                let address = IpAddr::from([10, 0, 0, 100 + how % 4]);
                self.addresses.remove(&address);
                self.input(Input::AddressLost { link: 2, address });
            }
            13 => self.refuses = how.is_multiple_of(2),
            14 if how.is_multiple_of(32) => {
                self.stopping = true;
                self.input(Input::Stop { keep_addresses: false });
            }
            15 => {
                let mac = [2, 0, 0, 0, 0, [4, 6, 5, 0x99][usize::from(how % 4)]];
                let own = if how.is_multiple_of(8) { 4 + how / 8 % 4 } else { 100 + how / 4 % 4 };
                let (link, address) = (2, IpAddr::from([10, 0, 0, own]));
                self.input(match how < 128 {
                    true => Input::Claimed { link, address, mac },
                    false => Input::Probed { link, address, mac },
                });
            }
            _ => self.input(Input::Wake),
        }
    }

    fn link(&mut self) {
        let addresses = std::iter::once(IpAddr::from([10, 0, 0, 5])).chain(self.addresses.iter().copied()).collect();
        self.input(Input::Link(Link {
            index: 2,
            name: "eth0".into(),
            up: self.up,
            mac: [2, 0, 0, 0, 0, 5],
            addresses,
        }));
    }

    fn command(&mut self, command: Command) {
        let words = format!("{command:?}");
        let replies = self.step(Input::Command { token: TOKEN, command });
        assert_eq!(replies, 1, "replies to {words}");
    }

    fn input(&mut self, input: Input) {
        assert_eq!(self.step(input), 0, "a reply without a command");
    }

    /// Feeds the engine, carries out what it says, failures included; the number of replies.
    fn step(&mut self, input: Input) -> usize {
        let mut replies = 0;
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let told =
                !matches!(input, Input::Wake | Input::Packet { .. } | Input::Claimed { .. } | Input::Probed { .. });
            let batches = self.node.step(self.now, input);
            self.sent.follow(self.now, &self.node, &batches, told).expect("bounded by time and own changes");
            let count: usize = batches.iter().map(|batch| batch.actions.len()).sum();
            assert!(count <= ACTIONS_MAX, "{count} actions in one step");
            let mut failed = BTreeSet::new();
            for batch in batches {
                for action in batch.actions {
                    match action {
                        // What the router was still to do is dropped; who asked is answered.
                        Action::Reply { token, .. } => {
                            assert_eq!(token, TOKEN);
                            replies += 1;
                        }
                        _ if failed.contains(&batch.owner) => {}
                        Action::AddAddresses(_) if self.refuses => {
                            failed.insert(batch.owner);
                            let router = batch.owner.router().expect("only routers have addresses");
                            inputs.push(Input::ActionFailed { router, error: "refused".into() });
                        }
                        Action::AddAddresses(all) => {
                            self.addresses.extend(all.iter().map(|one| one.address.address.addr()));
                        }
                        Action::RemoveAddresses(all) => {
                            for one in all {
                                self.addresses.remove(&one.address.address.addr());
                            }
                        }
                        Action::Announce(frames) => {
                            for frame in frames {
                                let address = Arp::parse(&frame.payload).expect("ARP").sender;
                                assert!(self.addresses.contains(&address.into()), "{address} announced, not held");
                            }
                        }
                        Action::Send { .. } | Action::Run { .. } | Action::SavePin { .. } => {}
                        Action::Record { .. } | Action::Tell(_) => {}
                        Action::AddRouting(_)
                        | Action::RemoveRouting(_)
                        | Action::Renew(_)
                        | Action::Drain(_)
                        | Action::Probe(_) => {}
                    }
                }
            }
        }
        self.kernel_agrees();
        replies
    }

    fn kernel_agrees(&self) {
        for router in self.node.routers() {
            let state = public(router.state());
            if state == RouterState::Handover {
                continue; // what somebody else takes away now is not put back
            }
            let holds = state == RouterState::Master;
            for address in router.config().addresses.iter().map(|one| one.address.addr()) {
                assert_eq!(self.addresses.contains(&address), holds, "{address}: {:?}", self.states());
            }
        }
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now.after(time);
        let mut wakes = 0_u32;
        while let Some(at) = self.node.next_wake().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.input(Input::Wake);
            wakes += 1;
            assert!(wakes < 100_000, "spins: {:?}", self.states());
        }
        self.now = end;
    }

    fn states(&self) -> Vec<(String, RouterState)> {
        self.node.routers().map(|router| (router.config().name.clone(), public(router.state()))).collect()
    }
}

fn advert(how: u8) -> Received {
    let source = Ipv4Addr::new(10, 0, 0, if how.is_multiple_of(2) { 4 } else { 6 });
    let priority = [0, 1, 91, 150, 200, 254, 255, 91][usize::from(how / 2 % 8)];
    let (vrid, first) = if (how / 16).is_multiple_of(2) { (37, 100) } else { (38, 102) };
    let advert = Advert {
        version: Version::V3,
        vrid,
        priority,
        interval: Duration::from_millis([10, 700, 1000, 40_950][usize::from(how / 64)]),
        addresses: [IpAddr::from([10, 0, 0, first]), IpAddr::from([10, 0, 0, first + 1])].into(),
        auth: Auth::None,
    };
    let payload = advert.emit(source.into(), GROUP_V4.into(), ChecksumForm::PseudoHeader);
    Received { source: source.into(), destination: GROUP_V4.into(), ttl: 255, payload: payload.into() }
}

/// Stories worth changing: takeover, promotion against a master, troubles, reloads; and each operation once.
fn corpus() -> Vec<Vec<u8>> {
    vec![
        vec![1, 200, 3, 7, 0, 20, 1, 200],
        vec![3, 7, 8, 0, 0, 100, 3, 11, 9, 0, 10, 0, 1, 250],
        vec![1, 255, 7, 1, 7, 0, 5, 1, 5, 0, 1, 255, 13, 0, 12, 0, 1, 200, 13, 1],
        vec![1, 255, 11, 1, 11, 2, 11, 3, 11, 0, 1, 255, 11, 4],
        (0..16).flat_map(|what| [what, 1]).collect(),
        vec![2, 255, 8, 255, 2, 1, 6, 0, 6, 1],
        vec![1, 255, 9, 0, 14, 0, 0, 20],
        vec![1, 255, 14, 0, 0, 20, 11, 4, 0, 100],
        vec![11, 5, 3, 7, 15, 8, 15, 1, 1, 255, 15, 3, 0, 5, 15, 131, 0, 9, 8, 4, 3, 7],
        // Whoever alternates a better router's adverts and goodbyes gets no claim for each of them.
        [11, 5].into_iter().chain([3, 1, 3, 7].repeat(30)).collect(),
    ]
}

/// What differs between the configurations of a reload: A's priority, its interval, more of it, and whether B is there.
const VARIANTS: &[(u8, &str, &str, bool)] = &[
    (91, "0.7", "", true),
    (150, "0.7", "nopreempt", true),
    (91, "0.1", "preempt_delay 3", false),
    (255, "0.7", "", false),
    (91, "1", "", true),
    (91, "0.7", GUARDED, true),
];

/// With the guard, and one peer.
const GUARDED: &str = "preempt";

fn config((priority, interval, extra, both): &(u8, &str, &str, bool)) -> Config {
    let own = if *extra == GUARDED { "hactl {\n guard on\n peers 10.0.0.6\n}\n" } else { "" };
    let mut text = format!("{own}vrrp_script web {{\n script /bin/true\n interval 2\n weight -60\n}}\n");
    for (name, vrid, first) in [("A", 37, 100), ("B", 38, 102)].into_iter().take(if *both { 2 } else { 1 }) {
        let (priority, extra) = if name == "A" { (*priority, *extra) } else { (91, "") };
        text.push_str(&format!(
            "vrrp_instance {name} {{\n state BACKUP\n interface eth0\n virtual_router_id {vrid}\n priority {priority}\n \
             version 3\n advert_int {interval}\n {extra}\n track_script {{\n web\n }}\n \
             virtual_ipaddress {{\n 10.0.0.{first}/27\n 10.0.0.{}/27\n }}\n}}\n",
            first + 1
        ));
    }
    let parsed = conf::parse("ops.conf", &text);
    let wrong = parsed.diagnostics.iter().find(|one| one.severity == conf::text::diagnostic::Severity::Error);
    assert!(wrong.is_none(), "{wrong:?}");
    parsed.config
}
