//! The page: one file without scripts, fonts or pictures from elsewhere, for light and dark screens and for paper.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use tera::{Context, Tera};

use super::entry::{Entry, Run};
use super::picture::{Column, Picture, pictures, trend};
use crate::ctl::drill::judge::{foretold, shown};
use crate::ctl::drill::timeline::Timeline;

/// What the page's template is given.
#[derive(Debug, Serialize)]
struct Page<'r> {
    cluster: &'r str,
    vip: &'r str,
    started: String,
    left_out: Vec<Pair<'r>>,
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
    predicted: String,
    sent: usize,
    lost: usize,
    http_sent: usize,
    http_lost: usize,
    http_max: usize,
    elsewhere: Vec<String>,
    /// What drills like it measured before, in words and as bars, the last of which is this one.
    trend: Option<String>,
    bars: Vec<Column>,
    settings: Vec<Pair<'r>>,
    /// What is to be known of the lanes of this drill.
    lanes: Vec<String>,
    events: Vec<Told<'r>>,
    owner_before: &'r str,
    owner_after: &'r str,
    restored: bool,
    why: &'r [String],
    pictures: Vec<Picture>,
}

/// Two words that belong together.
#[derive(Debug, Serialize)]
struct Pair<'r> {
    name: &'r str,
    value: &'r str,
}

fn pairs(all: &[(String, String)]) -> Vec<Pair<'_>> {
    all.iter().map(|(name, value)| Pair { name, value }).collect()
}

/// What an agent told.
#[derive(Debug, Serialize)]
struct Told<'r> {
    at: String,
    host: &'r str,
    what: &'r str,
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
        started: run.started.replacen('T', " ", 1),
        left_out: pairs(&run.left_out),
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
        predicted: verdict.predicted.map_or_else(|| "-".to_owned(), foretold),
        http_sent: verdict.requests,
        http_lost: verdict.requests_lost,
        http_max: verdict.requests_max,
        elsewhere: verdict
            .elsewhere
            .iter()
            .map(|(host, sent, lost, gap)| {
                format!("from {host}: {lost} of {sent} requests lost, longest gap {}", shown(*gap))
            })
            .collect(),
        trend: before(&entry.before),
        bars: trend(&entry.before, verdict.gap),
        settings: pairs(&entry.settings),
        lanes: entry.timeline.as_ref().map(about_lanes).unwrap_or_default(),
        events: entry.timeline.iter().flat_map(told).collect(),
        sent: verdict.sent,
        lost: verdict.lost,
        owner_before: verdict.owner_before.as_deref().unwrap_or("nobody"),
        owner_after: verdict.owner_after.as_deref().unwrap_or("nobody"),
        restored: verdict.restored,
        why: &verdict.why,
        pictures: entry.timeline.as_ref().map(|seen| pictures(seen, hosts)).unwrap_or_default(),
    }
}

fn before(gaps: &[Duration]) -> Option<String> {
    let (least, most) = (gaps.iter().min()?, gaps.iter().max()?);
    let times = if gaps.len() == 1 { "the one before" } else { "the ones before" };
    Some(format!("Beside {times} ({}): {} to {}", gaps.len(), shown(*least), shown(*most)))
}

/// Where the lanes come from, and how much they can be relied on.
fn about_lanes(seen: &Timeline) -> Vec<String> {
    let mut lines = Vec::new();
    if seen.asked.len() < seen.owners.len() {
        lines.push(format!(
            "owners by what their agents told; their clocks may be aside by up to {}",
            shown(seen.clock_within)
        ));
    }
    if !seen.asked.is_empty() {
        lines
            .push(format!("{} told nothing, and was asked now and then: its edges may be late", seen.asked.join(", ")));
    }
    if !seen.handed_over.is_zero() {
        lines.push(format!(
            "for {} the old owner still answered while it handed over, as a planned move does",
            shown(seen.handed_over)
        ));
    }
    if !seen.two_owners.is_zero() {
        lines.push(format!("two hosts were owners at a time for {}", shown(seen.two_owners)));
    }
    lines
}

fn told(seen: &Timeline) -> impl Iterator<Item = Told<'_>> {
    let zero = seen.fault.0.as_secs_f64();
    let at = move |at: Duration| format!("{:+.0} ms", (at.as_secs_f64() - zero) * 1000.0);
    seen.events.iter().map(move |one| Told { at: at(one.at), host: &one.host, what: &one.what })
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
