//! The way in: text to configuration and diagnostics.

use super::build::build;
use super::config::Config;
use super::expand::surroundings::{Nothing, Surroundings};
use super::expand::{Limits, expand};
use super::grammar::tree::grow;
use super::text::diagnostic::Diagnostic;
use super::text::sink::Sink;

/// What a text means, and what is wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// Always complete: what is wrong in the text is replaced by its documented default or left out.
    pub config: Config,
    /// In file order, each once; those about the whole file come last.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a keepalived.conf that stands on its own. `file` is what the diagnostics call it.
///
/// Never fails and never panics, whatever the text. Whether an error stops anything is for the caller to decide:
/// the agent runs on with the defaults, a check refuses.
pub fn parse(file: &str, text: &str) -> Parsed {
    parse_with(file, text, &mut Nothing)
}

/// Reads a keepalived.conf with the files that it includes.
pub fn parse_with(file: &str, text: &str, around: &mut dyn Surroundings) -> Parsed {
    let (source, found) = expand(file, text, Limits::default(), around);
    let mut sink = Sink::over(&source, found);
    let statements = grow(&source, &mut sink);
    let config = build(&statements, &mut sink);
    Parsed { config, diagnostics: sink.finish() }
}
