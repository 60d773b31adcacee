//! Where the parser's stages put what they find.

use super::diagnostic::{Diagnostic, Location, Severity};

/// A [`Location`] without its file: cheap enough for every token to carry one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Length in characters, at least 1.
    pub length: usize,
}

/// Collects diagnostics of one file.
#[derive(Debug)]
pub struct Sink<'a> {
    file: &'a str,
    found: Vec<Diagnostic>,
}

impl<'a> Sink<'a> {
    /// An empty sink for the file the caller named `file`.
    pub fn new(file: &'a str) -> Self {
        Self { file, found: Vec::new() }
    }

    /// The place with its file.
    pub fn locate(&self, place: Place) -> Location {
        Location { file: self.file.to_owned(), line: place.line, column: place.column, length: place.length }
    }

    /// Where an earlier block stands, in words.
    pub fn earlier(&self, place: Place) -> String {
        format!("line {}", place.line)
    }

    /// Text that is ignored or replaced by a default.
    pub fn error(&mut self, place: Place, message: impl Into<String>) {
        self.push(Severity::Error, Some(place), message.into(), None);
    }

    /// An error with what to do about it.
    pub fn error_help(&mut self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.push(Severity::Error, Some(place), message.into(), Some(help.into()));
    }

    /// Something a reader should know.
    pub fn warning(&mut self, place: Place, message: impl Into<String>) {
        self.push(Severity::Warning, Some(place), message.into(), None);
    }

    /// A warning with what to do about it.
    pub fn warning_help(&mut self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.push(Severity::Warning, Some(place), message.into(), Some(help.into()));
    }

    /// A warning about what is missing from the file as a whole.
    pub fn warning_whole(&mut self, message: impl Into<String>, help: impl Into<String>) {
        self.push(Severity::Warning, None, message.into(), Some(help.into()));
    }

    /// Takes over what another stage found.
    pub fn absorb(&mut self, other: Sink<'_>) {
        self.found.extend(other.found);
    }

    /// Everything found, in file order, each once.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        // A fault of the whole file has no line; it comes last.
        self.found.sort_by_key(|one| one.location.as_ref().map_or((usize::MAX, 0), |at| (at.line, at.column)));
        let mut kept: Vec<Diagnostic> = Vec::with_capacity(self.found.len());
        for one in self.found {
            let repeated = kept
                .iter()
                .rev()
                .take_while(|earlier| same_start(earlier, &one))
                .any(|earlier| earlier.message == one.message);
            if !repeated {
                kept.push(one);
            }
        }
        kept
    }

    fn push(&mut self, severity: Severity, place: Option<Place>, message: String, help: Option<String>) {
        let location = place.map(|place| self.locate(place));
        self.found.push(Diagnostic { severity, message, location, help });
    }
}

fn same_start(left: &Diagnostic, right: &Diagnostic) -> bool {
    match (&left.location, &right.location) {
        (Some(left), Some(right)) => (left.line, left.column) == (right.line, right.column),
        (left, right) => left.is_none() && right.is_none(),
    }
}
