//! Capturing on all load balancers at once.

use std::path::Path;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{Instant, sleep_until};

use super::align::Place;
use super::clocks::offset;
use super::merged::Merged;
use super::source::{Source, Told};
use super::watch::{Happening, Summary, Vantage, Watch};
use crate::ctl::desk::{Desk, Options, open};
use crate::ctl::host::Script;
use crate::ctl::report::{Outcome, Report};
use crate::error::{Code, Exit, Failure, Problem};

/// Pieces of streams that wait to be read.
const WAITING: usize = 256;
/// Hosts that do not end by themselves are let go after so long.
const GRACE: Duration = Duration::from_secs(2);
/// Nobody captures longer.
pub const LONGEST: Duration = Duration::from_secs(3600);

/// What is captured.
pub struct Order<'o> {
    /// Only these hosts; all that run an agent when empty.
    pub hosts: &'o [String],
    /// Interfaces; those of each host's configuration when empty.
    pub interfaces: &'o [String],
    /// For so long; until it is stopped when absent.
    pub time: Option<Duration>,
    /// Where to.
    pub write: Option<&'o Path>,
    /// Explain each kind of packet.
    pub explain: bool,
}

/// Whoever shows it.
pub trait Shown {
    /// The hosts are listened on.
    fn begun(&mut self, hosts: &[Vantage]);
    /// Something was seen.
    fn happened(&mut self, what: &Happening);
}

/// A piece of a host's stream, or its end.
enum Came {
    Bytes(Place, Vec<u8>),
    Stopped,
}

/// Captures until the time is over or `stop` comes.
///
/// # Errors
/// No such host, or none that can be captured on; the file cannot be written.
pub async fn capture(
    inventory: Option<&Path>,
    options: Options,
    order: &Order<'_>,
    show: &mut dyn Shown,
    stop: impl Future<Output = ()>,
) -> Outcome<Summary> {
    let cluster = open(inventory, &options)?;
    let names = chosen(&cluster, order.hosts)?;
    let merged = order.write.map(Merged::begin).transpose()?;
    let limit = options.limit;
    let desk = Desk::connect_to(cluster, options, names).await?;
    let mut problems: Vec<Problem> = desk.unreachable.iter().map(|(_, problem)| problem.clone()).collect();
    let names: Vec<&str> = desk.agents().iter().map(|host| host.name.as_str()).collect();
    let clocks = desk.at_once(names.iter().map(|name| offset(&desk, name))).await;
    let hosts = names.iter().zip(clocks).map(|(name, clock)| Vantage::new((*name).to_owned(), clock)).collect();
    let mut watch = Watch::new(Some(&desk.cluster), hosts, order.explain, merged);

    let time = order.time.unwrap_or(LONGEST).min(LONGEST);
    let script = script(order, time);
    let (to, mut from) = channel(WAITING);
    let mut ends: FuturesUnordered<_> = (0..)
        .zip(&names)
        .map(|(place, name)| follow(&desk, (place, name), &script, to.clone(), time + limit))
        .collect();
    drop(to);
    let mut sources: Vec<Source> = names.iter().map(|_| Source::default()).collect();
    let (mut begun, mut running) = (false, names.len());
    tokio::pin!(stop);
    let late = sleep_until(Instant::now() + time + limit + GRACE);
    tokio::pin!(late);
    while running > 0 {
        let came = tokio::select! {
            biased;
            () = &mut stop => Came::Stopped,
            () = &mut late => Came::Stopped,
            Some((place, bytes)) = from.recv() => Came::Bytes(place, bytes),
            Some((place, end)) = ends.next() => {
                running -= 1;
                // What it had sent before that is still to be read.
                while let Ok((place, bytes)) = from.try_recv() {
                    problems.extend(read(&mut watch, &mut sources, place, &bytes)?);
                }
                watch.ended(place);
                problems.extend(end);
                continue;
            }
        };
        match came {
            Came::Stopped => break,
            Came::Bytes(place, bytes) => problems.extend(read(&mut watch, &mut sources, place, &bytes)?),
        }
        let all = watch.hosts().iter().all(|host| !host.interfaces.is_empty());
        if !begun && all {
            begun = true;
            show.begun(watch.hosts());
        }
        watch.happened(None).iter().for_each(|what| show.happened(what));
    }
    if watch.hosts().iter().all(|host| host.interfaces.is_empty()) {
        return Err(Failure { exit: Exit::Preflight, problems });
    }
    if !begun {
        show.begun(watch.hosts());
    }
    let (left, summary, found) = watch.end()?;
    left.iter().for_each(|what| show.happened(what));
    problems.extend(found);
    Ok(Report::judged(summary, problems))
}

fn chosen(cluster: &crate::ctl::cluster::Cluster, hosts: &[String]) -> Result<Vec<String>, Failure> {
    let all: Vec<String> = cluster.agents().filter(|host| host.managed).map(|host| host.name.clone()).collect();
    if hosts.is_empty() {
        return Ok(all);
    }
    match hosts.iter().find(|name| !all.contains(name)) {
        None => Ok(hosts.to_vec()),
        Some(name) => {
            let message = format!("no load balancer is named {name}; there is {}", all.join(", "));
            Err(Failure::one(Exit::Invalid, Problem::new(Code::NothingSelected, message)))
        }
    }
}

fn script(order: &Order<'_>, time: Duration) -> String {
    let time = format!("{}ms", time.as_millis());
    let words = ["--for", &time].into_iter().chain(order.interfaces.iter().map(String::as_str));
    Script::new().call("capture", words).text()
}

/// Hands on what a host captures, until it ends; returns what went wrong.
async fn follow(
    desk: &Desk,
    (place, host): (Place, &str),
    script: &str,
    to: Sender<(Place, Vec<u8>)>,
    limit: Duration,
) -> (Place, Option<Problem>) {
    let (piece, mut pieces) = channel(WAITING);
    let hand_on = async move {
        while let Some(bytes) = pieces.recv().await {
            if to.send((place, bytes)).await.is_err() {
                return;
            }
        }
    };
    let (end, ()) = tokio::join!(desk.follow(host, script, piece, limit), hand_on);
    let problem = match end {
        Ok(output) if output.code == 0 => None,
        Ok(output) => {
            let said = output.complaint();
            let problem = Problem::on(host, Code::CannotListen, format!("cannot capture there: {said}"));
            Some(problem.next(match said.contains("unrecognized subcommand") || said.contains("not found") {
                true => "the hactl there is older than this one, or none: `hactl deploy` brings it".to_owned(),
                false => format!("`hactl agent capture | tshark -r -` on {host} tries it by hand"),
            }))
        }
        Err(problem) => Some(problem),
    };
    (place, problem)
}

/// Reads a piece of a host's stream. One that is damaged is told, and not read any further.
fn read(watch: &mut Watch<'_>, sources: &mut [Source], place: Place, bytes: &[u8]) -> Result<Option<Problem>, Failure> {
    let Some(source) = sources.get_mut(place) else { return Ok(None) };
    match source.feed(bytes) {
        Ok(told) => {
            told.into_iter().try_for_each(|told: Told| watch.take(place, told))?;
            Ok(None)
        }
        Err(damaged) => {
            watch.ended(place);
            let host = watch.hosts().get(place).map_or_else(String::new, |host| host.host.clone());
            let problem = Problem::on(&host, Code::NotACapture, format!("what it sends is no capture: {damaged}"));
            Ok(Some(problem.next("`hactl deploy` brings the program of this desk to it")))
        }
    }
}
