//! Logs: to the journal with fields under systemd, else to stderr.

use std::env;

use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts logging. `HACTL_LOG` overrides what is said (`debug`, `hactl::agent=trace`).
pub fn start(to_console: bool, in_detail: bool) {
    let default = if in_detail { "hactl=debug,warn" } else { "hactl=info,warn" };
    let filter = EnvFilter::try_from_env("HACTL_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let registry = tracing_subscriber::registry().with(filter);
    let journal = (!to_console && env::var_os("JOURNAL_STREAM").is_some()).then(tracing_journald::layer);
    let started = match journal {
        Some(Ok(layer)) => registry.with(layer.with_syslog_identifier("hactl-agent".into())).try_init(),
        _ => registry.with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false)).try_init(),
    };
    drop(started); // only a second start in one process fails, and then logging runs already
}
