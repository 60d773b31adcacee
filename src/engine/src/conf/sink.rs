//! Where the parser's stages put what they find.

use super::diagnostic::{Diagnostic, Location, Severity};

/// A [`Location`] without its file: cheap enough for every token to carry one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Which of the files that were read.
    pub file: u16,
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
    /// Included files, numbered from 1.
    included: Vec<String>,
    found: Vec<(Option<Place>, Diagnostic)>,
}

impl<'a> Sink<'a> {
    /// An empty sink for the file the caller named `file`.
    pub fn new(file: &'a str) -> Self {
        Self { file, included: Vec::new(), found: Vec::new() }
    }

    /// The number of an included file; `None` when there are too many.
    pub fn file(&mut self, name: &str) -> Option<u16> {
        self.included.push(name.to_owned());
        u16::try_from(self.included.len()).ok()
    }

    /// The place with its file.
    pub fn locate(&self, place: Place) -> Location {
        let included = usize::from(place.file).checked_sub(1).and_then(|at| self.included.get(at));
        let file = included.map_or(self.file, String::as_str);
        Location { file: file.to_owned(), line: place.line, column: place.column, length: place.length }
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

    /// A warning about a place that is known with its file.
    pub fn warning_at(&mut self, location: &Location, message: impl Into<String>, help: impl Into<String>) {
        let names = self.included.iter().position(|name| *name == location.file);
        let file = names.and_then(|at| u16::try_from(at + 1).ok()).unwrap_or_default();
        let place = Place { file, line: location.line, column: location.column, length: location.length };
        self.warning_help(place, message, help);
    }

    /// A warning about what is missing from the file as a whole.
    pub fn warning_whole(&mut self, message: impl Into<String>, help: impl Into<String>) {
        self.push(Severity::Warning, None, message.into(), Some(help.into()));
    }

    /// A sink that knows the same files, for a stage that may be done again.
    pub fn again(&self) -> Self {
        Self { file: self.file, included: self.included.clone(), found: Vec::new() }
    }

    /// Takes over what another stage found.
    pub fn absorb(&mut self, other: Sink<'_>) {
        self.found.extend(other.found);
    }

    /// Everything found, in file order, each once.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        // A fault of the whole file has no line; it comes last.
        let key = |place: &Option<Place>| place.map_or((u16::MAX, usize::MAX, 0), |at| (at.file, at.line, at.column));
        self.found.sort_by_key(|(place, _)| key(place));
        let mut kept: Vec<Diagnostic> = Vec::with_capacity(self.found.len());
        for (_, one) in self.found {
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
        self.found.push((place, Diagnostic { severity, message, location, help }));
    }
}

fn same_start(left: &Diagnostic, right: &Diagnostic) -> bool {
    match (&left.location, &right.location) {
        (Some(left), Some(right)) => (&left.file, left.line, left.column) == (&right.file, right.line, right.column),
        (left, right) => left.is_none() && right.is_none(),
    }
}
