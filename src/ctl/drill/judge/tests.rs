use super::super::observe::{Mark, Owners};
use super::super::scenario::{Budget, Context};
use super::super::table::SCENARIOS;
use super::*;

const MS: Duration = Duration::from_millis(1);
const BEGIN: u32 = 1000;
const END: u32 = 9000;

/// 10 s at 10 ms, with an outage of `gap` ms from the fault on.
fn stream(gap: u32) -> Stream {
    let marks = (0..1000).map(|n| Mark { at: MS * 10 * n, ok: !(BEGIN..BEGIN + gap).contains(&(n * 10)) });
    Stream { interval: MS * 10, marks: marks.collect() }
}

/// The same at 20 ms, as the client at the desk asks.
fn requests(gap: u32) -> Stream {
    let marks = (0..500).map(|n| Mark { at: MS * 20 * n, ok: !(BEGIN..BEGIN + gap).contains(&(n * 20)) });
    Stream { interval: MS * 20, marks: marks.collect() }
}

fn seen(during: &[&str], gap: u32) -> Observations {
    let sample = |at: u32, hosts: &[&str]| Owners { at: MS * at, hosts: hosts.iter().map(|h| (*h).into()).collect() };
    Observations {
        target: "lb-5".into(),
        fault_begin: MS * BEGIN,
        fault_end: MS * END,
        pings: stream(gap),
        requests: requests(gap),
        owners: vec![sample(0, &["lb-5"]), sample(BEGIN + 4000, during), sample(END + 900, &["lb-5"])],
        two_owners_found: (during.len() == 2).then_some(MS * 4200),
        restored: Restored::Yes,
        ..Observations::default()
    }
}

fn verdict(name: &str, seen: &Observations) -> Verdict {
    let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name).unwrap();
    judge(
        scenario,
        &scenario.plan(&Context::default(), &Context::default(), Budget::default()),
        &Context::default(),
        seen,
    )
}

/// A pass, and what of the reasons must be told for each way to fail.
fn check(name: &str, good: &Observations, bad: &[(Observations, &str)]) {
    let pass = verdict(name, good);
    assert!(pass.passed && pass.restored, "{name}: {:?}", pass.why);
    for (seen, part) in bad {
        let fail = verdict(name, seen);
        assert!(!fail.passed, "{name} should fail: {part}");
        assert!(fail.why.iter().any(|why| why.contains(part)), "{name}: {part:?} is not in {:?}", fail.why);
    }
}

#[test]
fn stop() {
    let good = seen(&["lb-6"], 10);
    check(
        "stop",
        &good,
        &[
            (seen(&["lb-6"], 60), "60.0 ms, allowed are 50.0 ms"),
            (seen(&["lb-5"], 0), "lb-5 kept the VIP"),
            (seen(&[], 10), "nobody owned the VIP"),
            (seen(&["lb-5", "lb-6"], 10), "lb-5 and lb-6 owned the VIP"),
        ],
    );
    let verdict = verdict("stop", &good);
    assert_eq!((verdict.gap, verdict.sent, verdict.lost), (MS * 10, 1000, 1));
    assert_eq!((verdict.owner_before.as_deref(), verdict.owner_after.as_deref()), (Some("lb-5"), Some("lb-6")));
}

#[test]
fn silent_takeovers() {
    for name in ["crash", "link"] {
        check(
            name,
            &seen(&["lb-6"], 3600),
            &[(seen(&["lb-6"], 4600), "4600 ms, allowed are 4500 ms"), (seen(&["lb-5"], 0), "nobody took it over")],
        );
    }
}

#[test]
fn nginx_is_judged_by_requests() {
    let mut good = seen(&["lb-6"], 200);
    good.pings = stream(0);
    let mut bad = good.clone();
    bad.requests = requests(5000);
    check("nginx", &good, &[(bad, "5000 ms"), (seen(&["lb-5"], 200), "lb-5 kept the VIP")]);
    assert_eq!(verdict("nginx", &good).gap, MS * 200);
}

#[test]
fn heartbeat_blocked() {
    let good = seen(&["lb-5"], 0);
    check(
        "heartbeat-blocked",
        &good,
        &[
            (seen(&["lb-5", "lb-6"], 0), "lb-5 and lb-6"),
            (seen(&["lb-6"], 0), "lb-6"),
            (seen(&["lb-5"], 3000), "3000 ms"),
        ],
    );
    assert_eq!(verdict("heartbeat-blocked", &good).owner_after.as_deref(), Some("lb-5"));
}

#[test]
fn heartbeat_blocked_without_guard() {
    let unguarded = |seen: &Observations| {
        let context = Context { guarded: false, ..Context::default() };
        let named = SCENARIOS.iter().find(|scenario| scenario.name == "heartbeat-blocked").unwrap();
        let scenario = super::super::table::on(named, &context);
        judge(scenario, &scenario.plan(&context, &context, Budget::default()), &context, seen)
    };
    let good = seen(&["lb-5", "lb-6"], 0);
    let (mut late, mut split) = (good.clone(), good.clone());
    late.two_owners_found = Some(MS * 5001);
    if let Some(last) = split.owners.last_mut() {
        last.hosts.push("lb-6".into());
    }
    assert!(unguarded(&good).passed, "{:?}", unguarded(&good).why);
    for (bad, why) in [
        (late, "only after 5001 ms"),
        (split.clone(), "after the fault lb-5 and lb-6 owned the VIP"),
        (seen(&["lb-5"], 0), "two owners were not found"),
    ] {
        let verdict = unguarded(&bad);
        assert!(!verdict.passed && verdict.why.join("; ").contains(why), "{:?}", verdict.why);
    }
    assert_eq!(unguarded(&good).owner_after.as_deref(), Some("lb-5"));
    assert!(!unguarded(&split).restored);
}

#[test]
fn web_down_allows_max_fails_requests() {
    check(
        "web-down",
        &seen(&["lb-5"], 10),
        &[(seen(&["lb-5"], 40), "2 of 500 requests were lost, allowed are 1"), (seen(&["lb-6"], 0), "lb-6 owned it")],
    );
}

#[test]
fn agent_killed_allows_nothing() {
    check(
        "agent-killed",
        &seen(&["lb-5"], 0),
        &[
            (seen(&["lb-5"], 10), "1 of 1000 pings were lost, allowed are 0"),
            (seen(&["lb-6"], 0), "should have stayed"),
        ],
    );
}

#[test]
fn silence_and_what_is_not_restored_never_pass() {
    for scenario in SCENARIOS {
        let mut silent = seen(&["lb-6"], 0);
        (silent.pings, silent.requests) = (Stream::default(), Stream::default());
        let silent = verdict(scenario.name, &silent);
        assert!(silent.why.iter().any(|why| why.contains("was ever answered (0 sent)")), "{:?}", silent.why);
        let mut broken = seen(&["lb-6"], 0);
        broken.restored = Restored::No("lb-5: nginx does not start".into());
        let broken = verdict(scenario.name, &broken);
        assert!(!broken.passed && !broken.restored);
        assert!(broken.why.contains(&"not restored: lb-5: nginx does not start".to_string()));
    }
}
