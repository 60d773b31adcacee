//! A Markdown table for change requests and wikis.

use std::fmt::Write as _;

use super::entry::Run;
use crate::ctl::drill::judge::{foretold, shown};

/// The report.
pub fn markdown(run: &Run) -> String {
    let mut text = format!(
        "# Drill of {} ({}), {}\n\n\
         | scenario | what broke | on | verdict | longest gap | predicted | allowed | lost | requests lost | owner | restored |\n\
         |---|---|---|---|---:|---:|---:|---:|---:|---|---|\n",
        cell(&run.cluster),
        cell(&run.vip),
        cell(&run.started)
    );
    for entry in &run.entries {
        let verdict = &entry.verdict;
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {}/{} | {}/{} | {} → {} | {} |",
            cell(&verdict.scenario),
            cell(&entry.title),
            cell(&entry.target),
            if verdict.passed { "passed" } else { "**failed**" },
            shown(verdict.gap),
            verdict.predicted.map_or_else(|| "-".to_owned(), foretold),
            shown(verdict.budget),
            verdict.lost,
            verdict.sent,
            verdict.requests_lost,
            verdict.requests,
            cell(verdict.owner_before.as_deref().unwrap_or("nobody")),
            cell(verdict.owner_after.as_deref().unwrap_or("nobody")),
            if verdict.restored { "yes" } else { "**no**" },
        );
    }
    for entry in run.entries.iter().filter(|entry| !entry.verdict.passed) {
        let _ =
            writeln!(text, "\n**{}**, expected: {}\n", cell(&entry.verdict.scenario), cell(&entry.verdict.expected));
        for why in &entry.verdict.why {
            let _ = writeln!(text, "- {}", cell(why));
        }
    }
    text
}

/// Text that stays in its cell and is not taken for markup.
fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' => cell.extend(['\\', c]),
            '<' => cell.push_str("&lt;"),
            '>' => cell.push_str("&gt;"),
            '&' => cell.push_str("&amp;"),
            c if c.is_control() => cell.push(' '),
            c => cell.push(c),
        }
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::run;
    use super::*;

    #[test]
    fn one_row_a_scenario_and_reasons_below() {
        let text = markdown(&run());
        let rows: Vec<_> = text.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(rows.len(), 2 + 5);
        assert_eq!(
            rows[2],
            "| stop | the agent of the owner is stopped cleanly | lb-5 | passed | 4.0 ms | 0 ms | 50.0 ms | 4/10000 \
             | 1/500 | lb-5 → lb-6 | yes |"
        );
        assert!(text.contains("- web-7: &lt;script&gt;alert('1')&lt;/script&gt; &amp; \"more\" \\| pipe \\[31m next"));
    }
}
