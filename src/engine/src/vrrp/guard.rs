//! The guard: before an address is claimed the LAN is asked who answers for it. A silent master that still answers is
//! alive, and its adverts are lost on the way: claiming would make two owners. A master that is known to live is told
//! first, and asked until it lets go.

use std::net::IpAddr;
use std::time::Duration;

use super::counters::Counter;
use super::deadline::LISTEN_GUARDED;
use super::fsm::{Event, State};
use super::router::{Context, Router, Timer, recently};
use super::view::LINGER;
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

/// A claim that waits for the old master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asking {
    begun: Instant,
    last: Instant,
    /// Questions in a row that nobody answered, and how many of them are an answer.
    silent: u32,
    enough: u32,
}

impl Router {
    /// Another host said that an address of ours is his.
    pub fn claimed(&mut self, link: u32, address: IpAddr, mac: Mac, ctx: &mut Context<'_>) {
        let ours = ctx.links.values().any(|link| link.mac == mac);
        let at_home = self.link_addresses(ctx).iter().any(|at| at.link == link && at.address.address.addr() == address);
        if ours || !at_home || !self.settings.guard {
            return;
        }
        // Of all that answer one question the one that wins a contest counts.
        let rival = self.claim.filter(|claim| self.quarrel_asked.is_some_and(|asked| claim.at >= asked));
        let mac = rival.map_or(mac, |claim| claim.mac.max(mac));
        self.claim = Some(Claim { address, mac, at: ctx.now });
        match self.state {
            // The next master has announced itself, also where its adverts do not reach us.
            State::Handover(_) => {
                if !self.view(ctx).handed_over {
                    self.shorten_lease(ctx);
                }
                self.linger(LINGER, ctx);
            }
            // Not at once: a promoted router announces itself a moment before its advert arrives.
            State::Master if ctx.timers.at((self.id, Timer::Quarrel)).is_none() => {
                self.quarrel_asked = None;
                let patience = if self.view(ctx).just_claimed { SETTLE } else { self.config.advert_interval / 2 };
                self.arm(Timer::Quarrel, patience, ctx);
            }
            State::Master | State::Initialize | State::Backup | State::Claiming | State::Fault | State::Stopped => {}
        }
    }

    /// Another host claimed the address, and a while later this router is still master. A last packet of the old master
    /// proves nothing, so the LAN is asked. Who still answers holds the address, and adverts have not settled it.
    pub(super) fn quarrel(&mut self, ctx: &mut Context<'_>) {
        let (State::Master, Some(Claim { address, mac, at })) = (self.state, self.claim) else { return };
        let age = self.last_transition.as_ref().map_or(Duration::MAX, |(at, _)| ctx.now.since(*at));
        let Some(asked) = self.quarrel_asked.take() else {
            self.quarrel_asked = Some(ctx.now);
            self.ask(ctx);
            let patience = if age < CONTEST { self.answer_time() } else { self.config.advert_interval / 2 };
            self.arm(Timer::Quarrel, patience, ctx);
            return;
        };
        if at < asked {
            return; // nobody answered
        }
        self.count(Counter::DuplicatesSeen);
        let them = mac_text(&mac);
        if age < CONTEST {
            // Both claimed in the same moment, and neither heard the other's advert: what both can see decides.
            if self.home(ctx).is_some_and(|link| link.mac < mac) {
                let reason = format!("{them} claimed {address} in the same moment: its hardware address is the higher");
                self.apply(Event::Yield, &reason, ctx);
            }
            return;
        }
        if age < self.view(ctx).master_down() + self.config.advert_interval {
            // The one that came later gives way: the other serves, and does not hear it.
            self.yielded_until = Some(ctx.now.after(YIELD));
            let reason = format!("{them} still answers for {address}: it does not hear us, so this node yields");
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
        self.blocked = false;
        let Some(asked) = self.probing_since.take() else { return false };
        let Some(claim) = self.claim.filter(|claim| claim.at >= asked) else {
            self.unanswered_at = Some(ctx.now).filter(|_| ctx.now.since(asked) >= self.answer_time());
            return false;
        };
        // A goodbye or a lower master's adverts are no silence: who answers then is told, and lets go.
        let silent =
            self.goodbye.is_none() && self.last_heard.is_none_or(|at| ctx.now.since(at) >= self.config.advert_interval);
        if silent {
            self.withheld(What::HeartbeatBlocked { address: claim.address, mac: claim.mac }, ctx);
            self.start_master_down(self.config.advert_interval, ctx);
        }
        silent
    }

    fn withheld(&mut self, what: What, ctx: &mut Context<'_>) {
        self.blocked = true;
        self.count(Counter::ClaimsWithheld);
        self.tell_once("blocked", what, ctx);
    }

    /// The claim has been said; who answers for the addresses now?
    pub(super) fn ask_until_silent(&mut self, ctx: &mut Context<'_>) {
        // While the silence lasted the LAN was asked already.
        let silent = if recently(self.unanswered_at, ANSWER, ctx.now) { 1 } else { 0 };
        self.asking = Some(Asking { begun: ctx.now, last: ctx.now, silent, enough: QUESTIONS });
        self.ask(ctx);
        self.arm(Timer::Asked, self.answer_time(), ctx);
    }

    /// The old master has let go: one silent question confirms it, asked now.
    pub(super) fn acknowledged(&mut self, ctx: &mut Context<'_>) {
        let Some(asking) = self.asking else { return };
        self.asking = Some(Asking { last: ctx.now, silent: 0, enough: 1, ..asking });
        self.ask(ctx);
        self.arm(Timer::Asked, self.answer_time(), ctx);
    }

    fn answer_time(&self) -> Duration {
        ANSWER.min(self.config.advert_interval / 8)
    }

    /// Time for an answer is over. Several questions, since one frame may be lost.
    pub(super) fn asked(&mut self, late: Duration, ctx: &mut Context<'_>) {
        let Some(mut asking) = self.asking else { return };
        let waited = ctx.now.since(asking.begun);
        let mut pause = self.answer_time();
        match self.claim.filter(|claim| claim.at >= asking.last) {
            Some(Claim { address, mac, .. }) => {
                asking.silent = 0;
                pause = (waited / 4).clamp(pause, ASK_PAUSE_MAX);
                if !self.blocked && waited >= self.config.advert_interval {
                    self.withheld(What::NotReleased { address, mac }, ctx);
                }
            }
            // After a standstill the answer, and much else, may still wait to be read.
            None if late > LISTEN_GUARDED => asking.silent = 0,
            None => asking.silent += 1,
        }
        if asking.silent >= asking.enough && waited >= SETTLE {
            self.apply(Event::Unanswered, "nobody answers for the addresses any more", ctx);
            return;
        }
        self.asking = Some(Asking { last: ctx.now, ..asking });
        self.ask(ctx);
        self.arm(Timer::Asked, pause, ctx);
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
/// So long adverts have to settle who of two that claim in the same moment is master.
const SETTLE: Duration = Duration::from_millis(4);
/// A quarrel that is settled so soon after the claim is between two that claimed in the same moment.
const CONTEST: Duration = Duration::from_millis(20);
/// So long an answer takes at most, on a LAN.
const ANSWER: Duration = Duration::from_millis(2);
/// So many questions in a row that nobody answers are an answer.
const QUESTIONS: u32 = 3;
/// Longest pause between two questions to a master that does not let go.
const ASK_PAUSE_MAX: Duration = Duration::from_millis(20);
/// So long a router that yielded lets a lower master be.
const YIELD: Duration = Duration::from_secs(60);
