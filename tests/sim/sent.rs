//! What a router sends is bounded by time, by its own changes of state and by what its operator says, never by what it
//! hears. Each router has a purse: time and its own changes fill it, packets empty it.

use std::collections::BTreeMap;

use hactl_engine::action::{Action, Batch, Owner, RouterId};
use hactl_engine::node::Node;
use hactl_engine::time::Instant;
use hactl_engine::vrrp::state::State;

/// The purses of one agent.
#[derive(Default)]
pub(crate) struct Sent {
    purses: BTreeMap<RouterId, Purse>,
}

struct Purse {
    packets: f64,
    since: Instant,
    state: State,
}

impl Sent {
    /// Counts what the agent has just sent. `told`: an operator or a new configuration was the cause.
    pub(crate) fn follow(&mut self, now: Instant, agent: &Node, batches: &[Batch], told: bool) -> Result<(), String> {
        for (id, router) in agent.router_ids().zip(agent.routers()) {
            let fresh = Purse { packets: MOST, since: now, state: router.state() };
            let purse = self.purses.entry(id).or_insert(fresh);
            let intervals = now.since(purse.since).as_secs_f64() / router.config().advert_interval.as_secs_f64();
            let changed = told || purse.state != router.state();
            let more = intervals * PER_INTERVAL + if changed { PER_CHANGE } else { 0.0 };
            (purse.packets, purse.since, purse.state) = ((purse.packets + more).min(MOST), now, router.state());
            let actions =
                batches.iter().filter(|batch| batch.owner == Owner::Router(id)).flat_map(|batch| &batch.actions);
            purse.packets -= actions.filter(|action| matches!(action, Action::Send { .. })).count() as f64;
            if purse.packets < 0.0 {
                return Err(format!("router {id} sends more than time and its own changes explain"));
            }
        }
        Ok(())
    }
}

/// Its own advert, and an answer to the adverts and one to the goodbyes of each of two others; one more for the jitter.
const PER_INTERVAL: f64 = 6.0;
/// A claim, a first advert and a goodbye.
const PER_CHANGE: f64 = 3.0;
const MOST: f64 = 12.0;
