//! Operators' commands: promote, resign, unpin.

use std::time::Duration;

use super::context::{Context, Timer};
use super::priority;
use super::router::Router;
use super::state::{Event, Next, State};
use crate::action::Action;
use crate::control::Pin;
use crate::refused::Refused;

impl Router {
    /// Makes this router master at once.
    ///
    /// # Errors
    /// When it must not be master or cannot win.
    pub fn promote(
        &mut self,
        force: bool,
        expires: Option<(Duration, u64)>,
        reason: Option<String>,
        ctx: &mut Context<'_>,
    ) -> Result<String, Refused> {
        let name = self.config.name.clone();
        if !self.faults.is_empty() {
            let reasons = self.faults.join("; ");
            return Err(Refused::Fault { name, reasons });
        }
        if self.weights < 0 && !force {
            return Err(Refused::ChecksBad { name, priority: self.config.priority, by: -self.weights });
        }
        if self.blocked && !force {
            return Err(Refused::Blocked { name });
        }
        match (self.state, self.heard) {
            (State::Master, _) => return Ok(format!("{name} is master already")),
            (State::Initialize | State::Stopped | State::Fault | State::Handover(Next::Stopped), _) => {
                return Err(Refused::NotRunning { name });
            }
            (State::Backup | State::Claiming | State::Handover(Next::Backup), Some(heard))
                if heard.priority == priority::OWNER =>
            {
                return Err(Refused::MasterIsOwner { name, master: heard.source });
            }
            (State::Backup | State::Claiming | State::Handover(Next::Backup), _) => {}
        }
        // The configured priority wins by itself when it is the higher one; only otherwise an override is needed.
        let natural = priority::effective(self.config.priority, self.weights, None);
        let outbids = self.heard.is_none_or(|heard| natural > heard.priority);
        let why = reason.clone().unwrap_or_else(|| "promoted".into());
        if outbids && expires.is_none() {
            self.set_pin(None, ctx);
        } else {
            let pin = Pin { priority: priority::PROMOTED, reason, expires_unix_s: expires.map(|(_, at)| at) };
            self.set_pin(Some(pin), ctx);
            if let Some((after, _)) = expires {
                self.arm(Timer::Pin, after, ctx);
            }
        }
        self.apply(Event::Promote { force }, &why, ctx);
        Ok(match self.state {
            State::Claiming => format!("{name} is master as soon as the old one lets go: at once, unless it hangs"),
            _ => format!("{name} is master now"),
        })
    }

    /// Hands the addresses to the best backup and stays last in line.
    ///
    /// # Errors
    /// When this router is not master, or owns the addresses.
    pub fn resign(&mut self, ctx: &mut Context<'_>) -> Result<String, Refused> {
        let name = self.config.name.clone();
        if self.state != State::Master {
            return Err(Refused::NotMaster { name });
        }
        if self.config.priority == priority::OWNER {
            return Err(Refused::Owner { name });
        }
        let pin = Pin { priority: priority::RESIGNED, reason: Some("resigned".into()), expires_unix_s: None };
        self.set_pin(Some(pin), ctx);
        self.apply(Event::Resign, "resigned", ctx);
        Ok(format!("{name} hands over; it stays last in line until `unpin` or `promote`"))
    }

    /// Drops an operator's override; the election does the rest. Returns what that came to, in words.
    pub fn unpin(&mut self, ctx: &mut Context<'_>) -> String {
        let (name, before) = (self.config.name.clone(), self.priority());
        if self.pin.is_none() {
            return format!("{name}: there was no override");
        }
        self.set_pin(None, ctx);
        self.priority_changed(before, ctx);
        format!("{name}: the override is dropped; priority {} instead of {before}", self.priority())
    }

    pub(super) fn set_pin(&mut self, pin: Option<Pin>, ctx: &mut Context<'_>) {
        self.pinned_at = ctx.now;
        ctx.timers.cancel((self.id, Timer::Pin));
        if self.pin != pin {
            self.pin.clone_from(&pin);
            ctx.actions.push(Action::SavePin { instance: self.config.name.clone(), pin });
        }
    }
}
