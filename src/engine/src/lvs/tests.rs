//! Pools under checks and orders, as the kernel would see them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::balancer::{Balancer, Order, OrderError, Selection};
use super::diff::Change;
use super::effect::{CheckId, Effect};
use super::health::{Outcome, Reason, Weighing, Why};
use super::status::status;
use crate::conf::config::Config;
use crate::conf::parse;
use crate::ipvs::Table;
use crate::time::Instant;

fn failed(words: &str) -> Outcome {
    Outcome::Failed(Why { reason: Reason::Refused, words: words.into() })
}

/// A balancer, and a kernel's table that does as it is told.
struct Rig {
    balancer: Balancer,
    kernel: Table,
    now: Instant,
    /// Commands and sentences, in order.
    said: Vec<String>,
}

fn config(text: &str) -> Config {
    let parsed = parse("lvs.conf", text);
    assert_eq!(parsed.diagnostics, [], "{text}");
    parsed.config
}

/// `lines` stand in the virtual server; each server is `LAST-BYTE lines`.
fn pool(lines: &str, servers: &[(u8, &str)]) -> String {
    let server = |(last, lines): &(u8, &str)| {
        format!("real_server 10.0.0.{last} 80 {{\n{lines}\nTCP_CHECK {{\nretry 0\n}}\n}}\n")
    };
    let servers: String = servers.iter().map(server).collect();
    format!("virtual_server 10.0.0.3 80 {{\nlb_algo wrr\nlb_kind DR\nprotocol TCP\n{lines}\n{servers}}}\n")
}

impl Rig {
    fn new(text: &str) -> Self {
        let mut rig = Self { balancer: Balancer::default(), kernel: Table::new(), now: Instant(7), said: Vec::new() };
        rig.configure(text);
        rig
    }

    fn configure(&mut self, text: &str) {
        let found = self.kernel.clone();
        let effects = self.balancer.configure(&config(text).virtual_servers, &found, false, self.now);
        self.kernel = self.balancer.wanted(self.now);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Table(changes) => changes.into_iter().for_each(|change| self.change(change)),
                Effect::Run { server, command } => self.said.push(format!("{server} runs {}", command.argv.join(" "))),
                Effect::Tell(notice) => self.said.push(notice.to_string()),
            }
        }
        assert_eq!(self.kernel, self.balancer.wanted(self.now), "what was told to the kernel is what is wanted");
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::AddDestination { service, address, settings } => {
                let before = self.kernel.get_mut(&service).unwrap().destinations.insert(address, settings);
                assert_eq!(before, None, "{address} was there already");
            }
            Change::EditDestination { service, address, settings } => {
                assert!(self.kernel.get_mut(&service).unwrap().destinations.insert(address, settings).is_some());
            }
            Change::DeleteDestination { service, address } => {
                assert!(self.kernel.get_mut(&service).unwrap().destinations.remove(&address).is_some());
            }
            other => panic!("a service does not change by itself: {other}"),
        }
    }

    fn check(&self, last: u8) -> CheckId {
        let find = |(pool, server, _): (usize, usize, usize)| {
            self.balancer.pools()[pool].config().real_servers[server].address.to_string() == format!("10.0.0.{last}:80")
        };
        self.balancer.checks().find(|(_, place)| find(*place)).unwrap().0
    }

    fn outcome(&mut self, last: u8, outcome: Outcome) -> Duration {
        let (pause, effects) = self.balancer.observe(self.check(last), outcome, self.now);
        self.carry_out(effects);
        pause
    }

    fn fails(&mut self, last: u8) {
        self.outcome(last, failed("connection refused"));
    }

    fn passes(&mut self, last: u8) {
        self.outcome(last, Outcome::Passed);
    }

    fn order(&mut self, last: u8, order: Order) {
        let selection = Selection::parse(&format!("10.0.0.{last}"), None).unwrap();
        let (_, effects) = self.balancer.order(&selection, order, self.now).unwrap();
        self.carry_out(effects);
    }

    /// `7:37 8:5`: real servers by last byte, and their weights.
    fn table(&self) -> String {
        let destinations = self.kernel.values().next().unwrap().destinations.iter();
        let one = |(address, settings): (&std::net::SocketAddr, &crate::ipvs::DestinationSettings)| {
            let ip = address.ip().to_string();
            format!("{}:{}", ip.rsplit('.').next().unwrap(), settings.weight)
        };
        destinations.map(one).collect::<Vec<_>>().join(" ")
    }
}

/// What `agent status --json` says of a check that fails.
#[test]
fn a_status_tells_timeouts_from_refusals() {
    let mut rig = Rig::new(&pool("", &[(7, "")]));
    rig.fails(7);
    rig.outcome(7, Outcome::Failed(Why { reason: Reason::Timeout, words: "no answer within 5s".into() }));
    let check = |rig: &Rig| {
        let status = serde_json::to_value(status(&rig.balancer, None, rig.now)).unwrap();
        status[0]["real_servers"][0]["checks"][0].clone()
    };
    let failing = check(&rig);
    assert_eq!((&failing["reason"], &failing["last"]), (&"timeout".into(), &"no answer within 5s".into()));
    assert_eq!(failing["failures"], serde_json::json!({ "timeout": 1, "refused": 1 }));
    rig.passes(7);
    let passing = check(&rig);
    assert!(passing["reason"].is_null());
    assert_eq!(passing["failures"], failing["failures"], "what was counted stays");
}

#[test]
fn a_dead_server_leaves_and_returns() {
    let up = "weight 37\nnotify_up \"/bin/up a\"\nnotify_down /bin/down";
    let mut rig = Rig::new(&pool("", &[(7, up), (8, "weight 5")]));
    assert_eq!(rig.table(), "7:37 8:5");
    rig.now = rig.now.after(Duration::from_millis(700));
    rig.fails(7);
    assert_eq!(rig.table(), "8:5");
    rig.fails(7);
    rig.passes(7);
    assert_eq!(rig.table(), "7:37 8:5");
    assert_eq!(
        rig.said,
        [
            "10.0.0.3:80: quorum from the start: weight 42 counts as alive, 1 is needed",
            "10.0.0.3:80: real server 10.0.0.7:80 is down: connection refused",
            "10.0.0.3:80 runs /bin/down",
            "10.0.0.3:80: real server 10.0.0.7:80 is up: its checks pass",
            "10.0.0.3:80 runs /bin/up a",
        ]
    );
}

#[test]
fn inhibit_on_failure_keeps_its_place() {
    let mut rig = Rig::new(&pool("", &[(7, "weight 37\ninhibit_on_failure"), (8, "weight 5")]));
    rig.fails(7);
    assert_eq!(rig.table(), "7:0 8:5");
}

#[test]
fn all_checks_must_pass() {
    let text = pool("", &[(7, "weight 37\nTCP_CHECK {\nretry 0\nconnect_port 81\n}"), (8, "weight 5")]);
    let mut rig = Rig::new(&text);
    let ids: Vec<CheckId> =
        rig.balancer.checks().filter(|(_, (_, server, _))| *server == 0).map(|(id, _)| id).collect();
    let mut say = |id: CheckId, outcome: Outcome| {
        let (_, effects) = rig.balancer.observe(id, outcome, rig.now);
        rig.carry_out(effects);
        rig.table()
    };
    assert_eq!(say(ids[0], failed("no")), "8:5");
    assert_eq!(say(ids[1], failed("no")), "8:5");
    assert_eq!(say(ids[0], Outcome::Passed), "8:5");
    assert_eq!(say(ids[1], Outcome::Passed), "7:37 8:5");
}

#[test]
fn quorum_has_hysteresis_and_a_sorry_server() {
    let lines = "quorum 5\nhysteresis 2\nsorry_server 10.0.0.99 80\nquorum_up /bin/gained\nquorum_down /bin/lost";
    let mut rig = Rig::new(&pool(lines, &[(7, "weight 3"), (8, "weight 3"), (9, "weight 1")]));
    rig.fails(7); // 4 alive: 3 are enough not to lose it
    assert_eq!(rig.table(), "8:3 9:1");
    rig.fails(8); // 1 alive
    assert_eq!(rig.table(), "99:1", "who is alive makes way");
    rig.passes(8); // 4: 7 are needed to gain it
    assert_eq!(rig.table(), "99:1");
    rig.passes(7);
    assert_eq!(rig.table(), "7:3 8:3 9:1");
    let words: Vec<&String> = rig.said.iter().filter(|word| !word.contains("real server")).collect();
    assert_eq!(
        words,
        [
            "10.0.0.3:80: quorum from the start: weight 7 counts as alive, 5 is needed",
            "10.0.0.3:80 runs /bin/gained",
            "10.0.0.3:80: quorum lost: weight 1 is alive, 5 is needed; sorry server 10.0.0.99:80 serves",
            "10.0.0.3:80 runs /bin/lost",
            "10.0.0.3:80: quorum gained: weight 7 is alive, 5 is needed",
            "10.0.0.3:80 runs /bin/gained",
        ]
    );
}

#[test]
fn without_a_sorry_server_the_rest_serves_on() {
    let mut rig = Rig::new(&pool("quorum 2", &[(7, ""), (8, "")]));
    rig.fails(7);
    assert_eq!(rig.table(), "8:1");
    assert!(rig.said.last().unwrap().contains("there is no sorry server"), "{:?}", rig.said);
}

#[test]
fn a_drained_server_keeps_its_connections_even_without_quorum() {
    let mut rig = Rig::new(&pool("sorry_server 10.0.0.99 80", &[(7, "weight 37"), (8, "weight 5")]));
    rig.order(7, Order::Drain);
    assert_eq!(rig.table(), "7:0 8:5");
    rig.fails(8);
    assert_eq!(rig.table(), "7:0 99:1", "a drained server is no quorum");
    rig.order(7, Order::Undrain);
    assert_eq!(rig.table(), "7:37");
    rig.fails(7);
    rig.order(7, Order::Drain);
    assert_eq!(rig.table(), "99:1", "a dead one keeps nothing");
}

#[test]
fn weights_come_from_operators_then_checks_then_the_file() {
    let mut rig = Rig::new(&pool("", &[(7, "weight 37"), (8, "weight 5")]));
    rig.outcome(7, Outcome::Weighed(Weighing::Set(11)));
    assert_eq!(rig.table(), "7:11 8:5");
    rig.outcome(7, Outcome::Weighed(Weighing::Add(-40)));
    assert_eq!(rig.table(), "7:0 8:5", "not below nothing");
    rig.order(7, Order::Weight(Some(91)));
    assert_eq!(rig.table(), "7:91 8:5");
    rig.order(7, Order::Weight(None));
    rig.outcome(7, Outcome::Passed);
    assert_eq!(rig.table(), "7:37 8:5");
}

#[test]
fn slow_start_gives_the_weight_bit_by_bit() {
    let mut rig = Rig::new(&pool("slow_start 10", &[(7, "weight 20"), (8, "weight 5")]));
    assert_eq!(rig.table(), "7:20 8:5", "the first start is not slow");
    rig.fails(7);
    rig.passes(7);
    let mut seen = vec![rig.table()];
    while let Some(next) = rig.balancer.next_wake(rig.now) {
        assert!(next > rig.now);
        rig.now = next;
        let effects = rig.balancer.wake(rig.now);
        rig.carry_out(effects);
        seen.push(rig.table());
    }
    let weights: Vec<u32> = (0..=10).map(|step| (step * 2).max(1)).collect();
    assert_eq!(seen, weights.iter().map(|weight| format!("7:{weight} 8:5")).collect::<Vec<_>>());
    assert_eq!(rig.now, Instant(7).after(Duration::from_secs(10)));
}

#[test]
fn alpha_begins_with_nobody() {
    let mut rig = Rig::new(&pool("alpha\nsorry_server 10.0.0.99 80", &[(7, ""), (8, "")]));
    assert_eq!(rig.table(), "99:1");
    rig.passes(8);
    assert_eq!(rig.table(), "8:1");
}

#[test]
fn a_reload_keeps_what_stays() {
    let before = pool("", &[(7, "weight 37"), (8, "weight 5"), (9, "")]);
    let mut rig = Rig::new(&before);
    rig.fails(8);
    let (seven, eight) = (rig.check(7), rig.check(8));
    rig.order(7, Order::Drain);
    rig.configure(&format!("# moved down\n\n{}", pool("", &[(10, ""), (8, "weight 6"), (7, "weight 37")])));
    assert_eq!(rig.table(), "7:0 10:1", "8 is dead still, 7 drained");
    assert_eq!((rig.check(7), rig.check(8)), (seven, eight), "their checks run on");
    rig.passes(8);
    rig.order(7, Order::Undrain);
    assert_eq!(rig.table(), "7:37 8:6 10:1");
}

#[test]
fn a_successor_does_not_send_to_whom_its_predecessor_took_out() {
    let text = pool("", &[(7, "weight 37"), (8, "weight 5")]);
    let mut first = Rig::new(&text);
    first.fails(8);
    let mut second = Rig { balancer: Balancer::default(), kernel: first.kernel, now: Instant(9), said: vec![] };
    second.configure(&text);
    assert_eq!(second.said, Vec::<String>::new(), "who goes on has no start to tell of");
    assert_eq!(second.table(), "7:37");
    second.passes(8);
    assert_eq!(second.table(), "7:37 8:5");
}

#[test]
fn an_order_for_nobody_names_who_is_there() {
    let mut rig = Rig::new(&pool("", &[(7, ""), (8, "")]));
    let order = |rig: &mut Rig, text: &str, of: Option<&str>| {
        let selection = Selection::parse(text, of.map(str::to_owned));
        let done = selection.and_then(|selection| rig.balancer.order(&selection, Order::Drain, Instant(9)));
        done.map(|(words, _)| words).map_err(|why| why.to_string())
    };
    assert_eq!(order(&mut rig, "10.0.0.7:80", None).unwrap(), "10.0.0.7:80 of 10.0.0.3:80");
    let why = order(&mut rig, "10.0.0.77", None).unwrap_err();
    assert_eq!(why, "no real server 10.0.0.77; known: 10.0.0.7:80, 10.0.0.8:80");
    assert!(order(&mut rig, "10.0.0.7:81", None).unwrap_err().starts_with("no real server 10.0.0.7:81; known"));
    assert!(order(&mut rig, "10.0.0.7", Some("10.0.0.4:80")).unwrap_err().contains("in `10.0.0.4:80`"));
    let why = order(&mut rig, "lb-5", None).unwrap_err();
    assert_eq!(why, OrderError::Unreadable("lb-5".into()).to_string());
}

#[test]
fn who_drains_the_last_server_is_told() {
    let mut rig = Rig::new(&pool("", &[(7, ""), (8, "")]));
    let mut drain = |text: &str| {
        let selection = Selection::parse(text, None).unwrap();
        rig.balancer.order(&selection, Order::Drain, Instant(9)).unwrap().0
    };
    assert_eq!(drain("10.0.0.7"), "10.0.0.7:80 of 10.0.0.3:80");
    let said = "10.0.0.8:80 of 10.0.0.3:80; nobody is left to serve 10.0.0.3:80 (`undrain` takes that back)";
    assert_eq!(drain("10.0.0.8"), said);
}

#[test]
fn omega_says_goodbye() {
    let lines = "omega\nquorum_down /bin/lost";
    let mut rig = Rig::new(&pool(lines, &[(7, "notify_down /bin/down7"), (8, "notify_down /bin/down8")]));
    rig.fails(8);
    let runs: Vec<String> = rig.balancer.farewell().into_iter().map(|effect| format!("{effect:?}")).collect();
    assert_eq!(runs.len(), 2, "{runs:?}");
    assert!(runs[0].contains("down7") && runs[1].contains("lost"), "{runs:?}");
}

#[test]
fn checks_rest_while_another_host_holds_the_address() {
    let mut rig = Rig::new(&pool("ha_suspend", &[(7, ""), (8, "")]));
    rig.balancer.suspend(|_| Some(false));
    assert_eq!(rig.balancer.checks().count(), 0);
    assert_eq!(rig.table(), "7:1 8:1", "the table stays ready");
    rig.balancer.suspend(|_| Some(true));
    assert_eq!(rig.balancer.checks().count(), 2);
    rig.balancer.suspend(|_| None);
    assert_eq!(rig.balancer.checks().count(), 2, "nobody decides about that address");
}

#[test]
fn master_only_is_in_the_table_of_the_master() {
    let mut rig = Rig::new(&pool("master_only", &[(7, ""), (8, "")]));
    assert!(rig.balancer.suspend(|_| Some(false)));
    assert!(rig.balancer.wanted(rig.now).is_empty());
    rig.kernel.clear();
    rig.fails(8);
    assert!(rig.kernel.is_empty(), "checks go on, so that the master's table is right from the start");
    assert!(rig.balancer.suspend(|_| Some(true)));
    rig.kernel = rig.balancer.wanted(rig.now);
    assert_eq!(rig.table(), "7:1");
    assert!(!rig.balancer.suspend(|_| Some(true)));
}

/// Every course of four events on two servers, under every kind of pool: what the kernel was told step by step is what
/// is wanted as a whole (the rig checks that), a dead server has no weight, and whoever serves is alive.
#[test]
fn no_course_of_events_leads_astray() {
    let kinds = [
        "",
        "sorry_server 10.0.0.99 80",
        "quorum 2\nsorry_server 10.0.0.99 80\nsorry_server_inhibit",
        "quorum 3\nhysteresis 1",
        "alpha",
    ];
    for (kind, inhibit) in kinds.iter().flat_map(|kind| [(kind, ""), (kind, "inhibit_on_failure")]) {
        let text = pool(kind, &[(7, &format!("weight 2\n{inhibit}")), (8, &format!("weight 2\n{inhibit}"))]);
        for course in 0..8_u32.pow(4) {
            let mut rig = Rig::new(&text);
            let mut alive = BTreeMap::from([(7, !kind.contains("alpha")), (8, !kind.contains("alpha"))]);
            for place in 0..4 {
                let event = course / 8_u32.pow(place) % 8;
                let last = if event % 2 == 0 { 7 } else { 8 };
                match event / 2 {
                    0 => rig.fails(last),
                    1 => rig.passes(last),
                    2 => rig.order(last, Order::Drain),
                    _ => rig.order(last, Order::Undrain),
                }
                if event / 2 < 2 {
                    alive.insert(last, event / 2 == 1);
                }
                let served = rig.table();
                let weighty: BTreeSet<&str> = served
                    .split(' ')
                    .filter(|one| !one.ends_with(":0"))
                    .filter_map(|one| one.split(':').next())
                    .collect();
                for (last, alive) in &alive {
                    assert!(*alive || !weighty.contains(last.to_string().as_str()), "{kind} {course}: {served}");
                }
            }
        }
    }
}
