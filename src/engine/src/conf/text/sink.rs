//! Where the parser's stages put what they find.

use std::collections::HashSet;

use super::diagnostic::{Diagnostic, Location, Severity};
use super::nearest::{keyword, nearest};
use super::place::Place;
use super::source::Source;

/// What was to be read cannot be used, and the sink knows why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reported;

/// Collects diagnostics.
#[derive(Debug)]
pub struct Sink<'a> {
    text: Text<'a>,
    /// With what they are sorted by.
    found: Vec<(usize, Diagnostic)>,
    guesses: usize,
}

#[derive(Debug, Clone, Copy)]
enum Text<'a> {
    /// Expanded lines that know where they were written.
    Expanded(&'a Source),
    /// Lines as they are, of a file of this name.
    #[cfg(test)]
    Plain(&'a str),
}

impl<'a> Sink<'a> {
    /// A sink for expanded text, with what was found while expanding it.
    pub fn over(source: &'a Source, found: Vec<(usize, Diagnostic)>) -> Self {
        Self { text: Text::Expanded(source), found, guesses: 0 }
    }

    /// An empty sink for a text as it is.
    #[cfg(test)]
    pub fn new(file: &'a str) -> Self {
        Self { text: Text::Plain(file), found: Vec::new(), guesses: 0 }
    }

    /// The expanded text.
    pub fn source(&self) -> Option<&'a Source> {
        match self.text {
            Text::Expanded(source) => Some(source),
            #[cfg(test)]
            Text::Plain(_) => None,
        }
    }

    /// An empty sink for the same text.
    pub fn fork(&self) -> Self {
        Self { text: self.text, found: Vec::new(), guesses: 0 }
    }

    /// Where a place was written.
    pub(crate) fn locate(&self, place: Place) -> Location {
        self.order(place).0
    }

    /// Where an earlier block stands, in words.
    pub fn earlier(&self, place: Place) -> String {
        let at = self.locate(place);
        match self.text {
            Text::Expanded(source) if source.has_includes() => format!("line {} of {}", at.line, at.file),
            _ => format!("line {}", at.line),
        }
    }

    /// Text that is ignored or replaced by a default.
    pub fn error(&mut self, place: Place, message: impl Into<String>) {
        self.push(Severity::Error, Some(place), message.into(), None);
    }

    /// An error with what to do about it.
    pub(crate) fn error_help(&mut self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.push(Severity::Error, Some(place), message.into(), Some(help.into()));
    }

    /// Something a reader should know.
    pub fn warning(&mut self, place: Place, message: impl Into<String>) {
        self.push(Severity::Warning, Some(place), message.into(), None);
    }

    /// A warning with what to do about it.
    pub(crate) fn warning_help(&mut self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.push(Severity::Warning, Some(place), message.into(), Some(help.into()));
    }

    /// A warning about what is missing from the file as a whole.
    pub(crate) fn warning_whole(&mut self, message: impl Into<String>, help: impl Into<String>) {
        self.push(Severity::Warning, None, message.into(), Some(help.into()));
    }

    /// Takes over what another stage found.
    pub(crate) fn absorb(&mut self, other: Sink<'_>) {
        self.found.extend(other.found);
    }

    /// The name most like `word`, for the first faults of a text: a whole text of unknown words is of another language,
    /// and guessing takes its time.
    pub(crate) fn guess<'n>(&mut self, word: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
        self.guesses += 1;
        if self.guesses > GUESSES_MAX { None } else { nearest(word, names, keyword) }
    }

    /// Everything found, in file order, each once.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        // A fault of the whole file has no line; it comes last.
        self.found.sort_by_key(|(group, one)| {
            one.location.as_ref().map_or((usize::MAX, 0, 0), |at| (*group, at.line, at.column))
        });
        let mut seen = HashSet::new();
        let key = |group: usize, one: &Diagnostic| {
            let at = one.location.as_ref();
            (group, at.map(|at| (at.line, at.column)), one.message.clone())
        };
        self.found.retain(|(group, one)| seen.insert(key(*group, one)));
        self.found.into_iter().map(|(_, one)| one).collect()
    }

    fn push(&mut self, severity: Severity, place: Option<Place>, message: String, help: Option<String>) {
        if self.found.len() >= FOUND_MAX {
            return;
        }
        let order = place.map(|place| self.order(place));
        let group = order.as_ref().map_or(usize::MAX, |(_, group)| *group);
        let location = order.map(|(location, _)| location);
        self.found.push((group, Diagnostic { severity, message, location, help }));
        if self.found.len() == FOUND_MAX {
            let message = format!("more than {FOUND_MAX} faults; what is wrong beyond them is not listed");
            self.found.push((usize::MAX, Diagnostic { severity, message, location: None, help: None }));
        }
    }

    /// Where a place was written, and what it is sorted by.
    fn order(&self, place: Place) -> (Location, usize) {
        let found = match self.text {
            Text::Expanded(source) => source.locate(place),
            #[cfg(test)]
            Text::Plain(file) => {
                let [line, column, length] = place.numbers();
                Some((Location { file: (*file).into(), line, column, length }, line))
            }
        };
        found.unwrap_or_default()
    }
}

/// Faults that are kept.
const FOUND_MAX: usize = 20_000;
/// Words for which a likely one is looked for.
const GUESSES_MAX: usize = 100;
