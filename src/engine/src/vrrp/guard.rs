//! The guard: before an address is claimed the LAN is asked who answers for it. A silent master that still answers is
//! alive, and its adverts are lost on the way: claiming would make two owners.

use std::net::IpAddr;
use std::time::Duration;

use super::counters::Counter;
use super::fsm::State;
use super::router::{Context, Router, Timer};
use crate::action::{Action, Frame};
use crate::notice::What;
use crate::time::Instant;
use crate::wire::arp::Mac;
use crate::wire::{arp, ndisc};

/// Who said last that one of our addresses is his.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The address.
    pub address: IpAddr,
    /// Who.
    pub mac: Mac,
    /// When.
    pub at: Instant,
}

impl Router {
    /// Another host said that an address of ours is his.
    pub fn claimed(&mut self, link: u32, address: IpAddr, mac: Mac, ctx: &mut Context<'_>) {
        let ours = ctx.links.values().any(|link| link.mac == mac);
        let held_here =
            self.link_addresses(ctx).iter().any(|at| at.link == link && at.address.address.addr() == address);
        if ours || !held_here {
            return;
        }
        self.claim = Some(Claim { address, mac, at: ctx.now });
        // The old master may answer for a moment after a takeover; that is its handover, not a quarrel.
        let settled = self.last_transition.as_ref().is_none_or(|(at, _)| ctx.now.since(*at) >= SETTLED);
        if self.state == State::Master && settled {
            self.count(Counter::DuplicatesSeen);
            self.tell_once("duplicate", What::Duplicate { address, mac }, ctx);
            // Priority decides: whoever else is master hears us, and the caches hear whose the address is.
            if self.last_rebuttal.is_none_or(|at| ctx.now.since(at) >= self.config.advert_interval) {
                self.last_rebuttal = Some(ctx.now);
                self.advertise(self.priority(), ctx);
                self.announce(1, ctx);
            }
        }
    }

    /// The master-down timer was armed: ask in its last part, so that asking costs no time.
    pub(super) fn plan_probes(&mut self, after: Duration, ctx: &mut Context<'_>) {
        if self.settings.guard {
            self.arm(Timer::Probe, after - probe_window(after), ctx);
        }
    }

    /// Asks who answers for the first address: they all move together.
    pub(super) fn probe(&mut self, ctx: &mut Context<'_>) {
        if self.state != State::Backup {
            return;
        }
        let Some(down) = ctx.timers.at((self.id, Timer::MasterDown)) else { return };
        let Some(at) = self.link_addresses(ctx).into_iter().next() else { return };
        let Some(link) = ctx.links.get(&at.link) else { return };
        self.probing_since.get_or_insert(ctx.now);
        let frame = match at.address.address.addr() {
            IpAddr::V4(address) => Frame {
                link: at.link,
                destination: arp::BROADCAST,
                ethertype: arp::ETHERTYPE,
                payload: arp::probe(address, link.mac).emit(),
            },
            IpAddr::V6(address) => Frame {
                link: at.link,
                destination: ndisc::solicited_node_mac(address),
                ethertype: ndisc::ETHERTYPE,
                payload: ndisc::probe(address),
            },
        };
        ctx.actions.push(Action::Probe(vec![frame]));
        // Some more before the time is up: one frame may be lost.
        let left = down.since(ctx.now);
        let pause = (left / 2).max(PROBE_PAUSE_MIN);
        if pause < left {
            self.arm(Timer::Probe, pause, ctx);
        }
    }

    /// Whether the guard forbids to claim now. The wait then begins anew, one interval long.
    pub(super) fn guard_forbids(&mut self, ctx: &mut Context<'_>) -> bool {
        let asked = self.probing_since.take();
        let (Some(asked), Some(claim)) = (asked, self.claim) else { return self.unblock() };
        // A goodbye or a lower master's adverts are no silence: whoever answers then is about to stop.
        let silent =
            self.goodbye.is_none() && self.last_heard.is_none_or(|at| ctx.now.since(at) >= self.config.advert_interval);
        if !silent || claim.at < asked {
            return self.unblock();
        }
        self.blocked = true;
        self.count(Counter::ClaimsWithheld);
        let (address, mac) = (claim.address, claim.mac);
        self.tell_once("blocked", What::HeartbeatBlocked { address, mac }, ctx);
        self.start_master_down(self.config.advert_interval, ctx);
        true
    }

    fn unblock(&mut self) -> bool {
        self.blocked = false;
        false
    }
}

/// How long before the end of the wait the asking begins.
fn probe_window(wait: Duration) -> Duration {
    (wait / 3).min(PROBE_WINDOW_MAX)
}

/// Longest time of asking: answers on a LAN take a millisecond.
const PROBE_WINDOW_MAX: Duration = Duration::from_millis(500);
/// Shortest pause between two probes.
const PROBE_PAUSE_MIN: Duration = Duration::from_millis(2);
/// After this time as master another answer is a duplicate.
const SETTLED: Duration = Duration::from_secs(1);
