//! What a runner saw during one drill. All times count from the start of the measurement, well before the fault.

use std::collections::BTreeMap;
use std::time::Duration;

use super::lanes::{Stretch, together};
use super::listen::Ledger;
use super::scenario::Measure;

/// Everything seen during one drill.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observations {
    /// Host on which the fault was made.
    pub target: String,
    /// When the fault began.
    pub fault_begin: Duration,
    /// When the fault was undone.
    pub fault_end: Duration,
    /// Pings of the VIP, from before the fault until the cluster is as before.
    pub pings: Stream,
    /// HTTP requests to the VIP, over the same time.
    pub requests: Stream,
    /// Who owned the VIP, in order of time: one sample before the fault at least, one while it lasts, one at the end.
    /// Samples that repeat the one before may be left out.
    pub owners: Vec<Owners>,
    /// What the agents told.
    pub told: Ledger,
    /// Requests of clients at other places, by host.
    pub elsewhere: BTreeMap<String, Stream>,
    /// How long after the fault began two owners were found and named; only asked for in scenarios that expect it.
    pub two_owners_found: Option<Duration>,
    /// Whether everything that was broken works again, or what does not.
    pub restored: Restored,
}

impl Observations {
    /// Owners just before the fault.
    pub fn owners_before(&self) -> &[String] {
        self.last_owners(|at| at <= self.fault_begin)
    }

    /// Owners once the fault had taken its effect: the last sample while it lasted.
    pub fn owners_during(&self) -> &[String] {
        self.last_owners(|at| at < self.fault_end)
    }

    /// Owners in the end.
    pub fn owners_after(&self) -> &[String] {
        self.last_owners(|_| true)
    }

    /// Who else owned the VIP at some time while the fault lasted.
    pub fn moved_to(&self) -> Option<&[String]> {
        let before = self.owners_before();
        let while_it_lasted = |at: Duration| at > self.fault_begin && at < self.fault_end;
        let other = |sample: &&Owners| {
            while_it_lasted(sample.at)
                && !sample.hosts.is_empty()
                && sample.hosts.iter().all(|host| !before.contains(host))
        };
        self.owners.iter().find(other).map(|sample| sample.hosts.as_slice())
    }

    /// When the last of the measurements ended.
    pub fn end(&self) -> Duration {
        let last = |stream: &Stream| stream.marks.last().map(|mark| mark.at + stream.interval);
        let sampled = self.owners.last().map(|sample| sample.at);
        let ends = [last(&self.pings), last(&self.requests), sampled, Some(self.fault_end)];
        ends.into_iter().flatten().max().unwrap_or_default()
    }

    /// How long two were owners at a time, by what the agents told.
    pub fn two_owners(&self) -> Duration {
        let told = self.told.hosts.iter().filter(|(_, heard)| heard.spoke());
        let lanes: BTreeMap<String, Vec<Stretch>> =
            told.map(|(host, heard)| (host.clone(), heard.lane(self.end()))).collect();
        together(&lanes).0
    }

    /// By how much an agent's clock may be aside from what was taken for it, at most.
    pub fn clock_within(&self) -> Duration {
        self.told.hosts.values().filter_map(|heard| heard.within).max().unwrap_or_default()
    }

    /// The clients that a scenario is judged by.
    pub fn stream(&self, measure: Measure) -> &Stream {
        match measure {
            Measure::Pings => &self.pings,
            Measure::Requests => &self.requests,
        }
    }

    fn last_owners(&self, wanted: impl Fn(Duration) -> bool) -> &[String] {
        self.owners.iter().rfind(|sample| wanted(sample.at)).map_or(&[], |sample| &sample.hosts)
    }
}

/// Who owned the VIP at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owners {
    /// When they were asked.
    pub at: Duration,
    /// Hosts that own it, in the order of the inventory.
    pub hosts: Vec<String>,
}

/// How the restoring went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restored {
    /// Everything works again.
    Yes,
    /// What does not, with the host.
    No(String),
}

impl Default for Restored {
    fn default() -> Self {
        Self::No("nothing was restored".into())
    }
}

/// One client that asks again and again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stream {
    /// Time between two questions.
    pub interval: Duration,
    /// Every question, in order of time.
    pub marks: Vec<Mark>,
}

/// One question and whether it was answered well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// When it was sent.
    pub at: Duration,
    /// Answered in time, and for a request with a good status.
    pub ok: bool,
}

impl Stream {
    /// Questions sent.
    pub fn sent(&self) -> usize {
        self.marks.len()
    }

    /// Questions not answered.
    pub fn lost(&self) -> usize {
        self.marks.iter().filter(|mark| !mark.ok).count()
    }

    /// The longest outage: zero when nothing was lost.
    pub fn gap(&self) -> Duration {
        self.outages().map(|(from, to)| to.saturating_sub(from)).max().unwrap_or_default()
    }

    /// Every outage: from one interval after the last answered question until the next answered one, or until one
    /// interval after the last question of all.
    pub fn outages(&self) -> impl Iterator<Item = (Duration, Duration)> {
        let end = self.marks.last().map(|mark| Mark { at: mark.at + self.interval, ok: true });
        let mut due = self.marks.first().map_or(Duration::ZERO, |mark| mark.at);
        let mut losing = false;
        self.marks.iter().copied().chain(end).filter_map(move |mark| {
            if !mark.ok {
                losing = true;
                return None;
            }
            let outage = losing.then_some((due, mark.at));
            (due, losing) = (mark.at + self.interval, false);
            outage
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// One character every 10 ms: `#` answered, `.` lost.
    fn stream(picture: &str) -> Stream {
        let marks = picture.chars().zip(0_u32..).map(|(c, n)| Mark { at: MS * 10 * n, ok: c == '#' });
        Stream { interval: MS * 10, marks: marks.collect() }
    }

    #[test]
    fn gap_is_the_longest_outage() {
        let seen = stream("##.###...##");
        assert_eq!((seen.sent(), seen.lost(), seen.gap()), (11, 4, MS * 30));
        assert_eq!(seen.outages().collect::<Vec<_>>(), [(MS * 20, MS * 30), (MS * 60, MS * 90)]);
    }

    #[test]
    fn silence_counts_at_both_ends() {
        assert_eq!(stream("..#").gap(), MS * 20);
        assert_eq!(stream("#..").gap(), MS * 20);
        assert_eq!(stream("...").gap(), MS * 30);
        assert_eq!(stream("").gap(), Duration::ZERO);
        assert_eq!(stream("###").gap(), Duration::ZERO);
    }

    #[test]
    fn owners_are_told_apart_by_the_fault() {
        let sample = |at, host: &str| Owners { at: MS * at, hosts: vec![host.into()] };
        let seen = Observations {
            fault_begin: MS * 100,
            fault_end: MS * 500,
            owners: vec![sample(0, "a"), sample(150, "b"), sample(400, "c"), sample(600, "d")],
            ..Observations::default()
        };
        assert_eq!(
            (seen.owners_before(), seen.owners_during(), seen.owners_after()),
            (&["a".to_string()][..], &["c".to_string()][..], &["d".to_string()][..])
        );
        assert!(Observations::default().owners_after().is_empty());
    }
}
