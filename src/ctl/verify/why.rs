//! `hactl explain VIP`: why an address is where it is, from what every load balancer says of it. Nothing is guessed:
//! who does not answer is told as unknown.

use std::net::IpAddr;
use std::path::Path;

use hactl_engine::control::{Event, InstanceStatus, Pin, Request, Response, RouterState};
use ipnet::IpNet;
use serde::Serialize;

use super::vips::judge;
use crate::ctl::ask::ask_all;
use crate::ctl::cluster::Cluster;
use crate::ctl::desk::{Desk, Options, open};
use crate::ctl::look::observe::{Observed, look};
use crate::ctl::report::{Outcome, Report};
use crate::error::{Code, Exit, Failure, Problem};

/// Why a VIP is where it is.
#[derive(Debug, Clone, Serialize)]
pub struct Why {
    /// The address.
    pub address: IpAddr,
    /// Hosts whose kernel has it.
    pub owners: Vec<String>,
    /// Hosts that may have it, with the reason why that is not known.
    pub unknown: Vec<String>,
    /// What decided it, a sentence each.
    pub because: Vec<String>,
    /// One entry a host that may own it and whose agent answers, in the inventory's order.
    pub nodes: Vec<Node>,
}

/// One host's virtual router of this address.
#[derive(Debug, Clone, Serialize)]
pub struct Node {
    /// Its name.
    pub host: String,
    /// The instance that has the address.
    pub instance: String,
    /// VRID.
    pub vrid: u8,
    /// State.
    pub state: RouterState,
    /// Priority after tracking and overrides.
    pub priority: u8,
    /// Configured priority.
    pub base_priority: u8,
    /// Why it is in FAULT; empty otherwise.
    pub fault_reasons: Vec<String>,
    /// Milliseconds since the last advert that it sent or heard.
    pub last_advert_ms: Option<u64>,
    /// Advert interval in milliseconds.
    pub advert_interval_ms: u64,
    /// The host's own clock when it answered: Unix time in milliseconds.
    pub now_unix_ms: u64,
    /// Since when it is in this state, by the same clock.
    pub since_unix_ms: Option<u64>,
    /// What made it so.
    pub reason: Option<String>,
    /// The last time that it stopped being master, as far as the agent remembers.
    pub last_lost: Option<Event>,
}

/// Looks at the cluster, and tells why the address is where it is.
///
/// # Errors
/// The inventory has no such VIP, or no load balancer answers.
pub async fn why(inventory: Option<&Path>, options: Options, address: IpAddr) -> Outcome<Why> {
    let cluster = open(inventory, &options)?;
    let known: Vec<IpAddr> = cluster.vips.iter().flat_map(|vip| &vip.addresses).map(IpNet::addr).collect();
    if !known.contains(&address) {
        let known: Vec<String> = known.iter().map(IpAddr::to_string).collect();
        let source = cluster.source.display();
        let message = format!("{address} is no VIP of {source}; there is {}", known.join(", "));
        let next = "`hactl explain` takes a VIP, an error code, a keyword of keepalived.conf or a packet";
        return Err(Failure::one(Exit::Invalid, Problem::new(Code::NothingSelected, message).next(next)));
    }
    let desk = Desk::connect(cluster, options).await?;
    let observed = look(&desk, false).await;
    let carriers = desk.cluster.carriers(address);
    let asked = carriers.iter().map(|host| host.name.as_str()).filter(|name| desk.hosts.contains_key(*name));
    let answers = ask_all(&desk, asked.map(|host| (host, Request::History))).await;
    let past = |host: &str| match answers.iter().find(|(name, _)| *name == host) {
        Some((_, Ok(Response::History { events }))) => events.as_slice(),
        _ => &[],
    };
    let value = told(&desk.cluster, &observed, address, past);
    Ok(Report::judged(value, judge(&desk.cluster, &observed)))
}

fn told<'e>(cluster: &Cluster, observed: &Observed, address: IpAddr, past: impl Fn(&str) -> &'e [Event]) -> Why {
    let owners = observed.who_owns(cluster, address);
    let carriers = cluster.carriers(address);
    let agents =
        carriers.iter().filter_map(|host| Some((host.name.as_str(), observed.hosts.get(&host.name)?.agent.as_ref()?)));
    let found = agents.filter_map(|(host, agent)| {
        Some((host, agent.now_unix_ms, agent.instances.iter().find(|one| has(one, address))?))
    });
    let found: Vec<(&str, u64, &InstanceStatus)> = found.collect();
    let routers: Vec<(&str, &InstanceStatus)> = found.iter().map(|(host, _, one)| (*host, *one)).collect();
    let mut unknown: Vec<String> = owners.unknown.iter().map(|(host, why)| format!("{host} {why}")).collect();
    let silent = carriers.iter().filter(|host| observed.hosts.get(&host.name).is_some_and(|seen| seen.is_known()));
    let silent = silent.filter(|host| routers.iter().all(|(name, _)| *name != host.name));
    unknown.extend(silent.map(|host| format!("{} has no agent that answers for this address", host.name)));
    Why {
        address,
        because: reasons(&owners.names, &routers),
        owners: owners.names,
        unknown,
        nodes: found.iter().map(|(host, now, one)| node(host, *now, one, past(host))).collect(),
    }
}

fn has(instance: &InstanceStatus, address: IpAddr) -> bool {
    let is_it = |text: &String| match text.parse::<IpNet>() {
        Ok(net) => net.addr() == address,
        Err(_) => text.parse() == Ok(address),
    };
    instance.addresses.iter().any(is_it)
}

fn node(host: &str, now_unix_ms: u64, one: &InstanceStatus, past: &[Event]) -> Node {
    // A transition tells what it became, and an event before it what it was.
    let mine = past.iter().filter(|event| event.instance.as_deref() == Some(&one.name) && event.state.is_some());
    let mut was_master = false;
    let mut last_lost = None;
    for event in mine {
        let is_master = event.state == Some(RouterState::Master);
        if was_master && !is_master {
            last_lost = Some(event.clone());
        }
        was_master = is_master;
    }
    Node {
        host: host.to_owned(),
        instance: one.name.clone(),
        vrid: one.vrid,
        state: one.state,
        priority: one.effective_priority,
        base_priority: one.base_priority,
        fault_reasons: one.fault_reasons.clone(),
        last_advert_ms: one.last_advert_ms,
        advert_interval_ms: one.advert_interval_ms,
        now_unix_ms,
        since_unix_ms: one.last_transition,
        reason: one.last_reason.clone(),
        last_lost,
    }
}

/// What the election came to, and what else had a say.
fn reasons(owners: &[String], routers: &[(&str, &InstanceStatus)]) -> Vec<String> {
    let mut said = Vec::new();
    let [owner] = owners else {
        said.push(match owners {
            [] => "none of those that answer has it".to_owned(),
            many => format!("{} have it at once, which must never be", many.join(" and ")),
        });
        said.extend(routers.iter().filter_map(|(host, one)| hindered(host, one)));
        return said;
    };
    let Some((_, own)) = routers.iter().find(|(host, _)| host == owner) else {
        said.push(format!(
            "{owner} has it without an agent that answers: somebody else put it there, or the agent hangs"
        ));
        return said;
    };
    if own.state != RouterState::Master {
        said.push(format!("{owner} has it although its router is not master"));
    }
    said.extend(pinned(owner, own));
    for (host, one) in routers.iter().filter(|(host, _)| host != owner) {
        said.push(match hindered(host, one) {
            Some(why) => why,
            None => compared(owner, own, host, one),
        });
    }
    said
}

/// Why a router is not in the election at all.
fn hindered(host: &str, one: &InstanceStatus) -> Option<String> {
    if one.state == RouterState::Fault {
        let why =
            if one.fault_reasons.is_empty() { "no reason is told".to_owned() } else { one.fault_reasons.join("; ") };
        return Some(format!("{host} may not own it: {why}"));
    }
    if one.withheld {
        let who = one.answered_by.as_deref().unwrap_or("somebody");
        return Some(format!("{host} hears no adverts, and does not claim it because {who} still answers for it"));
    }
    None
}

fn pinned(owner: &str, own: &InstanceStatus) -> Option<String> {
    let Pin { priority, reason, expires_unix_s } = own.pinned.as_ref()?;
    let why = reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
    let until = if expires_unix_s.is_some() { "ends by itself" } else { "stays until `hactl agent unpin`" };
    Some(format!("{owner} was promoted by hand to priority {priority}, which {until}{why}"))
}

fn compared(owner: &str, own: &InstanceStatus, host: &str, one: &InstanceStatus) -> String {
    let (mine, theirs) = (own.effective_priority, one.effective_priority);
    let lowered = match one.base_priority.cmp(&theirs) {
        std::cmp::Ordering::Equal => String::new(),
        _ => format!(" (configured {}, changed by what it tracks)", one.base_priority),
    };
    match mine.cmp(&theirs) {
        std::cmp::Ordering::Greater => {
            format!("{owner} has priority {mine}, {host} {theirs}{lowered}: the higher one owns it")
        }
        std::cmp::Ordering::Equal => {
            format!("{owner} and {host} have the same priority {mine}{lowered}: the one that is master stays it")
        }
        std::cmp::Ordering::Less => format!(
            "{host} has the higher priority, {theirs} against {mine}, and does not take it: it must not preempt \
             (nopreempt), or still waits to (preempt_delay), or does not hear {owner}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::ctl::look::observe::Seen;

    fn cluster() -> Cluster {
        let text = include_str!("../../../inventories/homework.yaml");
        crate::ctl::inventory::load::parse(Path::new("x.yaml"), text).unwrap().cluster
    }

    /// A load balancer with the VIP or without it, and a router that says this of itself beside the usual.
    fn seen(owns: bool, state: &str, more: &Value) -> Seen {
        let mut instance = json!({
            "name": "VI_1", "state": state.to_uppercase(), "interface": "eth0", "vrid": 50, "base_priority": 100,
            "effective_priority": 100, "advert_interval_ms": 1000, "addresses": ["10.0.0.3/24"], "master": null,
            "master_priority": null, "last_advert_ms": 400, "last_transition": 1_700_000_000_000_u64,
            "last_reason": "heard nobody", "pinned": null,
        });
        for (key, value) in more.as_object().unwrap() {
            instance[key] = value.clone();
        }
        let agent = json!({"version": "0.1.0", "pid": 7, "started_unix_s": 1, "now_unix_ms": 1_700_000_060_000_u64,
                           "config": "/etc/hactl/hactl.conf", "instances": [instance]});
        let mut seen = Seen { reachable: true, agent: serde_json::from_value(agent).unwrap(), ..Seen::default() };
        seen.addresses.push(("eth0".into(), "10.0.0.5/24".parse().unwrap()));
        if owns {
            seen.addresses.push(("eth0".into(), "10.0.0.3/24".parse().unwrap()));
        }
        seen
    }

    fn because(lb_5: Seen, lb_6: Option<Seen>) -> Why {
        let mut hosts = BTreeMap::from([("lb-5".to_owned(), lb_5)]);
        hosts.extend(lb_6.map(|seen| ("lb-6".to_owned(), seen)));
        let observed = Observed { hosts, ..Observed::default() };
        told(&cluster(), &observed, "10.0.0.3".parse().unwrap(), |_| &[])
    }

    /// Who owns it, and what stands against each of the others: every way in which an election can end.
    #[test]
    fn what_decided_is_told() {
        let owner = || seen(true, "master", &json!({"effective_priority": 150, "base_priority": 150}));
        let cases: [(Seen, Value, &str, &str); 7] = [
            (owner(), json!({}), "backup", "lb-5 has priority 150, lb-6 100: the higher one owns it"),
            (
                owner(),
                json!({"base_priority": 200, "effective_priority": 90}),
                "backup",
                "lb-5 has priority 150, lb-6 90 (configured 200, changed by what it tracks): the higher one owns it",
            ),
            (owner(), json!({"effective_priority": 150, "base_priority": 150}), "backup", "have the same priority 150"),
            (owner(), json!({"effective_priority": 200, "base_priority": 200}), "backup", "does not take it"),
            (owner(), json!({"fault_reasons": ["eth0 is down"]}), "fault", "lb-6 may not own it: eth0 is down"),
            (owner(), json!({}), "fault", "no reason is told"),
            (
                owner(),
                json!({"withheld": true, "answered_by": "02:00:00:00:00:05"}),
                "backup",
                "because 02:00:00:00:00:05 still answers for it",
            ),
        ];
        for (lb_5, more, state, expected) in cases {
            let why = because(lb_5, Some(seen(false, state, &more)));
            assert_eq!(why.owners, ["lb-5"]);
            assert!(why.because.iter().any(|line| line.contains(expected)), "{expected}: {:?}", why.because);
        }
        let pin = json!({"pinned": {"priority": 254, "reason": "failover by ann", "expires_unix_s": 7},
                         "effective_priority": 254});
        let why = because(seen(true, "master", &pin), Some(seen(false, "backup", &json!({}))));
        assert_eq!(why.because[0], "lb-5 was promoted by hand to priority 254, which ends by itself: failover by ann");
    }

    #[test]
    fn nobody_two_and_unknown_are_three_things() {
        let standby = || seen(false, "backup", &json!({}));
        let nobody = because(standby(), Some(seen(false, "fault", &json!({"fault_reasons": ["nginx is dead"]}))));
        assert_eq!(nobody.because, ["none of those that answer has it", "lb-6 may not own it: nginx is dead"]);
        let owner = || seen(true, "master", &json!({}));
        assert_eq!(because(owner(), Some(owner())).because, ["lb-5 and lb-6 have it at once, which must never be"]);
        let half = because(owner(), None);
        assert_eq!((half.unknown.as_slice(), half.nodes.len()), (["lb-6 was not asked".to_owned()].as_slice(), 1));
        let mut bare = owner();
        bare.agent = None;
        let why = because(bare, Some(standby()));
        assert!(why.because[0].starts_with("lb-5 has it without an agent that answers"), "{why:?}");
        assert_eq!(why.unknown, ["lb-5 has no agent that answers for this address"]);
    }

    #[test]
    fn the_last_loss_is_found_in_the_past() {
        let event = |unix_ms, instance: &str, state| Event {
            unix_ms,
            instance: Some(instance.into()),
            message: format!("at {unix_ms}"),
            state: Some(state),
            lasted_ms: None,
        };
        let past = [
            event(1, "VI_1", RouterState::Master),
            event(2, "VI_1", RouterState::Backup),
            event(3, "VI_1", RouterState::Master),
            event(4, "VI_1", RouterState::Fault),
            event(5, "VI_1", RouterState::Backup),
            event(6, "VI_2", RouterState::Master),
            event(7, "VI_2", RouterState::Backup),
        ];
        let agent = seen(false, "backup", &json!({})).agent.unwrap();
        assert_eq!(node("lb-5", 9, &agent.instances[0], &past).last_lost.unwrap().unix_ms, 4);
        assert_eq!(node("lb-5", 9, &agent.instances[0], &past[..1]).last_lost, None);
    }
}
