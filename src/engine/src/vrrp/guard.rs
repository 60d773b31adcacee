//! The guard: before an address is claimed the LAN is asked who answers for it. A silent master that still answers is
//! alive, and its adverts are lost on the way: claiming would make two owners. A master that is known to live is sent
//! our advert first, and is asked until it no longer answers.
//!
//! An answer proves a living master only if it is the master's. So the peers are asked for their own addresses at the
//! same time: a hardware address that is none of theirs is a stranger's (a duplicate address, a proxy, an attacker),
//! and keeps nobody from claiming. What answers for a host may also be a fabric that suppresses ARP and speaks for the
//! dead: so whoever answered is asked again directly, by a frame to his hardware address that the fabric only forwards.

use std::net::IpAddr;
use std::time::Duration;

use smallvec::SmallVec;

use super::asking::Asking;
use super::context::{Context, Timer, recently};
use super::counters::Counter;
use super::deadline::LISTEN_GUARDED;
use super::lan::{Claim, Who};
use super::router::Router;
use super::state::{Event, State};
use super::view::LINGER;
use crate::notice::What;
use crate::time::Instant;
use crate::wire::arp::Mac;

impl Router {
    /// Another host has claimed one of our addresses, by an ARP packet or a neighbour advertisement.
    pub fn claimed(&mut self, link: u32, address: IpAddr, mac: Mac, ctx: &mut Context<'_>) {
        if !self.settings.guard || !self.concerns(link, address, mac, ctx) {
            return;
        }
        let stranger = self.who(link, mac, ctx) == Who::Stranger;
        self.lan.note(Claim { link, address, mac, at: ctx.now, stranger });
        match self.state {
            // The next master has announced itself, also where its adverts do not reach us.
            State::Handover(_) => {
                if !self.view(ctx).handed_over {
                    self.shorten_lease(ctx);
                }
                self.linger(LINGER, ctx);
            }
            State::Master => self.begin_duplicate_check(ctx),
            State::Initialize | State::Backup | State::Claiming | State::Fault | State::Stopped => {}
        }
    }

    /// Another host asks for an address of ours without claiming it (an ARP probe): it is about to claim it, as this
    /// router may be. Two that do not hear each other's adverts see each other so (RFC 5227 §2.1.1): the one with the
    /// lower hardware address goes on asking until the other one has taken the addresses, and answers.
    pub(crate) fn probed(&mut self, link: u32, address: IpAddr, mac: Mac, ctx: &mut Context<'_>) {
        if !self.settings.guard || self.state != State::Claiming || !self.concerns(link, address, mac, ctx) {
            return;
        }
        let better = ctx.links.get(link).is_some_and(|link| link.mac < mac);
        if better
            && self.who(link, mac, ctx) != Who::Stranger
            && let Some(asking) = &mut self.asking
        {
            asking.rival = true;
        }
    }

    /// The master-down timer was armed: ask in its last part, so that asking costs no time.
    pub(super) fn plan_probes(&mut self, after: Duration, ctx: &mut Context<'_>) {
        if self.settings.guard {
            self.arm(Timer::Probe, after - probe_window(after), ctx);
        }
    }

    /// Asks who answers for the addresses, and whether it is the peers' own kernels that do.
    pub(super) fn probe(&mut self, ctx: &mut Context<'_>) {
        if self.state != State::Backup {
            return;
        }
        let Some(down) = ctx.timers.at((self.id, Timer::MasterDown)) else { return };
        let first = self.probing_since.is_none();
        let since = *self.probing_since.get_or_insert(ctx.now);
        let answered = self.answers_since(since, ctx);
        if first {
            self.lan.ghosts.clear();
            self.lan.direct_since = None;
        }
        if answered.is_empty() {
            self.ask(first, ctx);
        } else {
            self.lan.direct_since.get_or_insert(ctx.now);
            self.ask_directly(&macs(&answered), ctx);
        }
        // It asks again before the time is up, since one frame may be lost.
        let left = down.since(ctx.now);
        let pause = (left / 2).max(PROBE_PAUSE_MIN);
        if pause < left {
            self.arm(Timer::Probe, pause, ctx);
        }
    }

    /// Whether the guard forbids to claim now. The wait then begins anew, one interval long.
    pub(super) fn guard_forbids(&mut self, ctx: &mut Context<'_>) -> bool {
        self.blocked = false;
        let Some(asked) = self.probing_since.take() else { return false };
        self.tell_strangers(asked, ctx);
        let answered = self.answers_since(asked, ctx);
        // By now a host that was asked directly has had time to answer, even if it is busy.
        let time = DIRECT_TIME.min(self.config.advert_interval / 4);
        let direct = self.lan.direct_since.filter(|at| ctx.now.since(*at) >= time);
        let (alive, spoken_for): (Vec<Claim>, Vec<Claim>) =
            answered.into_iter().partition(|claim| direct.is_none_or(|direct| claim.at >= direct));
        self.lan.ghosts.extend(spoken_for.iter().map(|claim| claim.mac));
        let Some(claim) = alive.into_iter().max_by_key(|claim| claim.mac) else {
            self.unanswered_at = Some(ctx.now).filter(|_| ctx.now.since(asked) >= self.answer_time());
            return false;
        };
        // After priority 0, or while a lower master advertises, an answer is expected: the advert that we send now
        // makes that router release the addresses.
        let silent = self.resigned_master.is_none()
            && self.last_heard.is_none_or(|at| ctx.now.since(at) >= self.config.advert_interval);
        if silent {
            let known = self.who(claim.link, claim.mac, ctx) == Who::Peer;
            self.withheld(What::HeartbeatBlocked { address: claim.address, mac: claim.mac, known }, ctx);
            self.start_master_down(self.config.advert_interval, ctx);
        }
        silent
    }

    /// Answers for our addresses since then that may be a living peer's.
    fn answers_since(&self, since: Instant, ctx: &Context<'_>) -> Vec<Claim> {
        let may_live = |claim: &&Claim| {
            claim.at >= since
                && !self.lan.ghosts.contains(&claim.mac)
                && self.who(claim.link, claim.mac, ctx) != Who::Stranger
        };
        self.lan.claims.iter().filter(may_live).copied().collect()
    }

    /// Reports the strangers that have answered since then. They do not keep this router from claiming.
    fn tell_strangers(&mut self, since: Instant, ctx: &mut Context<'_>) {
        let recent = self.lan.claims.iter().filter(|claim| claim.at >= since).copied();
        let strangers: Vec<Claim> =
            recent.filter(|claim| self.who(claim.link, claim.mac, ctx) == Who::Stranger).collect();
        for Claim { address, mac, .. } in strangers {
            self.count(Counter::DuplicatesSeen);
            self.tell_once("stranger", What::Stranger { address, mac }, ctx);
        }
    }

    fn withheld(&mut self, what: What, ctx: &mut Context<'_>) {
        self.blocked = true;
        self.count(Counter::ClaimsWithheld);
        self.tell_once("blocked", what, ctx);
    }

    /// The advert that claims the addresses has been sent. Now the LAN is asked who still answers for them.
    pub(super) fn ask_until_silent(&mut self, ctx: &mut Context<'_>) {
        // The LAN was asked already while the master was silent.
        let fresh = recently(self.unanswered_at, ANSWER, ctx.now);
        let silent = u32::from(fresh);
        if !fresh {
            self.lan.ghosts.clear(); // what was found out about them is old
        }
        // The only other router has just resigned (priority 0). Nobody else can claim, so one unanswered question shows
        // that the addresses are free.
        let alone = self.resigned_master.is_some() && self.is_pair(ctx);
        let (enough, settle) = if alone { (1, Duration::ZERO) } else { (QUESTIONS, SETTLE) };
        let (begun, last) = (ctx.now, ctx.now);
        self.asking = Some(Asking {
            begun,
            last,
            silent,
            enough,
            settle,
            direct: SmallVec::new(),
            unheard: 0,
            spoken_for: 0,
            half: None,
            rival: false,
        });
        self.ask(true, ctx);
        self.arm(Timer::Asked, self.answer_time(), ctx);
    }

    /// The old master has acknowledged (priority 0). One question that nobody answers confirms that it has released the
    /// addresses; it is asked now.
    pub(super) fn acknowledged(&mut self, ctx: &mut Context<'_>) {
        let Some(asking) = self.asking.as_mut().filter(|asking| !(asking.enough == 1 && asking.silent == 0)) else {
            return;
        };
        (asking.last, asking.silent, asking.enough) = (ctx.now, 0, 1);
        (asking.direct, asking.unheard, asking.half) = (SmallVec::new(), 0, None);
        self.ask(false, ctx);
        self.arm(Timer::Asked, self.answer_time(), ctx);
    }

    pub(super) fn answer_time(&self) -> Duration {
        ANSWER.min(self.config.advert_interval / 8)
    }

    /// The time for an answer is over. Several questions are asked, since one frame may be lost.
    pub(super) fn asked(&mut self, late: Duration, ctx: &mut Context<'_>) {
        let Some(mut asking) = self.asking.take() else { return };
        if asking.half.is_none() && !self.lan.ghosts.is_empty() {
            // Something else (a fabric that suppresses ARP) answers broadcast questions for these hosts. They may be
            // back: an answer that follows this direct question is their own.
            asking.half = Some(ctx.now);
            self.ask_directly(&self.lan.ghosts, ctx);
            self.asking = Some(asking);
            self.arm(Timer::Asked, self.answer_time() / 2, ctx);
            return;
        }
        if let Some(half) = asking.half.take() {
            let back: SmallVec<[Mac; 2]> =
                self.lan.claims.iter().filter(|claim| claim.at >= half).map(|claim| claim.mac).collect();
            self.lan.ghosts.retain(|mac| !back.contains(mac));
        }
        let waited = ctx.now.since(asking.begun);
        let mut pause = self.answer_time();
        self.tell_strangers(asking.last, ctx);
        let answered = self.answers_since(asking.last, ctx);
        if let Some(claim) = answered.first() {
            // The count goes on until a direct question shows who answered.
            asking.spoken_for = if asking.direct.is_empty() { asking.spoken_for + 1 } else { 0 };
            (asking.silent, asking.unheard) = (0, 0);
            pause = (waited / 4).clamp(pause, ASK_PAUSE_MAX);
            if !self.blocked && waited >= self.config.advert_interval {
                self.withheld(What::NotReleased { address: claim.address, mac: claim.mac }, ctx);
            }
            asking.direct = macs(&answered);
        } else if late > LISTEN_GUARDED {
            // This process stood still: an answer may wait in the socket's queue.
            asking.silent = 0;
        } else if asking.rival {
            (asking.silent, asking.enough, asking.settle) = (0, QUESTIONS, SETTLE);
        } else if asking.direct.is_empty() {
            asking.silent += 1;
        } else {
            asking.unheard += 1;
            if asking.unheard == DIRECT_QUESTIONS {
                // These hosts may have released the addresses, so everybody is asked again. A host that never answers a
                // direct question, while broadcast questions are always answered, does not answer itself.
                let unheard = std::mem::take(&mut asking.direct);
                if asking.spoken_for >= SPOKEN_FOR {
                    self.lan.ghosts.extend(unheard);
                }
                asking.unheard = 0;
            }
        }
        if asking.silent >= asking.enough && waited >= asking.settle {
            self.apply(Event::Unanswered, "nobody answers for the addresses any more", ctx);
            return;
        }
        (asking.last, asking.rival) = (ctx.now, false);
        match asking.direct.is_empty() {
            true => self.ask(false, ctx),
            false => self.ask_directly(&asking.direct, ctx),
        }
        self.asking = Some(asking);
        self.arm(Timer::Asked, pause, ctx);
    }
}

fn macs(claims: &[Claim]) -> SmallVec<[Mac; 2]> {
    claims.iter().map(|claim| claim.mac).collect()
}

/// How long before the end of the wait the asking begins.
fn probe_window(wait: Duration) -> Duration {
    (wait / 3).min(PROBE_WINDOW_MAX)
}

/// Longest time of asking: answers on a LAN take a millisecond.
const PROBE_WINDOW_MAX: Duration = Duration::from_millis(500);
/// Shortest pause between two probes.
const PROBE_PAUSE_MIN: Duration = Duration::from_millis(2);
/// The time that adverts have to settle which of two routers that claim at the same moment becomes master.
pub(super) const SETTLE: Duration = Duration::from_millis(4);
/// The longest time that an answer takes on a LAN.
const ANSWER: Duration = Duration::from_millis(2);
/// Unanswered questions in a row after which the addresses count as free.
const QUESTIONS: u32 = 3;
/// Unanswered direct questions in a row after which everybody is asked again.
const DIRECT_QUESTIONS: u32 = 2;
/// When the broadcast question was answered this often, and the direct ones in between never, something else answers
/// for the host.
const SPOKEN_FOR: u32 = 8;
/// The time that a direct question is given before a missing answer counts.
const DIRECT_TIME: Duration = Duration::from_millis(20);
/// Longest pause between two questions to a master that does not let go.
const ASK_PAUSE_MAX: Duration = Duration::from_millis(20);
