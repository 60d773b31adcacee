use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::Refused;
use crate::conf::parse;
use crate::ipvs::Table;
use crate::lvs::balancer::{Balancer, Order, OrderError, Selection};
use crate::lvs::health::{Outcome, Reason, Why};
use crate::time::Instant;

/// How a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    Up,
    Silent,
    Bad,
    Drained,
}

const ALL: [Is; 4] = [Is::Up, Is::Silent, Is::Bad, Is::Drained];
const NOW: Instant = Instant(7);

fn at(last: u8) -> SocketAddr {
    format!("10.0.0.{last}:80").parse().unwrap()
}

/// Pool `a` has the servers 7 and 8, pool `b` 8 and 9.
fn refused(servers: [Is; 3]) -> Refused {
    let real = |last: u8| format!("real_server 10.0.0.{last} 80 {{\nTCP_CHECK {{\nretry 0\n}}\n}}\n");
    let pool =
        |name: &str, two: [u8; 2]| format!("virtual_server upstream {name} {{\n{}{}}}\n", real(two[0]), real(two[1]));
    let parsed = parse("lvs.conf", &(pool("a", [7, 8]) + &pool("b", [8, 9])));
    let mut balancer = Balancer::default();
    balancer.configure(&parsed.config.virtual_servers, &Table::new(), false, NOW);
    let checks: Vec<_> = balancer.checks().collect();
    for (id, (pool, server, _)) in checks {
        let reason = match servers[pool + server] {
            Is::Silent => Reason::Timeout,
            Is::Bad => Reason::Answer,
            Is::Up | Is::Drained => continue,
        };
        balancer.observe(id, Outcome::Failed(Why { reason, words: "no".into() }), NOW);
    }
    for (last, _) in (7..).zip(servers).filter(|(_, is)| *is == Is::Drained) {
        let selection = Selection::parse(&format!("10.0.0.{last}"), None).unwrap();
        balancer.order(&selection, Order::Drain, NOW).unwrap();
    }
    balancer.refused()
}

/// All 64 states of two pools that share a server.
#[test]
fn every_state_agrees_with_the_definition() {
    for servers in ALL.iter().flat_map(|a| ALL.iter().flat_map(|b| ALL.map(|c| [*a, *b, c]))) {
        let serves = |pool: usize| servers[pool] == Is::Up || servers[pool + 1] == Is::Up;
        let pools_of = [vec![0], vec![0, 1], vec![1]];
        let (mut new, mut all) = (BTreeSet::new(), BTreeSet::new());
        for ((last, is), pools) in (7..).zip(servers).zip(pools_of) {
            // Of one that fails, every pool must have somebody else.
            let replaced = pools.into_iter().all(serves);
            match is {
                Is::Drained => drop(new.insert(at(last))),
                Is::Bad if replaced => drop(new.insert(at(last))),
                Is::Silent if replaced => drop(all.insert(at(last))),
                Is::Up | Is::Bad | Is::Silent => {}
            }
        }
        assert_eq!(refused(servers), Refused { new, all }, "{servers:?}");
    }
}

/// It would change nothing: the proxy has its own.
#[test]
fn weights_are_the_proxy_s() {
    let text = "virtual_server upstream web {\nreal_server 10.0.0.7 80 {\n}\n}\n";
    let mut balancer = Balancer::default();
    balancer.configure(&parse("lvs.conf", text).config.virtual_servers, &Table::new(), false, NOW);
    let selection = Selection::parse("10.0.0.7", None).unwrap();
    let refused = balancer.order(&selection, Order::Weight(Some(5)), NOW).unwrap_err();
    assert!(matches!(refused, OrderError::OfProxy(server) if server == at(7)), "{refused}");
    assert!(refused.to_string().contains("hactl backend weight"), "{refused}");
    // One that the kernel balances to as well gets it there, and the kernel is told.
    let both = text.to_owned()
        + "virtual_server 10.0.0.3 80 {\nlb_algo wrr\nlb_kind NAT\nprotocol TCP\nreal_server 10.0.0.7 80 {\n}\n}\n";
    let mut balancer = Balancer::default();
    balancer.configure(&parse("lvs.conf", &both).config.virtual_servers, &Table::new(), false, NOW);
    balancer.wanted(NOW);
    let (done, effects) = balancer.order(&selection, Order::Weight(Some(5)), NOW).unwrap();
    assert_eq!(done, "10.0.0.7:80 of 10.0.0.3:80");
    assert!(effects.iter().any(|effect| matches!(effect, crate::lvs::effect::Effect::Table(_))), "{effects:?}");
}

#[test]
fn real_servers_of_the_kernel_are_nobody_s_business() {
    let text = "virtual_server 10.0.0.3 80 {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\nreal_server 10.0.0.7 80 {\nTCP_CHECK {\n\
                retry 0\n}\n}\nreal_server 10.0.0.8 80 {\n}\n}\n";
    let mut balancer = Balancer::default();
    balancer.configure(&parse("lvs.conf", text).config.virtual_servers, &Table::new(), false, NOW);
    let (id, _) = balancer.checks().next().unwrap();
    balancer.observe(id, Outcome::Failed(Why { reason: Reason::Timeout, words: "no".into() }), NOW);
    assert!(balancer.refused().is_empty());
}
