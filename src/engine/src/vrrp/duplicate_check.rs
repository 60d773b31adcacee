//! What a master does when another host claims one of its addresses. A stranger is answered by an announcement at once
//! (RFC 5227 §2.4). Against a peer the adverts settle who is master; where they do not, something that both routers can
//! see decides.

use std::net::IpAddr;
use std::time::Duration;

use super::context::{Context, Timer};
use super::counters::Counter;
use super::defence::DEFENCE_EVERY;
use super::defence::DuplicateCheck;
use super::guard::SETTLE;
use super::lan::{Claim, Who};
use super::router::Router;
use super::send::announcement;
use super::state::{Event, State};
use crate::action::{Action, Frame};
use crate::notice::What;
use crate::time::Instant;
use crate::wire::arp::{Mac, mac_text};

impl Router {
    /// Starts a check, which waits a moment: a promoted router announces itself shortly before its advert arrives.
    pub(super) fn begin_duplicate_check(&mut self, ctx: &mut Context<'_>) {
        if self.duplicate_check.is_none() {
            self.duplicate_check = Some(DuplicateCheck { begun: ctx.now, asked: None });
            self.ask_peers(DEFENCE_EVERY, ctx);
            self.arm(Timer::DuplicateCheck, SETTLE, ctx);
        }
    }

    /// After that moment this router is still master. A single packet may have been the last one of the old master, so
    /// every host that claimed is asked again. A host that still answers holds the address, and adverts have not
    /// settled who is master.
    pub(super) fn check_duplicates(&mut self, ctx: &mut Context<'_>) {
        let (State::Master, Some(mut check)) = (self.state, self.duplicate_check.take()) else { return };
        let since = check.asked.unwrap_or(check.begun);
        let age = self.last_transition.as_ref().map_or(Duration::MAX, |(at, _)| ctx.now.since(*at));
        let contest = age < CONTEST;
        let mut rivals: Vec<Claim> = self.lan.claims.iter().filter(|claim| claim.at >= since).copied().collect();
        rivals.retain(|claim| match self.who(claim.link, claim.mac, ctx) {
            Who::Peer => true,
            Who::Unknown => !self.forced,
            Who::Stranger => false,
        });
        if check.asked.is_none() {
            let young = age < self.view(ctx).master_down() + self.config.advert_interval;
            self.defend(since, young, ctx);
        }
        // Of all hosts that claim, the one with the highest hardware address counts, since it would win a contest.
        let Some(rival) = rivals.iter().max_by_key(|claim| claim.mac).copied() else { return };
        let half = self.config.advert_interval / 2;
        let wait = match check.asked {
            Some(_) => {
                self.settle_duplicate(&rival, age, ctx);
                return;
            }
            None if !contest && ctx.now.since(check.begun) < half => half - ctx.now.since(check.begun),
            None => {
                check.asked = Some(ctx.now);
                let macs: Vec<Mac> = rivals.iter().map(|claim| claim.mac).collect();
                self.ask_directly(&macs, ctx);
                if contest { self.answer_time() } else { half }
            }
        };
        self.duplicate_check = Some(check);
        self.arm(Timer::DuplicateCheck, wait, ctx);
    }

    fn settle_duplicate(&mut self, rival: &Claim, age: Duration, ctx: &mut Context<'_>) {
        let Claim { link, address, mac, .. } = *rival;
        self.count(Counter::DuplicatesSeen);
        let them = mac_text(&mac);
        if age < CONTEST && !self.forced {
            // Both routers claimed at the same moment, and neither heard the other's advert. Both see the hardware
            // addresses, so the higher one wins.
            if ctx.links.get(link).is_some_and(|link| link.mac < mac) {
                let reason = format!("{them} claimed {address} in the same moment: its hardware address is the higher");
                self.apply(Event::Yield, &reason, ctx);
            }
            return;
        }
        if age < self.view(ctx).master_down() + self.config.advert_interval && !self.forced {
            // The router that became master last gives way: the other one serves clients already, and does not hear
            // this one.
            self.yielded_until = Some(ctx.now.after(YIELD));
            let reason = format!("{them} still answers for {address}: it does not hear us, so this node yields");
            self.apply(Event::Yield, &reason, ctx);
            return;
        }
        self.tell_once("duplicate", What::Duplicate { address, mac }, ctx);
        // Priority decides. The advert makes a lower master step down, and GARP or NA teach the switches and neighbours
        // our MAC again.
        self.advertise(self.priority(), ctx);
        self.announce(1, ctx);
    }

    /// Announces again the addresses that a stranger has claimed, so that clients come back. The same is done against a
    /// host that may be a peer, except where this router has only just become master: that peer may be the rightful
    /// master.
    fn defend(&mut self, since: Instant, young: bool, ctx: &mut Context<'_>) {
        let claims: Vec<Claim> = self.lan.claims.iter().filter(|claim| claim.at >= since).copied().collect();
        let mut frames = Vec::new();
        for Claim { link, address, mac, .. } in claims {
            match self.who(link, mac, ctx) {
                Who::Peer => continue,
                Who::Unknown if young && !self.forced => continue,
                Who::Unknown | Who::Stranger => {}
            }
            self.count(Counter::DuplicatesSeen);
            self.tell_once("stranger", What::Stranger { address, mac }, ctx);
            if self.defence.permit(ctx.now) {
                frames.extend(self.announcement_of(address, ctx));
            }
        }
        if !frames.is_empty() {
            ctx.actions.push(Action::Announce(frames));
        }
    }

    fn announcement_of(&self, address: IpAddr, ctx: &Context<'_>) -> Option<Frame> {
        let at = self.link_addresses(ctx).into_iter().find(|at| at.address.address.addr() == address)?;
        Some(announcement(at.link, address, ctx.links.get(at.link)?.mac))
    }
}

/// When a duplicate is found this soon after becoming master, the two routers claimed at the same moment.
const CONTEST: Duration = Duration::from_millis(20);
/// For this time a router that has yielded does not preempt a lower master.
const YIELD: Duration = Duration::from_secs(60);
