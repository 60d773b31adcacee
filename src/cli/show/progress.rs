//! What goes on meanwhile, as lines on stderr, above a bar where stderr is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::say;
use crate::cli::global::Global;
use crate::ctl::drill::judge::{foretold, shown};
use crate::ctl::progress::{Event, Listener};

/// Who listens for a command line: words on stderr, unless it is to be quiet.
pub(crate) fn listener(global: &Global, bar: &ProgressBar) -> Listener {
    let (quiet, bar) = (global.quiet, bar.clone());
    Listener::new(move |event| match event {
        Event::Begin { what, steps } => {
            bar.reset();
            bar.set_length(u64::try_from(steps).unwrap_or(u64::MAX));
            bar.set_position(0);
            bar.set_message(what);
        }
        Event::Step => bar.inc(1),
        other => {
            let line = words(other).filter(|_| !quiet);
            bar.suspend(|| line.iter().for_each(say::aside));
        }
    })
}

/// The same without a bar: words alone, on stderr.
pub(crate) fn aside(global: &Global) -> Listener {
    let quiet = global.quiet;
    Listener::new(move |event| words(event).iter().filter(|_| !quiet).for_each(say::aside))
}

/// What is said of an event, if anything is.
pub(crate) fn words(event: Event<'_>) -> Option<String> {
    Some(match event {
        Event::Begin { .. } | Event::Step | Event::Changes { .. } => return None,
        Event::Warning(problem) => problem.to_string(),
        Event::HostKeyTaken { host, key, file } => {
            format!("{host}: its host key {key} was not known; it is taken, and recorded in {file}")
        }
        Event::GoesBackTo(number) => format!("back to generation {number} (`hactl history` says what it was)"),
        Event::PlanIsOld => "hosts changed since the plan was shown; what would change now:".into(),
        Event::Staging { hosts } => format!("staging on {hosts} hosts"),
        Event::HostDone { host } => format!("{host}: done"),
        Event::Watching { host, time } => {
            format!("{host}: has the change; watching for {} s before the others follow", time.as_secs())
        }
        Event::TakingBack { host } => format!("{host}: taking the change back"),
        Event::Drained { host } => format!("{host}: drained"),
        Event::ConnectionsLeft { host, left } => format!("{host}: {left} connections are left; going on"),
        Event::GapNotMeasured { why } => format!("the gap is not measured: {why}"),
        Event::AskedToResign { host, why, refused: None } => {
            format!("{why}: {host} was asked over SSH to resign, and did")
        }
        Event::AskedToResign { host, why, refused: Some(said) } => format!("{why}: {host} does not resign: {said}"),
        Event::PriorityLeft { host, why } => format!("{host}: a raised priority may be left behind: {why}"),
        Event::Command { host, script, input } => {
            let with = if input == 0 { String::new() } else { format!(" with {input} bytes of input") };
            let lines = script.trim_end().lines().fold(String::new(), |shown, line| shown + "\n    " + line);
            format!("{host}: running{with}{lines}")
        }
        Event::CommandEnded { host, end: Ok(code), after } => {
            format!("{host}: exit {code} after {} ms", after.as_millis())
        }
        Event::CommandEnded { host, end: Err(why), after } => format!("{host}: {why} after {} ms", after.as_millis()),
        Event::DrillSequence { seed, names } => format!("seed {seed}: {names}"),
        Event::Drill { name, title } => format!("{name}: {title}"),
        Event::DrillExpects(what) => format!("  expected: {what}"),
        Event::DrillEnded { passed, outage, predicted, lost: (lost, sent), requests: (failed, asked), why } => {
            let verdict = if passed { "passed" } else { "FAILED" };
            let predicted = predicted.map(|range| format!(" (predicted {})", foretold(range))).unwrap_or_default();
            let outage = shown(outage);
            let first = format!(
                "  {verdict}: outage {outage}{predicted}, {lost} of {sent} lost; requests: {failed} of {asked} lost"
            );
            why.iter().fold(first, |text, line| text + "\n  " + line)
        }
    })
}

/// A bar on a terminal; nowhere else, not in CI, and not when it is not wanted.
pub(crate) fn bar(global: &Global) -> ProgressBar {
    let drawn =
        console::Term::stderr().is_term() && !global.quiet && !global.no_progress && std::env::var_os("CI").is_none();
    if !drawn {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {bar:24} {pos}/{len}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
