//! `hactl logs`: lines of all hosts, once or as they come.

use std::io::Write as _;
use std::time::Duration;

use clap::Args;
use console::style;
use indicatif::ProgressBar;
use jiff::tz::TimeZone;

use super::global::Global;
use super::show::{finish, problem, say};
use crate::ctl::capture::clocks::Offset;
use crate::ctl::desk::Options;
use crate::ctl::logs::collect::{Collector, HostLog, Line, Logs as Read};
use crate::ctl::report::Report;
use crate::error::{Exit, Outcome};
use crate::text::parse_time;

/// Between two questions with --follow.
const EACH: Duration = Duration::from_secs(1);
/// A clock that is further off is told.
const TOLD_NS: u64 = 10_000_000;

/// `hactl logs`.
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Only these hosts; all when absent
    pub hosts: Vec<String>,
    /// From so long ago, for example 10m
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = parse_time)]
    pub since: Duration,
    /// Go on with what comes, until Ctrl-C; with --json an object a line
    #[arg(short, long)]
    pub follow: bool,
}

/// Shows them.
///
/// # Errors
/// No such host, or none that answers; exit 4 where some do not.
pub(super) async fn run(global: &Global, options: Options, bar: &ProgressBar, wanted: Logs) -> Outcome {
    let (mut from, mut problems) =
        Collector::begin(global.inventory.as_deref(), options, &wanted.hosts, wanted.since).await?;
    let (read, more) = from.read().await;
    problems.extend(more);
    bar.finish_and_clear();
    let text = !global.wants_json();
    if text && !global.quiet {
        read.hosts.iter().flat_map(remarks).for_each(say::aside);
    }
    if !wanted.follow {
        let exit = if problems.is_empty() { Exit::Done } else { Exit::Preflight };
        return finish(global, "logs", Ok(Report { value: read, problems, exit }), |read| all(&read.lines));
    }
    let (mut lines, interrupted) = (read.lines, tokio::signal::ctrl_c());
    tokio::pin!(interrupted);
    loop {
        problem::drawn(&std::mem::take(&mut problems)).iter().for_each(say::aside);
        if !lines.iter().all(|line| tell(line, text)) {
            return Ok(Exit::Done);
        }
        let next = async {
            tokio::time::sleep(EACH).await;
            from.read().await
        };
        tokio::select! {
            (Read { lines: new, .. }, more) = next => (lines, problems) = (new, more),
            _ = &mut interrupted => return Ok(Exit::Interrupted),
        }
    }
}

/// What is to be known of a host's lines.
fn remarks(host: &HostLog) -> Vec<String> {
    let name = &host.host;
    let clock = match host.clock {
        None => Some(format!("{name}: its clock could not be compared; its times are its own")),
        Some(clock) => off(clock).map(|off| format!("{name}: its clock is {off}; times are this desk's")),
    };
    let cut = host.cut.then(|| format!("{name}: has more lines than are shown; the last are; see --since"));
    clock.into_iter().chain(cut).collect()
}

/// A clock that is surely off by more than is worth telling.
fn off(clock: Offset) -> Option<String> {
    let by = clock.believed().ahead_ns;
    let way = if by < 0 { "behind" } else { "ahead" };
    let ms = |ns: u64| ns.saturating_add(500_000) / 1_000_000;
    (by.unsigned_abs() > TOLD_NS)
        .then(|| format!("{} ms {way} (±{} ms)", ms(by.unsigned_abs()), ms(clock.within_ns).max(1)))
}

fn all(lines: &[Line]) -> String {
    lines.iter().fold(String::new(), |text, line| text + &shown(line) + "\n")
}

/// Says a line; whether somebody reads on.
fn tell(line: &Line, text: bool) -> bool {
    let words = if text { shown(line) } else { serde_json::to_string(line).unwrap_or_default() };
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{words}").and_then(|()| stdout.flush()).is_ok()
}

fn shown(line: &Line) -> String {
    let time = line.time.to_zoned(TimeZone::system()).strftime("%F %T%.3f").to_string();
    let message = line.message.replace('\n', "\n    ");
    format!("{}  {}  {}: {message}", style(time).dim(), style(&line.host).bold(), line.program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_are_off_are_told() {
        let clock = |ahead_ns, within_ns| HostLog {
            host: "lb-6".into(),
            clock: Some(Offset { ahead_ns, within_ns }),
            cut: false,
        };
        assert_eq!(remarks(&clock(9_000_000, 1_000_000)), Vec::<String>::new(), "too little");
        assert_eq!(remarks(&clock(40_000_000, 41_000_000)), Vec::<String>::new(), "it may well be right");
        assert_eq!(
            remarks(&clock(-120_400_000, 2_000_000)),
            ["lb-6: its clock is 120 ms behind (±2 ms); times are this desk's"]
        );
        let cut = HostLog { cut: true, clock: None, ..clock(0, 0) };
        assert_eq!(remarks(&cut).len(), 2);
    }

    #[test]
    fn a_line_is_shown_with_its_host() {
        let line = Line {
            time: "2026-11-30T17:04:05.123456Z".parse().unwrap(),
            host: "lb-6".into(),
            program: "hactl-agent".into(),
            message: "one\ntwo".into(),
        };
        let text = console::strip_ansi_codes(&shown(&line)).into_owned();
        assert!(text.ends_with(":04:05.123  lb-6  hactl-agent: one\n    two"), "{text}");
    }
}
