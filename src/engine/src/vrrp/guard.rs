//! The guard: before an address is claimed the LAN is asked who answers for it. A silent master that still answers is
//! alive, and its adverts are lost on the way: claiming would make two owners.

use std::net::IpAddr;
use std::time::Duration;

use super::counters::Counter;
use super::fsm::{Event, LINGER, State};
use super::router::{Context, Router, Timer};
use crate::action::{Action, Frame};
use crate::notice::{What, mac_text};
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
        let at_home = self.link_addresses(ctx).iter().any(|at| at.link == link && at.address.address.addr() == address);
        if ours || !at_home || !self.settings.guard {
            return;
        }
        self.claim = Some(Claim { address, mac, at: ctx.now });
        match self.state {
            // The next master has announced itself, also where its adverts do not reach us.
            State::Handover(_) => self.linger(LINGER, ctx),
            // Not at once: a promoted router announces itself a moment before its advert arrives.
            State::Master if ctx.timers.at((self.id, Timer::Quarrel)).is_none() => {
                self.quarrel_asked = None;
                self.arm(Timer::Quarrel, self.config.advert_interval / 2, ctx);
            }
            State::Master | State::Initialize | State::Backup | State::Fault | State::Stopped => {}
        }
    }

    /// Another host claimed the address, and half an interval later this router is still master. A last packet of the
    /// old master proves nothing, so the LAN is asked. Who still answers holds the address, and adverts have not settled
    /// it: the one that came later gives way, since the other serves and does not hear us.
    pub(super) fn quarrel(&mut self, ctx: &mut Context<'_>) {
        let (State::Master, Some(Claim { address, mac, at })) = (self.state, self.claim) else { return };
        let Some(asked) = self.quarrel_asked.take() else {
            self.quarrel_asked = Some(ctx.now);
            self.ask(ctx);
            self.arm(Timer::Quarrel, self.config.advert_interval / 2, ctx);
            return;
        };
        if at < asked {
            return; // nobody answered
        }
        self.count(Counter::DuplicatesSeen);
        let age = self.last_transition.as_ref().map_or(Duration::MAX, |(at, _)| ctx.now.since(*at));
        if age < self.view(ctx).master_down() + self.config.advert_interval {
            self.yielded_until = Some(ctx.now.after(YIELD));
            let reason =
                format!("{} still answers for {address}: it does not hear us, so this node yields", mac_text(&mac));
            self.apply(Event::Yield, &reason, ctx);
            return;
        }
        self.tell_once("duplicate", What::Duplicate { address, mac }, ctx);
        // Priority decides: whoever else is master hears us, and the caches hear whose the address is.
        self.advertise(self.priority(), ctx);
        self.announce(1, ctx);
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
        self.probing_since.get_or_insert(ctx.now);
        self.ask(ctx);
        // Some more before the time is up: one frame may be lost.
        let left = down.since(ctx.now);
        let pause = (left / 2).max(PROBE_PAUSE_MIN);
        if pause < left {
            self.arm(Timer::Probe, pause, ctx);
        }
    }

    fn ask(&self, ctx: &mut Context<'_>) {
        let Some(at) = self.link_addresses(ctx).into_iter().next() else { return };
        let Some(link) = ctx.links.get(at.link) else { return };
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
/// So long a router that yielded lets a lower master be.
const YIELD: Duration = Duration::from_secs(60);
