//! Lines of `watch`: what two statuses differ in, and that each line comes back as it went.

use super::*;
use crate::notice::What;

fn router(state: RouterState, counters: &[(&str, u64)]) -> InstanceStatus {
    InstanceStatus {
        name: "VI_1".into(),
        state,
        interface: "eth0".into(),
        vrid: 51,
        base_priority: 100,
        effective_priority: 91,
        advert_interval_ms: 700,
        addresses: vec!["10.0.0.3/27".into()],
        master: Some("10.0.0.5".into()),
        master_priority: Some(150),
        last_advert_ms: Some(37),
        last_transition: None,
        last_reason: None,
        fault_reasons: Vec::new(),
        pinned: None,
        group: None,
        lease_ms: None,
        answered_by: None,
        withheld: false,
        wire: None,
        signing: None,
        counters: counters.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
    }
}

fn between(before: &InstanceStatus, after: &InstanceStatus, now: u64) -> Vec<Seen> {
    of_routers(std::slice::from_ref(before), std::slice::from_ref(after), now)
}

fn told(seen: &[Seen]) -> Vec<(u64, String)> {
    seen.iter().map(|seen| (seen.unix_ms, seen.what.to_string())).collect()
}

#[test]
fn adverts_are_what_the_counters_have_gained() {
    let before = router(RouterState::Backup, &[("adverts_received", 7), ("bad_ttl", 1)]);
    assert_eq!(between(&before, &before, 5000), []);
    let after = router(RouterState::Backup, &[("adverts_received", 9), ("bad_ttl", 3)]);
    let seen = between(&before, &after, 5000);
    let expected = [
        (4963, "VI_1: adverts: 2 heard from 10.0.0.5, priority 150".to_owned()),
        (5000, "VI_1: counters: bad_ttl 3".to_owned()),
    ];
    assert_eq!(told(&seen), expected);
    // Who is master says so with its own priority, and who was told of before is not the one who is heard.
    let mut after = router(RouterState::Master, &[("adverts_received", 7), ("adverts_sent", 4), ("bad_ttl", 1)]);
    (after.master, after.master_priority) = (None, None);
    let seen = between(&before, &after, 5000);
    assert_eq!(told(&seen), [(4963, "VI_1: adverts: 4 sent, priority 91".to_owned())]);
    // Of a router that is new there is nothing to compare with; one that began again has counters that are lower.
    let again = router(RouterState::Backup, &[("adverts_received", 1), ("bad_ttl", 1)]);
    assert_eq!(of_routers(&[], std::slice::from_ref(&again), 5000), []);
    assert_eq!(between(&before, &again, 5000), []);
}

#[test]
fn what_neighbours_answer_is_told_when_it_is_another() {
    let before = router(RouterState::Backup, &[]);
    let after = InstanceStatus { answered_by: Some("02:00:00:00:00:07".into()), withheld: true, ..before.clone() };
    let seen = between(&before, &after, 5000);
    let words = "VI_1: 02:00:00:00:00:07 answers for its addresses; this host claims nothing because of that";
    assert_eq!(told(&seen), [(5000, words.to_owned())]);
    assert_eq!(told(&between(&after, &before, 5001))[0].1, "VI_1: nobody else answers for its addresses");
}

fn agent(now_unix_ms: u64) -> AgentStatus {
    AgentStatus {
        version: "0.1.0".into(),
        pid: 7,
        started_unix_s: 1_700_000_000,
        now_unix_ms,
        config: "/etc/hactl/hactl.conf".into(),
        warnings: Vec::new(),
        instances: Vec::new(),
        groups: Vec::new(),
        strangers: Vec::new(),
        scripts: Vec::new(),
        files: Vec::new(),
        processes: Vec::new(),
        safety: None,
        virtual_servers: Vec::new(),
        timing: Default::default(),
    }
}

#[test]
fn scripts_and_load_are_told_when_they_are_otherwise() {
    let (mut before, mut after) = (agent(4000), agent(5000));
    let script = |ok| ScriptStatus { name: "nginx".into(), ok, last_result: Some("exit 7".into()) };
    (before.scripts, after.scripts) = (vec![script(Some(true))], vec![script(Some(false))]);
    let real = |up, active| crate::control::RealServerStatus {
        address: "10.0.0.7:80".into(),
        up,
        judged: true,
        reason: None,
        for_ms: 0,
        drained: false,
        refused: false,
        weight: 1,
        weight_by_operator: false,
        weight_now: Some(1),
        forward: "NAT".into(),
        active,
        inactive: 9,
        traffic: Default::default(),
        checks: Vec::new(),
    };
    let server = |up| VirtualServerStatus {
        name: "10.0.0.3:80".into(),
        upstream: false,
        services: Vec::new(),
        scheduler: "rr".into(),
        persistence_s: None,
        quorum: true,
        quorum_for_ms: 0,
        alive: 1,
        needed: 1,
        sorry_server: None,
        suspended: false,
        absent: false,
        in_kernel: Some(true),
        traffic: crate::control::TrafficStatus { connections_per_s: 12, ..Default::default() },
        real_servers: vec![real(true, 3), real(up, 4)],
    };
    (before.virtual_servers, after.virtual_servers) = (vec![server(true)], vec![server(false)]);
    let expected = [
        (5000, "check nginx: BAD (exit 7)".to_owned()),
        (5000, "10.0.0.3:80: 1 of 2 servers, 7 connections, 12 new a second".to_owned()),
    ];
    assert_eq!(told(&of_services(&before, &after)), expected);
    assert_eq!(of_services(&after, &after), []);
}

/// The desk understands each kind of line that an agent writes.
#[test]
fn lines_come_back_as_they_went() {
    let address = "10.0.0.3".parse().unwrap();
    let notice = |what| Sight::Notice { notice: Notice { instance: "VI_1".into(), what } };
    let entered = What::Entered {
        from: RouterState::Backup,
        to: RouterState::Master,
        reason: "silence".into(),
        priority: 91,
        lasted_ms: 730,
    };
    let lines = [
        Sight::State { status: Box::new(agent(5000)) },
        Sight::Adverts { instance: "VI_1".into(), sent: 0, heard: 2, from: None, priority: Some(150) },
        notice(entered),
        notice(What::Duplicate { address, mac: [2, 0, 0, 0, 0, 0x1f] }),
        notice(What::CheckFailed { address: "10.0.0.7:80".parse().unwrap(), reason: "refused".into() }),
        Sight::Note { message: "reloaded".into() },
        Sight::Script { name: "nginx".into(), ok: None, result: None },
        Sight::Neighbours { instance: "VI_1".into(), answered_by: None, withheld: false },
        Sight::Counters { instance: "VI_1".into(), counters: [("bad_ttl".to_owned(), 3)].into() },
        Sight::Beat,
    ];
    for what in lines {
        let seen = Seen { unix_ms: 1_700_000_000_123, what };
        let line = serde_json::to_string(&seen).unwrap();
        assert_eq!(serde_json::from_str::<Seen>(&line).unwrap(), seen, "{line}");
    }
    let duplicate = r#"{"unix_ms":1,"event":"notice","instance":"VI_1","what":{"kind":"duplicate","address":"10.0.0.3","mac":"MAC"}}"#;
    assert!(serde_json::from_str::<Seen>(&duplicate.replace("MAC", "02:00:00:00:00:1f")).is_ok());
    for wrong in ["02:00:00:00:00", "2:0:0:0:0:0", "02:00:00:00:00:1g", "02:00:00:00:00:1f:00", ""] {
        assert!(serde_json::from_str::<Seen>(&duplicate.replace("MAC", wrong)).is_err(), "{wrong}");
    }
}
