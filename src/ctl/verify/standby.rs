//! The verdict on who waits: a standby that hears no adverts, or that nobody could reach, is none, however good the
//! owner looks. Firewalls that run there are named.

use std::time::Duration;

use hactl_engine::control::{InstanceStatus, RouterState};

use crate::ctl::cluster::{Cluster, Host};
use crate::ctl::look::observe::{Observed, Seen};
use crate::error::{Code, Problem};

/// Adverts may be missing for so many intervals; after as many a standby without guard would take the VIP.
const INTERVALS: u64 = 3;
/// And so much longer, for a busy host.
const SLACK: Duration = Duration::from_millis(300);

/// Judges the load balancers that do not own. Empty means good.
pub fn judge(cluster: &Cluster, observed: &Observed) -> Vec<Problem> {
    let mut problems = Vec::new();
    for host in cluster.agents() {
        let Some(seen) = observed.hosts.get(&host.name).filter(|seen| seen.reachable) else { continue };
        for instance in seen.agent.iter().flat_map(|agent| &agent.instances) {
            let now = seen.agent.as_ref().map_or(0, |agent| agent.now_unix_ms);
            problems.extend(deaf(cluster, host, seen, instance, now).or_else(|| mute(observed, host, instance)));
            problems.extend(duplicate(observed, host, instance));
        }
        problems.extend(unheard(cluster, observed, host, seen));
    }
    problems
}

/// A standby that hears nobody.
fn deaf(cluster: &Cluster, host: &Host, seen: &Seen, instance: &InstanceStatus, now_ms: u64) -> Option<Problem> {
    if instance.state != RouterState::Backup {
        return None;
    }
    // One that never heard any has been listening since it became backup.
    let silent_ms = instance.last_advert_ms.or_else(|| Some(now_ms.saturating_sub(instance.last_transition?)))?;
    let silent = Duration::from_millis(silent_ms);
    if silent <= Duration::from_millis(instance.advert_interval_ms.saturating_mul(INTERVALS)) + SLACK {
        return None;
    }
    let message = format!(
        "{}: {} stands by, but has heard no advert for {:.1} s",
        host.name,
        instance.name,
        silent.as_secs_f64()
    );
    let (why, next) = cause(cluster, host, seen, instance);
    Some(Problem::new(Code::DeafStandby, message).why(why).next(next))
}

/// A standby that is to be owner, hears who is, and is not heard.
fn mute(observed: &Observed, host: &Host, instance: &InstanceStatus) -> Option<Problem> {
    if !instance.withheld || instance.state != RouterState::Backup {
        return None;
    }
    let owns = |seen: &Seen| {
        let mut instances = seen.agent.iter().flat_map(|agent| &agent.instances);
        instances.any(|other| other.name == instance.name && other.state == RouterState::Master)
    };
    let owner = observed.hosts.iter().find(|(name, seen)| **name != host.name && owns(seen));
    let whom = owner.map_or("another host", |(name, _)| name);
    let message = format!(
        "{}: {} claims the VIP with priority {}, but {whom} still answers for it",
        host.name, instance.name, instance.effective_priority
    );
    let same = |other: &&InstanceStatus| other.name == instance.name;
    let theirs = owner.and_then(|(_, seen)| seen.agent.as_ref()?.instances.iter().find(same));
    let (why, next) = match (theirs.and_then(refused), owner.and_then(|(_, seen)| firewall(seen))) {
        (Some((why, next)), _) => (format!("{whom} {why}"), next),
        (None, Some((unit, allow))) => (format!("{unit} runs on {whom} and may drop the adverts"), allow),
        (None, None) => (
            "its adverts do not arrive there, or what answers does not take part in the election".to_owned(),
            format!(
                "allow IP protocol 112 and 224.0.0.18 between the load balancers; `tcpdump -ni any ip proto 112` on {whom}"
            ),
        ),
    };
    let next = format!("{next}; meanwhile `hactl failover --to {}` moves the VIP over SSH", host.name);
    Some(Problem::new(Code::Unheard, message).why(why).next(next))
}

/// Why adverts that arrived were not taken, and what to do about it, by what was counted.
fn refused(instance: &InstanceStatus) -> Option<(String, String)> {
    let count = |name: &str| instance.counters.get(name).copied().unwrap_or_default();
    let reasons = [
        ("bad_auth", "another password", "give all load balancers the same `auth`: `hactl deploy`"),
        ("bad_version", "another VRRP version", "give all load balancers the same `version`: `hactl deploy`"),
        ("bad_interval", "another interval", "give all load balancers the same `interval`: `hactl deploy`"),
        ("bad_source", "a sender that is no peer", "name every load balancer in the inventory: `hactl deploy`"),
        (
            "bad_destination",
            "unicast where multicast is meant, or the other way",
            "`hactl deploy` on all load balancers",
        ),
        ("bad_ttl", "a TTL that says it was routed", "see what forwards adverts between the load balancers"),
        ("bad_packet", "broken packets", "`tcpdump -vni any ip proto 112` there"),
    ];
    let (counter, what, next) = reasons.iter().find(|(counter, ..)| count(counter) > 0)?;
    Some((format!("refused {} adverts because of {what} ({counter})", count(counter)), (*next).to_owned()))
}

/// Why it hears nothing, from what it counted and what runs there.
fn cause(cluster: &Cluster, host: &Host, seen: &Seen, instance: &InstanceStatus) -> (String, String) {
    let none = "it cannot know when the master fails";
    if let Some((why, next)) = refused(instance) {
        return (format!("{none}: it {why}"), next);
    }
    let held = match instance.counters.get("claims_withheld").copied().unwrap_or_default() {
        0 => String::new(),
        n => format!(", and since its start it withheld its claim {n} times because the VIP still answered"),
    };
    match firewall(seen) {
        Some((unit, allow)) => (format!("{none}{held}; {unit} runs there and may drop IP protocol 112"), allow),
        None => (
            format!("{none}{held}; {}", on_the_way(cluster, instance)),
            format!(
                "allow IP protocol 112 and 224.0.0.18 on both load balancers and between them; `tcpdump -ni any ip proto 112` on {}",
                host.name
            ),
        ),
    }
}

/// What may drop adverts between the hosts. A switch that learns who wants which multicast (IGMP snooping, RFC 4541)
/// forgets it after some minutes where nobody on the LAN asks (no querier): adverts come through at first, and then no
/// more. Hosts cannot see that; it is named where it fits.
fn on_the_way(cluster: &Cluster, instance: &InstanceStatus) -> String {
    let drops = "something drops IP protocol 112 on the way";
    let multicast = cluster.vips.iter().any(|vip| vip.vrid == instance.vrid && !vip.unicast);
    match instance.last_advert_ms {
        Some(_) if multicast => format!(
            "{drops}. It heard adverts until then: a switch with IGMP snooping (MLD snooping for IPv6) and no querier does \
             that some minutes after hosts have joined; `unicast: yes` needs no multicast"
        ),
        _ => drops.to_owned(),
    }
}

/// A firewall that runs on a host, and how to let VRRP and the web through it.
pub fn firewall(seen: &Seen) -> Option<(&str, String)> {
    let unit = seen.firewalls.first()?;
    let allow = match unit.as_str() {
        "firewalld" => {
            "there: `firewall-cmd --permanent --add-protocol=vrrp --add-service=http && firewall-cmd --reload`"
        }
        "ufw" => {
            "there: `ufw allow http`, and `-A ufw-before-input -p 112 -j ACCEPT` in /etc/ufw/before.rules, then `ufw reload`"
        }
        _ => {
            "there: accept `ip protocol 112` and the service's port in /etc/nftables.conf, then `systemctl reload nftables`"
        }
    };
    Some((unit, allow.to_owned()))
}

/// A load balancer whose web server answers neither the others nor the desk.
pub fn unheard(cluster: &Cluster, observed: &Observed, host: &Host, seen: &Seen) -> Option<Problem> {
    let others =
        observed.hosts.iter().filter_map(|(name, other)| Some((name.as_str(), other.peers.get(&host.name)?.is_none())));
    let asked: Vec<(&str, bool)> =
        others.chain(observed.direct.get(&host.name).map(|answers| ("this desk", *answers))).collect();
    let elsewhere = asked.iter().any(|(name, _)| *name != "this desk");
    if !elsewhere || asked.iter().any(|(_, answers)| *answers) {
        return None;
    }
    let whom = asked.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" and ");
    let message = format!("{}: nothing answers {whom} on port {}", host.name, cluster.site.port);
    let instances = seen.agent.iter().flat_map(|agent| &agent.instances);
    let harm = match instances.clone().any(|instance| instance.state == RouterState::Master) {
        true => "it owns the VIP, so clients get no answer; `hactl failover` moves it to another one meanwhile",
        false => "with the VIP there clients would get no answer",
    };
    let problem = Problem::new(Code::SilentBalancer, message).why(match firewall(seen) {
        Some((unit, _)) => format!("{harm}; {unit} runs there"),
        None => harm.to_owned(),
    });
    Some(problem.next(match (firewall(seen), seen.nginx) {
        (Some((_, allow)), true) => allow,
        (_, true) => format!("on {}: `ss -ltn`, `nft list ruleset`; something drops the packets", host.name),
        (_, false) => format!("nginx does not run: `systemctl status nginx` on {}", host.name),
    }))
}

/// Somebody who is no host of the cluster answers for the addresses of an owner.
fn duplicate(observed: &Observed, host: &Host, instance: &InstanceStatus) -> Option<Problem> {
    let mac = instance.answered_by.as_ref().filter(|_| instance.state == RouterState::Master)?;
    if observed.hosts.values().any(|seen| seen.macs.contains(mac)) {
        return None;
    }
    let message = format!("{}: a stranger at {mac} answered for the addresses of {} as well", host.name, instance.name);
    let problem = Problem::new(Code::ForeignAnswer, message).why("some clients may reach that machine instead");
    Some(problem.next(format!("find it (`ip neigh` on {}), and take the address from it", host.name)).warn())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::ctl::inventory::load::parse;

    /// lb-5 is master; what lb-6 says is given.
    fn scene(standby: &serde_json::Value) -> (Cluster, Observed) {
        let cluster = parse(Path::new("x.yaml"), include_str!("../../../inventories/homework.yaml")).unwrap().cluster;
        let mut instance = json!({"name": "VI_1", "state": "BACKUP", "interface": "eth0", "vrid": 3, "base_priority": 100,
            "effective_priority": 100, "advert_interval_ms": 700, "addresses": [], "master": null, "master_priority": null,
            "last_advert_ms": 650, "last_transition": 1000, "last_reason": null, "pinned": null});
        instance.as_object_mut().unwrap().extend(standby.as_object().unwrap().clone());
        let agent = json!({"version": "0", "pid": 1, "started_unix_s": 0, "now_unix_ms": 9000, "config": "", "instances": [instance]});
        let mut seen = Seen { reachable: true, nginx: true, ..Seen::default() };
        seen.agent = Some(serde_json::from_value(agent).unwrap());
        let mut observed = Observed::default();
        observed.hosts.insert("lb-6".into(), seen);
        (cluster, observed)
    }

    fn only(cluster: &Cluster, observed: &Observed) -> Problem {
        let mut problems = judge(cluster, observed);
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems.remove(0)
    }

    #[test]
    fn a_standby_that_hears_nobody_is_none() {
        for (standby, good) in [
            (json!({"last_advert_ms": 2399}), true),
            (json!({"last_advert_ms": 2401}), false),
            (json!({"last_advert_ms": null}), false),
            (json!({"last_advert_ms": null, "last_transition": 8000}), true),
            (json!({"last_advert_ms": 22_900, "state": "MASTER"}), true),
        ] {
            let (cluster, observed) = scene(&standby);
            assert_eq!(judge(&cluster, &observed).is_empty(), good, "{standby}");
        }
        for (heard, hint) in [(json!(22_900), true), (json!(null), false)] {
            let (cluster, observed) = scene(&json!({"last_advert_ms": heard}));
            assert_eq!(only(&cluster, &observed).to_string().contains("IGMP snooping"), hint, "{heard}");
        }
        let (cluster, mut observed) = scene(&json!({"last_advert_ms": 22_900, "counters": {"claims_withheld": 7}}));
        observed.hosts.get_mut("lb-6").unwrap().firewalls = vec!["firewalld".into()];
        let problem = only(&cluster, &observed).to_string();
        for part in [
            "E716",
            "lb-6: VI_1 stands by, but has heard no advert for 22.9 s",
            "withheld its claim 7 times",
            "--add-protocol=vrrp",
        ] {
            assert!(problem.contains(part), "{part} is not in {problem}");
        }
        let (cluster, observed) =
            scene(&json!({"last_advert_ms": 22_900, "counters": {"bad_auth": 37, "claims_withheld": 7}}));
        assert!(only(&cluster, &observed).to_string().contains("refused 37 adverts because of another password"));
    }

    #[test]
    fn a_standby_that_is_not_heard_is_none() {
        let (cluster, mut observed) = scene(&json!({"withheld": true}));
        let owner = json!({"state": "MASTER"});
        let (_, other) = scene(&owner);
        observed.hosts.extend(other.hosts.into_values().map(|seen| ("lb-5".to_owned(), seen)));
        let problem = only(&cluster, &observed);
        assert_eq!(problem.code.id(), "E719");
        assert_eq!(problem.message, "lb-6: VI_1 claims the VIP with priority 100, but lb-5 still answers for it");
        observed.hosts.get_mut("lb-5").unwrap().firewalls = vec!["ufw".into()];
        assert!(only(&cluster, &observed).to_string().contains("ufw runs on lb-5"));
    }

    #[test]
    fn a_standby_that_answers_nobody_is_none() {
        let (cluster, mut observed) = scene(&json!({}));
        observed.hosts.insert(
            "lb-5".into(),
            Seen {
                reachable: true,
                peers: [("lb-6".to_owned(), Some("connection refused".to_owned()))].into(),
                ..Seen::default()
            },
        );
        let problem = only(&cluster, &observed);
        assert_eq!((problem.code.id(), problem.message.as_str()), ("E717", "lb-6: nothing answers lb-5 on port 80"));
        observed.direct.insert("lb-6".into(), false);
        assert_eq!(only(&cluster, &observed).message, "lb-6: nothing answers lb-5 and this desk on port 80");
        observed.direct.insert("lb-6".into(), true);
        assert_eq!(judge(&cluster, &observed), [], "a rule between the two balancers alone harms nobody");
    }

    #[test]
    fn a_stranger_that_answers_too_is_a_warning() {
        let (cluster, mut observed) = scene(&json!({"state": "MASTER", "answered_by": "02:00:00:00:00:37"}));
        let problem = only(&cluster, &observed);
        assert!(problem.warning && problem.message.contains("02:00:00:00:00:37"));
        assert_eq!(problem.code.id(), "E718");
        observed.hosts.get_mut("lb-6").unwrap().macs = vec!["02:00:00:00:00:37".into()];
        assert_eq!(judge(&cluster, &observed), [], "one of ours");
    }
}
