//! One host's part of the stream: connected to, listened to, and connected to again when it is not heard any more.

use std::sync::Arc;
use std::time::Duration;

use hactl_engine::seen::{Seen, Sight};
use tokio::sync::Notify;
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{Instant, sleep, sleep_until};

use super::clock::{now_ms, now_ns};
use super::lines::Lines;
use super::told::{Item, News, Told};
use crate::ctl::capture::clocks::{Offset, offset};
use crate::ctl::desk::Desk;
use crate::ctl::host::Script;
use crate::ctl::remote::Output;
use crate::error::{Code, Problem};

/// Pieces of a stream that wait to be read.
const WAITING: usize = 64;
/// An agent says something each second: one that is silent for so long is gone, or the line to it.
const SILENT: Duration = Duration::from_secs(8);
/// Nobody watches longer at a stretch; then the connection is made anew.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// Between two tries to connect, at first.
const PAUSE: Duration = Duration::from_secs(1);
/// And at the longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A stream that has lasted for so long was a good one: the next try comes soon.
const GOOD: Duration = Duration::from_secs(10);
/// How long after the beginning a host's clock is measured well.
const MEASURED_AFTER: Duration = Duration::from_secs(1);
/// And how often again, since clocks are set and drift.
const MEASURED_EACH: Duration = Duration::from_secs(60);
const NS_PER_MS: u64 = 1_000_000;

/// Follows a host for ever. `moved` is rung when a virtual router changes its state there, and `begun` is dropped when
/// it is known whether the host is heard.
pub(super) async fn follow(base: Arc<Desk>, host: String, to: Sender<Item>, moved: Arc<Notify>, begun: Sender<()>) {
    let mut pause = PAUSE;
    let mut ear = Ear { host, to, moved, begun: Some(begun), speaks: false, clock: None, told: 0, before: 0 };
    loop {
        ear.tell(now_ms(), News::Connecting).await;
        let since = Instant::now();
        let desk = base.again(vec![ear.host.clone()]).await;
        let problem = match desk.unreachable.first() {
            Some((_, problem)) => problem.clone(),
            None => ear.listen(&desk).await,
        };
        if since.elapsed() > GOOD {
            pause = PAUSE;
        }
        ear.begun = None;
        ear.tell(now_ms(), News::Lost { problem: Box::new(problem), again_in: pause }).await;
        if ear.to.is_closed() {
            return;
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Who listens to a host.
struct Ear {
    host: String,
    to: Sender<Item>,
    moved: Arc<Notify>,
    begun: Option<Sender<()>>,
    /// Whether the agent has said anything on this connection.
    speaks: bool,
    clock: Option<Offset>,
    /// Of what was told so far that is told once, the latest time by the host's clock.
    told: u64,
    /// The same when this connection was made: an agent begins with what it told last.
    before: u64,
}

impl Ear {
    async fn tell(&self, at_ms: u64, news: News) {
        // Whoever read it has seen enough: `follow` ends.
        let _ = self.to.send(Item::Host(Told { host: self.host.clone(), at_ms, news })).await;
    }

    /// Hands on what the host's agent sees; returns why that has ended.
    async fn listen(&mut self, desk: &Desk) -> Problem {
        let host = self.host.clone();
        let script = Script::new().call("events", []).text();
        let (piece, mut pieces) = channel(WAITING);
        let asked = now_ns();
        let following = desk.follow(&host, &script, piece, LONGEST);
        let (clock, mut clocks) = channel(1);
        let measuring = measure(desk, &host, clock);
        tokio::pin!(following, measuring);
        let mut lines = Lines::default();
        let mut heard = Instant::now();
        (self.speaks, self.clock, self.before) = (false, None, self.told);
        loop {
            tokio::select! {
                biased;
                Some(bytes) = pieces.recv() => {
                    heard = Instant::now();
                    for line in lines.feed(&bytes) {
                        self.hear(line, asked).await;
                    }
                }
                Some(clock) = clocks.recv() => {
                    self.clock = Some(clock);
                    self.tell(now_ms(), News::Clock(clock)).await;
                }
                end = &mut following => {
                    while let Ok(bytes) = pieces.try_recv() {
                        for line in lines.feed(&bytes) {
                            self.hear(line, asked).await;
                        }
                    }
                    return end.map_or_else(|problem| problem, |output| ended(&host, &output));
                }
                () = &mut measuring => {}
                () = sleep_until(heard + SILENT) => {
                    let message = format!("nothing was heard for {} s", SILENT.as_secs());
                    return Problem::on(&host, Code::ConnectionLost, message)
                        .why("the host is down, its agent hangs, or the network between is cut")
                        .next(format!("`hactl status` asks all hosts anew; see whether {host} answers a ping"));
                }
                () = self.to.closed() => return Problem::on(&host, Code::ConnectionLost, "nobody listens any more"),
            }
        }
    }

    async fn hear(&mut self, line: Option<Seen>, asked: u64) {
        let Some(Seen { unix_ms, what }) = line else {
            return self.tell(now_ms(), News::NotUnderstood).await;
        };
        if !self.speaks {
            // The first line was written between the question and now; what it says of when lacks up to a millisecond.
            let clock = Offset::between(asked.saturating_sub(NS_PER_MS), unix_ms.saturating_mul(NS_PER_MS), now_ns());
            (self.speaks, self.clock, self.begun) = (true, clock, None);
            self.tell(now_ms(), News::Connected).await;
            if let Some(clock) = clock {
                self.tell(now_ms(), News::Clock(clock)).await;
            }
        }
        if !what.is_routine() {
            if unix_ms <= self.before {
                return;
            }
            self.told = self.told.max(unix_ms);
        }
        let at = unix_ms.saturating_mul(NS_PER_MS);
        let at_ms = self.clock.map_or(at, |clock| clock.believed().to_desk(at)) / NS_PER_MS;
        if let Sight::Notice { notice } = &what
            && notice.what.state().is_some()
        {
            self.moved.notify_one();
        }
        self.tell(at_ms, News::Seen(Box::new(what))).await;
    }
}

/// Measures a host's clock again and again. It does not end, so that whoever waits for the stream goes on waiting.
async fn measure(desk: &Desk, host: &str, to: Sender<Offset>) {
    sleep(MEASURED_AFTER).await;
    loop {
        if let Some(clock) = offset(desk, host).await {
            let _ = to.send(clock).await; // whoever reads it lives as long as this
        }
        sleep(MEASURED_EACH).await;
    }
}

/// Why a host's stream has come to its end.
fn ended(host: &str, output: &Output) -> Problem {
    let said = output.complaint();
    // The first line says what; why and what next are for whoever sits there.
    let first = said.lines().next().unwrap_or_default();
    let said = first.split_once("]: ").map_or(first, |(_, message)| message);
    let problem = Problem::on(host, Code::CannotListen, format!("its agent is not heard: {said}"));
    problem.next(match said.contains("unrecognized subcommand") || said.contains("not found") {
        true => "the hactl there is older than this one, or none: `hactl deploy` brings it".to_owned(),
        false => format!("`systemctl status hactl-agent` on {host}"),
    })
}
