//! The HA configuration is read as the agent would read it, before it leaves the desk; also behind `hactl check FILE`.

use std::path::Path;

use hactl_engine::conf::diagnostic::Severity;

use crate::error::{Problem, Span};

/// What the agent would say of a configuration.
pub fn ha_config(file: &Path, text: &str) -> Vec<Problem> {
    let parsed = hactl_engine::conf::parse(&file.display().to_string(), text);
    let lines: Vec<&str> = text.lines().collect();
    parsed
        .diagnostics
        .into_iter()
        .map(|diagnostic| {
            let error = diagnostic.severity == Severity::Error;
            let mut problem = Problem::new(if error { "E301" } else { "W301" }, diagnostic.message);
            problem.warning = !error;
            problem.next = diagnostic.help;
            if let Some(at) = diagnostic.location {
                let line = lines.get(at.line.saturating_sub(1)).copied().unwrap_or_default();
                // A line that holds a password is not drawn.
                let secret = line.contains("auth_pass");
                let text = if secret { "auth_pass …".to_owned() } else { line.to_owned() };
                let (column, length) = if secret { (1, 9) } else { (at.column, at.length) };
                problem.span = Some(Span { file: file.to_owned(), line: at.line, column, length, text });
            }
            problem
        })
        .collect()
}
