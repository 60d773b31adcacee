//! What every report is made of.

use std::time::Duration;

use crate::ctl::drill::judge::Verdict;
use crate::ctl::drill::timeline::Timeline;
use crate::error::{Code, Problem};

/// A finished run of one or more scenarios.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Cluster name.
    pub cluster: String,
    /// The VIP that clients asked.
    pub vip: String,
    /// When it began, in local time with its offset, to the second: RFC 3339.
    pub started: String,
    /// The same as Unix time.
    pub started_unix_s: i64,
    /// The scenarios in the order run.
    pub entries: Vec<Entry>,
    /// Scenarios whose fault cannot be made here, and why.
    pub left_out: Vec<(String, String)>,
}

/// One scenario of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What broke, in a line.
    pub title: String,
    /// Host that it broke on; empty when it could not be run.
    pub target: String,
    /// What the result depends on: names and values.
    pub settings: Vec<(String, String)>,
    /// How it ended.
    pub verdict: Verdict,
    /// The longest outages of drills like it that are remembered, the oldest first.
    pub before: Vec<Duration>,
    /// What was seen; `None` when it could not be run.
    pub timeline: Option<Timeline>,
}

impl Run {
    /// Whether every scenario passed.
    pub fn passed(&self) -> bool {
        self.entries.iter().all(|entry| entry.verdict.passed)
    }

    /// What is wrong, one for each reason: beyond a budget, or otherwise than expected.
    pub fn problems(&self) -> Vec<Problem> {
        let all = self.entries.iter().flat_map(|entry| entry.verdict.why.iter().map(move |why| (&entry.verdict, why)));
        let problem = |(verdict, why): (&Verdict, &String)| {
            let code = if verdict.over.contains(why) { Code::OverBudget } else { Code::DrillFailed };
            Problem::new(code, format!("drill {}: {why}", verdict.scenario))
        };
        all.map(problem).collect()
    }

    /// Scenarios that did not pass.
    pub fn failures(&self) -> usize {
        self.entries.iter().filter(|entry| !entry.verdict.passed).count()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::ctl::drill::observe::{Mark, Observations, Owners, Restored, Stream};
    use crate::ctl::drill::scenario::{Budget, Context};
    use crate::ctl::drill::table::{SCENARIOS, on};
    use crate::ctl::drill::{judge, timeline};

    const MS: Duration = Duration::from_millis(1);

    fn stream(interval: u32, gap: u32) -> Stream {
        let marks = (0..10_000 / interval).map(|n| n * interval);
        let marks = marks.map(|at| Mark { at: MS * at, ok: !(2000..2000 + gap).contains(&at) });
        Stream { interval: MS * interval, marks: marks.collect() }
    }

    fn entry(name: &str, gap: u32, during: &[&str]) -> Entry {
        // Without guard, so that one of the pictures shows two owners.
        let context = Context { guarded: false, ..Context::default() };
        let scenario = on(SCENARIOS.iter().find(|scenario| scenario.name == name).unwrap(), &context);
        let owners = [(0, &["lb-5"][..]), (2010 + gap, during), (8200, &["lb-5"])];
        let owners =
            owners.map(|(at, hosts)| Owners { at: MS * at, hosts: hosts.iter().map(|h| (*h).into()).collect() });
        let seen = Observations {
            target: "lb-5".into(),
            fault_begin: MS * 2000,
            fault_end: MS * 7800,
            pings: stream(1, gap),
            requests: stream(20, gap),
            owners: owners.into(),
            two_owners_found: (during.len() == 2).then_some(MS * 3700),
            restored: Restored::Yes,
            ..Observations::default()
        };
        let verdict = judge::judge(scenario, &scenario.plan(&context, &context, Budget::default()), &context, &seen);
        let timeline = Some(timeline::timeline(&seen, scenario.measure));
        let settings = vec![("advert".to_owned(), "each 1 s".to_owned())];
        let before = [3012, 2950, 3600].map(Duration::from_millis).into();
        Entry { title: scenario.title.into(), target: seen.target, settings, verdict, before, timeline }
    }

    /// A pass, a pass with a long gap, a split, a failure whose reason holds what HTML and XML must escape, and a drill
    /// that could not run.
    pub(crate) fn run() -> Run {
        let mut nasty = entry("web-down", 400, &["lb-5"]);
        nasty.verdict.why.push("web-7: <script>alert('1')</script> & \"more\" | pipe\u{1b}[31m\nnext ]]>".into());
        let scenario = SCENARIOS.iter().find(|scenario| scenario.name == "crash").unwrap();
        let plan = scenario.plan(&Context::default(), &Context::default(), Budget::default());
        let refused = Entry {
            title: scenario.title.into(),
            target: String::new(),
            settings: Vec::new(),
            verdict: judge::not_run(scenario, &plan, "no <lab> here".into(), true),
            before: Vec::new(),
            timeline: None,
        };
        let split = entry("heartbeat-blocked", 0, &["lb-5", "lb-6"]);
        Run {
            cluster: "home<work>".into(),
            vip: "10.0.0.3".into(),
            started: "2025-03-04T05:06:07+01:00".into(),
            started_unix_s: 1_741_061_167,
            entries: vec![entry("stop", 4, &["lb-6"]), entry("link", 3412, &["lb-6"]), split, nasty, refused],
            left_out: vec![("delay".into(), "no netem".into())],
        }
    }

    #[test]
    fn counts_failures() {
        let run = run();
        let passed: Vec<_> = run.entries.iter().map(|entry| entry.verdict.passed).collect();
        assert_eq!(passed, [true, true, true, false, false]);
        assert_eq!((run.passed(), run.failures()), (false, 2));
    }
}
