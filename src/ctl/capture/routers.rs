//! Who advertises which virtual router, and how often.

use std::collections::BTreeMap;
use std::time::Duration;

use hactl_engine::wire::vrrp::Advert;
use serde::Serialize;

use crate::ctl::cluster::Vip;

/// So often two senders take turns before both are called owners: a planned move and its way back are two.
const TURNS: u32 = 3;
/// So many senders of a virtual router are kept apart: somebody may make them up.
const SENDERS_MAX: usize = 256;

/// A virtual router.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Router {
    /// Its number.
    pub vrid: u8,
    /// Whether over IPv6.
    pub ipv6: bool,
    /// The VIP of the inventory.
    pub vip: Option<String>,
}

/// All that were heard.
#[derive(Debug, Default)]
pub struct Routers {
    all: BTreeMap<Router, Senders>,
}

#[derive(Debug, Default)]
struct Senders {
    by_name: BTreeMap<String, Sender>,
    /// Who sent last, and when.
    last: Option<(String, u64)>,
    turns: u32,
}

#[derive(Debug, Clone)]
struct Sender {
    adverts: u64,
    priority: u8,
    interval: Duration,
    last: u64,
    shortest: Option<u64>,
    longest: Option<u64>,
}

/// What somebody advertised, for the summary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advertiser {
    /// The virtual router.
    pub vrid: u8,
    /// The VIP of the inventory; `None` where it has no such.
    pub vip: Option<String>,
    /// Host or address.
    pub sender: String,
    /// How many adverts.
    pub adverts: u64,
    /// The last priority, that of a goodbye aside.
    pub priority: u8,
    /// What it says to send by.
    pub interval_ms: u64,
    /// The shortest time between two of them; `None` with fewer than two.
    pub shortest_ms: Option<u64>,
    /// The longest.
    pub longest_ms: Option<u64>,
}

impl Routers {
    /// Somebody advertises; returns whom it takes turns with, if so.
    pub fn advert(&mut self, router: &Router, sender: &str, at: u64, advert: &Advert) -> Option<String> {
        let senders = self.all.entry(router.clone()).or_default();
        if senders.by_name.len() >= SENDERS_MAX && !senders.by_name.contains_key(sender) {
            return None;
        }
        let known = senders.by_name.entry(sender.to_owned()).or_insert_with(|| Sender {
            adverts: 0,
            priority: 0,
            interval: advert.interval,
            last: at,
            shortest: None,
            longest: None,
        });
        if known.adverts > 0 {
            let gap = at.saturating_sub(known.last);
            known.shortest = Some(known.shortest.map_or(gap, |least| least.min(gap)));
            known.longest = Some(known.longest.map_or(gap, |most| most.max(gap)));
        }
        (known.last, known.interval) = (at, advert.interval);
        // Whoever gives up says 0, and has not changed its mind about what it is worth.
        known.priority = if advert.priority == 0 { known.priority } else { advert.priority };
        known.adverts += 1;
        // Who gives up, or answers long after, takes no turn.
        let soon = u64::try_from(advert.interval.as_nanos()).unwrap_or(u64::MAX).saturating_mul(2);
        let last = senders.last.replace((sender.to_owned(), at));
        let (other, before) = last?;
        let turn = other != sender && advert.priority > 0 && at.saturating_sub(before) <= soon;
        senders.turns = if turn {
            senders.turns + 1
        } else if other == sender {
            senders.turns / 2
        } else {
            0
        };
        (turn && senders.turns >= TURNS).then_some(other)
    }

    /// Whether anybody advertised it.
    pub fn was_advertised(&self, vip: &Vip) -> bool {
        self.all.keys().any(|router| router.vip.as_ref() == Some(&vip.name))
    }

    /// All of them, for the summary.
    pub fn told(&self) -> Vec<Advertiser> {
        let ms = |ns: u64| ns / 1_000_000;
        let each = self.all.iter().flat_map(|(router, senders)| {
            senders.by_name.iter().map(|(sender, known)| Advertiser {
                vrid: router.vrid,
                vip: router.vip.clone(),
                sender: sender.clone(),
                adverts: known.adverts,
                priority: known.priority,
                interval_ms: u64::try_from(known.interval.as_millis()).unwrap_or(u64::MAX),
                shortest_ms: known.shortest.map(ms),
                longest_ms: known.longest.map(ms),
            })
        });
        each.collect()
    }
}

#[cfg(test)]
mod tests {
    use hactl_engine::wire::vrrp::{Auth, Version};

    use super::*;

    const MS: u64 = 1_000_000;

    fn advert(priority: u8) -> Advert {
        let addresses = [std::net::IpAddr::from([10, 0, 0, 3])].into_iter().collect();
        let interval = Duration::from_millis(700);
        Advert { version: Version::V3, vrid: 37, priority, interval, addresses, auth: Auth::None }
    }

    fn who(sequence: &[(&str, u64, u8)]) -> Option<String> {
        let router = Router { vrid: 37, ipv6: false, vip: None };
        let mut routers = Routers::default();
        let said = sequence.iter().map(|(who, at, priority)| routers.advert(&router, who, at * MS, &advert(*priority)));
        said.fold(None, |told, one| told.or(one))
    }

    #[test]
    fn a_move_and_its_way_back_are_no_two_owners() {
        let moved =
            [("a", 0, 150), ("a", 700, 150), ("b", 710, 254), ("a", 720, 0), ("b", 1400, 254), ("b", 2100, 254)];
        assert_eq!(who(&moved), None);
        let back = [("a", 2110, 254), ("b", 2120, 0), ("a", 2800, 254)];
        assert_eq!(who(&[&moved[..], &back].concat()), None);
    }

    #[test]
    fn who_takes_turns_is_told() {
        let turns = [("a", 0, 150), ("b", 100, 100), ("a", 700, 150), ("b", 800, 100)];
        assert_eq!(who(&turns).as_deref(), Some("a"));
        let slowly = turns.map(|(who, at, priority)| (who, at * 100, priority));
        assert_eq!(who(&slowly), None, "each had fallen silent");
    }

    #[test]
    fn gaps_are_measured() {
        let router = Router { vrid: 37, ipv6: true, vip: Some("VI_1".into()) };
        let mut routers = Routers::default();
        for at in [0, 700, 1500] {
            routers.advert(&router, "a", at * MS, &advert(91));
        }
        routers.advert(&router, "a", 1500 * MS, &advert(0));
        let told = routers.told();
        assert_eq!((told[0].adverts, told[0].interval_ms, told[0].priority), (4, 700, 91));
        assert_eq!((told[0].shortest_ms, told[0].longest_ms), (Some(0), Some(800)));
    }
}
