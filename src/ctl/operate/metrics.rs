//! `hactl metrics`: the pages of all agents as one, through SSH: no port need be open for it.

use std::path::Path;

use hactl_engine::control::{Request, Response};
use serde::Serialize;

use crate::ctl::desk::Options;
use crate::ctl::operate::agents::ask_agents;
use crate::ctl::report::{Outcome, Report};
use crate::error::{Code, Exit, Problem};

/// One page of Prometheus' text format.
#[derive(Debug, Clone, Serialize)]
pub struct Page {
    /// Each family once, and behind it the samples of all hosts, each with its `host`.
    pub text: String,
}

/// Asks every agent, or one host's, for its metrics.
///
/// # Errors
/// Exit 3 for a host without agent in the inventory; the report says 4 when one does not answer.
pub async fn metrics(inventory: Option<&Path>, options: Options, host: Option<&str>) -> Outcome<Page> {
    let (answers, mut problems) = ask_agents(inventory, options, host, &Request::Metrics).await?;
    let mut pages = Vec::new();
    for (host, answer) in answers {
        match answer {
            Response::Metrics { text } => pages.push((host, text)),
            // A page without this host would look whole.
            _ => {
                let problem = Problem::on(&host, Code::NoAgent, "its agent answers something else than metrics");
                problems.push(problem.next("is it of another version? `hactl deploy`"));
            }
        }
    }
    let exit = if problems.is_empty() { Exit::Done } else { Exit::Preflight };
    Ok(Report { value: Page { text: joined(&pages) }, problems, exit })
}

/// The format wants all samples of a family in one place.
fn joined(pages: &[(String, String)]) -> String {
    // In the order in which they are met: the head of a family, and its samples.
    let mut families: Vec<(&str, String, String)> = Vec::new();
    for (host, page) in pages {
        let mut current = "";
        for line in page.lines() {
            let head = line.strip_prefix("# ").and_then(|rest| rest.split(' ').nth(1));
            current = head.unwrap_or(current);
            let known = families.iter().position(|(name, ..)| *name == current);
            let at = known.unwrap_or_else(|| {
                families.push((current, String::new(), String::new()));
                families.len() - 1
            });
            let Some((_, heads, samples)) = families.get_mut(at) else { continue };
            if head.is_none() {
                samples.push_str(&with_host(line, host));
            } else if !heads.lines().any(|known| known == line) {
                heads.push_str(&format!("{line}\n"));
            }
        }
    }
    families.into_iter().map(|(_, heads, samples)| heads + &samples).collect()
}

/// A sample with one label more.
fn with_host(sample: &str, host: &str) -> String {
    let name = sample.find(['{', ' ']).unwrap_or(sample.len());
    match sample.split_at(name) {
        (name, rest) if rest.starts_with('{') => {
            format!("{name}{{host=\"{host}\",{}\n", rest.trim_start_matches('{'))
        }
        (name, rest) => format!("{name}{{host=\"{host}\"}}{rest}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_become_one() {
        let five = "# HELP a A.\n# TYPE a gauge\na{vrid=\"7\"} 1\n# HELP b B.\n# TYPE b counter\nb 91\n";
        let six = "# HELP a A.\n# TYPE a gauge\na{vrid=\"7\"} 0\na{vrid=\"9\"} 1\n# HELP c C.\n# TYPE c gauge\nc 0.5\n";
        let joined = joined(&[("lb-5".into(), five.into()), ("lb-6".into(), six.into())]);
        assert_eq!(
            joined,
            "# HELP a A.\n# TYPE a gauge\na{host=\"lb-5\",vrid=\"7\"} 1\na{host=\"lb-6\",vrid=\"7\"} 0\n\
             a{host=\"lb-6\",vrid=\"9\"} 1\n# HELP b B.\n# TYPE b counter\nb{host=\"lb-5\"} 91\n\
             # HELP c C.\n# TYPE c gauge\nc{host=\"lb-6\"} 0.5\n"
        );
    }
}
