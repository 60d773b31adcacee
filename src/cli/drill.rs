//! `hactl drill`: which scenarios, in which form the results come.

use std::fs;
use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;

use super::args::{Drill, Report};
use super::global::Global;
use crate::ctl::desk::Manner;
use crate::ctl::drill::judge::shown;
use crate::ctl::drill::report::entry::Run;
use crate::ctl::drill::report::{html::html, json::json, junit::junit, markdown::markdown};
use crate::ctl::drill::run;
use crate::ctl::drill::scenario::Scenario;
use crate::ctl::drill::select::select;
use crate::ctl::drill::table::SCENARIOS;
use crate::ctl::status::table;
use crate::error::{Exit, Failure, Outcome, Problem};

/// Runs drills and reports.
///
/// # Errors
/// Unknown scenarios, a cluster that is not good to begin with; exit 7 when a drill failed.
pub(crate) async fn run(global: &Global, manner: Manner, wanted: Drill) -> Outcome {
    if wanted.list {
        print!("{}", list());
        return Ok(Exit::Done);
    }
    let lab = crate::lab::layout::Layout::from_environment().plan().is_some();
    let scenarios = select(&wanted.scenarios, wanted.all, lab)?;
    if !wanted.yes {
        consent(&scenarios)?;
    }
    let done = run::run(global.inventory.clone(), &manner, &scenarios, wanted.budget).await?;
    report(global, &wanted, &done)?;
    Ok(if done.passed() { Exit::Done } else { Exit::Verification })
}

fn list() -> String {
    let rows = SCENARIOS.iter().map(|scenario| {
        let lab = if scenario.needs_lab() { " (lab only)" } else { "" };
        vec![scenario.name.to_owned(), format!("{}{lab}", scenario.title), format!("-> {}", scenario.expected)]
    });
    table(&rows.collect::<Vec<_>>())
}

/// A drill breaks things: somebody has to say so.
fn consent(scenarios: &[&Scenario]) -> Result<(), Failure> {
    let names = scenarios.iter().map(|scenario| scenario.name).collect::<Vec<_>>().join(", ");
    if !std::io::stdin().is_terminal() {
        let problem = Problem::new("E613", format!("{names}: drills break things on purpose, and nobody can be asked"));
        return Err(Failure::one(Exit::Usage, problem.next("add -y to run them")));
    }
    eprint!("{names}: this breaks things on purpose and puts them right again. Type yes: ");
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && answer.trim() == "yes" {
        return Ok(());
    }
    Err(Failure::one(Exit::Usage, Problem::new("E613", "not confirmed; nothing was broken")))
}

/// One form other than a page goes to stdout; several, and pages, become files.
fn report(global: &Global, wanted: &Drill, done: &Run) -> Result<(), Failure> {
    let mut forms = wanted.report.clone();
    if global.wants_json() && !forms.contains(&Report::Json) {
        forms.push(Report::Json);
    }
    if forms.is_empty() {
        print!("{}", text(done));
        return Ok(());
    }
    let internal = |error: String| Failure::internal(format!("report: {error}"));
    let to_file = forms.len() > 1;
    for form in forms {
        let (name, content) = match form {
            Report::Html => ("drill.html", html(done).map_err(|error| internal(error.to_string()))?),
            Report::Json => ("drill.json", json(done).map_err(|error| internal(error.to_string()))?),
            Report::Junit => ("drill.xml", junit(done)),
            Report::Md => ("drill.md", markdown(done)),
        };
        if to_file || form == Report::Html {
            write(&wanted.out, name, &content)?;
        } else {
            println!("{content}");
        }
    }
    if to_file {
        print!("{}", text(done));
    }
    Ok(())
}

fn write(folder: &Path, name: &str, content: &str) -> Result<(), Failure> {
    let path = folder.join(name);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, content))
        .map_err(|error| Failure::internal(format!("{}: {error}", path.display())))?;
    println!("wrote {}", path.display());
    Ok(())
}

fn text(done: &Run) -> String {
    let heading = ["SCENARIO", "VERDICT", "OUTAGE", "LOST", "OWNER", "THEN", "RESTORED"].map(str::to_owned).to_vec();
    let rows = done.entries.iter().map(|entry| {
        let verdict = &entry.verdict;
        let name = |owner: &Option<String>| owner.clone().unwrap_or_else(|| "nobody".into());
        vec![
            verdict.scenario.clone(),
            if verdict.passed { "passed".into() } else { "FAILED".into() },
            shown(verdict.gap),
            format!("{}/{}", verdict.lost, verdict.sent),
            name(&verdict.owner_before),
            name(&verdict.owner_after),
            if verdict.restored { "yes".into() } else { "NO".into() },
        ]
    });
    table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>())
}
