//! The way in: text to configuration and diagnostics.

use super::build::build;
use super::config::Config;
use super::diagnostic::Diagnostic;
use super::lexer::lex;
use super::sink::Sink;
use super::source::lines;
use super::surroundings::{Alone, Surroundings};
use super::tree::grow;

/// What a text means, and what is wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// Always complete: what is wrong in the text is replaced by its documented default or left out.
    pub config: Config,
    /// In file order, each once; those about the whole file come last.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a keepalived.conf. `file` is what the diagnostics call it.
///
/// Never fails and never panics, whatever the text. Whether an error stops anything is for the caller to decide:
/// the agent runs on with the defaults, a check refuses.
pub fn parse(file: &str, text: &str) -> Parsed {
    parse_with(file, text, &mut Alone)
}

/// Reads a keepalived.conf and what it includes, on a host.
pub fn parse_with(file: &str, text: &str, around: &mut dyn Surroundings) -> Parsed {
    let mut sink = Sink::new(file);
    let lines = lines(file, text, around, &mut sink);
    let pieces = lex(&lines, &mut sink);
    drop(lines);
    let statements = grow(&pieces, &mut sink);
    let config = build(&statements, &mut sink);
    Parsed { config, diagnostics: sink.finish() }
}
