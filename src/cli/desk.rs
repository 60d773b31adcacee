//! The commands that talk to hosts: flags to the desk's own terms, and a runtime to run them on.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::args::Command;
use super::global::{Color, Global};
use crate::ctl::apply::deploy::{self, Order};
use crate::ctl::desk::Manner;
use crate::ctl::drain;
use crate::ctl::failover::{Move, failover};
use crate::error::{Exit, Failure, Outcome, Problem};

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
    let manner = manner(global);
    let bar = manner.bar.clone();
    let outcome = runtime.block_on(dispatch(global, manner, command));
    bar.finish_and_clear();
    runtime.shutdown_timeout(Duration::from_millis(100));
    outcome
}

async fn dispatch(global: &Global, mut manner: Manner, command: Command) -> Outcome {
    match command {
        Command::Plan(plan) => {
            let order = Order {
                inventory: plan.target.file.or_else(|| global.inventory.clone()),
                limit: plan.target.limit,
                only: plan.target.only,
                yes: false,
                batch: 1,
                keep_failed: false,
            };
            deploy::show_plan(&order, manner).await
        }
        Command::Deploy(wanted) => {
            manner.parallel = wanted.jobs;
            let order = Order {
                inventory: wanted.target.file.or_else(|| global.inventory.clone()),
                limit: wanted.target.limit,
                only: wanted.target.only,
                yes: wanted.yes,
                batch: wanted.batch,
                keep_failed: wanted.no_auto_rollback,
            };
            deploy::deploy(&order, manner).await
        }
        Command::Status(status) => crate::ctl::status::status(global.inventory.as_deref(), manner, status.watch).await,
        Command::Verify(wanted) => {
            crate::ctl::verify_run::verify(global.inventory.as_deref(), manner, wanted.duration, wanted.max_gap).await
        }
        Command::Failover(wanted) => {
            let vip = wanted.vip.as_deref().map(address).transpose()?;
            let order = Move { to: wanted.to, vip, dry_run: wanted.dry_run, stay: wanted.stay, force: wanted.force };
            failover(global.inventory.as_deref(), manner, &order).await
        }
        Command::Unpin { host } => {
            crate::ctl::failover::unpin(global.inventory.as_deref(), manner, host.as_deref()).await
        }
        Command::Drain { host, wait } => {
            drain::order(global.inventory.as_deref(), manner, &host, drain::Order::Drain { wait }).await
        }
        Command::Undrain { host } => {
            drain::order(global.inventory.as_deref(), manner, &host, drain::Order::Undrain).await
        }
        Command::Weight { host, weight } => {
            drain::order(global.inventory.as_deref(), manner, &host, drain::Order::Weight(weight)).await
        }
        Command::Drill(wanted) => super::drill::run(global, manner, wanted).await,
        _ => Err(Failure::internal("not a command of the desk")),
    }
}

fn address(text: &str) -> Result<std::net::IpAddr, Failure> {
    text.parse().map_err(|_| {
        let problem = Problem::new("E143", format!("--vip {text} is not an address"));
        Failure::one(Exit::Invalid, problem)
    })
}

fn manner(global: &Global) -> Manner {
    Manner {
        limit: Duration::from_secs(global.timeout),
        accept_new: global.accept_new_host_keys,
        parallel: crate::ctl::ssh::connect::PARALLEL,
        json: global.wants_json(),
        quiet: global.quiet,
        aloud: global.verbose > 1,
        bar: bar(global),
    }
}

/// A bar on a terminal; nowhere else, not in CI, and not when it is not wanted.
fn bar(global: &Global) -> ProgressBar {
    let drawn =
        console::Term::stderr().is_term() && !global.quiet && !global.no_progress && std::env::var_os("CI").is_none();
    if !drawn {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {bar:24} {pos}/{len}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
