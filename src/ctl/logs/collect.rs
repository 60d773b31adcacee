//! Asks hosts for their lines, and puts them in order.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use serde::Serialize;

use super::read::read;
use crate::ctl::capture::clocks::{Offset, offset};
use crate::ctl::cluster::Cluster;
use crate::ctl::desk::{Desk, Options, open};
use crate::ctl::host::Script;
use crate::error::{Code, Exit, Failure, Problem};

/// A host tells no more lines of the journal at a time, and no more of nginx's error log.
const LINES: usize = 2000;
const US: u64 = 1_000_000;
const NS_PER_US: u64 = 1000;

/// What was written.
#[derive(Debug, Clone, Serialize)]
pub struct Logs {
    /// The hosts that answered, in the inventory's order.
    pub hosts: Vec<HostLog>,
    /// All lines, the oldest first.
    pub lines: Vec<Line>,
}

/// A host that answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostLog {
    /// Its name.
    pub host: String,
    /// Its clock beside the desk's; `None` where that could not be measured.
    pub clock: Option<Offset>,
    /// Lines are missing at the beginning: it had more than are asked for.
    pub cut: bool,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When, on the desk's clock. nginx tells no parts of a second.
    pub time: Timestamp,
    /// Whose.
    pub host: String,
    /// Who wrote it.
    pub program: String,
    /// What.
    pub message: String,
}

/// Where a host's lines go on.
#[derive(Debug, Clone, Default)]
struct Place {
    host: String,
    clock: Option<Offset>,
    cursor: Option<String>,
    offset: Option<u64>,
    /// That it does not answer was told.
    silent: bool,
}

/// Who asks, and how far that has come.
pub struct Collector {
    desk: Desk,
    since_s: u64,
    places: Vec<Place>,
}

impl Collector {
    /// Connects to these hosts, to all where none is named, and measures their clocks.
    ///
    /// # Errors
    /// No such host; none that answers.
    pub async fn begin(
        inventory: Option<&Path>,
        options: Options,
        hosts: &[String],
        since: Duration,
    ) -> Result<(Self, Vec<Problem>), Failure> {
        let cluster = open(inventory, &options)?;
        let names = chosen(&cluster, hosts)?;
        let desk = Desk::connect_to(cluster, options, names.clone()).await?;
        let problems: Vec<Problem> = desk.unreachable.iter().map(|(_, problem)| problem.clone()).collect();
        if desk.hosts.is_empty() {
            return Err(Failure { exit: Exit::Preflight, problems });
        }
        let clocks = desk.at_once(names.iter().map(|name| offset(&desk, name))).await;
        let place = |(host, clock): (String, Option<Offset>)| Place {
            silent: !desk.hosts.contains_key(&host),
            host,
            clock,
            ..Place::default()
        };
        let places = names.into_iter().zip(clocks).map(place).collect();
        let since_s = now_s().saturating_sub(since.as_secs());
        Ok((Self { desk, since_s, places }, problems))
    }

    /// What was written since the beginning, or since the last time. Who does not answer is told once, and asked
    /// again.
    pub async fn read(&mut self) -> (Logs, Vec<Problem>) {
        let scripts: Vec<(String, String)> =
            self.places.iter().map(|place| (place.host.clone(), self.script(place))).collect();
        let asked = scripts.iter().map(|(host, script)| (host.as_str(), script.clone(), Vec::new()));
        let answers = self.desk.on_all(asked).await;
        let (mut hosts, mut lines, mut problems, mut lost) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (place, (host, answer)) in self.places.iter_mut().zip(answers) {
            let output = match answer {
                Ok(output) => output,
                Err(problem) => {
                    if !place.silent {
                        problems.push(problem);
                    }
                    place.silent = true;
                    lost.push(host);
                    continue;
                }
            };
            place.silent = false;
            let answer = read(output.text());
            let cut = place.cursor.is_none() && (answer.of_journal >= LINES || answer.of_nginx >= LINES);
            // Where nothing was written since, the journal shows no place.
            place.cursor = answer.cursor.or(place.cursor.take());
            place.offset = answer.offset.or(place.offset);
            let clock = place.clock.unwrap_or_default().believed();
            let since_us = self.since_s.saturating_mul(US);
            lines.extend(answer.entries.into_iter().filter_map(|entry| {
                let at_us = clock.to_desk(entry.unix_us.saturating_mul(NS_PER_US)) / NS_PER_US;
                let time = Timestamp::from_microsecond(i64::try_from(at_us).ok()?).ok()?;
                let line = Line { time, host: host.clone(), program: entry.program, message: entry.message };
                (at_us >= since_us).then_some(line)
            }));
            hosts.push(HostLog { host, clock: place.clock, cut });
        }
        lines.sort_by_key(|line| line.time);
        if !lost.is_empty() {
            let again = self.desk.again(lost).await;
            self.desk.hosts.extend(again.hosts);
        }
        (Logs { hosts, lines }, problems)
    }

    fn script(&self, place: &Place) -> String {
        // A clock that is ahead shows more for the same moment; a second is for the rounding.
        let ahead_s = place.clock.map_or(0, |clock| clock.ahead_ns / 1_000_000_000);
        let since = self.since_s.saturating_add_signed(ahead_s).saturating_sub(1).to_string();
        let offset = place.offset.map(|offset| offset.to_string()).unwrap_or_default();
        let cursor = place.cursor.clone().unwrap_or_default();
        Script::new().call("logs", [since.as_str(), &cursor, &offset, &LINES.to_string()]).text()
    }
}

fn chosen(cluster: &Cluster, hosts: &[String]) -> Result<Vec<String>, Failure> {
    let all: Vec<String> = cluster.managed().map(|host| host.name.clone()).collect();
    if hosts.is_empty() {
        return Ok(all);
    }
    match hosts.iter().find(|name| !all.contains(name)) {
        None => Ok(all.into_iter().filter(|name| hosts.contains(name)).collect()),
        Some(name) => {
            let message = format!("no host is named {name}; there is {}", all.join(", "));
            Err(Failure::one(Exit::Invalid, Problem::new(Code::NothingSelected, message)))
        }
    }
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
