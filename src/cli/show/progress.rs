//! What goes on meanwhile, as lines on stderr, above a bar where stderr is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::{problem, say};
use crate::cli::chinese::said::{said, told};
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
        Event::Warning(problem) => problem::one(problem),
        Event::HostKeyTaken { host, key, file } => {
            said!(
                "{host}: its host key {key} was not known; it is taken, and recorded in {file}",
                host = host,
                key = key,
                file = file
            )
        }
        Event::GoesBackTo(number) => {
            said!("back to generation {number} (`hactl history` says what it was)", number = number)
        }
        Event::PlanIsOld => said!("hosts changed since the plan was shown; what would change now:"),
        Event::Staging { hosts } => said!("staging on {hosts} hosts", hosts = hosts),
        Event::HostDone { host } => said!("{host}: done", host = host),
        Event::Watching { host, time } => {
            let s = time.as_secs();
            said!("{host}: has the change; watching for {s} s before the others follow", host = host, s = s)
        }
        Event::TakingBack { host } => said!("{host}: taking the change back", host = host),
        Event::Drained { host } => said!("{host}: drained", host = host),
        Event::ConnectionsLeft { host, left } => {
            said!("{host}: {left} connections are left; going on", host = host, left = left)
        }
        Event::GapNotMeasured { why } => said!("the gap is not measured: {why}", why = why),
        Event::AskedToResign { host, why, refused: None } => {
            said!("{why}: {host} was asked over SSH to resign, and did", why = why, host = host)
        }
        Event::AskedToResign { host, why, refused: Some(answer) } => {
            said!("{why}: {host} does not resign: {answer}", why = why, host = host, answer = answer)
        }
        Event::PriorityLeft { host, why } => {
            said!("{host}: a raised priority may be left behind: {why}", host = host, why = why)
        }
        Event::Command { host, script, input } => {
            let with = if input == 0 { String::new() } else { format!(" with {input} bytes of input") };
            let lines = script.trim_end().lines().fold(String::new(), |shown, line| shown + "\n    " + line);
            format!("{host}: running{with}{lines}")
        }
        Event::CommandEnded { host, end: Ok(code), after } => {
            format!("{host}: exit {code} after {} ms", after.as_millis())
        }
        Event::CommandEnded { host, end: Err(why), after } => format!("{host}: {why} after {} ms", after.as_millis()),
        Event::DrillSequence { seed, names } => said!("seed {seed}: {names}", seed = seed, names = names),
        Event::Drill { name, title } => said!("{name}: {title}", name = name, title = told(title)),
        Event::DrillExpects(what) => format!("  {}", said!("expected: {what}", what = told(what))),
        Event::DrillEnded { passed, outage, predicted, lost: (lost, sent), requests: (failed, asked), why } => {
            let verdict = if passed { said!("passed") } else { said!("FAILED") };
            let predicted = predicted.map(foretold);
            let predicted = predicted.map(|range| said!(" (predicted {range})", range = range)).unwrap_or_default();
            let first = said!(
                "{verdict}: outage {gap}, {lost} of {sent} lost; requests: {failed} of {asked} lost",
                verdict = verdict,
                gap = shown(outage) + &predicted,
                lost = lost,
                sent = sent,
                failed = failed,
                asked = asked
            );
            why.iter().fold(format!("  {first}"), |text, line| text + "\n  " + &told(line))
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
