//! nginx, which reads what is issued: it tests its configuration, and reloads it without losing a request.

use std::io;
use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::NotLoaded;
use crate::certificate;
use crate::net::http::get::get_by_tls;

/// Tests the whole configuration as it lies there.
///
/// # Errors
/// There is no nginx, or what it says against it.
pub(super) fn test() -> Result<(), NotLoaded> {
    let output = run("nginx", &["-t", "-q"])?;
    if output.status.success() { Ok(()) } else { Err(NotLoaded::Refused(said(&output))) }
}

/// Reloads it where it runs, and says whether it does; one that starts later reads the new files anyway.
///
/// # Errors
/// What systemd says.
pub(super) fn reload() -> Result<bool, NotLoaded> {
    if !run("systemctl", &["is-active", "-q", "nginx"])?.status.success() {
        return Ok(false);
    }
    let output = run("systemctl", &["reload", "nginx"])?;
    if output.status.success() { Ok(true) } else { Err(NotLoaded::NoReload(said(&output))) }
}

/// Waits until it shows a certificate, and nothing else any more: a reload is told of before its new workers serve, and
/// for a moment the old ones take connections beside them.
///
/// # Errors
/// It shows another one for too long.
pub(super) async fn shows(port: u16, name: &str, fingerprint: &str, limit: Duration) -> Result<(), NotLoaded> {
    let end = Instant::now() + limit;
    let mut in_a_row = 0;
    loop {
        let asked = get_by_tls(SocketAddr::from(([127, 0, 0, 1], port)), name, "/hactl-health", ONE_LOOK).await;
        let shown = asked.ok().and_then(|(_, certificate)| certificate);
        in_a_row = match shown.is_some_and(|der| certificate::fingerprint(&der) == fingerprint) {
            true => in_a_row + 1,
            false => 0,
        };
        if in_a_row == STEADY {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(NotLoaded::NotShown(name.to_owned(), limit));
        }
        sleep(LOOK_EVERY).await;
    }
}

/// For how long nginx may take to start new workers.
pub(super) const RELOAD: Duration = Duration::from_secs(10);
/// How often it is looked at meanwhile, and for how long one look may take.
const LOOK_EVERY: Duration = Duration::from_millis(50);
const ONE_LOOK: Duration = Duration::from_secs(2);
/// So many looks in a row see the new one: longer than the tenth of a second that nginx leaves its old workers.
const STEADY: u32 = 6;

fn run(program: &'static str, words: &[&str]) -> Result<Output, NotLoaded> {
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null());
    command.output().map_err(|why: io::Error| NotLoaded::Program { program, why })
}

/// The last line of what it complained.
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    line.map_or_else(|| output.status.to_string(), |line| line.trim().to_owned())
}
