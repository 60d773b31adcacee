//! What comes of streams, whether they are live or files: lines of one timeline in words, verdicts, and the summary.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::align::Place;
use super::clocks::Offset;
use super::judge::Judge;
use super::meaning::meaning;
use super::merged::Merged;
use super::names::Names;
use super::packet::Kind;
use super::routers::Advertiser;
use super::source::Told;
use super::timeline::{Line, Timeline, Where};
use crate::ctl::cluster::Cluster;
use crate::ctl::packet::Detail;
use crate::error::{Failure, Problem};

/// A host in a capture.
#[derive(Debug, Clone, Serialize)]
pub struct Vantage {
    /// Its name.
    pub host: String,
    /// The interfaces that were listened on.
    pub interfaces: Vec<String>,
    /// Its clock beside the desk's; `None` where it is not known.
    pub clock: Option<Offset>,
    /// Frames that it saw.
    pub frames: u64,
    /// Frames that came too fast to be kept.
    pub dropped: u64,
}

impl Vantage {
    /// A host of which nothing was heard yet.
    pub fn new(host: String, clock: Option<Offset>) -> Self {
        Self { host, interfaces: Vec::new(), clock, frames: 0, dropped: 0 }
    }
}

/// A line of the timeline.
#[derive(Debug, Clone, Serialize)]
pub struct Said {
    /// When, on the desk's clock.
    pub at: Timestamp,
    /// `vrrp`, `arp`, `ndp` or `other`.
    pub protocol: &'static str,
    /// Who says it: a host's name, or an address.
    pub from: String,
    /// The host that was seen to send it.
    pub sent_by: Option<String>,
    /// The hosts that it reached.
    pub heard_by: Vec<String>,
    /// The hosts that it was for and that were listened on, and that it did not reach.
    pub not_heard_by: Vec<String>,
    /// The hosts that it reached, and whose firewall kept it from programs.
    pub stopped_at: Vec<String>,
    /// What it says.
    pub says: String,
    /// What that leaves out.
    pub details: Vec<Detail>,
    /// What is odd about it.
    pub remarks: Vec<String>,
    /// What such packets are for, with the first one of its kind where that is asked for.
    pub meaning: Option<&'static str>,
}

/// What is told while it goes on.
#[derive(Debug, Clone)]
pub enum Happening {
    /// A line.
    Said(Box<Said>),
    /// A finding, when it shows.
    Found(Problem),
}

/// The whole of it, at the end.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// The hosts.
    pub hosts: Vec<Vantage>,
    /// Who advertised what.
    pub advertisers: Vec<Advertiser>,
    /// Lines of each protocol.
    pub lines: BTreeMap<&'static str, u64>,
    /// Frames that begin with something that is not known here.
    pub unread: u64,
}

/// A capture that goes on.
pub struct Watch<'c> {
    hosts: Vec<Vantage>,
    judge: Judge<'c>,
    names: Names,
    timeline: Timeline,
    lines: BTreeMap<&'static str, u64>,
    unread: u64,
    /// Kinds that are still to be explained; `None` where that is not asked for.
    explained: Option<BTreeSet<Kind>>,
    merged: Option<Merged>,
    problems: Vec<Problem>,
}

impl<'c> Watch<'c> {
    /// Of these hosts.
    pub fn new(cluster: Option<&'c Cluster>, hosts: Vec<Vantage>, explain: bool, merged: Option<Merged>) -> Self {
        let within = hosts.iter().filter_map(|host| host.clock).map(|clock| clock.within_ns).max().unwrap_or(0);
        let names = hosts.iter().map(|host| host.host.clone()).collect();
        Self {
            judge: Judge::new(cluster, names),
            names: Names::new(cluster),
            timeline: Timeline::new(hosts.len(), within),
            lines: BTreeMap::new(),
            unread: 0,
            explained: explain.then(BTreeSet::new),
            merged,
            problems: Vec::new(),
            hosts,
        }
    }

    /// The hosts, as they are known until now.
    pub fn hosts(&self) -> &[Vantage] {
        &self.hosts
    }

    /// Takes what a host's stream tells.
    ///
    /// # Errors
    /// The file that it is to be written to takes no more.
    pub fn take(&mut self, place: Place, told: Told) -> Result<(), Failure> {
        let Some(host) = self.hosts.get_mut(place) else { return Ok(()) };
        let clock = host.clock.unwrap_or_default();
        if let Some(merged) = &mut self.merged {
            merged.write((place, &host.host), clock, &told)?;
        }
        match told {
            Told::Section => {}
            Told::Interface(interface, _) => {
                let name = interface.name.rsplit(':').next().unwrap_or_default().to_owned();
                if !name.is_empty() && !host.interfaces.contains(&name) {
                    host.interfaces.push(name);
                }
            }
            Told::Frame(frame, at, packet) => {
                if matches!(at, Where::Wire(_)) {
                    host.frames += 1;
                }
                let Some(packet) = packet else {
                    self.unread += 1;
                    return Ok(());
                };
                if at == Where::Wire(Some(true)) {
                    self.names.learn(&packet, Some(&host.host));
                }
                self.timeline.seen(place, clock.to_desk(frame.at_unix_ns), at, *packet);
            }
            Told::Heartbeat(beat, behind) => {
                host.dropped = host.dropped.max(beat.dropped);
                self.timeline.listened(place, clock.to_desk(beat.at_unix_ns), behind, beat.dropped);
            }
        }
        Ok(())
    }

    /// Nothing more comes of a host.
    pub fn ended(&mut self, place: Place) {
        self.timeline.ended(place);
    }

    /// What is known for certain by now; `known` is until when nothing more will come, where that is known.
    pub fn happened(&mut self, known: Option<u64>) -> Vec<Happening> {
        let mut happened = Vec::new();
        for line in self.timeline.ripe(known) {
            let sender = line.sent_by.map(|place| self.judge.host(place).to_owned());
            self.names.learn(&line.packet, sender.as_deref());
            let found = self.judge.line(&line, &self.names);
            *self.lines.entry(line.packet.kind.protocol()).or_default() += 1;
            happened.push(Happening::Said(Box::new(self.said(line, sender))));
            self.problems.extend(found.iter().cloned());
            happened.extend(found.into_iter().map(Happening::Found));
        }
        happened
    }

    fn said(&mut self, line: Line, sent_by: Option<String>) -> Said {
        let meant = self.judge.meant_for(&line);
        let name = |place: &Place| self.judge.host(*place).to_owned();
        let lacks = |place: &&Place| line.listened.contains(place) && !line.reached.contains(place);
        let stopped = |place: &&Place| self.judge.is_stopped(&line, **place);
        let (not_heard_by, stopped_at) =
            (meant.iter().filter(lacks).map(name).collect(), meant.iter().filter(stopped).map(name).collect());
        let first = self.explained.as_mut().is_some_and(|known| known.insert(line.packet.kind));
        let told = &line.packet.told;
        Said {
            at: Timestamp::from_nanosecond(i128::from(line.at)).unwrap_or_default(),
            protocol: line.packet.kind.protocol(),
            from: self.names.shown(&line.packet),
            sent_by,
            heard_by: line.reached.iter().map(name).collect(),
            not_heard_by,
            stopped_at,
            says: self.names.named(&told.says),
            details: told.details.clone(),
            remarks: told.remarks.iter().map(|remark| self.names.named(remark)).collect(),
            meaning: first.then(|| meaning(line.packet.kind)),
        }
    }

    /// The end: what is left to tell, the summary, and every finding.
    ///
    /// # Errors
    /// The file that it is to be written to takes no more.
    pub fn end(mut self) -> Result<(Vec<Happening>, Summary, Vec<Problem>), Failure> {
        let mut left = self.happened(Some(u64::MAX));
        let late = self.judge.end(|place| self.timeline.covered(place));
        left.extend(late.iter().cloned().map(Happening::Found));
        self.problems.extend(late);
        if let Some(merged) = self.merged.take() {
            merged.end()?;
        }
        let advertisers = self.judge.routers.told();
        let summary = Summary { hosts: self.hosts, advertisers, lines: self.lines, unread: self.unread };
        Ok((left, summary, self.problems))
    }
}
