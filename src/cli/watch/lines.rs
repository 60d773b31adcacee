//! One line an event, in words or as JSON, in the order in which things happened.

use std::io::Write as _;
use std::time::Duration;

use console::style;
use hactl_engine::notice::Level;
use hactl_engine::seen::Sight;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::cli::global::Global;
use crate::ctl::capture::clocks::Offset;
use crate::ctl::drift::Drift;
use crate::ctl::stream::clock::now_ms;
use crate::ctl::stream::live::Live;
use crate::ctl::stream::merge::Merge;
use crate::ctl::stream::told::{Item, News, Told};
use crate::ctl::view::drifts::Drifts;
use crate::ctl::view::verdicts::Verdicts;
use crate::ctl::view::words::clock_words;
use crate::error::{Exit, Failure, Outcome, Problem, plain};

/// How often lines that wait are looked at.
const TICK: Duration = Duration::from_millis(50);

/// A line.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    /// When, on the desk's clock.
    time: Timestamp,
    /// Who has seen it; nobody in particular where the desk has.
    host: Option<String>,
    #[serde(flatten)]
    event: Event,
    /// The same for people.
    words: String,
    #[serde(skip)]
    level: Level,
    #[serde(skip)]
    routine: bool,
}

/// What happened.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Event {
    /// An agent has seen it.
    Seen(Box<Sight>),
    /// The desk has.
    Own(Own),
}

/// What only the desk knows.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Own {
    Connecting,
    Connected,
    Clock { ahead_ns: i64, within_ns: u64 },
    NotUnderstood,
    Lost { problem: Problem, again_in_s: u64 },
    Problem { problem: Problem },
    ProblemGone { problem: Problem },
    Drift { drift: Drift },
    DriftGone { drift: Drift },
}

/// Tells until it is interrupted, or nobody reads any more.
///
/// # Errors
/// The stream has ended, which it does not.
pub(super) async fn lines(global: &Global, mut live: Live) -> Outcome {
    let names = live.desk.cluster.managed().map(|host| host.name.len()).max().unwrap_or(0);
    let mut merge = Merge::default();
    let mut found = Found::default();
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    loop {
        tokio::select! {
            item = live.next() => {
                let item = item.ok_or_else(|| Failure::internal("the stream has ended"))?;
                let now = now_ms();
                for (at, line) in told(item, &mut found, now) {
                    merge.push(at, now, line);
                }
            }
            () = tokio::time::sleep(TICK), if !merge.is_empty() => {}
            _ = &mut interrupted => {
                merge.end().iter().take_while(|line| say(global, line, names)).for_each(drop);
                return Ok(Exit::Interrupted);
            }
        }
        for line in merge.due(now_ms()) {
            if !say(global, &line, names) {
                return Ok(Exit::Done);
            }
        }
    }
}

/// What the last look found.
#[derive(Debug, Default)]
struct Found {
    verdicts: Verdicts,
    drifts: Drifts,
}

/// What is to be said of an item, and when it happened.
fn told(item: Item, found: &mut Found, now: u64) -> Vec<(u64, Line)> {
    match item {
        Item::Host(Told { news: News::Seen(sight), .. }) if matches!(*sight, Sight::Beat) => Vec::new(),
        Item::Host(told) => vec![(told.at_ms, line(told))],
        Item::Looked(report) => {
            let turned = found.verdicts.take(&report.problems);
            let new = turned.new.into_iter().map(|problem| {
                let level = if problem.warning { Level::Warning } else { Level::Error };
                let words = format!("{} {}", problem.code, problem.message);
                (problem.host.clone(), Own::Problem { problem }, words, level)
            });
            let gone = turned.gone.into_iter().map(|problem| {
                let words = format!("no more: {} {}", problem.code, problem.message);
                (problem.host.clone(), Own::ProblemGone { problem }, words, Level::Info)
            });
            let drifted = found.drifts.take(&report.value);
            let drift = drifted.new.into_iter().map(|(host, drift)| {
                let words = format!("drift: {drift}");
                (Some(host), Own::Drift { drift }, words, Level::Warning)
            });
            let put_right = drifted.gone.into_iter().map(|(host, drift)| {
                let words = format!("no more drift: {drift}");
                (Some(host), Own::DriftGone { drift }, words, Level::Info)
            });
            let lines = new.chain(gone).chain(drift).chain(put_right).map(|(host, own, words, level)| Line {
                time: time(now),
                host,
                event: Event::Own(own),
                words,
                level,
                routine: false,
            });
            lines.map(|line| (now, line)).collect()
        }
    }
}

fn line(told: Told) -> Line {
    let (event, words, level, routine) = match told.news {
        News::Connecting => (Event::Own(Own::Connecting), "connecting".to_owned(), Level::Info, true),
        News::Connected => (Event::Own(Own::Connected), "its agent is heard".to_owned(), Level::Info, false),
        News::Clock(clock) => {
            let words = format!("its clock is {}", clock_words(clock));
            let Offset { ahead_ns, within_ns } = clock;
            (Event::Own(Own::Clock { ahead_ns, within_ns }), words, Level::Info, true)
        }
        News::NotUnderstood => {
            let words = "its agent says what this desk does not understand; they are not of one version".to_owned();
            (Event::Own(Own::NotUnderstood), words, Level::Warning, false)
        }
        News::Lost { problem, again_in } => {
            let again_in_s = again_in.as_secs();
            let words = format!("not heard any more: {}; tried again in {again_in_s} s", problem.message);
            (Event::Own(Own::Lost { problem: *problem, again_in_s }), words, Level::Error, false)
        }
        News::Seen(sight) => {
            let (words, level, routine) = (sight.to_string(), sight.level(), sight.is_routine());
            (Event::Seen(sight), words, level, routine)
        }
    };
    Line { time: time(told.at_ms), host: Some(told.host), event, words, level, routine }
}

/// Says a line; whether somebody reads on.
fn say(global: &Global, line: &Line, names: usize) -> bool {
    if global.quiet && line.routine {
        return true;
    }
    let text = if global.wants_json() { serde_json::to_string(line).unwrap_or_default() } else { text(line, names) };
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{text}").and_then(|()| stdout.flush()).is_ok()
}

fn text(line: &Line, names: usize) -> String {
    let time = line.time.to_zoned(TimeZone::system()).strftime("%F %T%.3f").to_string();
    let host = line.host.as_deref().unwrap_or("-");
    let prefix = format!("{host}: ");
    let words = plain(line.words.strip_prefix(&prefix).unwrap_or(&line.words)).replace('\n', " ");
    let words = match line.level {
        Level::Info => style(words),
        Level::Warning => style(words).yellow(),
        Level::Error => style(words).red(),
    };
    format!("{}  {host:names$}  {words}", style(time).dim())
}

fn time(ms: u64) -> Timestamp {
    i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ctl::inventory::load::parse;
    use crate::ctl::verify::status::{HostDrift, unseen};
    use crate::error::Code;

    fn seen(sight: Sight) -> Item {
        let news = News::Seen(Box::new(sight));
        Item::Host(Told { host: "lb-6".into(), at_ms: 1_700_000_000_123, news })
    }

    #[test]
    fn a_line_says_who_when_and_what() {
        let adverts = Sight::Adverts {
            instance: "VI_1".into(),
            sent: 0,
            heard: 4,
            from: Some("10.0.0.5".into()),
            priority: Some(150),
        };
        let (at, line) = told(seen(adverts), &mut Found::default(), 7).remove(0);
        assert_eq!((at, line.routine), (1_700_000_000_123, true));
        let words = console::strip_ansi_codes(&text(&line, 6)).into_owned();
        assert!(words.ends_with(".123  lb-6    VI_1: adverts: 4 heard from 10.0.0.5, priority 150"), "{words}");
        let json = serde_json::to_value(&line).unwrap();
        let expected = serde_json::json!({"time": "2023-11-14T22:13:20.123Z", "host": "lb-6", "event": "adverts",
            "instance": "VI_1", "sent": 0, "heard": 4, "from": "10.0.0.5", "priority": 150,
            "words": "VI_1: adverts: 4 heard from 10.0.0.5, priority 150"});
        assert_eq!(json, expected);
        assert!(told(seen(Sight::Beat), &mut Found::default(), 7).is_empty());
    }

    #[test]
    fn drift_is_told_of_its_host() {
        let text = include_str!("../../../inventories/homework.yaml");
        let mut report = unseen(&parse(Path::new("x.yaml"), text).unwrap().cluster, Vec::new());
        let what = "nginx does not run".to_owned();
        report.value.drift = Some(vec![HostDrift { host: "lb-6".into(), drift: vec![Drift { kind: "unit", what }] }]);
        let mut found = Found::default();
        let (_, line) = told(Item::Looked(Box::new(report.clone())), &mut found, 7).remove(0);
        let json = serde_json::to_value(&line).unwrap();
        let expected = serde_json::json!({"time": "1970-01-01T00:00:00.007Z", "host": "lb-6", "event": "drift",
            "drift": {"kind": "unit", "what": "nginx does not run"}, "words": "drift: nginx does not run"});
        assert_eq!(json, expected);
        report.value.drift = Some(Vec::new());
        let (_, line) = told(Item::Looked(Box::new(report)), &mut found, 9).remove(0);
        assert_eq!(serde_json::to_value(&line).unwrap()["event"], "drift_gone");
    }

    #[test]
    fn a_host_that_is_lost_is_told_with_its_reason_once() {
        let problem = Problem::on("lb-6", Code::ConnectionLost, "nothing was heard for 8 s");
        let news = News::Lost { problem: Box::new(problem), again_in: Duration::from_secs(4) };
        let item = Item::Host(Told { host: "lb-6".into(), at_ms: 5, news });
        let (_, line) = told(item, &mut Found::default(), 7).remove(0);
        let words = console::strip_ansi_codes(&text(&line, 4)).into_owned();
        let end = "lb-6  not heard any more: lb-6: nothing was heard for 8 s; tried again in 4 s";
        assert!(words.ends_with(end), "{words}");
        let json = serde_json::to_value(&line).unwrap();
        assert_eq!(
            (&json["event"], &json["problem"]["code"], &json["again_in_s"]),
            (&"lost".into(), &"E210".into(), &4.into())
        );
    }
}
