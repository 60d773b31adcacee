//! The way in: text to configuration and diagnostics.

use super::build::build;
use super::config::Config;
use super::diagnostic::Diagnostic;
use super::lexer::lex;
use super::sink::Sink;
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
    let mut sink = Sink::new(file);
    let pieces = lex(text, &mut sink);
    let statements = grow(&pieces, &mut sink, file);
    let config = build(&statements, &mut sink);
    Parsed { config, diagnostics: sink.finish() }
}
