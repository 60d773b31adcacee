//! Where in the expanded text something stands.

/// A place in the expanded text: cheap enough for every token to carry one. A [`super::diagnostic::Location`] is where
/// that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Length in characters, at least 1.
    pub length: u32,
}

impl Place {
    /// A place by the reader's counters. Text is never so large that they do not fit.
    pub fn new(line: usize, column: usize, length: usize) -> Self {
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self { line: narrow(line), column: narrow(column), length: narrow(length) }
    }

    /// Line, column and length.
    pub fn numbers(self) -> [usize; 3] {
        [self.line, self.column, self.length].map(|number| usize::try_from(number).unwrap_or(usize::MAX))
    }
}

/// A value and where it stands.
pub(crate) type At<T> = (T, Place);
