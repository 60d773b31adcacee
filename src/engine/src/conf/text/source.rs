//! Lines ready for the grammar, each with the place where it was written. There may be millions: what is kept of each
//! is small, and no line has memory of its own.

use std::ops::Range;
use std::sync::Arc;

use super::diagnostic::Location;
use super::place::Place;

/// The lines of a file with everything expanded.
#[derive(Debug, Default)]
pub struct Source {
    pub(crate) files: Vec<Arc<str>>,
    /// The text of all lines, one after the other.
    text: String,
    /// Where the characters of all lines stood.
    parts: Vec<Part>,
    lines: Vec<Line>,
}

/// One line. It begins in `text` and `parts` where the one before it ends.
#[derive(Debug)]
struct Line {
    text_end: u32,
    /// Nothing of its own for a line that is as written.
    parts_end: u32,
    /// Position in the list of files.
    file: u32,
    /// As written, from 1.
    number: u32,
    /// The first line that came of the same written one: diagnostics are sorted by it.
    group: u32,
}

/// A run of characters, from `at` to the next part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    at: u16,
    /// The column as written, from 0.
    written: u16,
    /// Text that stands for something has the length of what it stands for; copied characters have 0.
    length: u16,
}

impl Part {
    /// From `at` on the characters of a column, one by one; or, with a length, all of what stood there.
    pub(crate) fn new(at: usize, written: usize, length: Option<usize>) -> Self {
        // Lines are bounded far below this.
        let narrow = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        Self { at: narrow(at), written: narrow(written), length: length.map_or(0, narrow) }
    }

    /// Whether a line of this one part is as written.
    pub(crate) fn is_identity(self) -> bool {
        self == Self::new(0, 0, None)
    }

    /// Whether the character at `at`, written at `written` with this length, goes on with the part.
    pub(crate) fn goes_on(self, at: usize, written: usize, length: usize) -> bool {
        let [own_at, own_written, own_length] = self.numbers();
        match own_length {
            0 => length == 1 && own_written + (at - own_at) == written,
            known => known == length && own_written == written,
        }
    }

    fn numbers(self) -> [usize; 3] {
        [self.at, self.written, self.length].map(usize::from)
    }
}

impl Source {
    /// How many lines there are.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The text of each line, in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts_from(0)
    }

    /// The same from a line on, counted from 0.
    pub(crate) fn texts_from(&self, first: usize) -> impl Iterator<Item = &str> {
        (first..self.lines.len()).filter_map(|at| self.text.get(self.range(at, |line| line.text_end)))
    }

    /// Appends a line that was written as `number` of a file, with what [`Line`] keeps of it.
    pub(crate) fn push(&mut self, text: &str, (file, number, group): (usize, usize, usize), parts: Vec<Part>) {
        self.text.push_str(text);
        self.parts.extend(parts);
        let (text_end, parts_end) = (narrow(self.text.len()), narrow(self.parts.len()));
        let (file, number, group) = (narrow(file), narrow(number), narrow(group));
        self.lines.push(Line { text_end, parts_end, file, number, group });
    }

    /// Where a place of the expanded text was written, and what it is sorted by.
    pub(crate) fn locate(&self, place: Place) -> Option<(Location, usize)> {
        let [number, column, length] = place.numbers();
        let at = number.checked_sub(1)?;
        let line = self.lines.get(at)?;
        let parts = self.parts.get(self.range(at, |line| line.parts_end))?;
        let first = written(parts, column.saturating_sub(1));
        let last = written(parts, (column + length).saturating_sub(2));
        let end = (last.0 + last.1).max(first.0 + 1);
        let location = Location {
            file: self.files.get(wide(line.file)).cloned().unwrap_or_default(),
            line: wide(line.number),
            column: first.0 + 1,
            length: end - first.0,
        };
        Some((location, wide(line.group)))
    }

    /// Whether more than one file was read.
    pub(super) fn has_includes(&self) -> bool {
        self.files.len() > 1
    }

    /// What belongs to a line, from the end of the one before it to its own.
    fn range(&self, at: usize, end: impl Fn(&Line) -> u32) -> Range<usize> {
        let end_of = |at: usize| self.lines.get(at).map_or(0, |line| wide(end(line)));
        at.checked_sub(1).map_or(0, end_of)..end_of(at)
    }
}

/// Column from 0 and length of what a character was written as.
fn written(parts: &[Part], column: usize) -> (usize, usize) {
    let after = parts.partition_point(|part| usize::from(part.at) <= column);
    match after.checked_sub(1).and_then(|at| parts.get(at)).map(|part| part.numbers()) {
        None => (column, 1),
        Some([at, written, 0]) => (written + (column - at), 1),
        Some([_, written, length]) => (written, length),
    }
}

/// Text is bounded far below this.
fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn wide(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
