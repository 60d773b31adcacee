//! The story of one deploy: agents run as they do now, each load balancer has its turn, and time passes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use hactl_engine::conf::config::Config;
use hactl_engine::input::Link;
use hactl_engine::time::{Instant, millis};
use ipnet::IpNet;
use serde::Serialize;

use super::lan::{Lan, Port};

/// What becomes of a load balancer's agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing.
    Stays,
    /// It reads its configuration again.
    Reloads,
    /// A new process takes its place.
    Restarts,
    /// It starts where there was none.
    Starts,
}

/// A load balancer in a deploy.
pub struct Part {
    /// Its name.
    pub name: String,
    /// Interfaces with their addresses, the virtual ones too.
    pub addresses: Vec<(String, IpNet)>,
    /// What its agent runs now; `None` where there is no agent.
    pub before: Option<Config>,
    /// What it runs on the way, one step after another, each on all hosts before the next.
    pub steps: Vec<Config>,
    /// What it shall run.
    pub after: Config,
    /// How it gets there.
    pub turn: Turn,
}

impl Part {
    /// What it is given in a round, if anything; the last one is what it shall run.
    fn in_round(&self, round: usize) -> Option<&Config> {
        self.steps.iter().chain([&self.after]).nth(round)
    }
}

/// What becomes of a virtual address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// The address.
    pub address: IpAddr,
    /// Who answers for it now.
    pub before: Option<String>,
    /// Who answers for it in the end.
    pub after: Option<String>,
    /// How often it moves from one load balancer to another.
    pub moves: usize,
    /// For how long nobody answers for it meanwhile.
    pub without_owner_ms: u64,
    /// For how long two do.
    pub two_owners_ms: u64,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address;
        match (&self.before, &self.after) {
            (Some(before), Some(after)) if before == after && self.moves == 0 => {
                write!(f, "VIP {address} stays on {before}")?;
            }
            (Some(before), Some(after)) if self.moves <= 1 => {
                write!(f, "VIP {address} moves from {before} to {after}")?
            }
            (Some(before), Some(after)) => {
                write!(f, "VIP {address} moves {} times, from {before}, and ends on {after}", self.moves)?;
            }
            (None, Some(after)) => return write!(f, "VIP {address} comes to {after}"),
            (Some(before), None) => return write!(f, "VIP {address} goes from {before}"),
            (None, None) => return write!(f, "VIP {address} has no owner, before and after"),
        }
        write!(f, ", {} ms without an owner", self.without_owner_ms)?;
        match self.two_owners_ms {
            0 => Ok(()),
            two => write!(f, ", {two} ms with two"),
        }
    }
}

/// Why a rehearsal says nothing.
#[derive(Debug, thiserror::Error)]
pub enum NotRehearsed {
    /// Something that the configurations do not tell has given the address to another one.
    #[error("by the configurations {address} would be with {now}, and it is seen on {seen}")]
    Elsewhere {
        /// The address.
        address: IpAddr,
        /// Who would have it.
        now: String,
        /// Who has it.
        seen: String,
    },
    /// The agents keep each other busy.
    #[error("the agents would answer each other without an end")]
    Endless,
}

/// Between two load balancers' turns, and for a deploy's look at the whole.
const TURN: Duration = Duration::from_secs(2);
/// What no interval or delay of a configuration makes longer.
const LONGEST: Duration = Duration::from_secs(3600);

/// Rehearses a deploy. `parts` are all load balancers in the order of their turns, `owners` who is seen to have each
/// address.
///
/// # Errors
/// Why nothing can be said.
pub fn effects(parts: &[Part], owners: &BTreeMap<IpAddr, String>) -> Result<Vec<Effect>, NotRehearsed> {
    let configs = || parts.iter().flat_map(|part| part.before.iter().chain(&part.steps).chain([&part.after]));
    let virtual_ones: BTreeSet<IpAddr> = configs().flat_map(addresses_of).collect();
    let hosts = parts.iter().map(|part| (part.name.clone(), ports(&part.addresses, &virtual_ones)));
    let mut lan = Lan::new(hosts.collect(), virtual_ones.iter().copied());
    // The owners begin first: they have had their addresses for longer than the others have listened.
    let owns = |part: &Part| owners.values().any(|owner| *owner == part.name);
    let (first, then): (Vec<&Part>, Vec<&Part>) = parts.iter().partition(|part| owns(part));
    for part in first.into_iter().chain(then) {
        let (Some(at), Some(before)) = (lan.index(&part.name), &part.before) else { continue };
        let its = owners.iter().filter(|(_, owner)| **owner == part.name).map(|(address, _)| *address);
        lan.give(at, its);
        lan.start(at, before);
    }
    let rest = configs().map(rest).max().unwrap_or_default();
    lan.pass(rest);
    for (address, owner) in owners.iter().filter(|(address, _)| virtual_ones.contains(address)) {
        let now = owner_at(&lan, *address, lan.now());
        if now.as_ref() != Some(owner) {
            let now = now.unwrap_or_else(|| "nobody".into());
            return Err(NotRehearsed::Elsewhere { address: *address, now, seen: owner.clone() });
        }
    }
    let begin = lan.now();
    let rounds = parts.iter().map(|part| part.steps.len()).max().unwrap_or_default();
    for round in 0..=rounds {
        for part in parts {
            let Some(at) = lan.index(&part.name) else { continue };
            let Some(config) = part.in_round(round) else { continue };
            match part.turn {
                Turn::Stays => continue,
                Turn::Restarts if round == 0 => lan.restart(at, config),
                Turn::Starts if round == 0 => lan.start(at, config),
                _ => lan.reload(at, config),
            }
            lan.pass(TURN);
        }
        lan.pass(rest);
    }
    if lan.ran_away() {
        return Err(NotRehearsed::Endless);
    }
    let gone: BTreeSet<IpAddr> = {
        let left: BTreeSet<IpAddr> = parts.iter().flat_map(|part| addresses_of(&part.after)).collect();
        virtual_ones.difference(&left).copied().collect()
    };
    Ok(virtual_ones.iter().map(|address| effect(&lan, *address, begin, gone.contains(address))).collect())
}

fn addresses_of(config: &Config) -> Vec<IpAddr> {
    let all = config.instances.iter().flat_map(|one| one.addresses.iter().chain(&one.excluded));
    all.map(|one| one.address.addr()).collect()
}

/// How long a pair may take to come to rest: three intervals and a skew, announcements, delays that somebody asked for.
fn rest(config: &Config) -> Duration {
    let of = config.instances.iter().map(|one| one.advert_interval * 5 + one.preempt_delay);
    (of.max().unwrap_or_default() + Duration::from_secs(10)).min(LONGEST)
}

fn ports(addresses: &[(String, IpNet)], virtual_ones: &BTreeSet<IpAddr>) -> Vec<Port> {
    let mut by_name: BTreeMap<&str, Vec<IpNet>> = BTreeMap::new();
    for (name, net) in addresses.iter().filter(|(name, net)| name != "lo" && !virtual_ones.contains(&net.addr())) {
        by_name.entry(name).or_default().push(*net);
    }
    let port = |(index, (name, nets)): (u32, (&str, Vec<IpNet>))| {
        // Whose it is tells its first address.
        let mac = match nets.first().map(IpNet::addr) {
            Some(IpAddr::V4(v4)) => {
                let [a, b, c, d] = v4.octets();
                [2, a, b, c, d, 0]
            }
            Some(IpAddr::V6(v6)) => {
                let [.., a, b, c, d] = v6.octets();
                [6, a, b, c, d, 0]
            }
            None => [0; 6],
        };
        let link =
            Link { index, name: name.to_owned(), up: true, mac, addresses: nets.iter().map(IpNet::addr).collect() };
        Port { link, nets }
    };
    (2..).zip(by_name).map(port).collect()
}

fn owner_at(lan: &Lan, address: IpAddr, moment: Instant) -> Option<String> {
    let who = lan.history(address).iter().rev().find(|(since, _)| *since <= moment).map(|(_, who)| who)?;
    who.first().map(|at| lan.name(*at).to_owned())
}

fn effect(lan: &Lan, address: IpAddr, begin: Instant, goes: bool) -> Effect {
    let end = lan.now();
    let history = lan.history(address);
    let (mut nobody, mut two, mut moves) = (Duration::ZERO, Duration::ZERO, 0);
    let mut last: Option<usize> = None;
    for (n, (since, who)) in history.iter().enumerate() {
        let until = history.get(n + 1).map_or(end, |(next, _)| *next);
        if until < begin {
            continue;
        }
        let time = until.since((*since).max(begin));
        match who.len() {
            0 => nobody += time,
            1 => {
                let owner = who.first().copied();
                moves += usize::from(last.is_some() && last != owner);
                last = owner;
            }
            _ => two += time,
        }
    }
    let (before, after) = (owner_at(lan, address, begin), owner_at(lan, address, end));
    let waits = before.is_some() && !goes;
    Effect {
        address,
        before,
        after,
        moves,
        without_owner_ms: if waits { millis(nobody) } else { 0 },
        two_owners_ms: millis(two),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        let parsed = hactl_engine::conf::parse("test", text);
        assert!(parsed.config.instances.len() == 1, "{text}");
        parsed.config
    }

    fn pair(vrid: u8, priorities: [u8; 2], more: &str) -> [Config; 2] {
        priorities.map(|priority| {
            config(&format!(
                "hactl {{\n lease on\n guard on\n peers 10.0.0.5 10.0.0.6\n}}\nvrrp_instance VI_1 {{\n interface eth0\n \
                 virtual_router_id {vrid}\n priority {priority}\n advert_int 1\n {more}\n virtual_ipaddress {{\n 10.0.0.3/24\n }}\n}}\n"
            ))
        })
    }

    /// lb-6 first, then lb-5, which owns the VIP.
    fn deploy(before: Option<[Config; 2]>, after: [Config; 2], turn: Turn) -> Result<Effect, NotRehearsed> {
        deploy_by(before, &[], after, turn)
    }

    /// The same by steps.
    fn deploy_by(
        before: Option<[Config; 2]>,
        steps: &[[Config; 2]],
        after: [Config; 2],
        turn: Turn,
    ) -> Result<Effect, NotRehearsed> {
        let [now5, now6] = before.map_or([None, None], |pair| pair.map(Some));
        let [then5, then6] = after;
        let part = |last: u8, before: Option<Config>, after| {
            let at = usize::from(last == 6);
            let own: IpNet = format!("10.0.0.{last}/24").parse().unwrap();
            Part {
                name: format!("lb-{last}"),
                addresses: vec![("eth0".into(), own)],
                before,
                steps: steps.iter().map(|pair| pair[at].clone()).collect(),
                after,
                turn,
            }
        };
        let owners = now5.as_ref().map(|_| ("10.0.0.3".parse().unwrap(), "lb-5".to_owned())).into_iter().collect();
        let parts = [part(6, now6, then6), part(5, now5, then5)];
        effects(&parts, &owners).map(|mut all| all.remove(0))
    }

    #[test]
    fn a_reload_and_a_restart_leave_it_where_it_is() {
        for turn in [Turn::Reloads, Turn::Restarts] {
            let effect =
                deploy(Some(pair(3, [150, 100], "")), pair(3, [150, 100], "garp_master_delay 1"), turn).unwrap();
            assert_eq!(effect.to_string(), "VIP 10.0.0.3 stays on lb-5, 0 ms without an owner", "{turn:?}");
        }
    }

    #[test]
    fn another_vrid_with_the_guard_leaves_it_too() {
        let effect = deploy(Some(pair(3, [150, 100], "")), pair(51, [150, 100], ""), Turn::Reloads).unwrap();
        assert_eq!(effect.to_string(), "VIP 10.0.0.3 stays on lb-5, 0 ms without an owner");
    }

    #[test]
    fn another_order_moves_it_once() {
        let effect = deploy(Some(pair(3, [150, 100], "")), pair(3, [100, 150], ""), Turn::Reloads).unwrap();
        assert!(effect.to_string().starts_with("VIP 10.0.0.3 moves from lb-5 to lb-6, "), "{effect}");
        assert!(effect.without_owner_ms <= 10, "{effect}");
    }

    /// Without the guard the one that changes first hears nobody, and claims it as well: the rehearsal finds what E431
    /// refuses.
    #[test]
    fn another_vrid_without_the_guard_gives_it_two_owners() {
        let bare = |vrid| {
            pair(vrid, [150, 100], "version 3\n advert_int 0.3").map(|mut config| {
                config.own.guard = false;
                config.own.lease = false;
                config
            })
        };
        let effect = deploy(Some(bare(3)), bare(51), Turn::Reloads).unwrap();
        assert!(effect.two_owners_ms > 0, "{effect:?}");
    }

    /// Signed adverts without the guard: at once the first to sign would not be understood, by steps everybody is.
    #[test]
    fn what_goes_by_steps_is_rehearsed_by_steps() {
        let signed = |mode: &str| {
            let hmac = match mode {
                "" => String::new(),
                mode => format!("auth_hmac {{\n key 1 file:/etc/hactl/vrrp-1.key\n mode {mode}\n }}"),
            };
            pair(3, [150, 100], &format!("version 3\n advert_int 0.3\n {hmac}")).map(|mut config| {
                config.own.guard = false;
                config.own.lease = false;
                config
            })
        };
        let at_once = deploy(Some(signed("")), signed("enforce"), Turn::Reloads).unwrap();
        assert!(at_once.two_owners_ms > 0, "{at_once:?}");
        let steps = [signed("receive-only"), signed("permissive")];
        let effect = deploy_by(Some(signed("")), &steps, signed("enforce"), Turn::Reloads).unwrap();
        assert_eq!(effect.to_string(), "VIP 10.0.0.3 stays on lb-5, 0 ms without an owner");
        let both = |active: u8| signed(&format!("enforce\n key 7 file:/etc/hactl/vrrp-7.key\n active_key {active}"));
        let new = signed("enforce").map(|mut config| {
            let hmac = std::sync::Arc::make_mut(&mut config.instances[0]).hmac.as_mut().unwrap();
            (hmac.keys[0].id, hmac.active) = (7, 7);
            config
        });
        let effect = deploy_by(Some(signed("enforce")), &[both(1), both(7)], new, Turn::Reloads).unwrap();
        assert_eq!(effect.to_string(), "VIP 10.0.0.3 stays on lb-5, 0 ms without an owner");
    }

    #[test]
    fn a_first_deploy_brings_it() {
        let effect = deploy(None, pair(3, [150, 100], ""), Turn::Starts).unwrap();
        assert_eq!(effect.to_string(), "VIP 10.0.0.3 comes to lb-5");
    }

    #[test]
    fn what_does_not_come_to_what_is_seen_says_nothing() {
        let why = deploy(Some(pair(3, [100, 150], "")), pair(3, [100, 150], ""), Turn::Reloads).unwrap_err();
        assert!(matches!(&why, NotRehearsed::Elsewhere { now, seen, .. } if now == "lb-6" && seen == "lb-5"), "{why}");
    }
}
