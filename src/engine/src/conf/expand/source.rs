//! Lines ready for the grammar, each with the place where it was written.

use std::ops::Range;
use std::sync::Arc;

use super::super::diagnostic::Location;
use super::super::sink::Place;

/// The lines of a file with everything expanded.
#[derive(Debug, Default)]
pub struct Source {
    pub(super) files: Vec<Arc<str>>,
    /// The text of all lines: large files have too many for a string each.
    text: String,
    pub(super) lines: Vec<Line>,
}

/// One line.
#[derive(Debug)]
pub(super) struct Line {
    /// Where it stands in the text of the source.
    range: Range<usize>,
    /// Position in the list of files.
    pub(super) file: usize,
    /// As written, from 1.
    pub(super) number: usize,
    /// The first line that came of the same written one: diagnostics are sorted by it.
    pub(super) group: usize,
    /// Where its characters stood; empty for a line that is as written.
    pub(super) parts: Vec<Part>,
}

/// A run of characters, from `at` to the next part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) at: usize,
    /// The column as written, from 0.
    pub(super) written: usize,
    /// Copied characters have `None`; text that stands for something has the length of what it stands for.
    pub(super) length: Option<usize>,
}

impl Source {
    /// The text of each line, in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter_map(|line| self.text.get(line.range.clone()))
    }

    /// Appends a line that was written as `number` of a file, with what [`Line`] keeps of it.
    pub(super) fn push(&mut self, text: &str, (file, number, group): (usize, usize, usize), parts: Vec<Part>) {
        let range = self.text.len()..self.text.len() + text.len();
        self.text.push_str(text);
        self.lines.push(Line { range, file, number, group, parts });
    }

    /// Where a place of the expanded text was written, and what it is sorted by.
    pub(in super::super) fn locate(&self, place: Place) -> Option<(Location, usize)> {
        let [number, column, length] = place.numbers();
        let line = self.lines.get(number.checked_sub(1)?)?;
        let first = line.written(column.saturating_sub(1));
        let last = line.written((column + length).saturating_sub(2));
        let end = (last.0 + last.1).max(first.0 + 1);
        let location = Location {
            file: self.files.get(line.file).cloned().unwrap_or_default(),
            line: line.number,
            column: first.0 + 1,
            length: end - first.0,
        };
        Some((location, line.group))
    }

    /// Whether more than one file was read.
    pub(in super::super) fn has_includes(&self) -> bool {
        self.files.len() > 1
    }
}

impl Line {
    /// Column from 0 and length of what a character was written as.
    fn written(&self, column: usize) -> (usize, usize) {
        let after = self.parts.partition_point(|part| part.at <= column);
        match after.checked_sub(1).and_then(|at| self.parts.get(at)) {
            None => (column, 1),
            Some(Part { written, length: Some(length), .. }) => (*written, *length),
            Some(Part { at, written, length: None }) => (written + (column - at), 1),
        }
    }
}
