//! `hactl backend`: words to wishes. Where the kernel balances, `drain`, `undrain` and `weight` are orders to the
//! directors, as without `backend`.

use std::path::Path;

use indicatif::ProgressBar;

use super::backend_args::{Backend, How, Server, State};
use super::confirm;
use super::deploys::{binary, keep, note};
use super::global::Global;
use super::show::{self, finish, operate};
use crate::ctl::apply::deploy::SETTLE;
use crate::ctl::apply::order::Order;
use crate::ctl::backend::canary::{Watch, canary};
use crate::ctl::backend::edit::{Verb, Wish};
use crate::ctl::backend::run::Ask;
use crate::ctl::backend::{list, run};
use crate::ctl::desk::{Options, find_inventory, open, remember};
use crate::ctl::operate::drain;
use crate::ctl::report as ctl;
use crate::error::Outcome;

/// Runs it.
///
/// # Errors
/// What it has to say, with its exit code.
pub(crate) async fn backend(global: &Global, options: Options, bar: &ProgressBar, wanted: Backend) -> Outcome {
    let inventory = global.inventory.as_deref();
    let desk = At { global, bar };
    let wish = |verb, server: &Server| Wish { verb, server: server.server.clone(), pool: server.pool.clone() };
    let (verb, server, live) = match wanted {
        Backend::List => {
            return finish(global, "backend", list::list(inventory, &options), show::backend::listed);
        }
        Backend::Add { server, pool, unmanaged, how } => {
            (Verb::Add { managed: !unmanaged }, Server { server, pool, how }, None)
        }
        Backend::Remove(server) => (Verb::Remove, server, None),
        Backend::Weight { server, weight } => (Verb::Weight(weight), server, Some(drain::Order::Weight(Some(weight)))),
        Backend::Drain { server, wait } => (Verb::Drain, server, Some(drain::Order::Drain { wait })),
        Backend::Undrain(server) => (Verb::Undrain, server, Some(drain::Order::Undrain)),
        Backend::Maintenance { state, page, how } => {
            let ask = Ask::Maintenance { on: state == State::On, page: page.as_deref() };
            return desk.carry_out(options, ask, None, how).await;
        }
        Backend::Canary { server, weight, watch, keep } => {
            let wish = wish(Verb::Weight(weight), &server);
            let watch = Watch { time: watch, keep };
            return desk.carry_out(options, Ask::Server(&wish), Some((&wish, watch)), server.how).await;
        }
    };
    if let Some(order) = live
        && open(inventory, &options)?.lvs.is_some()
    {
        let outcome = drain::order(inventory, options, &server.server, order).await;
        return finish(global, "backend", outcome, operate::ordered);
    }
    desk.carry_out(options, Ask::Server(&wish(verb, &server)), None, server.how).await
}

/// Where somebody sits.
struct At<'g> {
    global: &'g Global,
    bar: &'g ProgressBar,
}

impl At<'_> {
    async fn carry_out(&self, options: Options, ask: Ask<'_>, watch: Option<(&Wish, Watch)>, how: How) -> Outcome {
        let global = self.global;
        let confirm = |edit: &str, plan: &_| {
            self.bar.finish_and_clear();
            if !global.wants_json() {
                show::say::out(edit.to_owned());
            }
            confirm::deploy(global, how.yes, plan)
        };
        let change = Change { ask, watch: watch.filter(|_| !how.dry_run), dry: how.dry_run };
        let outcome = change.carry_out(global.inventory.as_deref(), options, &confirm).await;
        self.bar.finish_and_clear();
        finish(global, "backend", outcome, show::backend::done)
    }
}

/// A change of the inventory that is deployed.
struct Change<'c> {
    ask: Ask<'c>,
    watch: Option<(&'c Wish, Watch)>,
    dry: bool,
}

impl Change<'_> {
    async fn carry_out(
        self,
        inventory: Option<&Path>,
        mut options: Options,
        confirm: run::Confirm<'_>,
    ) -> ctl::Outcome<run::Done> {
        let order = Order {
            inventory: inventory.map(Path::to_owned),
            edited: None,
            limit: Vec::new(),
            only: Vec::new(),
            exactly: None,
            batch: 1,
            keep_failed: false,
            accept_gap: false,
            skip_unreachable: false,
            canary: None,
            binary: binary(),
            keep_binary: false,
            settle: SETTLE,
        };
        let keeper = keep("backend", order.inventory.as_deref(), None, &mut options)?;
        let outcome = match self.watch {
            Some((wish, watch)) => canary(&order, wish, watch, options, confirm).await,
            None => run::run(&order, self.ask, self.dry, options, confirm).await,
        };
        if outcome.as_ref().is_ok_and(|report| report.value.written) {
            remember(&find_inventory(order.inventory.as_deref())?);
        }
        let touched = |done: &run::Done| done.deployed.as_ref().is_some_and(|deployed| deployed.changed > 0);
        note(&keeper, &outcome, touched);
        outcome
    }
}

/// Carries a wish out for somebody who has agreed to it already.
///
/// # Errors
/// As [`run::run`].
pub(super) async fn wished(inventory: Option<&Path>, options: Options, wish: &Wish) -> ctl::Outcome<run::Done> {
    let change = Change { ask: Ask::Server(wish), watch: None, dry: false };
    change.carry_out(inventory, options, &|_, _| Ok(true)).await
}
