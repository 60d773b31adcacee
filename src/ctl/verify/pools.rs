//! The servers of nginx's pools as the agents of the load balancers find them.

use std::collections::BTreeMap;

use hactl_engine::control::VirtualServerStatus;

use crate::ctl::look::observe::Observed;
use crate::error::{Code, Problem};

/// Servers whose checks fail, and whether they still get requests: for who looks and does not ask them himself.
pub(crate) fn out(observed: &Observed) -> Vec<Problem> {
    let mut found: BTreeMap<(&str, &str, &str), (Vec<&str>, &str)> = BTreeMap::new();
    for (host, pool) in upstreams(observed) {
        for real in pool.real_servers.iter().filter(|real| !real.up && !real.drained) {
            let reason = real.reason.as_deref().unwrap_or("its checks have not passed yet");
            let what = if real.refused { "is out of" } else { "fails the check, and is still asked, of" };
            let key = (real.address.as_str(), what, pool.name.as_str());
            found.entry(key).or_insert_with(|| (Vec::new(), reason)).0.push(host);
        }
    }
    let problem = |((address, what, pool), (hosts, reason)): (_, (Vec<&str>, &str))| {
        let hosts = hosts.join(" and ");
        Problem::new(Code::WebServerOut, format!("{address} {what} {pool} on {hosts}: {reason}"))
            .next("is its service running? `hactl agent status` on a load balancer tells what each check found")
    };
    found.into_iter().map(problem).collect()
}

/// Servers of which the agents do not know yet whether they pass: that is not good news, and no bad ones either.
pub(crate) fn unknown(observed: &Observed) -> Vec<Problem> {
    let mut found: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for (host, pool) in upstreams(observed) {
        for real in pool.real_servers.iter().filter(|real| real.up && !real.judged && !real.drained) {
            found.entry((real.address.as_str(), pool.name.as_str())).or_default().push(host);
        }
    }
    let problem = |((address, pool), hosts): ((&str, &str), Vec<&str>)| {
        not_judged(format!("whether {address} of {pool} passes its check is not known yet on {}", hosts.join(" and ")))
    };
    found.into_iter().map(problem).collect()
}

/// What an agent does not know yet.
pub(crate) fn not_judged(message: String) -> Problem {
    let problem = Problem::new(Code::NotJudged, message)
        .why("its agent began with it just now, and nginx may get no connection to it until it has passed");
    problem.next("look again in some seconds: `hactl status`").warn()
}

/// Pools of which nobody passes: the servers are all dead, or the check asks for something that none of them has.
pub(crate) fn hopeless(observed: &Observed) -> Vec<Problem> {
    let mut found: BTreeMap<&str, (Vec<&str>, &str)> = BTreeMap::new();
    for (host, pool) in
        upstreams(observed).filter(|(_, pool)| !pool.quorum && !pool.real_servers.iter().any(|real| real.up))
    {
        let reason = pool.real_servers.iter().find_map(|real| real.reason.as_deref()).unwrap_or_default();
        found.entry(&pool.name).or_insert_with(|| (Vec::new(), reason)).0.push(host);
    }
    let problem = |(pool, (hosts, reason)): (&str, (Vec<&str>, &str))| {
        let hosts = hosts.join(" and ");
        Problem::new(Code::QuorumLost, format!("no server of {pool} passes its check on {hosts}: {reason}"))
            .why("nginx still asks them all, and waits for those that are dead")
            .next("are they dead, or does the `check:` of the pool ask for something that they do not have?")
    };
    found.into_iter().map(problem).collect()
}

/// The pools of all load balancers that were seen, by host name.
pub(crate) fn upstreams(observed: &Observed) -> impl Iterator<Item = (&str, &VirtualServerStatus)> {
    let agents = observed.hosts.iter().filter_map(|(name, seen)| Some((name.as_str(), seen.agent.as_ref()?)));
    agents.flat_map(|(name, agent)| agent.virtual_servers.iter().filter(|one| one.upstream).map(move |one| (name, one)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::look::observe::Seen;

    /// Each load balancer's agent finds these of the servers 7 and 8 of one pool.
    fn observed(up: [bool; 2]) -> Observed {
        let real = |last: u8, up: bool| {
            serde_json::json!({
                "address": format!("10.0.0.{last}:80"), "up": up, "reason": (!up).then_some("connection refused"), "for_ms": 7, "drained": false,
                "refused": !up && (last == 8),
                "weight": 1, "weight_by_operator": false, "weight_now": null, "forward": "NAT", "active": 0, "inactive": 0, "traffic": {
                    "connections": 0, "bytes_in": 0, "bytes_out": 0, "connections_per_s": 0, "bytes_in_per_s": 0, "bytes_out_per_s": 0
                }, "checks": []
            })
        };
        let pool = serde_json::json!({
            "name": "upstream web", "upstream": true, "services": [], "scheduler": "wlc", "persistence_s": null, "quorum": up[0] || up[1],
            "quorum_for_ms": 7, "alive": 1, "needed": 1, "sorry_server": null, "in_kernel": null,
            "traffic": real(7, true)["traffic"], "real_servers": [real(7, up[0]), real(8, up[1])]
        });
        let agent = serde_json::json!({
            "version": "0", "pid": 1, "started_unix_s": 0, "now_unix_ms": 0, "config": "", "instances": [], "virtual_servers": [pool]
        });
        let seen = || Seen { agent: Some(serde_json::from_value(agent.clone()).unwrap()), ..Seen::default() };
        Observed { hosts: ["lb-5", "lb-6"].map(|name| (name.to_owned(), seen())).into(), ..Observed::default() }
    }

    #[test]
    fn who_was_not_judged_yet_is_told_as_unknown() {
        let mut observed = observed([true, false]);
        assert_eq!(unknown(&observed), []);
        let lb = observed.hosts.get_mut("lb-6").unwrap().agent.as_mut().unwrap();
        lb.virtual_servers[0].real_servers.iter_mut().for_each(|real| real.judged = false);
        let said = unknown(&observed);
        assert_eq!((said.len(), said[0].code.id(), said[0].warning), (1, "W728", true), "who is down is told as down");
        assert!(
            said[0]
                .message
                .starts_with("whether 10.0.0.7:80 of upstream web passes its check is not known yet on lb-6")
        );
    }

    #[test]
    fn who_is_out_is_told_once_and_a_pool_without_anybody_too() {
        let said = |problems: Vec<Problem>| -> Vec<String> {
            problems.iter().map(|problem| format!("{} {}", problem.code.id(), problem.message)).collect()
        };
        for (up, out_of, nobody) in [([true, true], 0, 0), ([true, false], 1, 0), ([false, false], 2, 1)] {
            let observed = observed(up);
            assert_eq!((out(&observed).len(), hopeless(&observed).len()), (out_of, nobody), "{up:?}");
        }
        assert_eq!(
            said(out(&observed([true, false]))),
            ["E709 10.0.0.8:80 is out of upstream web on lb-5 and lb-6: connection refused"]
        );
        assert!(
            said(out(&observed([false, true])))[0]
                .contains("10.0.0.7:80 fails the check, and is still asked, of upstream web")
        );
        assert_eq!(
            said(hopeless(&observed([false, false]))),
            ["E714 no server of upstream web passes its check on lb-5 and lb-6: connection refused"]
        );
    }
}
