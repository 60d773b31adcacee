//! The page: one file without scripts, fonts or pictures from elsewhere, for light and dark screens and for paper.

use std::collections::BTreeSet;

use serde::Serialize;
use tera::{Context, Tera};

use super::entry::{Entry, Run};
use super::picture::{Picture, pictures};
use crate::ctl::drill::judge::shown;

/// What the page's template is given.
#[derive(Debug, Serialize)]
struct Page<'r> {
    cluster: &'r str,
    vip: &'r str,
    started: &'r str,
    version: &'static str,
    total: usize,
    passed: usize,
    failed: usize,
    hosts: &'r [String],
    drills: Vec<Drill<'r>>,
}

/// One scenario of the page.
#[derive(Debug, Serialize)]
struct Drill<'r> {
    name: &'r str,
    title: &'r str,
    target: &'r str,
    expected: &'r str,
    passed: bool,
    gap: String,
    budget: String,
    sent: usize,
    lost: usize,
    owner_before: &'r str,
    owner_after: &'r str,
    restored: bool,
    why: &'r [String],
    pictures: Vec<Picture>,
}

/// The page.
///
/// # Errors
/// The template engine's: none with the template that is compiled in.
pub fn html(run: &Run) -> tera::TeraResult<String> {
    let owners = run.entries.iter().filter_map(|entry| entry.timeline.as_ref()).flat_map(|seen| seen.owners.keys());
    let hosts: Vec<String> = owners.cloned().collect::<BTreeSet<_>>().into_iter().collect();
    let page = Page {
        cluster: &run.cluster,
        vip: &run.vip,
        started: &run.started,
        version: env!("CARGO_PKG_VERSION"),
        total: run.entries.len(),
        passed: run.entries.len().saturating_sub(run.failures()),
        failed: run.failures(),
        hosts: &hosts,
        drills: run.entries.iter().map(|entry| drill(entry, &hosts)).collect(),
    };
    let mut tera = Tera::default();
    // Only names that end in .html are escaped.
    tera.autoescape_on([".html"]);
    tera.add_raw_template("report.html", include_str!("../../../../templates/report.html.tera"))?;
    tera.render("report.html", &Context::from_serialize(&page)?)
}

fn drill<'r>(entry: &'r Entry, hosts: &[String]) -> Drill<'r> {
    let verdict = &entry.verdict;
    Drill {
        name: &verdict.scenario,
        title: &entry.title,
        target: &entry.target,
        expected: &verdict.expected,
        passed: verdict.passed,
        gap: shown(verdict.gap),
        budget: shown(verdict.budget),
        sent: verdict.sent,
        lost: verdict.lost,
        owner_before: verdict.owner_before.as_deref().unwrap_or("nobody"),
        owner_after: verdict.owner_after.as_deref().unwrap_or("nobody"),
        restored: verdict.restored,
        why: &verdict.why,
        pictures: entry.timeline.as_ref().map(|seen| pictures(seen, hosts)).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::run;
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        let page = html(&run()).unwrap();
        assert!(!page.contains("<script") && !page.contains("home<work>"));
        assert!(page.contains("home&lt;work&gt;") && page.contains("no &lt;lab&gt; here"));
    }

    #[test]
    fn the_page_needs_nothing_from_elsewhere() {
        let page = html(&run()).unwrap();
        for part in ["src=", "url(", "@import", "<link", "https://"] {
            assert!(!page.contains(part), "{part} in the page");
        }
        // The namespace is not fetched, and inline SVG does without it.
        assert!(!page.contains("http://"));
    }

    #[test]
    fn every_scenario_has_its_section_and_its_pictures() {
        let page = html(&run()).unwrap();
        assert_eq!(page.matches("<section").count(), 5);
        assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
        assert!(page.matches("<svg").count() >= 4);
        assert!(page.contains("3 of 5 passed"), "{page}");
        if let Some(path) = std::env::var_os("HACTL_REPORT_SAMPLE") {
            std::fs::write(path, page).unwrap();
        }
    }
}
