//! Deadlines that passed: what each of them means.

use std::time::Duration;

use super::context::{Context, RETRY, Timer};
use super::counters::Counter;
use super::router::Router;
use super::state::{Event, State};

impl Router {
    /// A deadline passed, `late` ago.
    pub(crate) fn fire(&mut self, timer: Timer, late: Duration, ctx: &mut Context<'_>) {
        if late > LISTEN_GUARDED {
            self.stood_still_at = Some(ctx.now);
        }
        if ctx.lapsed || self.listens_first(timer, late, ctx) {
            return;
        }
        match timer {
            Timer::MasterDown => self.master_down(ctx),
            Timer::Advert => self.advert_due(ctx),
            Timer::Linger => self.apply(Event::LingerDue, "handover done", ctx),
            Timer::Preempt => self.preempt_elapsed = true,
            Timer::Announce => self.announce(self.second_burst, ctx),
            Timer::Refresh => {
                self.announce(self.config.announcement.refresh_repeat, ctx);
                self.arm(Timer::Refresh, self.config.announcement.refresh, ctx);
            }
            Timer::Pin => _ = self.unpin(ctx),
            Timer::Retry => {
                (self.refused, self.unsent_since) = (None, None);
                self.reassess("trying again", ctx);
            }
            Timer::Pace => self.announce_paced(ctx),
            Timer::Probe => self.probe(ctx),
            Timer::Asked => self.asked(late, ctx),
            Timer::DuplicateCheck => self.check_duplicates(ctx),
            Timer::Draining => self.end_draining(ctx),
            Timer::Startup => {
                self.assess(ctx);
                let reason = if self.faults.is_empty() { "startup delay over".into() } else { self.faults.join("; ") };
                self.apply(Event::Start { adopt: false }, &reason, ctx);
            }
        }
    }

    /// A loop that stood still finds its deadlines passed, and the adverts that would have moved them in its queue.
    /// They must be heard before this router claims, or goes on as if it still were master.
    fn listens_first(&mut self, timer: Timer, late: Duration, ctx: &mut Context<'_>) -> bool {
        let interval = self.config.advert_interval;
        match timer {
            Timer::MasterDown if late > LATE.min(interval / 8) => {
                let wait = if self.settings.guard { LISTEN_GUARDED } else { LISTEN };
                self.start_master_down(wait, ctx);
                true
            }
            Timer::Advert if late > interval * self.config.down_adverts => {
                self.arm(Timer::Advert, LISTEN, ctx);
                true
            }
            _ => false,
        }
    }

    fn master_down(&mut self, ctx: &mut Context<'_>) {
        if self.guard_forbids(ctx) {
            return;
        }
        if self.group.is_some() {
            // The group decides once all of its members are ready: see `vrrp::group`.
            (self.ready_for_group, self.outbid) = (true, false);
            self.arm(Timer::MasterDown, self.config.advert_interval, ctx);
            return;
        }
        self.become_master(ctx);
    }

    /// This router has won the election.
    pub(super) fn become_master(&mut self, ctx: &mut Context<'_>) {
        let reason = self.silence(ctx.now);
        self.apply(Event::MasterDown, &reason, ctx);
    }

    fn advert_due(&mut self, ctx: &mut Context<'_>) {
        if !std::mem::take(&mut self.send_failed) {
            self.unsent_since = None; // no failure came back for the last advert, so it was sent
        }
        self.apply(Event::AdvertDue, "", ctx);
    }

    /// An advert could not be sent. Without lease that is survived: the next one may pass. With it, nobody hears us and
    /// a backup will claim, so the addresses must go.
    pub(crate) fn send_failed(&mut self, error: &str, ctx: &mut Context<'_>) {
        self.count(Counter::SendsFailed);
        self.send_failed = true;
        let since = *self.unsent_since.get_or_insert(ctx.now);
        let Some(lease) = self.lease().filter(|_| self.state == State::Master) else { return };
        if ctx.now.since(since) + self.config.advert_interval >= lease {
            self.refused = Some(format!("adverts cannot be sent: {error}"));
            self.arm(Timer::Retry, RETRY, ctx);
            self.reassess("", ctx);
        }
    }
}

/// A wake that is later than this is no jitter: adverts may be waiting.
const LATE: Duration = Duration::from_millis(2);
/// Time to empty the queue after a standstill.
const LISTEN: Duration = Duration::from_millis(1);
/// The same, and to ask who answers for the addresses.
pub(super) const LISTEN_GUARDED: Duration = Duration::from_millis(20);
