//! `hactl capture`: live or from files, in words or as JSON.

use indicatif::ProgressBar;

use super::capture_args::Capture;
use super::global::Global;
use super::show::capture::{Screen, summary};
use super::show::finish;
use crate::ctl::capture::files;
use crate::ctl::capture::live::{Order, capture};
use crate::ctl::cluster::Cluster;
use crate::ctl::desk::{Options, find_inventory, open};
use crate::error::{Failure, Outcome};

/// Shows what load balancers say until the time is over or somebody has seen enough, and then judges it.
///
/// # Errors
/// No host can be captured on, or a file is none that can be read or written.
pub(super) async fn run(global: &Global, options: Options, bar: &ProgressBar, wanted: Capture) -> Outcome {
    let endless = wanted.read.is_empty() && wanted.time.is_none();
    let mut screen = Screen::new(global, bar, endless);
    let outcome = if wanted.read.is_empty() {
        let order = Order {
            hosts: &wanted.hosts,
            interfaces: &wanted.interface,
            time: wanted.time,
            write: wanted.write.as_deref(),
            explain: wanted.explain,
        };
        let stop = async {
            let _ = tokio::signal::ctrl_c().await; // where there are no signals the time ends it
        };
        capture(global.inventory.as_deref(), options, &order, &mut screen, stop).await
    } else {
        let cluster = inventory(global, &options)?;
        files::read(cluster.as_ref(), &wanted.read, wanted.explain, wanted.write.as_deref(), &mut screen)
    };
    bar.finish_and_clear();
    finish(global, "capture", outcome, |value| summary(value, wanted.write.as_deref()))
}

/// Names for a file's addresses. Without an inventory it can be read all the same, unless one was named.
fn inventory(global: &Global, options: &Options) -> Result<Option<Cluster>, Failure> {
    let named = global.inventory.as_deref();
    if named.is_none() && find_inventory(None).is_err() {
        return Ok(None);
    }
    match open(named, options) {
        Err(_) if named.is_none() => Ok(None),
        opened => opened.map(Some),
    }
}
