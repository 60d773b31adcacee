//! The clients of a drill: one that pings the VIP every millisecond, one that asks for the page.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::observe::{Mark, Stream};
use super::scenario::REQUEST_EVERY;
use crate::ctl::look::observe::ask;
use crate::error::Failure;
use crate::sys::packet::ping::Prober;

const PING_EVERY: Duration = Duration::from_millis(1);
/// A request that takes longer is as good as lost to whoever waits for a page.
const REQUEST_LIMIT: Duration = Duration::from_secs(1);

/// Clients at work.
pub struct Clients {
    begin: Instant,
    ping_begin: Duration,
    prober: Prober,
    stop: Arc<AtomicBool>,
    requests: JoinHandle<Vec<Mark>>,
}

impl Clients {
    /// Starts both.
    ///
    /// # Errors
    /// Raw sockets need root.
    pub fn start(vip: IpAddr, port: u16, server_name: &str, begin: Instant) -> Result<Self, Failure> {
        let ping_begin = begin.elapsed();
        let prober = Prober::start(vip, PING_EVERY).map_err(|error| {
            Failure::internal(format!("cannot ping {vip}: {error}; drills need root for raw sockets"))
        })?;
        let stop = Arc::new(AtomicBool::new(false));
        let target = SocketAddr::new(vip, port);
        let requests = tokio::spawn(ask_on(target, server_name.to_owned(), begin, Arc::clone(&stop)));
        Ok(Self { begin, ping_begin, prober, stop, requests })
    }

    /// The clock all marks count on.
    pub fn elapsed(&self) -> Duration {
        self.begin.elapsed()
    }

    /// Stops both; pings and requests.
    ///
    /// # Errors
    /// A client that ended badly.
    pub async fn stop(self) -> Result<(Stream, Stream), Failure> {
        self.stop.store(true, Ordering::Relaxed);
        let ended = |error: tokio::task::JoinError| Failure::internal(format!("a client ended badly: {error}"));
        let prober = self.prober;
        let recording = tokio::task::spawn_blocking(|| prober.stop()).await.map_err(ended)?;
        let pings = recording
            .probes
            .iter()
            .map(|probe| Mark { at: self.ping_begin + probe.sent, ok: probe.answered.is_some() })
            .collect();
        let requests = self.requests.await.map_err(ended)?;
        Ok((Stream { interval: recording.interval, marks: pings }, Stream { interval: REQUEST_EVERY, marks: requests }))
    }
}

/// Sends a request every [`REQUEST_EVERY`], each on a task of its own: a slow one delays no other.
async fn ask_on(target: SocketAddr, server_name: String, begin: Instant, stop: Arc<AtomicBool>) -> Vec<Mark> {
    let mut clock = tokio::time::interval(REQUEST_EVERY);
    let mut asked = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        clock.tick().await;
        let at = begin.elapsed();
        let name = server_name.clone();
        asked.push(tokio::spawn(async move {
            let answer = tokio::time::timeout(REQUEST_LIMIT, ask(target, &name, "/")).await;
            Mark { at, ok: matches!(answer, Ok(Ok(status)) if status < 500) }
        }));
    }
    let mut marks = Vec::with_capacity(asked.len());
    for task in asked {
        if let Ok(mark) = task.await {
            marks.push(mark);
        }
    }
    marks
}
