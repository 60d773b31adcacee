//! `hactl drill`: which scenarios, in which form the results come.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::chinese::said::{said, told};
use super::confirm;
use super::drill_args::{Drill, Report as Form};
use super::global::Global;
use super::show::problem::drawn;
use super::show::table::table;
use super::show::{finish, say};
use crate::ctl::desk::{Options, find_inventory, open};
use crate::ctl::drill::judge::{foretold, shown};
use crate::ctl::drill::report::entry::Run;
use crate::ctl::drill::report::html::html;
use crate::ctl::drill::report::json::{Row, json, rows};
use crate::ctl::drill::report::junit::junit;
use crate::ctl::drill::report::markdown::markdown;
use crate::ctl::drill::run::{self, How};
use crate::ctl::drill::scenario::Scenario;
use crate::ctl::drill::select::{select, sequence};
use crate::ctl::drill::table::SCENARIOS;
use crate::ctl::drill::trend::{self, Trend};
use crate::ctl::inventory::load::load;
use crate::ctl::progress::Event;
use crate::ctl::report::Report;
use crate::error::{Code, Exit, Failure, Outcome, Problem};

/// Runs drills and reports.
///
/// # Errors
/// Unknown scenarios, a cluster that is not good to begin with; exit 7 when a drill failed.
pub(super) async fn run(global: &Global, options: Options, wanted: Drill) -> Outcome {
    if wanted.list {
        let report = Report { value: Listed { scenarios: listings() }, problems: Vec::new(), exit: Exit::Done };
        return finish(global, "drill", Ok(report), |listed: &Listed| list(&listed.scenarios));
    }
    if wanted.trend {
        return past(global, &options);
    }
    let lab = in_a_lab();
    let mut scenarios =
        select(&wanted.scenarios, wanted.all || (wanted.seed.is_some() && wanted.scenarios.is_empty()), lab)?;
    if let Some(seed) = wanted.seed {
        scenarios = sequence(&scenarios, seed, usize::from(wanted.count));
        let names = scenarios.iter().map(|scenario| scenario.name).collect::<Vec<_>>().join(" ");
        options.tell(Event::DrillSequence { seed, names: &names });
    }
    if !wanted.yes {
        let cluster = load(&find_inventory(global.inventory.as_deref())?)?.cluster.name;
        confirm::drill(&scenarios, &cluster)?;
    }
    let leave_out = wanted.all || wanted.seed.is_some();
    let how = How { budget: wanted.budget, anyway: wanted.anyway, leave_out, lab };
    let mut done = run::run_as(global.inventory.clone(), &options, &scenarios, &how).await?;
    if let Some(file) = trend::file(&done.cluster) {
        let kept = trend::recall(&file).map(|past| trend::compare(&mut done, &past));
        let kept = kept.and_then(|()| trend::remember(&file, &done));
        // The drill was made and judged, whether it is remembered or not.
        if let Err(error) = kept {
            let problem =
                Problem::new(Code::Internal, format!("{}: the drill is not remembered: {error}", file.display()));
            options.tell(Event::Warning(&problem.warn()));
        }
    }
    let exit = if done.passed() { Exit::Done } else { Exit::Verification };
    let json = global.wants_json();
    if !wanted.report.is_empty() {
        write_reports(&wanted, &done, json)?;
    }
    if wanted.report.is_empty() || json {
        let left_out = done.left_out.iter().map(|(scenario, why)| LeftOut { scenario, why }).collect();
        let value = Drilled { drills: rows(&done), left_out, seed: wanted.seed };
        let report = Report { value, problems: done.problems(), exit };
        return finish(global, "drill", Ok(report), |_| text(&done));
    }
    drawn(&done.problems()).iter().for_each(say::aside);
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
    /// What cannot be broken here.
    left_out: Vec<LeftOut<'d>>,
    seed: Option<u64>,
}

/// A scenario whose fault cannot be made here.
#[derive(Serialize)]
struct LeftOut<'d> {
    scenario: &'d str,
    why: &'d str,
}

/// `--trend`.
#[derive(Serialize)]
struct Remembered {
    trend: Vec<Trend>,
}

fn past(global: &Global, options: &Options) -> Outcome {
    let cluster = open(global.inventory.as_deref(), options)?;
    let trend = match trend::file(&cluster.name) {
        Some(file) => {
            trend::recall(&file).map_err(|error| Failure::internal(format!("{}: {error}", file.display())))?
        }
        None => Vec::new(),
    };
    let report = Report { value: Remembered { trend }, problems: Vec::new(), exit: Exit::Done };
    finish(global, "drill", Ok(report), |past: &Remembered| trend_text(&past.trend))
}

fn trend_text(trends: &[Trend]) -> String {
    if trends.is_empty() {
        return said!("no drill of this cluster is remembered here") + "\n";
    }
    let heading = vec![
        said!("SCENARIO"),
        said!("RUNS"),
        said!("FAILED"),
        said!("LEAST"),
        said!("MEDIAN"),
        said!("MOST"),
        said!("OUTAGES IN MS, THE LAST ONE LAST"),
    ];
    let rows = trends.iter().map(|one| {
        let latest = one.gaps_ms.iter().skip(one.gaps_ms.len().saturating_sub(8));
        let gaps = latest.map(|gap| format!("{gap:.0}")).collect::<Vec<_>>().join(" ");
        let ms = |gap: f64| format!("{gap:.0} ms");
        let (least, median, most) = (ms(one.least_ms), ms(one.median_ms), ms(one.most_ms));
        vec![one.scenario.clone(), one.runs.to_string(), one.failed.to_string(), least, median, most, gaps]
    });
    table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>())
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
        said!("PREDICTED"),
        said!("LOST"),
        said!("HTTP LOST"),
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
            verdict.predicted.map_or_else(|| "-".to_owned(), foretold),
            format!("{}/{}", verdict.lost, verdict.sent),
            format!("{}/{}", verdict.requests_lost, verdict.requests),
            name(&verdict.owner_before),
            name(&verdict.owner_after),
            if verdict.restored { said!("yes") } else { said!("NO") },
        ]
    });
    table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>())
}
