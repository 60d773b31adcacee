//! One virtual router: holds its state, judges its packets, turns the table's effects into actions.

use std::collections::{BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::answered::Answered;
use super::asking::Asking;
use super::context::Context;
use super::context::Settings;
use super::context::Timer;
use super::context::recently;
use super::counters::{Counter, Counters};
use super::defence::{Defence, DuplicateCheck};
use super::drained::Draining;
use super::fsm::transition;
use super::lan::Lan;
use super::priority;
use super::priority::PROMOTED;
use super::state::{Effect, Event, Heard, State};
use super::view::LINGER;
use super::view::PARTING;
use super::view::Preempt;
use super::view::View;
use crate::action::{Action, Frame, RouterId};
use crate::conf::config::VrrpInstance;
use crate::control::Pin;
use crate::time::Instant;
use crate::wire::signature::Sequence;
use crate::wire::vrrp::Version;

/// One virtual router.
#[derive(Debug, Clone)]
pub struct Router {
    pub(super) id: RouterId,
    pub(super) config: Arc<VrrpInstance>,
    pub(super) settings: Settings,
    pub(super) state: State,
    pub(super) faults: Vec<String>,
    pub(super) weights: i32,
    pub(super) refused: Option<String>,
    pub(super) heard: Option<Heard>,
    /// The master that resigned (priority 0) and was not followed by another yet.
    pub(super) resigned_master: Option<IpAddr>,
    pub(super) pin: Option<Pin>,
    pub(super) pinned_at: Instant,
    pub(super) preempt_elapsed: bool,
    /// Announcements that wait for their turn.
    pub(super) paced: VecDeque<Frame>,
    /// Announcements in the burst that follows.
    pub(super) second_burst: u32,
    pub(super) identification: u16,
    pub(super) last_advert: Option<Instant>,
    pub(super) last_transition: Option<(Instant, String)>,
    pub(super) counters: Counters,
    pub(super) reported: BTreeSet<&'static str>,
    /// Number of the last change of state.
    pub(super) change: u64,
    /// A reload took this instance out of the configuration.
    pub(super) leaving: bool,
    /// The sync group it belongs to, and why that is in FAULT because of another member.
    pub(super) group: Option<String>,
    pub(super) group_fault: Option<String>,
    /// Could be master, and waits for the other members of its group.
    pub(super) ready_for_group: bool,
    /// When any router with this VRID was heard last, followed or not.
    pub(super) last_heard: Option<Instant>,
    /// Which other hosts have claimed our addresses.
    pub(super) lan: Lan,
    pub(super) probing_since: Option<Instant>,
    /// When it was found that nobody answers for the addresses.
    pub(super) unanswered_at: Option<Instant>,
    /// While it claims: the questions asked, when the last advert was sent, and why it claims.
    pub(super) asking: Option<Asking>,
    claim_sent: Option<Instant>,
    /// When a goodbye was last followed without waiting for the skew.
    hurried_at: Option<Instant>,
    /// When this process had stood still: packets read just afterwards may be old.
    pub(super) stood_still_at: Option<Instant>,
    pub(super) claim_reason: String,
    /// Whose adverts were answered by one of ours.
    pub(super) answered: Answered,
    /// A better router was heard while this one claimed.
    pub(super) outbid: bool,
    /// Another host claims an address that this master holds: how far the check of that has come.
    pub(super) duplicate_check: Option<DuplicateCheck>,
    pub(super) defence: Defence,
    /// An operator made this router master by force: no answer of others takes that back.
    pub(super) forced: bool,
    /// Yielded to a lower master that does not hear us: no preemption until then.
    pub(super) yielded_until: Option<Instant>,
    /// The guard withholds a claim at present.
    pub(super) blocked: bool,
    /// Since when adverts cannot be sent.
    pub(super) unsent_since: Option<Instant>,
    pub(super) send_failed: bool,
    pub(super) leased_until: Option<Instant>,
    /// The firewall ends this router's handover.
    pub(super) parting: bool,
    pub(super) draining: Draining,
    /// Lists advertised beside the own one, each until its time is over.
    pub(super) extra_lists: Vec<(Vec<IpAddr>, Instant)>,
    /// What this router signed last, and what each sender did: nothing older is taken again.
    pub(super) signed_own: Option<Sequence>,
    pub(super) signed_last: Vec<(IpAddr, Sequence)>,
    /// Peers that were heard with the checksum of keepalived before 1.3.6.
    pub(super) old_peers: BTreeSet<IpAddr>,
}

impl Router {
    /// A router that has not started.
    pub fn new(id: RouterId, config: Arc<VrrpInstance>, settings: Settings, group: Option<String>) -> Self {
        Self {
            id,
            config,
            settings,
            state: State::Initialize,
            faults: Vec::new(),
            weights: 0,
            refused: None,
            heard: None,
            resigned_master: None,
            pin: None,
            pinned_at: Instant::default(),
            preempt_elapsed: false,
            paced: VecDeque::new(),
            second_burst: 0,
            identification: 0,
            last_advert: None,
            last_transition: None,
            counters: Counters::default(),
            reported: BTreeSet::new(),
            change: 0,
            leaving: false,
            group,
            group_fault: None,
            ready_for_group: false,
            last_heard: None,
            lan: Lan::default(),
            probing_since: None,
            unanswered_at: None,
            asking: None,
            claim_sent: None,
            hurried_at: None,
            stood_still_at: None,
            claim_reason: String::new(),
            answered: Answered::default(),
            outbid: false,
            duplicate_check: None,
            defence: Defence::default(),
            forced: false,
            yielded_until: None,
            blocked: false,
            unsent_since: None,
            send_failed: false,
            leased_until: None,
            parting: false,
            draining: Draining::default(),
            extra_lists: Vec::new(),
            signed_own: None,
            signed_last: Vec::new(),
            old_peers: BTreeSet::new(),
        }
    }

    /// Its configuration.
    pub fn config(&self) -> &VrrpInstance {
        &self.config
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether its virtual addresses are IPv6.
    pub fn is_ipv6(&self) -> bool {
        self.config.ipv6
    }

    /// How long after our last advert no backup, whatever its priority, has claimed the addresses: while the kernel's
    /// lease lives, with time to renew it.
    pub fn unclaimed_for(&self) -> Duration {
        let silence = self.config.advert_interval * self.config.down_adverts;
        self.lease().map_or(silence, |lease| lease - lease.min(self.config.advert_interval / 8))
    }

    /// Priority in force.
    pub fn priority(&self) -> u8 {
        priority::effective(self.config.priority, self.weights, self.pin.as_ref().map(|pin| pin.priority))
    }

    /// Starts, with what an earlier run left.
    pub fn start(&mut self, was_master: bool, pin: Option<Pin>, ctx: &mut Context<'_>) {
        self.pin = pin;
        self.assess(ctx);
        if !was_master && !self.settings.startup_delay.is_zero() {
            ctx.actions.push(Action::RemoveAddresses(self.link_addresses(ctx)));
            self.arm(Timer::Startup, self.settings.startup_delay, ctx);
            return;
        }
        let reason = match (self.faults.is_empty(), was_master) {
            (false, _) => self.faults.join("; "),
            (true, true) => "restarted; the addresses were kept".into(),
            (true, false) => "started".into(),
        };
        self.apply(Event::Start { adopt: was_master }, &reason, ctx);
    }

    /// Sets how long the start waits.
    pub(crate) fn delay_start(&mut self, delay: Duration) {
        self.settings.startup_delay = delay;
    }

    /// Takes the settings of a new configuration.
    pub(super) fn follow(&mut self, settings: Settings, group: Option<String>) {
        self.settings = settings;
        if self.group != group {
            (self.group, self.group_fault, self.ready_for_group) = (group, None, false);
        }
    }

    /// The configuration no longer has this router.
    pub fn leave(&mut self, ctx: &mut Context<'_>) {
        self.leaving = true;
        ctx.timers.cancel((self.id, Timer::Startup));
        self.apply(Event::Stop, "taken out of the configuration", ctx);
    }

    /// Whether a reload took it out and it only has to finish.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving
    }

    /// Stops, or leaves the addresses to a successor on this host.
    pub fn stop(&mut self, keep_addresses: bool, ctx: &mut Context<'_>) {
        ctx.timers.cancel((self.id, Timer::Startup));
        let event = if keep_addresses { Event::StopKeeping } else { Event::Stop };
        self.apply(event, if keep_addresses { "restarting; the addresses stay" } else { "stopped" }, ctx);
    }

    /// This router as the table of states sees it now.
    pub(super) fn view(&self, ctx: &Context<'_>) -> View {
        let yielded = self.yielded_until.is_some_and(|until| ctx.now < until);
        let preempt =
            match (self.config.nopreempt || yielded, self.config.preempt_delay.is_zero() || self.preempt_elapsed) {
                (true, _) => Preempt::Never,
                (false, true) => Preempt::Now,
                (false, false) if ctx.timers.at((self.id, Timer::Preempt)).is_some() => Preempt::Waiting,
                (false, false) => Preempt::Unarmed,
            };
        let promoted = self.pin.as_ref().is_some_and(|pin| pin.priority == PROMOTED);
        let master_interval = match (self.config.version, self.heard) {
            (Version::V3, Some(heard)) => heard.interval,
            _ => self.config.advert_interval,
        };
        let stale = recently(self.stood_still_at, LINGER, ctx.now);
        let acknowledgeable = recently(self.claim_sent, LINGER, ctx.now) && !stale;
        let mut view = View {
            priority: self.priority(),
            source: self.source(ctx),
            version: self.config.version,
            interval: self.config.advert_interval,
            master_interval,
            preempt,
            promoted_for: promoted.then(|| ctx.now.since(self.pinned_at)),
            just_claimed: recently(self.last_transition.as_ref().map(|(at, _)| *at), LINGER, ctx.now),
            faulty: !self.faults.is_empty(),
            down_adverts: self.config.down_adverts,
            answers_lower: !self.config.lower_prio_no_advert,
            answers_higher: self.config.higher_prio_send_advert,
            guard: self.settings.guard,
            awaits: self.heard.filter(|_| acknowledgeable).map(|heard| heard.source),
            handed_over: ctx.timers.at((self.id, Timer::Linger)).is_some_and(|end| end.since(ctx.now) <= PARTING),
            followed: self.heard.map(|heard| heard.source),
            pair: self.is_pair(ctx),
            stale,
            hurried: false,
            may_answer: true,
        };
        // A goodbye that comes twice finds the wait as short as the first one made it.
        let ends = ctx.timers.at((self.id, Timer::MasterDown));
        let waits = ends.is_some_and(|end| end.since(ctx.now) > view.goodbye_wait());
        view.hurried = waits && recently(self.hurried_at, view.interval, ctx.now);
        view
    }

    // --- the only writer of the state ---

    pub(super) fn apply(&mut self, event: Event, reason: &str, ctx: &mut Context<'_>) {
        let mut view = self.view(ctx);
        if let Event::Advert(heard) = event {
            view.may_answer = self.answered.permit(&heard, self.config.advert_interval, ctx.now);
            if self.state == State::Backup && heard.priority == 0 && view.goodbye_wait() < view.skew() {
                self.hurried_at = Some(ctx.now);
            }
        }
        let before = self.state;
        let (after, effects) = transition(before, event, &view);
        let notify_priority = self.priority();
        self.state = after;
        if after != before {
            for timer in [
                Timer::MasterDown,
                Timer::Probe,
                Timer::Asked,
                Timer::DuplicateCheck,
                Timer::Advert,
                Timer::Announce,
                Timer::Pace,
                Timer::Refresh,
            ] {
                ctx.timers.cancel((self.id, timer));
            }
            // A stop in the middle of a handover only changes what follows: the handover still has to end.
            if !matches!((before, after), (State::Handover(_), State::Handover(_))) {
                ctx.timers.cancel((self.id, Timer::Linger));
            }
            self.preempt_elapsed = false;
            ctx.timers.cancel((self.id, Timer::Preempt));
            (self.ready_for_group, self.blocked, self.probing_since, self.asking) = (false, false, None, None);
            (self.duplicate_check, self.forced) = (None, matches!(event, Event::Promote { force: true }));
            (self.unsent_since, self.send_failed) = (None, false);
            self.answered.forget();
            self.outbid = before == State::Claiming && matches!(event, Event::Advert(_)) && after == State::Backup;
            if after == State::Claiming {
                reason.clone_into(&mut self.claim_reason);
                self.forget_acknowledged();
            }
        }
        let stays_master = (before, after) == (State::Master, State::Master);
        if let Event::Advert(heard) = event
            && effects
                .iter()
                .any(|one| matches!(one, Effect::Advertise | Effect::AdvertiseZero | Effect::AnnounceLower))
        {
            self.answered.note(&heard, ctx.now);
        }
        for effect in effects {
            if stays_master && effect == Effect::Advertise {
                self.renew(ctx);
            }
            self.perform(effect, ctx);
        }
        if after != before {
            if after == State::Stopped {
                self.end_draining(ctx);
            }
            self.entered(before, reason, notify_priority, ctx);
        }
    }

    fn perform(&mut self, effect: Effect, ctx: &mut Context<'_>) {
        match effect {
            Effect::Advertise => {
                self.claim_sent = Some(ctx.now).filter(|_| self.state == State::Claiming);
                self.advertise(self.priority(), ctx);
            }
            Effect::AdvertiseZero => self.advertise(0, ctx),
            Effect::AddAddresses => self.take(ctx),
            Effect::RemoveAddresses => self.release(ctx),
            Effect::Announce => {
                let (repeat, delay) = (self.config.announcement.repeat, self.config.announcement.delay);
                self.burst(repeat, delay, ctx);
                let refresh = self.config.announcement.refresh;
                if !refresh.is_zero() {
                    self.arm(Timer::Refresh, refresh, ctx);
                }
            }
            Effect::AnnounceLower => {
                let (repeat, delay) = (self.config.announcement.lower_repeat, self.config.announcement.lower_delay);
                self.burst(repeat, delay, ctx);
            }
            Effect::StartAdvertTimer => self.arm(Timer::Advert, self.config.advert_interval, ctx),
            Effect::StartMasterDown(after) => {
                self.ready_for_group = false;
                self.start_master_down(after, ctx);
            }
            Effect::StartLinger(after) => {
                self.linger(after, ctx);
                self.limit_lifetime(after, ctx);
            }
            Effect::Ask => self.ask_until_silent(ctx),
            Effect::Acknowledged => {
                self.note_acknowledged();
                self.acknowledged(ctx);
            }
            Effect::ShortenLease => self.shorten_lease(ctx),
            Effect::Follow(heard) => {
                self.resigned_master = None;
                self.heard = Some(heard);
                self.last_advert = Some(ctx.now);
            }
            Effect::ArmPreempt => self.arm(Timer::Preempt, self.config.preempt_delay, ctx),
            Effect::DisarmPreempt => {
                self.preempt_elapsed = false;
                ctx.timers.cancel((self.id, Timer::Preempt));
            }
            Effect::DropPin => {
                if self.pin.as_ref().is_some_and(|pin| pin.priority == priority::PROMOTED) {
                    self.set_pin(None, ctx);
                }
            }
        }
    }

    pub(super) fn start_master_down(&mut self, after: Duration, ctx: &mut Context<'_>) {
        self.probing_since = None;
        self.arm(Timer::MasterDown, after, ctx);
        self.plan_probes(after, ctx);
    }

    /// Ends a handover after this time. Only ever shortened: a stream of adverts must not keep it open.
    pub(super) fn linger(&mut self, after: Duration, ctx: &mut Context<'_>) {
        let at = ctx.now.after(after);
        let sooner = ctx.timers.at((self.id, Timer::Linger)).map_or(at, |set| set.min(at));
        ctx.timers.set((self.id, Timer::Linger), sooner);
    }

    /// Announcements now, and as many again after `delay`.
    fn burst(&mut self, repeat: u32, delay: Duration, ctx: &mut Context<'_>) {
        self.announce(repeat, ctx);
        self.second_burst = repeat;
        if !delay.is_zero() {
            self.arm(Timer::Announce, delay, ctx);
        }
    }

    pub(super) fn silence(&self, now: Instant) -> String {
        if let Some(left) = self.resigned_master {
            return format!("{left} stopped being master");
        }
        match (self.heard, self.last_advert) {
            // It still advertises; a lesser one that has died is not preempted.
            (Some(heard), Some(at)) if heard.priority < self.priority() && now.since(at) <= heard.interval * 2 => {
                format!("preempts {} (priority {})", heard.source, heard.priority)
            }
            (Some(heard), Some(at)) => {
                format!("no advert from {} for {:.2} s", heard.source, now.since(at).as_secs_f64())
            }
            _ => "no other master heard".into(),
        }
    }

    pub(super) fn arm(&self, timer: Timer, after: Duration, ctx: &mut Context<'_>) {
        ctx.timers.set((self.id, timer), ctx.now.after(after));
    }

    pub(super) fn count(&mut self, counter: Counter) {
        self.counters.count(counter);
    }
}
