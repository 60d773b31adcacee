//! JUnit XML, as CI servers read it: one test case a scenario.

use std::fmt::Write as _;

use super::entry::Run;
use crate::ctl::drill::judge::shown;

/// The report. A case's time is the outage in seconds.
pub fn junit(run: &Run) -> String {
    let (tests, failures) = (run.entries.len(), run.failures());
    let suite = escape(&format!("hactl drill {} {}", run.cluster, run.vip));
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites tests=\"{tests}\" failures=\"{failures}\">\n\
         \x20 <testsuite name=\"{suite}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\" \
         timestamp=\"{}\">\n",
        escape(&run.started)
    );
    for entry in &run.entries {
        let verdict = &entry.verdict;
        let (name, class) = (escape(&verdict.scenario), escape(&format!("drill.{}", run.cluster)));
        let time = verdict.gap.as_secs_f64();
        // Writing to a String cannot fail.
        let _ = writeln!(xml, "    <testcase classname=\"{class}\" name=\"{name}\" time=\"{time:.4}\">");
        if !verdict.passed {
            let first = escape(verdict.why.first().map_or("failed", String::as_str));
            let all = escape(&format!("expected: {}\n{}", verdict.expected, verdict.why.join("\n")));
            let _ = writeln!(xml, "      <failure message=\"{first}\">{all}</failure>");
        }
        let line = format!(
            "{}; longest gap {} of {} allowed; {} of {} lost; requests: {} of {} lost, {} allowed; owner {} -> {}; restored: {}",
            entry.title,
            shown(verdict.gap),
            shown(verdict.budget),
            verdict.lost,
            verdict.sent,
            verdict.requests_lost,
            verdict.requests,
            verdict.requests_max,
            verdict.owner_before.as_deref().unwrap_or("nobody"),
            verdict.owner_after.as_deref().unwrap_or("nobody"),
            verdict.restored,
        );
        let _ = writeln!(xml, "      <system-out>{}</system-out>\n    </testcase>", escape(&line));
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

/// Text for XML content and attributes; characters that XML 1.0 §2.2 has no way to write become U+FFFD.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\r' | '\t' => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::run;
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        let xml = junit(&run());
        assert!(!xml.contains("<script>") && !xml.contains('\u{1b}') && !xml.contains("]]>"), "{xml}");
        assert!(xml.contains("&lt;script&gt;alert('1')&lt;/script&gt; &amp; &quot;more&quot;"), "{xml}");
    }

    #[test]
    fn every_failure_is_counted_and_told() {
        let xml = junit(&run());
        assert!(xml.contains("<testsuites tests=\"5\" failures=\"2\">"), "{xml}");
        assert_eq!(xml.matches("<testcase ").count(), 5);
        assert_eq!(xml.matches("<failure ").count(), 2);
        assert!(xml.contains("name=\"stop\" time=\"0.0040\""), "{xml}");
    }
}
