//! Which server of a pool gets a request: methods, weights, and what becomes of those that fail.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::stand::{Stand, need_nginx};
use crate::lan::wait;

const INVENTORY: &str = "
pools:
  even: { servers: [web-7:8001, web-7:8002, web-7:8003], max_fails: 0 }
  sticky: { servers: [web-7:8001, web-7:8002, web-7:8003], method: ip_hash }
  lazy: { servers: [web-7:8001, web-7:8002, web-7:8003], method: least_conn }
  user: { servers: [web-7:8001, web-7:8002, web-7:8003], method: hash $arg_user consistent }
  heavy: { servers: { web-7:8001: { weight: 3 }, web-7:8002: {} } }
  spare: { servers: { web-7:8001: {}, web-7:8002: { backup: yes } } }
  tired: { servers: [web-7:8001, web-7:8002], max_fails: 2, fail_timeout: 3s }
  next: { servers: [web-7:8001, web-7:8002], max_fails: 0, next_upstream: [http_502, http_504] }
sites:
  - { names: [even.cc], pool: even }
  - { names: [sticky.cc], pool: sticky }
  - { names: [lazy.cc], pool: lazy }
  - { names: [user.cc], pool: user }
  - { names: [heavy.cc], pool: heavy }
  - { names: [spare.cc], pool: spare }
  - { names: [tired.cc], pool: tired }
  - { names: [next.cc], pool: next }
streams: [{ listen: 9001, pool: sticky }]
nginx: { worker_processes: 4 } # they count together
";

/// How often each server answered.
fn shares(stand: &Stand, site: &str, requests: usize) -> BTreeMap<u16, usize> {
    let mut found = BTreeMap::new();
    for _ in 0..requests {
        *found.entry(stand.get(site, "/").by()).or_default() += 1;
    }
    found
}

#[test]
fn each_method_picks_its_server() {
    need_nginx!();
    let stand = Stand::new(INVENTORY);
    let servers = stand.servers([8001, 8002, 8003]);
    // Several servers of one host, one after the other.
    assert_eq!(shares(&stand, "even.cc", 12), BTreeMap::from([(8001, 4), (8002, 4), (8003, 4)]));
    assert_eq!(shares(&stand, "heavy.cc", 40), BTreeMap::from([(8001, 30), (8002, 10)]));
    // By the client's network, of which it has several here.
    let (mut asked, mut by_stream) = (BTreeSet::new(), BTreeSet::new());
    for n in 1..=12 {
        let from = format!("10.78.{n}.9");
        stand.lan.ip(1, &["addr", "add", &format!("{from}/32"), "dev", "eth0"]);
        stand.lan.ip(0, &["route", "add", &format!("{from}/32"), "via", super::stand::CLIENT]);
        let one = || stand.ask(stand.connect_from(&from, 80), "sticky.cc", "/", "", &[]).by();
        let by = BTreeSet::from([one(), one(), one()]);
        assert_eq!(by.len(), 1, "{from} was sent to {by:?}");
        asked.extend(by);
        let one = || stand.ask(stand.connect_from(&from, 9001), "any.cc", "/", "", &[]).by();
        let by = BTreeSet::from([one(), one(), one()]);
        assert_eq!(by.len(), 1, "{from} was sent to {by:?} by a stream");
        by_stream.extend(by);
    }
    assert!(asked.len() > 1 && by_stream.len() > 1, "twelve networks and one server: {asked:?}, {by_stream:?}");
    // By what the inventory names.
    let of = |user: usize| stand.get("user.cc", &format!("/?user={user}")).by();
    let asked: BTreeSet<u16> = (1..=20).map(|user| (of(user), of(user), user)).map(same).collect();
    assert!(asked.len() > 1, "{asked:?}");
    // Whoever has less to do.
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| stand.get("lazy.cc", "/hold").status);
        wait("the slow request", || servers.iter().any(|server| server.held() == 1));
        let busy = (8001..).zip(&servers).find(|(_, server)| server.held() == 1).unwrap().0;
        let others = shares(&stand, "lazy.cc", 8);
        assert!(!others.contains_key(&busy) && others.len() == 2, "{busy} is busy: {others:?}");
        assert!(shares(&stand, "even.cc", 3).contains_key(&busy), "only this method looks at that");
        servers.iter().for_each(super::server::Server::release);
        assert_eq!(slow.join().unwrap(), 200);
    });
}

fn same((one, two, user): (u16, u16, usize)) -> u16 {
    assert_eq!(one, two, "{user}");
    one
}

#[test]
fn a_server_that_fails_is_passed_over_as_written() {
    need_nginx!();
    let stand = Stand::new(INVENTORY);
    let [first, second] = stand.servers([8001, 8002]);
    // A spare one has nothing to do until the other one fails.
    assert_eq!(shares(&stand, "spare.cc", 8), BTreeMap::from([(8001, 8)]));
    first.ill(true);
    assert_eq!(shares(&stand, "spare.cc", 8), BTreeMap::from([(8002, 8)]));
    // After so many failures it is asked no more, and again when the time is over.
    let (before, began) = (first.requests(), Instant::now());
    assert_eq!(shares(&stand, "tired.cc", 12), BTreeMap::from([(8002, 12)]));
    assert_eq!(first.requests() - before, 2);
    first.ill(false);
    wait("its return", || stand.get("tired.cc", "/").by() == 8001);
    // nginx's own time is 10 s, and a pool's that says nothing is 2 s here.
    let away = began.elapsed();
    assert!(away > Duration::from_millis(2500) && away < Duration::from_secs(9), "{away:?}");
    wait("the spare one's rest", || stand.get("spare.cc", "/").by() == 8001);
    // An answer that counts as none is another server's to give.
    for status in [502, 504] {
        first.sick(status);
        let (before, of_second) = (first.requests(), second.requests());
        for _ in 0..10 {
            assert_eq!(stand.get("next.cc", "/sick").by(), 8002);
        }
        assert!(first.requests() - before >= 4 && second.requests() - of_second == 10);
        let others: BTreeSet<u16> = (0..6).map(|_| stand.get("tired.cc", "/sick").status).collect();
        assert_eq!(others, BTreeSet::from([200, status]), "only where it is written");
    }
    first.sick(503);
    let others: BTreeSet<u16> = (0..6).map(|_| stand.get("next.cc", "/sick").status).collect();
    assert_eq!(others, BTreeSet::from([200, 503]), "this one is not in the list");
}

/// What nginx itself would answer with 502 or 504 is a page and 503; what a server answers goes through.
#[test]
fn where_no_server_answers_a_page_says_sorry() {
    need_nginx!();
    let stand = Stand::new(
        "
pools:
  gone: { servers: [web-7:8009], max_fails: 0 }
  well: { servers: [web-7:8001] }
sites:
  - names: [sorry.cc]
    pool: gone
    sorry_page: yes
    locations:
      - { path: /api/, pool: gone }
      - { path: /well/, pool: well }
      - { path: /sick, pool: well }
      - { path: /hold, pool: well, read_timeout: 1s }
  - { names: [plain.cc], pool: gone }
",
    );
    let [server] = stand.servers([8001]);
    for path in ["/", "/any/page?x=1", "/api/users"] {
        let answer = stand.get("sorry.cc", path);
        assert_eq!(answer.status, 503, "{path}: {}{}", answer.head, answer.body);
        assert!(answer.body.contains("Please try again in some minutes"), "{path}: {}", answer.body);
        let head = answer.head.to_lowercase();
        assert!(head.contains("retry-after: 120") && head.contains("content-type: text/html"), "{path}: {head}");
    }
    assert_eq!(stand.post("sorry.cc", "/api/users", 100).status, 503);
    assert_eq!(stand.get("sorry.cc", "/hactl-sorry").status, 404, "nobody asks for it by its name");
    assert_eq!(stand.get("plain.cc", "/").status, 502);
    assert_eq!(stand.get("sorry.cc", "/well/").by(), 8001);
    server.sick(502);
    let own = stand.get("sorry.cc", "/sick");
    assert!(
        own.status == 502 && !own.body.contains("try again"),
        "the server's own: {}{}\n{}",
        own.head,
        own.body,
        stand.log("error.log")
    );
    let slow = stand.get("sorry.cc", "/hold");
    server.release();
    assert_eq!(slow.status, 503, "a server that does not answer in time: {}{}", slow.head, slow.body);
}
