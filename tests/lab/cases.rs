//! Runs the cases, tells of each, and goes on after one that fails.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::hosts::{Lab, State, nothing_left};

/// One case; it fails by panicking.
pub(crate) struct Case {
    /// `room::what_it_proves`.
    pub name: &'static str,
    /// The lab as it finds it.
    pub from: State,
    /// The lab as it leaves it.
    pub to: State,
    /// Panics when it does not hold.
    pub run: fn(&Lab),
}

/// Cases by the states they lead from and to, and the names of their functions.
#[macro_export]
macro_rules! cases {
    ($($from:ident -> $to:ident: $room:ident::$name:ident;)*) => {
        &[$($crate::Case {
            name: concat!(stringify!($room), "::", stringify!($name)),
            from: $crate::State::$from,
            to: $crate::State::$to,
            run: $crate::$room::$name,
        }),*]
    };
}

/// Runs all of one test, or those whose names contain what `HACTL_LAB_ONLY` says; it must name one of some test.
pub(crate) fn run(cases: &[Case], all: &[&[Case]]) {
    let only = std::env::var("HACTL_LAB_ONLY").unwrap_or_default();
    let wanted = |case: &&Case| case.name.contains(&only);
    assert!(all.iter().copied().flatten().any(|case| wanted(&case)), "no case ran: HACTL_LAB_ONLY names none");
    let chosen: Vec<&Case> = cases.iter().filter(wanted).collect();
    if chosen.is_empty() {
        return;
    }
    let lab = Lab::new();
    let mut state = Some(State::Down);
    let mut failed = Vec::new();
    for (place, case) in chosen.iter().enumerate() {
        if state != Some(case.from)
            && let Err(why) = succeeds(|| lab.make(case.from))
        {
            let left: Vec<&str> = chosen[place..].iter().map(|case| case.name).collect();
            failed.push(format!("the lab is not {:?} ({why}); not run: {}", case.from, left.join(", ")));
            break;
        }
        let begun = Instant::now();
        let ended = succeeds(|| (case.run)(&lab));
        let verdict = if ended.is_ok() { "PASS" } else { "FAIL" };
        eprintln!("{verdict} [{:>7.3}s] {}", begun.elapsed().as_secs_f64(), case.name);
        state = ended.as_ref().ok().map(|()| case.to);
        failed.extend(ended.err().map(|why| format!("{}: {why}", case.name)));
    }
    lab.hactl(&["lab", "down"]);
    nothing_left(&lab, "at the end");
    assert!(failed.is_empty(), "of {} cases failed:\n{}", chosen.len(), failed.join("\n"));
}

/// What a panic said, in its first line; the rest of it is told where it happened.
fn succeeds(step: impl FnOnce()) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(step)).map_err(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        said.and_then(|said| said.lines().next()).unwrap_or("it panicked").to_owned()
    })
}
