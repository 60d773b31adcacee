//! The commands that talk to hosts: flags to the desk's own terms, and a runtime to run them on.

use std::sync::Arc;
use std::time::Duration;

use indicatif::ProgressBar;

use super::args::{Command, Lock, Status};
use super::confirm;
use super::deploys::{binary, keep, note};
use super::global::{Color, Global};
use super::import_args::Takeover;
use super::show::{self, finish, finish_screen, operate, progress};
use crate::ctl::apply::back::{self, Back, Target};
use crate::ctl::apply::deploy::{self, Deployed, Order, Planned};
use crate::ctl::apply::order::Canary;
use crate::ctl::apply::plan_file::PlanFile;
use crate::ctl::apply::show::show_plan;
use crate::ctl::apply::takeover;
use crate::ctl::desk::{Desk, Options, find_inventory, open, owner_name, remember};
use crate::ctl::import::run as import;
use crate::ctl::import::who::Login;
use crate::ctl::operate::compare::{Wanted, compare};
use crate::ctl::operate::drain;
use crate::ctl::operate::failover::{Move, failover, unpin};
use crate::ctl::operate::metrics::metrics;
use crate::ctl::operate::{history, lock};
use crate::ctl::ssh::connect::{BySsh, PARALLEL};
use crate::ctl::verify::run as verify;
use crate::ctl::verify::status::{status_once, status_with_drift};
use crate::ctl::verify::why::why;
use crate::error::{Failure, Outcome};

/// Runs a command of the desk.
///
/// # Errors
/// What the command has to say, with its exit code.
pub(crate) fn run(global: &Global, command: Command) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::internal(format!("cannot start the runtime: {error}")))?;
    match global.color {
        Color::Auto => {} // console looks at the terminal and NO_COLOR
        Color::Always => console::set_colors_enabled(true),
        Color::Never => console::set_colors_enabled(false),
    }
    let bar = progress::bar(global);
    let options = options(global, &bar);
    let outcome = runtime.block_on(dispatch(global, options, command, &bar));
    bar.finish_and_clear();
    runtime.shutdown_timeout(Duration::from_millis(100));
    outcome
}

async fn dispatch(global: &Global, mut options: Options, command: Command, bar: &ProgressBar) -> Outcome {
    let inventory = global.inventory.as_deref();
    match command {
        Command::Plan(plan) => {
            let order = Order {
                inventory: plan.target.file.or_else(|| global.inventory.clone()),
                edited: None,
                limit: plan.target.limit,
                only: plan.target.only,
                exactly: None,
                batch: 1,
                keep_failed: false,
                accept_gap: false,
                skip_unreachable: plan.target.skip_unreachable,
                canary: None,
                binary: binary(),
                keep_binary: false,
                settle: deploy::SETTLE,
            };
            let outcome = show_plan(&order, options, plan.out.as_deref()).await;
            bar.finish_and_clear();
            finish(global, "plan", outcome, show::deploy::planned)
        }
        Command::Deploy(wanted) => {
            options.parallel = wanted.jobs;
            let exactly = wanted.plan.as_deref().map(PlanFile::read).transpose()?;
            let of_file =
                exactly.as_ref().map(|file| (Some(file.inventory.clone()), file.limit.clone(), file.only.clone()));
            let (inventory, limit, only) = of_file.unwrap_or_else(|| {
                (wanted.target.file.or_else(|| global.inventory.clone()), wanted.target.limit, wanted.target.only)
            });
            let order = Order {
                inventory,
                edited: None,
                limit,
                only,
                exactly,
                batch: wanted.batch,
                keep_failed: wanted.no_auto_rollback,
                accept_gap: wanted.accept_gap,
                skip_unreachable: wanted.target.skip_unreachable,
                canary: wanted.canary.map(|host| Canary { host, watch: wanted.watch }),
                binary: binary(),
                keep_binary: false,
                settle: deploy::SETTLE,
            };
            let keeper = keep("deploy", order.inventory.as_deref(), wanted.plan.as_deref(), &mut options)?;
            let confirm = |plan: &Planned| {
                bar.finish_and_clear();
                confirm::deploy(global, wanted.yes, plan)
            };
            let outcome = deploy::deploy(&order, options, &confirm).await;
            if outcome.as_ref().is_ok_and(|report| !report.value.declined) {
                remember(&find_inventory(order.inventory.as_deref())?);
            }
            let touched = |done: &Deployed| done.changed > 0;
            note(&keeper, &outcome, touched);
            finish(global, "deploy", outcome, show::deploy::deployed)
        }
        Command::Explain(wanted) => {
            let Some(address) = wanted.vip() else { return super::explain::explain(global, &wanted) };
            let outcome = why(inventory, options, address).await;
            bar.finish_and_clear();
            super::explain::explain_vip(global, outcome)
        }
        Command::Import(wanted) => {
            let login = Login { key: wanted.key, jump: wanted.jump, password: wanted.password };
            let order = import::Order { hosts: wanted.hosts, login, out: wanted.out };
            let outcome = import::import(&order, options).await;
            bar.finish_and_clear();
            finish(global, "import", outcome, show::import::imported)
        }
        Command::Takeover(wanted) => takeover(global, options, bar, wanted).await,
        Command::Status(wanted) => status(global, options, bar, &wanted).await,
        Command::Dashboard(wanted) => {
            bar.finish_and_clear();
            super::dashboard::dashboard(global, options, &wanted).await
        }
        Command::Verify(wanted) => {
            let outcome = verify::verify(inventory, options, wanted.duration, wanted.max_gap).await;
            finish(global, "verify", outcome, operate::verified)
        }
        Command::Capture(wanted) => super::capture::run(global, options, bar, wanted).await,
        Command::Failover(wanted) => {
            let order = Move {
                to: wanted.to,
                vip: wanted.vip,
                dry_run: wanted.dry_run,
                stay: wanted.stay,
                force: wanted.force,
            };
            finish(global, "failover", failover(inventory, options, &order).await, operate::moves)
        }
        Command::Unpin { host } => {
            finish(global, "unpin", unpin(inventory, options, host.as_deref()).await, operate::unpins)
        }
        Command::Metrics { host } => {
            let outcome = metrics(inventory, options, host.as_deref()).await;
            finish(global, "metrics", outcome, |page| page.text.clone())
        }
        Command::Drain { host, wait } => {
            let outcome = drain::order(inventory, options, &host, drain::Order::Drain { wait }).await;
            finish(global, "drain", outcome, operate::ordered)
        }
        Command::Undrain { host } => {
            let outcome = drain::order(inventory, options, &host, drain::Order::Undrain).await;
            finish(global, "undrain", outcome, operate::ordered)
        }
        Command::Weight { host, weight } => {
            let outcome = drain::order(inventory, options, &host, drain::Order::Weight(weight)).await;
            finish(global, "weight", outcome, operate::ordered)
        }
        Command::Backend(wanted) => super::backend::backend(global, options, bar, wanted).await,
        Command::Rollback { to, yes } => {
            go_back(global, options, bar, yes, Vec::new(), Target::Generation(to), "rollback").await
        }
        Command::Remove { hosts, yes } => go_back(global, options, bar, yes, hosts, Target::Before, "remove").await,
        Command::Uninstall { yes } => go_back(global, options, bar, yes, Vec::new(), Target::Before, "uninstall").await,
        Command::Diff { from, to, host } => {
            let outcome = compare(inventory, options, &Wanted { from, to, host }).await;
            finish(global, "diff", outcome, operate::compared)
        }
        Command::History { host } => {
            let outcome = history::history(inventory, options, host.as_deref()).await;
            finish(global, "history", outcome, operate::history)
        }
        Command::Logs(wanted) => super::logs::run(global, options, bar, wanted).await,
        Command::Lock(Lock::Status { host }) => {
            finish(global, "lock", lock::locks(inventory, options, host.as_deref()).await, operate::locks)
        }
        Command::Lock(Lock::Break { host, yes }) => {
            if !yes {
                confirm::break_lock(global)?;
            }
            let who = owner_name();
            let keeper = keep("lock break", inventory, None, &mut options)?;
            let outcome = lock::break_locks(inventory, options, host.as_deref(), &who, deploy::SETTLE).await;
            // Where no lock was broken nothing was done.
            note(&keeper, &outcome, |_| false);
            finish(global, "lock", outcome, operate::locks)
        }
        Command::Drill(wanted) => super::drill::run(global, options, wanted).await,
        _ => Err(Failure::internal("not a command of the desk")),
    }
}

/// `takeover`.
async fn takeover(global: &Global, mut options: Options, bar: &ProgressBar, wanted: Takeover) -> Outcome {
    let order = Order {
        inventory: wanted.file.or_else(|| global.inventory.clone()),
        edited: None,
        limit: Vec::new(),
        only: Vec::new(),
        exactly: None,
        batch: 1,
        keep_failed: wanted.no_auto_rollback,
        accept_gap: wanted.accept_gap,
        skip_unreachable: false,
        canary: None,
        binary: binary(),
        keep_binary: false,
        settle: deploy::SETTLE,
    };
    let keeper = keep("takeover", order.inventory.as_deref(), None, &mut options)?;
    let confirm = |plan: &Planned| {
        bar.finish_and_clear();
        confirm::deploy(global, wanted.yes, plan)
    };
    let outcome = takeover::takeover(&order, options, &confirm).await;
    if outcome.as_ref().is_ok_and(|report| !report.value.deployed.declined) {
        remember(&find_inventory(order.inventory.as_deref())?);
    }
    note(&keeper, &outcome, |done| done.deployed.changed > 0);
    finish(global, "takeover", outcome, show::import::taken_over)
}

/// `rollback`, `remove` and `uninstall`.
async fn go_back(
    global: &Global,
    mut options: Options,
    bar: &ProgressBar,
    yes: bool,
    hosts: Vec<String>,
    target: Target,
    command: &str,
) -> Outcome {
    let keeper = keep(command, global.inventory.as_deref(), None, &mut options)?;
    let back = Back { inventory: global.inventory.clone(), hosts, target, settle: deploy::SETTLE };
    let confirm = |plan: &Planned| {
        bar.finish_and_clear();
        confirm::deploy(global, yes, plan)
    };
    let outcome = back::go_back(&back, options, &confirm).await;
    note(&keeper, &outcome, |done| done.hosts > 0);
    finish(global, command, outcome, show::deploy::went_back)
}

fn options(global: &Global, bar: &ProgressBar) -> Options {
    Options {
        limit: Duration::from_secs(global.timeout),
        accept_new: global.accept_new_host_keys,
        parallel: PARALLEL,
        held: PARALLEL,
        commands: global.verbose > 1,
        listener: progress::listener(global, bar),
        way: Arc::new(BySsh),
    }
}

/// One screen; with `watch` what happens from now on.
async fn status(global: &Global, options: Options, bar: &ProgressBar, wanted: &Status) -> Outcome {
    let cluster = open(global.inventory.as_deref(), &options)?;
    match (wanted.watch, wanted.drift) {
        (false, false) => {
            let report = status_once(&cluster, options).await?;
            finish_screen(global, "status", &report, show::status::status)
        }
        (false, true) => {
            let report = status_with_drift(&Desk::connect(cluster, options).await?).await?;
            finish_screen(global, "status", &report, show::status::status)
        }
        (true, drift) => {
            bar.finish_and_clear();
            super::watch::watch(global, options, cluster, drift).await
        }
    }
}
