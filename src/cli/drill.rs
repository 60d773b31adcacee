//! `hactl drill`: which scenarios, in which form the results come.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::{Drill, Report as Form};
use super::chinese::said::{said, told};
use super::confirm;
use super::global::Global;
use super::show::finish;
use super::show::table::table;
use crate::ctl::desk::Options;
use crate::ctl::drill::judge::shown;
use crate::ctl::drill::report::entry::Run;
use crate::ctl::drill::report::html::html;
use crate::ctl::drill::report::json::{Row, json, rows};
use crate::ctl::drill::report::junit::junit;
use crate::ctl::drill::report::markdown::markdown;
use crate::ctl::drill::run;
use crate::ctl::drill::scenario::Scenario;
use crate::ctl::drill::select::select;
use crate::ctl::drill::table::SCENARIOS;
use crate::ctl::report::Report;
use crate::error::{Exit, Failure, Outcome};

/// Runs drills and reports.
///
/// # Errors
/// Unknown scenarios, a cluster that is not good to begin with; exit 7 when a drill failed.
pub(super) async fn run(global: &Global, options: Options, wanted: Drill) -> Outcome {
    if wanted.list {
        let report = Report { value: Listed { scenarios: listings() }, problems: Vec::new(), exit: Exit::Done };
        return finish(global, "drill", Ok(report), |listed: &Listed| list(&listed.scenarios));
    }
    let scenarios = select(&wanted.scenarios, wanted.all, in_a_lab())?;
    if !wanted.yes {
        confirm::drill(&scenarios)?;
    }
    let done = run::run(global.inventory.clone(), &options, &scenarios, wanted.budget).await?;
    let exit = if done.passed() { Exit::Done } else { Exit::Verification };
    let json = global.wants_json();
    if !wanted.report.is_empty() {
        write_reports(&wanted, &done, json)?;
    }
    if wanted.report.is_empty() || json {
        let report = Report { value: Drilled { drills: rows(&done) }, problems: Vec::new(), exit };
        return finish(global, "drill", Ok(report), |_| text(&done));
    }
    Ok(exit)
}

/// `--list`.
#[derive(Serialize)]
struct Listed {
    scenarios: Vec<Listing>,
}

/// What can be drilled.
#[derive(Serialize)]
struct Listing {
    scenario: &'static str,
    title: &'static str,
    /// What has to come of it.
    expected: &'static str,
    /// Whether only hosts of the lab may be treated so.
    lab_only: bool,
}

fn listings() -> Vec<Listing> {
    let listing = |scenario: &'static Scenario| Listing {
        scenario: scenario.name,
        title: scenario.title,
        expected: scenario.expected,
        lab_only: scenario.needs_lab(),
    };
    SCENARIOS.iter().map(listing).collect()
}

fn list(scenarios: &[Listing]) -> String {
    let rows = scenarios.iter().map(|one| {
        let lab = if one.lab_only { said!(" (lab only)") } else { String::new() };
        vec![one.scenario.to_owned(), told(one.title) + &lab, format!("-> {}", told(one.expected))]
    });
    table(&rows.collect::<Vec<_>>())
}

/// The drills as one object.
#[derive(Serialize)]
struct Drilled<'d> {
    drills: Vec<Row<'d>>,
}

/// One form other than a page goes to stdout; several, and pages, become files. With `--json` all of them do, and
/// nothing is said.
fn write_reports(wanted: &Drill, done: &Run, quiet: bool) -> Result<(), Failure> {
    let forms = &wanted.report;
    let internal = |error: String| Failure::internal(format!("report: {error}"));
    let to_file = forms.len() > 1 || quiet;
    for form in forms {
        let (name, content) = match form {
            Form::Html => ("drill.html", html(done).map_err(|error| internal(error.to_string()))?),
            Form::Json => ("drill.json", json(done).map_err(|error| internal(error.to_string()))?),
            Form::Junit => ("drill.xml", junit(done)),
            Form::Md => ("drill.md", markdown(done)),
        };
        if to_file || *form == Form::Html {
            let path = write(&wanted.out, name, &content)?;
            if !quiet {
                println!("{}", said!("wrote {file}", file = path.display()));
            }
        } else {
            println!("{content}");
        }
    }
    if to_file && !quiet {
        print!("{}", text(done));
    }
    Ok(())
}

fn write(folder: &Path, name: &str, content: &str) -> Result<PathBuf, Failure> {
    let path = folder.join(name);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, content))
        .map_err(|error| Failure::internal(format!("{}: {error}", path.display())))?;
    Ok(path)
}

/// Whether the hosts are those of a lab here.
pub(super) fn in_a_lab() -> bool {
    crate::lab::layout::Layout::from_environment().plan().is_some()
}

/// The results as a table.
pub(super) fn text(done: &Run) -> String {
    let heading = vec![
        said!("SCENARIO"),
        said!("VERDICT"),
        said!("OUTAGE"),
        said!("LOST"),
        said!("OWNER"),
        said!("THEN"),
        said!("RESTORED"),
    ];
    let rows = done.entries.iter().map(|entry| {
        let verdict = &entry.verdict;
        let name = |owner: &Option<String>| owner.clone().unwrap_or_else(|| said!("nobody"));
        vec![
            verdict.scenario.clone(),
            if verdict.passed { said!("passed") } else { said!("FAILED") },
            shown(verdict.gap),
            format!("{}/{}", verdict.lost, verdict.sent),
            name(&verdict.owner_before),
            name(&verdict.owner_after),
            if verdict.restored { said!("yes") } else { said!("NO") },
        ]
    });
    table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>())
}
