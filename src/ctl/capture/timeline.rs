//! Frames of many hosts on one clock: what one host sent and others received is one line. A line is told once every
//! host has been listened to for longer than the frame can have been on its way, so that who does not have it is known,
//! or known to be unknown.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::align::{Alignment, Place};
use super::packet::{Kind, Packet};

/// So long a frame may be on its way from one host's card to the other's, and be noticed late.
const ON_ITS_WAY_NS: u64 = 50_000_000;
/// For a host that says nothing (any more) nobody waits longer.
const HELD: Duration = Duration::from_secs(2);

/// Where a frame was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// On the wire; `Some(true)` where its host sent it, `None` where the file does not say.
    Wire(Option<bool>),
    /// By programs, behind the host's firewall.
    Behind,
}

/// A frame that was seen, and by whom.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// Unix time in nanoseconds, on the desk's clock.
    pub at: u64,
    /// What it says.
    pub packet: Packet,
    /// The host that sent it, where it was seen to.
    pub sent_by: Option<Place>,
    /// Hosts that it reached.
    pub reached: BTreeSet<Place>,
    /// When it was on the wire of each, by their own clocks on the desk's.
    pub times: Vec<(Place, u64)>,
    /// Those of them whose firewall let it through to programs.
    pub behind: BTreeSet<Place>,
    /// Hosts that were listened on all the time: who is in here and not in `reached` did not get it.
    pub listened: BTreeSet<Place>,
    /// The same behind their firewalls.
    pub listened_behind: BTreeSet<Place>,
}

impl Line {
    fn new(at: u64, packet: Packet) -> Self {
        let (sent_by, times) = (None, Vec::new());
        let (reached, behind) = (BTreeSet::new(), BTreeSet::new());
        let (listened, listened_behind) = (BTreeSet::new(), BTreeSet::new());
        Self { at, packet, sent_by, reached, times, behind, listened, listened_behind }
    }
}

/// What is known of one host.
#[derive(Debug, Clone, Default)]
struct Vantage {
    wire: Heard,
    behind: Heard,
    ended: bool,
}

/// How far was listened, on the desk's clock: from its first heartbeat to its last one.
#[derive(Debug, Clone, Default)]
struct Heard {
    from: Option<u64>,
    until: u64,
    dropped: u64,
    /// Until then something may have been lost.
    lossy_until: u64,
}

impl Heard {
    fn beat(&mut self, at: u64, dropped: u64) {
        self.from.get_or_insert(at);
        if dropped > self.dropped {
            (self.dropped, self.lossy_until) = (dropped, at);
        }
        self.until = self.until.max(at);
    }

    /// Whether everything between these times was heard.
    fn covers(&self, from: u64, until: u64) -> bool {
        self.from.is_some_and(|begun| begun <= from) && self.until >= until && self.lossy_until < from
    }
}

/// A line that may not be whole yet.
#[derive(Debug)]
struct Open {
    line: Line,
    /// When it came here.
    since: Instant,
    /// Lines of its time were told already: whoever it reached may have been among these.
    late: bool,
}

/// Lines that may not be whole yet.
#[derive(Debug)]
pub(super) struct Timeline {
    hosts: Vec<Vantage>,
    open: Vec<Open>,
    window_ns: u64,
    alignment: Alignment,
    /// All before that was told.
    told_until: u64,
    held: Duration,
}

impl Timeline {
    /// Of so many hosts whose clocks are known to within that.
    pub(super) fn new(hosts: usize, within_ns: u64) -> Self {
        let window_ns = ON_ITS_WAY_NS.saturating_add(within_ns.saturating_mul(2));
        let alignment = Alignment::new(hosts, window_ns / 2);
        let (hosts, open) = (vec![Vantage::default(); hosts], Vec::new());
        Self { hosts, open, window_ns, alignment, told_until: 0, held: HELD }
    }

    /// A host saw a frame.
    pub(super) fn seen(&mut self, host: Place, at: u64, place: Where, packet: Packet) {
        let same = |line: &Line| {
            let free = match place {
                Where::Behind => !line.behind.contains(&host),
                Where::Wire(Some(true)) => line.sent_by.is_none() && !line.reached.contains(&host),
                Where::Wire(_) => line.sent_by != Some(host) && !line.reached.contains(&host),
            };
            free && line.at.abs_diff(at) <= self.window_ns && line.packet.identity == packet.identity
        };
        // Equal adverts come one after the other: the first that still lacks this host.
        let known = self.open.iter().enumerate().filter(|(_, open)| same(&open.line));
        let known = known.min_by_key(|(_, open)| open.line.at).map(|(n, _)| n);
        let n = known.unwrap_or_else(|| {
            let late = at <= self.told_until.saturating_add(self.window_ns);
            self.open.push(Open { line: Line::new(at, packet.clone()), since: Instant::now(), late });
            self.open.len() - 1
        });
        let Some(Open { line, .. }) = self.open.get_mut(n) else { return };
        if place != Where::Behind {
            line.times.push((host, at));
        }
        match place {
            Where::Behind => drop(line.behind.insert(host)),
            Where::Wire(Some(true)) => {
                // The sender's own time and frame are the truest.
                (line.at, line.sent_by, line.packet) = (at, Some(host), packet);
            }
            Where::Wire(_) => {
                if line.packet.mac.is_none() {
                    line.packet = packet;
                }
                line.reached.insert(host);
            }
        }
    }

    /// A host was listened on until then, on the wire or behind its firewall.
    pub(super) fn listened(&mut self, host: Place, until: u64, behind: bool, dropped: u64) {
        if let Some(host) = self.hosts.get_mut(host) {
            if behind { &mut host.behind } else { &mut host.wire }.beat(until, dropped);
        }
    }

    /// From when until when a host was listened on.
    pub(super) fn covered(&self, host: Place) -> Option<(u64, u64)> {
        let heard = &self.hosts.get(host)?.wire;
        Some((heard.from?, heard.until))
    }

    /// Nothing more comes from a host.
    pub(super) fn ended(&mut self, host: Place) {
        if let Some(host) = self.hosts.get_mut(host) {
            host.ended = true;
        }
    }

    /// The lines of which everything is known, in their order. `known` is until when nothing more will come; where it
    /// is not given it follows from how far hosts were listened on.
    pub(super) fn ripe(&mut self, known: Option<u64>) -> Vec<Line> {
        let listened = |host: &Vantage| match (host.wire.from, host.behind.from) {
            (None, _) => 0,
            (_, Some(_)) => host.wire.until.min(host.behind.until),
            (_, None) => host.wire.until,
        };
        let running = self.hosts.iter().filter(|host| !host.ended);
        let known = known.or_else(|| running.map(listened).min()).unwrap_or(u64::MAX);
        let until = if known == u64::MAX { known } else { known.saturating_sub(self.window_ns) };
        let is_ripe = |open: &Open| open.line.at < until || open.since.elapsed() > self.held;
        let (ripe, open) = std::mem::take(&mut self.open).into_iter().partition::<Vec<_>, _>(is_ripe);
        self.open = open;
        let latest = ripe.iter().map(|open| open.line.at).max().unwrap_or(0);
        self.told_until = self.told_until.max(latest);
        let late: Vec<bool> = ripe.iter().map(|open| open.late).collect();
        let mut ripe: Vec<Line> = ripe.into_iter().map(|open| open.line).collect();
        ripe.iter().for_each(|line| self.alignment.learn(line.sent_by, &line.times));
        // How far hosts were listened on is told by their clocks as they were, so these are looked at first.
        for (line, late) in ripe.iter_mut().zip(late) {
            let (from, until) = (line.at.saturating_sub(self.window_ns), line.at.saturating_add(self.window_ns));
            let vrrp = matches!(line.packet.kind, Kind::Advert | Kind::Goodbye);
            for (place, host) in self.hosts.iter().enumerate().filter(|_| !late) {
                if host.wire.covers(from, until) {
                    line.listened.insert(place);
                }
                if vrrp && host.behind.covers(from, until) {
                    line.listened_behind.insert(place);
                }
            }
            let first = line.times.iter().min_by_key(|(_, at)| *at).map(|(place, _)| *place);
            line.at = self.alignment.aligned(line.sent_by.or(first), line.at);
        }
        // Behind a firewall adverts are only counted: one that no wire had is from before somebody listened there.
        ripe.retain(|line| line.sent_by.is_some() || !line.reached.is_empty());
        ripe.sort_by_key(|line| line.at);
        ripe
    }
}

#[cfg(test)]
mod tests {
    use hactl_engine::wire::arp;

    use super::*;
    use crate::pcap::block::Link;

    const S: u64 = 1_000_000_000;
    const MS: u64 = 1_000_000;

    fn packet() -> Packet {
        let announced = arp::gratuitous("10.0.0.3".parse().unwrap(), [2, 0, 0, 0, 0, 5]).emit();
        Packet::read(Link::Ethernet, &[&[0xff; 6][..], &[2, 0, 0, 0, 0, 5, 8, 6], &announced].concat()).unwrap()
    }

    fn places(of: &BTreeSet<Place>) -> Vec<Place> {
        of.iter().copied().collect()
    }

    #[test]
    fn what_one_sends_and_others_receive_is_one_line() {
        let mut timeline = Timeline::new(3, 0);
        for host in 0..3 {
            timeline.listened(host, S, false, 0);
        }
        // It is received a little before it is sent: so much clocks are apart.
        timeline.seen(1, 2 * S - MS, Where::Wire(Some(false)), packet());
        timeline.seen(0, 2 * S, Where::Wire(Some(true)), packet());
        timeline.seen(0, 3 * S, Where::Wire(Some(true)), packet());
        timeline.seen(1, 3 * S + MS, Where::Wire(Some(false)), packet());
        timeline.seen(2, 3 * S + MS, Where::Wire(Some(false)), packet());
        assert!(timeline.ripe(None).is_empty(), "host 2 may tell of it yet");
        (0..3).for_each(|host| timeline.listened(host, 2 * S + 500 * MS, false, 0));
        let lines = timeline.ripe(None);
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert_eq!((line.at, line.sent_by, places(&line.reached)), (2 * S, Some(0), vec![1]));
        assert_eq!(places(&line.listened), [0, 1, 2], "so host 2 has not got it");
        let rest = timeline.ripe(Some(u64::MAX));
        let [line] = &rest[..] else { panic!("{rest:?}") };
        assert_eq!((line.at, places(&line.reached)), (3 * S, vec![1, 2]));
        assert!(line.listened.is_empty(), "nobody was listened on so long");
    }

    #[test]
    fn who_may_have_lost_it_is_not_said_to_lack_it() {
        let mut timeline = Timeline::new(2, 0);
        for (host, dropped) in [(0, 0), (1, 7)] {
            timeline.listened(host, S, false, 0);
            timeline.listened(host, 3 * S, false, dropped);
        }
        timeline.seen(0, 2 * S, Where::Wire(Some(true)), packet());
        assert_eq!(places(&timeline.ripe(None)[0].listened), [0]);
        // Later on it is believed again.
        timeline.listened(0, 6 * S, false, 0);
        timeline.listened(1, 6 * S, false, 7);
        timeline.seen(0, 5 * S, Where::Wire(Some(true)), packet());
        assert_eq!(places(&timeline.ripe(None)[0].listened), [0, 1]);
    }

    #[test]
    fn a_host_that_falls_silent_holds_nobody_up() {
        let mut timeline = Timeline::new(2, 0);
        timeline.seen(0, S / 2, Where::Wire(Some(true)), packet());
        timeline.listened(0, S, false, 0);
        assert!(timeline.ripe(None).is_empty(), "host 1 may begin yet");
        timeline.listened(1, S, false, 0);
        assert_eq!(timeline.ripe(None).len(), 1);
        timeline.seen(0, 2 * S, Where::Wire(Some(true)), packet());
        timeline.listened(0, 3 * S, false, 0);
        assert!(timeline.ripe(None).is_empty());
        timeline.held = Duration::ZERO;
        assert_eq!(places(&timeline.ripe(None)[0].listened), [0], "of host 1 nothing is known");
        timeline.held = HELD;
        timeline.seen(0, 6 * S, Where::Wire(Some(true)), packet());
        timeline.ended(1);
        timeline.listened(0, 7 * S, false, 0);
        assert_eq!(timeline.ripe(None).len(), 1);
    }

    /// What was received is told already when it comes out who has sent it: nobody is said to lack it.
    #[test]
    fn what_comes_late_accuses_nobody() {
        let mut timeline = Timeline::new(2, 0);
        (0..2).for_each(|host| timeline.listened(host, S, false, 0));
        timeline.seen(1, 2 * S, Where::Wire(Some(false)), packet());
        timeline.held = Duration::ZERO;
        timeline.listened(1, 9 * S, false, 0);
        assert_eq!(timeline.ripe(None).len(), 1);
        timeline.seen(0, 2 * S, Where::Wire(Some(true)), packet());
        timeline.listened(0, 9 * S, false, 0);
        let lines = timeline.ripe(None);
        assert_eq!((lines.len(), places(&lines[0].reached), places(&lines[0].listened)), (1, vec![], vec![]));
    }

    #[test]
    fn behind_a_firewall_it_is_the_same_line() {
        let mut timeline = Timeline::new(1, 0);
        timeline.seen(0, S, Where::Behind, packet());
        timeline.seen(0, S + MS, Where::Wire(Some(false)), packet());
        timeline.seen(0, 9 * S, Where::Behind, packet());
        let lines = timeline.ripe(Some(u64::MAX));
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert_eq!((places(&line.behind), line.packet.mac.is_some()), (vec![0], true));
    }
}
