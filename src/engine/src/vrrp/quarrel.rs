//! A master that hears somebody else say that its address is his. A stranger is answered by an announcement at once
//! (RFC 5227 §2.4); with a peer adverts settle it, and where they do not, what both can see decides.

use std::net::IpAddr;
use std::time::Duration;

use super::context::{Context, Timer};
use super::counters::Counter;
use super::defence::DEFENCE_EVERY;
use super::defence::Quarrel;
use super::guard::SETTLE;
use super::lan::{Claim, Who};
use super::router::Router;
use super::send::announcement;
use super::state::{Event, State};
use crate::action::{Action, Frame};
use crate::notice::{What, mac_text};
use crate::time::Instant;
use crate::wire::arp::Mac;

impl Router {
    /// Not at once: a promoted router announces itself a moment before its advert arrives.
    pub(super) fn begin_quarrel(&mut self, ctx: &mut Context<'_>) {
        if self.quarrel.is_none() {
            self.quarrel = Some(Quarrel { begun: ctx.now, asked: None });
            self.ask_peers(DEFENCE_EVERY, ctx);
            self.arm(Timer::Quarrel, SETTLE, ctx);
        }
    }

    /// Some time later this router is still master. A last packet of the old master proves nothing, so whoever claimed is
    /// asked. Who still answers holds the address, and adverts have not settled it.
    pub(super) fn quarrel(&mut self, ctx: &mut Context<'_>) {
        let (State::Master, Some(mut quarrel)) = (self.state, self.quarrel.take()) else { return };
        let since = quarrel.asked.unwrap_or(quarrel.begun);
        let age = self.last_transition.as_ref().map_or(Duration::MAX, |(at, _)| ctx.now.since(*at));
        let contest = age < CONTEST;
        let mut rivals: Vec<Claim> = self.lan.claims.iter().filter(|claim| claim.at >= since).copied().collect();
        rivals.retain(|claim| match self.who(claim.link, claim.mac, ctx) {
            Who::Peer => true,
            Who::Unknown => !self.forced,
            Who::Stranger => false,
        });
        if quarrel.asked.is_none() {
            let young = age < self.view(ctx).master_down() + self.config.advert_interval;
            self.defend(since, young, ctx);
        }
        // Of all that claim the one that wins a contest counts.
        let Some(rival) = rivals.iter().max_by_key(|claim| claim.mac).copied() else { return };
        let half = self.config.advert_interval / 2;
        let wait = match quarrel.asked {
            Some(_) => {
                self.settle_quarrel(&rival, age, ctx);
                return;
            }
            None if !contest && ctx.now.since(quarrel.begun) < half => half - ctx.now.since(quarrel.begun),
            None => {
                quarrel.asked = Some(ctx.now);
                let macs: Vec<Mac> = rivals.iter().map(|claim| claim.mac).collect();
                self.ask_directly(&macs, ctx);
                if contest { self.answer_time() } else { half }
            }
        };
        self.quarrel = Some(quarrel);
        self.arm(Timer::Quarrel, wait, ctx);
    }

    fn settle_quarrel(&mut self, rival: &Claim, age: Duration, ctx: &mut Context<'_>) {
        let Claim { link, address, mac, .. } = *rival;
        self.count(Counter::DuplicatesSeen);
        let them = mac_text(&mac);
        if age < CONTEST && !self.forced {
            // Both claimed in the same moment, and neither heard the other's advert: what both can see decides.
            if ctx.links.get(link).is_some_and(|link| link.mac < mac) {
                let reason = format!("{them} claimed {address} in the same moment: its hardware address is the higher");
                self.apply(Event::Yield, &reason, ctx);
            }
            return;
        }
        if age < self.view(ctx).master_down() + self.config.advert_interval && !self.forced {
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

    /// Announces again what a stranger has claimed, so that clients come back. Of somebody who may be a peer that is said,
    /// too, but not where this router has only just become master: that peer may be the rightful one.
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

/// A quarrel that is settled so soon after the claim is between two that claimed in the same moment.
const CONTEST: Duration = Duration::from_millis(20);
/// So long a router that yielded lets a lower master be.
const YIELD: Duration = Duration::from_secs(60);
