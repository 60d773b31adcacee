//! Connection draining (`connection_draining`): TCP knows a connection by the host that it was opened to, so when a
//! living master hands its addresses over, the connections that are open go on with it for a while. It keeps the
//! addresses where nobody finds them, and the next master passes on to it what is not for a connection of its own.

use std::net::IpAddr;
use std::time::Duration;

use super::context::{Context, Timer};
use super::router::Router;
use super::state::State;
use super::together::virtual_addresses;
use crate::action::{Action, Drain, Gate, Renewal};

impl Router {
    /// Where routes or rules go with the addresses, what a former master answers would have no way back. A VMAC is a
    /// hardware address that goes with them, too.
    fn drains(&self) -> Option<Duration> {
        let alone = self.config.routes.is_empty() && self.config.rules.is_empty() && self.config.vmac.is_none();
        Some(self.settings.draining)
            .filter(|time| !time.is_zero() && alone && self.settings.lease && self.settings.guard)
    }

    /// The master that this router followed hands over.
    pub(super) fn note_acknowledged(&mut self) {
        self.draining.acknowledged_by = self.heard.map(|heard| heard.source);
    }

    /// A claim begins: who acknowledged an earlier one does not count.
    pub(super) fn forget_acknowledged(&mut self) {
        self.draining.acknowledged_by = None;
    }

    /// The gate has closed, as the next master was heard.
    pub(super) fn plan_draining(&mut self) {
        self.draining.planned = self.drains().is_some();
    }

    /// The addresses are about to go: whether connections stay. Everything that this router passed on ends then.
    pub(super) fn keep_connections(&mut self, ctx: &mut Context<'_>) -> bool {
        let planned = std::mem::take(&mut self.draining.planned);
        let Some(time) = self.drains().filter(|_| planned && matches!(self.state, State::Backup | State::Claiming))
        else {
            return false;
        };
        let addresses = self.virtual_addresses();
        // Traffic is accepted for as long; the kernel ends that by itself.
        ctx.actions.push(Action::Renew(Renewal::Gate { addresses: addresses.clone(), gate: Gate::Part(time) }));
        ctx.actions.push(Action::Drain(Drain::Keep { addresses, time }));
        self.draining.kept = true;
        self.arm(Timer::Draining, time, ctx);
        true
    }

    /// The addresses are about to come: what is not for this host goes to the one that has handed them over.
    pub(super) fn pass_connections(&mut self, ctx: &mut Context<'_>) {
        let Some(to) = self.draining.acknowledged_by.take() else { return };
        let Some((time, link)) = self.drains().zip(self.home(ctx).map(|link| link.index)) else { return };
        let addresses: Vec<IpAddr> =
            self.virtual_addresses().into_iter().filter(|one| one.is_ipv4() == to.is_ipv4()).collect();
        if !addresses.is_empty() {
            ctx.actions.push(Action::Drain(Drain::Pass { addresses, to, link }));
            self.draining.passing = true;
            self.arm(Timer::Draining, time, ctx);
        }
    }

    /// Its own connections are no longer kept apart: the addresses are back, or time is over.
    pub(super) fn end_keeping(&mut self, ctx: &mut Context<'_>) {
        if std::mem::take(&mut self.draining.kept) {
            let addresses = self.virtual_addresses();
            ctx.actions.push(Action::Drain(Drain::EndKeep(addresses.clone())));
            if std::mem::take(&mut self.parting) {
                ctx.actions.push(Action::Renew(Renewal::Gate { addresses, gate: Gate::Parted }));
            }
        }
    }

    pub(super) fn end_passing(&mut self, ctx: &mut Context<'_>) {
        if std::mem::take(&mut self.draining.passing) {
            ctx.actions.push(Action::Drain(Drain::EndPass(self.virtual_addresses())));
        }
    }

    /// Time is over, or this router ends.
    pub(super) fn end_draining(&mut self, ctx: &mut Context<'_>) {
        ctx.timers.cancel((self.id, Timer::Draining));
        self.end_keeping(ctx);
        self.end_passing(ctx);
    }

    fn virtual_addresses(&self) -> Vec<IpAddr> {
        virtual_addresses(&self.config).collect()
    }
}
