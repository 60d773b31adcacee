//! Who was in which state when, for the timeline: agents' own changes of state with their own times, and stretches in
//! which a host was not heard, of which nothing is known.

use std::collections::{BTreeMap, VecDeque};

use hactl_engine::notice::{What, state_name};
use hactl_engine::seen::Sight;
use serde::Serialize;

use crate::ctl::stream::told::{Item, News};
use crate::ctl::view::known::Known;

/// Changes that are kept of each virtual router on each host.
const CHANGES: usize = 200;

/// A change: when, on the desk's clock, and the state from then on; nothing where the host is not heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change(pub u64, pub Option<&'static str>);

/// All of them, by host and virtual router.
#[derive(Debug, Default)]
pub struct Lanes {
    lanes: BTreeMap<(String, String), VecDeque<Change>>,
}

impl Lanes {
    /// Takes what an agent tells of its own changes.
    pub fn take(&mut self, item: &Item) {
        if let Item::Host(told) = item
            && let News::Seen(sight) = &told.news
            && let Sight::Notice { notice } = &**sight
            && let What::Entered { to, .. } = &notice.what
        {
            self.change(&told.host, &notice.instance, Change(told.at_ms, Some(state_name(*to))));
        }
    }

    /// Takes how everybody is: what was in force before anybody told of it, and who is not heard now.
    pub fn look(&mut self, known: &Known, now_ms: u64) {
        for host in &known.hosts {
            let heard = host.is_heard(now_ms);
            for router in &host.routers {
                let state = heard.then(|| state_name(router.status.state));
                let lane = self.lanes.get(&(host.name.clone(), router.status.name.clone()));
                let last = lane.and_then(VecDeque::back);
                if last.is_some_and(|Change(_, known)| *known == state) {
                    continue;
                }
                let since = if heard { router.since_ms } else { host.heard_ms };
                // It was unknown until now; a change that was told stands where it happened.
                let at = match last {
                    Some(Change(last, None)) => since.filter(|since| since > last).unwrap_or(now_ms),
                    Some(Change(last, _)) => since.unwrap_or(now_ms).max(*last),
                    None => since.unwrap_or(now_ms),
                };
                self.change(&host.name, &router.status.name, Change(at, state));
            }
        }
    }

    /// Of one virtual router on one host, the oldest first.
    pub fn of(&self, host: &str, instance: &str) -> Vec<Change> {
        let lane = self.lanes.get(&(host.to_owned(), instance.to_owned()));
        lane.into_iter().flatten().cloned().collect()
    }

    fn change(&mut self, host: &str, instance: &str, change: Change) {
        let lane = self.lanes.entry((host.to_owned(), instance.to_owned())).or_default();
        let later = lane.iter().rev().take_while(|known| known.0 > change.0).count();
        let place = lane.len() - later;
        if place.checked_sub(1).and_then(|before| lane.get(before)) != Some(&change) {
            lane.insert(place, change);
        }
        if lane.len() > CHANGES {
            lane.pop_front();
        }
    }
}
