//! Logs: to the journal with fields under systemd, to the system's log from the background, else to stderr.

use std::env;
use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry, fmt};

use super::syslog::{SOCKET, Syslog};

/// How to log.
#[derive(Debug, Clone)]
pub(crate) struct Logging {
    /// To stderr, whatever else there is.
    pub console: bool,
    /// In detail.
    pub detail: bool,
    /// In the background, where nobody reads stderr.
    pub background: bool,
    /// Facility of the system's log.
    pub facility: u8,
    /// What the log calls this program.
    pub name: String,
}

/// Starts logging. `HACTL_LOG` overrides what is said (`debug`, `hactl::agent=trace`).
pub(crate) fn start(logging: &Logging) {
    let default = if logging.detail { "hactl=debug,warn" } else { "hactl=info,warn" };
    let filter = EnvFilter::try_from_env("HACTL_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    // Only a second start in one process fails, and then logging runs already.
    drop(tracing_subscriber::registry().with(layer(logging).with_filter(filter)).try_init());
}

fn layer(logging: &Logging) -> Box<dyn Layer<Registry> + Send + Sync> {
    let unattended = logging.background || env::var_os("JOURNAL_STREAM").is_some();
    if !logging.console && unattended {
        if let Ok(journal) = tracing_journald::layer() {
            let facility = [("SYSLOG_FACILITY", logging.facility.to_string())];
            return journal.with_syslog_identifier(logging.name.clone()).with_custom_fields(facility).boxed();
        }
        if let Ok(syslog) = Syslog::open(SOCKET.as_ref(), logging.facility, &logging.name) {
            let lines = fmt::layer().with_writer(syslog).without_time().with_level(false);
            return lines.with_target(false).with_ansi(false).boxed();
        }
    }
    // Colours are for eyes; a file or another program's pipe gets none.
    fmt::layer().with_writer(stderr).with_target(false).with_ansi(stderr().is_terminal()).boxed()
}
