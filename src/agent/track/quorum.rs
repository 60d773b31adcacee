//! The part of `vrrp_track_process` that asks no kernel: which processes count, and whether enough of them run.

use std::collections::HashSet;
use std::time::Duration;

use hactl_engine::conf::config::{ProcessMatch, TrackProcess};
use tokio::time::Instant;

use crate::sys::process::processes::{Process, ProcessEvent};

/// The kernel cuts names to this.
const NAME: usize = 15;
/// While a unit's job goes on, how long until it is looked at again.
const AGAIN: Duration = Duration::from_millis(50);
/// The longest that a unit's job keeps an end from counting: that of a service that never comes up may take for ever.
const MENDED_WITHIN: Duration = Duration::from_secs(5);

/// Whether a process is one of those tracked.
pub(crate) fn is_meant(tracked: &TrackProcess, process: &Process) -> bool {
    let by_command = tracked.full_command || tracked.process.contains('/');
    let named = if by_command {
        process.command.first().is_some_and(|first| *first == tracked.process)
    } else {
        process.name.as_bytes() == tracked.process.as_bytes().get(..NAME).unwrap_or(tracked.process.as_bytes())
    };
    let given = process.command.get(1..).unwrap_or_default();
    let wanted = tracked.arguments.as_slice();
    let arguments_fit = match tracked.matching {
        None if tracked.full_command => given == wanted,
        None => true,
        Some(ProcessMatch::Exact) => given == wanted,
        Some(ProcessMatch::Partial) => given.starts_with(wanted),
        Some(ProcessMatch::Initial) => match wanted.split_last() {
            None => true,
            Some((last, before)) => {
                given.starts_with(before) && given.get(before.len()).is_some_and(|word| word.starts_with(last.as_str()))
            }
        },
    };
    named && arguments_fit
}

/// The processes of one block and whether they are enough.
#[derive(Debug)]
pub(crate) struct Quorum {
    settings: TrackProcess,
    running: HashSet<u32>,
    counted: usize,
    ok: Option<bool>,
    pending: Option<Instant>,
    /// Since when a job of its unit has kept an end from counting.
    held: Option<Instant>,
}

/// What a quorum says when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// Nothing is otherwise.
    Same,
    /// This is the verdict from now on.
    Turned(bool),
    /// Too few run, unless a job of its unit is about to mend that: whoever knows calls [`Quorum::hold`] or
    /// [`Quorum::end`].
    Ended,
}

impl Quorum {
    /// Nothing is known yet.
    pub(crate) fn new(settings: TrackProcess) -> Self {
        Self { settings, running: HashSet::new(), counted: 0, ok: None, pending: None, held: None }
    }

    /// The block.
    pub(crate) fn settings(&self) -> &TrackProcess {
        &self.settings
    }

    /// Those that run.
    pub(crate) fn pids(&self) -> &HashSet<u32> {
        &self.running
    }

    /// How many processes run.
    pub(crate) fn running(&self) -> usize {
        self.running.len()
    }

    /// The verdict in force.
    pub(crate) fn ok(&self) -> Option<bool> {
        self.ok
    }

    /// When to judge although nothing happens.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.pending
    }

    /// Takes all processes of the host.
    pub(crate) fn replace(&mut self, all: &[Process]) {
        self.running = all.iter().filter(|process| is_meant(&self.settings, process)).map(|found| found.pid).collect();
    }

    /// Takes an event. `look` reads a process that has changed.
    pub(crate) fn happened(&mut self, event: ProcessEvent, look: impl Fn(u32) -> Option<Process>) {
        match event {
            ProcessEvent::Forked { parent, child } => {
                if self.running.contains(&parent) {
                    self.running.insert(child);
                }
            }
            ProcessEvent::Changed(pid) => {
                if look(pid).is_some_and(|process| is_meant(&self.settings, &process)) {
                    self.running.insert(pid);
                } else {
                    self.running.remove(&pid);
                }
            }
            ProcessEvent::Ended(pid) => {
                self.running.remove(&pid);
            }
        }
    }

    /// Judges. The first verdict is in force at once; a later one after `fork_delay` or `terminate_delay`, if it still
    /// holds then. Where a unit is named there is none before the first process was seen.
    pub(crate) fn judge(&mut self, now: Instant) -> Judgement {
        let count = self.running.len();
        let grew = count > self.counted;
        self.counted = count;
        let at_least = usize::try_from(self.settings.quorum).unwrap_or(usize::MAX);
        let at_most = self.settings.quorum_max.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
        let verdict = (at_least..=at_most).contains(&count);
        let unit = self.settings.unit.is_some();
        if self.ok == Some(verdict) || self.ok.is_none() && unit && !verdict {
            (self.pending, self.held) = (None, None);
            return Judgement::Same;
        }
        let delay = if grew { self.settings.fork_delay } else { self.settings.terminate_delay };
        let due = if self.ok.is_none() { now } else { *self.pending.get_or_insert(now + delay) };
        match (due > now, unit && !verdict) {
            (true, _) => Judgement::Same,
            (false, false) => self.turn(verdict),
            (false, true) if self.held.is_some_and(|since| now - since >= MENDED_WITHIN) => self.turn(false),
            (false, true) => Judgement::Ended,
        }
    }

    /// A job of the unit is about to mend it: asks again in a moment. Whether that is news.
    pub(crate) fn hold(&mut self, now: Instant) -> bool {
        let news = self.held.is_none();
        self.held.get_or_insert(now);
        self.pending = Some(now + AGAIN);
        news
    }

    /// Nothing is about to mend it.
    pub(crate) fn end(&mut self) -> Judgement {
        self.turn(false)
    }

    fn turn(&mut self, verdict: bool) -> Judgement {
        (self.pending, self.held) = (None, None);
        self.ok = Some(verdict);
        Judgement::Turned(verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::Judgement::{Ended, Same, Turned};
    use super::*;

    pub(super) fn tracked(process: &str, arguments: &[&str], matching: Option<ProcessMatch>) -> TrackProcess {
        TrackProcess {
            name: "web".into(),
            process: process.into(),
            arguments: arguments.iter().map(ToString::to_string).collect(),
            matching,
            weight: 0,
            reverse: false,
            quorum: 1,
            quorum_max: None,
            fork_delay: Duration::ZERO,
            terminate_delay: Duration::ZERO,
            full_command: false,
            unit: None,
            location: Default::default(),
        }
    }

    fn process(pid: u32, name: &str, command: &[&str]) -> Process {
        Process { pid, name: name.into(), command: command.iter().map(ToString::to_string).collect() }
    }

    #[test]
    fn who_is_meant() {
        let nginx = process(7, "nginx", &["/usr/sbin/nginx", "-g", "daemon off;"]);
        let meant = |name: &str, arguments: &[&str], matching| is_meant(&tracked(name, arguments, matching), &nginx);
        assert!(meant("nginx", &[], None) && meant("nginx", &["whatever"], None));
        assert!(
            meant("/usr/sbin/nginx", &[], None) && !meant("/usr/bin/nginx", &[], None) && !meant("ngin", &[], None)
        );
        let (exact, initial, partial) =
            (Some(ProcessMatch::Exact), Some(ProcessMatch::Initial), Some(ProcessMatch::Partial));
        assert!(meant("nginx", &["-g", "daemon off;"], exact) && !meant("nginx", &["-g"], exact));
        assert!(meant("nginx", &["-g", "daemon"], initial) && !meant("nginx", &["-g", "off"], initial));
        assert!(meant("nginx", &["-"], initial) && !meant("nginx", &["-g", "daemon off;", "x"], initial));
        assert!(meant("nginx", &["-g"], partial) && !meant("nginx", &["-"], partial));
        let full =
            |arguments: &[&str]| TrackProcess { full_command: true, ..tracked("/usr/sbin/nginx", arguments, None) };
        assert!(is_meant(&full(&["-g", "daemon off;"]), &nginx) && !is_meant(&full(&[]), &nginx));
        let long = process(8, "a-very-long-nam", &["a-very-long-name"]);
        assert!(is_meant(&tracked("a-very-long-name", &[], None), &long));
    }

    #[test]
    fn quorums_and_delays() {
        let settings = TrackProcess {
            quorum: 2,
            quorum_max: Some(3),
            fork_delay: Duration::from_secs(3),
            terminate_delay: Duration::from_secs(7),
            ..tracked("web", &[], None)
        };
        let mut quorum = Quorum::new(settings);
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let look = |pid: u32| Some(process(pid, if pid < 100 { "web" } else { "other" }, &[]));
        quorum.replace(&[process(1, "web", &[]), process(2, "other", &[])]);
        assert_eq!(quorum.judge(at(0)), Turned(false), "the first verdict is in force at once");
        quorum.happened(ProcessEvent::Changed(3), look);
        assert_eq!(quorum.judge(at(10)), Same);
        assert_eq!(quorum.deadline(), Some(at(13)));
        assert_eq!((quorum.judge(at(12)), quorum.judge(at(13))), (Same, Turned(true)));
        quorum.happened(ProcessEvent::Forked { parent: 3, child: 4 }, look);
        quorum.happened(ProcessEvent::Forked { parent: 2, child: 5 }, look);
        assert_eq!((quorum.judge(at(14)), quorum.running()), (Same, 3));
        quorum.happened(ProcessEvent::Changed(6), look);
        assert_eq!((quorum.judge(at(20)), quorum.judge(at(23))), (Same, Turned(false)), "too many");
        quorum.happened(ProcessEvent::Ended(6), look);
        assert_eq!((quorum.judge(at(24)), quorum.judge(at(31))), (Same, Turned(true)));
        quorum.happened(ProcessEvent::Ended(1), look);
        quorum.happened(ProcessEvent::Changed(103), look);
        quorum.happened(ProcessEvent::Ended(4), look);
        assert_eq!((quorum.judge(at(40)), quorum.running()), (Same, 1));
        quorum.happened(ProcessEvent::Changed(9), look);
        assert_eq!((quorum.judge(at(41)), quorum.deadline()), (Same, None), "back in time");
    }

    #[test]
    fn a_unit_s_job_keeps_an_end_from_counting() {
        let settings = TrackProcess { unit: Some("web.service".into()), ..tracked("web", &[], None) };
        let mut quorum = Quorum::new(settings);
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let look = |pid: u32| Some(process(pid, "web", &[]));
        assert_eq!((quorum.judge(at(0)), quorum.ok()), (Same, None), "what never ran has not ended");
        quorum.happened(ProcessEvent::Changed(1), look);
        assert_eq!(quorum.judge(at(1)), Turned(true));
        quorum.happened(ProcessEvent::Ended(1), look);
        assert_eq!(quorum.judge(at(2)), Ended);
        assert!(quorum.hold(at(2)), "news");
        assert_eq!((quorum.judge(at(51)), quorum.deadline()), (Same, Some(at(52))));
        assert_eq!(quorum.judge(at(52)), Ended, "looked at again");
        assert!(!quorum.hold(at(52)), "no news");
        quorum.happened(ProcessEvent::Changed(2), look);
        assert_eq!((quorum.judge(at(60)), quorum.deadline()), (Same, None), "it came back");
        quorum.happened(ProcessEvent::Ended(2), look);
        assert_eq!((quorum.judge(at(70)), quorum.end()), (Ended, Turned(false)), "nobody mends it");
        quorum.happened(ProcessEvent::Changed(3), look);
        assert_eq!(quorum.judge(at(80)), Turned(true));
        quorum.happened(ProcessEvent::Ended(3), look);
        assert_eq!(quorum.judge(at(100)), Ended);
        assert!(quorum.hold(at(100)));
        assert_eq!(quorum.judge(at(5099)), Ended);
        quorum.hold(at(5099));
        assert_eq!(quorum.judge(at(5149)), Turned(false), "not for ever");
    }
}
