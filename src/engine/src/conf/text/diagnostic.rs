//! What is wrong with a configuration, and where.

use std::fmt;
use std::sync::Arc;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The daemon runs as written, but a reader should know.
    Warning,
    /// The daemon ignores the text and takes the default; `hactl check` and `hactl deploy` refuse.
    Error,
}

/// A place in a configuration file. Lines and columns count from 1; columns count characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    /// The file as the caller named it.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Length of the marked text in characters, at least 1.
    pub length: usize,
}

/// The location of a configuration that was built in code and not read from a file.
impl Default for Location {
    fn default() -> Self {
        Self { file: Arc::default(), line: 1, column: 1, length: 1 }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One fault. Each is reported once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, with the value found, as a lower-case fragment.
    pub message: String,
    /// Where. `None` when the fault is the absence of something in the whole file.
    pub location: Option<Location>,
    /// What to do next ("did you mean `priority`?"), when there is something to say.
    pub help: Option<String>,
}
