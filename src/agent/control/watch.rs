//! `watch`: what an agent sees, line by line, until whoever asked has gone. Changes are told when they happen. Adverts,
//! counters and load are looked at in a rhythm that neither the VRRP loop nor a slow line to the desk notices.

use std::io;
use std::time::Duration;

use hactl_engine::control::AgentStatus;
use hactl_engine::seen::{Seen, Sight, of_routers, of_services};
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader, ReadHalf, WriteHalf};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::handles::{Handles, routers, status};
use crate::net::seats::Wire;
use crate::sys::process::clock;

/// How long a client may take to send a line, or to take an answer.
pub(super) const IDLE: Duration = Duration::from_secs(5);
/// Between two looks at virtual routers, where there are few.
const LOOK: Duration = Duration::from_millis(250);
/// And where there are not.
const LOOK_AT_MANY: Duration = Duration::from_secs(1);
/// Few.
const FEW: usize = 32;
/// Between two looks at everything else.
const LOOK_AROUND: Duration = Duration::from_secs(1);
/// And where there are many real servers, since the kernel is asked for each.
const LOOK_AROUND_MANY: Duration = Duration::from_secs(5);
/// Between two lines that tell everything.
const ALL_AGAIN: Duration = Duration::from_secs(10);
/// Who has nothing to tell for so long says that.
const BEAT: Duration = Duration::from_secs(1);

pub(super) type Reader = BufReader<ReadHalf<Box<dyn Wire>>>;
pub(super) type Writer = WriteHalf<Box<dyn Wire>>;

/// Tells what is seen until the client goes, or does not read any more.
pub(super) async fn watch(lines: &mut Reader, write: &mut Writer, handles: &Handles) -> io::Result<()> {
    let (recent, mut events) = handles.journal.watch();
    let mut known = match status(handles).await {
        Ok(status) => status,
        Err(why) => return say(write, &note(why.to_string())).await,
    };
    say(write, &all(&known)).await?;
    for line in &recent {
        say(write, line).await?;
    }
    let mut looks = paced(if known.instances.len() <= FEW { LOOK } else { LOOK_AT_MANY });
    let real_servers: usize = known.virtual_servers.iter().map(|server| server.real_servers.len()).sum();
    let mut rounds = paced(if real_servers <= FEW { LOOK_AROUND } else { LOOK_AROUND_MANY });
    let mut whole = paced(ALL_AGAIN);
    let mut spoke = Instant::now();
    let mut word = [0];
    loop {
        let seen = tokio::select! {
            biased;
            event = events.recv() => match event {
                Ok(event) => vec![event],
                // What was lost is in the state, as far as it lasts.
                Err(RecvError::Lagged(lost)) => vec![note(format!("{lost} events came too fast to be told"))],
                Err(RecvError::Closed) => return Ok(()),
            },
            gone = lines.read(&mut word) => match gone? {
                0 => return Ok(()),
                _ => continue, // it has nothing to say any more, and may
            },
            _ = whole.tick() => match status(handles).await {
                Ok(now) => {
                    let mut seen = differences(&known, &now);
                    seen.push(all(&now));
                    known = now;
                    seen
                }
                Err(why) => vec![note(why.to_string())],
            },
            _ = rounds.tick() => match status(handles).await {
                Ok(now) => {
                    let seen = differences(&known, &now);
                    known = now;
                    seen
                }
                Err(why) => vec![note(why.to_string())],
            },
            _ = looks.tick() => match routers(handles).await {
                Ok(now) => {
                    let seen = of_routers(&known.instances, &now.instances, clock::unix_ms());
                    known.instances = now.instances;
                    seen
                }
                Err(why) => vec![note(why.to_string())],
            },
        };
        for line in &seen {
            say(write, line).await?;
        }
        if !seen.is_empty() {
            spoke = Instant::now();
        } else if spoke.elapsed() >= BEAT {
            say(write, &now(Sight::Beat)).await?;
            spoke = Instant::now();
        }
    }
}

fn differences(before: &AgentStatus, after: &AgentStatus) -> Vec<Seen> {
    let mut seen = of_routers(&before.instances, &after.instances, after.now_unix_ms);
    seen.extend(of_services(before, after));
    seen
}

fn all(status: &AgentStatus) -> Seen {
    Seen { unix_ms: status.now_unix_ms, what: Sight::State { status: Box::new(status.clone()) } }
}

fn note(message: String) -> Seen {
    now(Sight::Note { message })
}

fn now(what: Sight) -> Seen {
    Seen { unix_ms: clock::unix_ms(), what }
}

/// Ticks that do not catch up, the first after a whole turn.
fn paced(each: Duration) -> tokio::time::Interval {
    let mut ticks = interval_at(Instant::now() + each, each);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// One line, in the time that a client may take.
pub(super) async fn say(write: &mut Writer, line: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(line)?;
    line.push(b'\n');
    timeout(IDLE, write.write_all(&line)).await?
}
