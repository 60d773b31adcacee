//! A problem says what is wrong, where, why it matters and what to do next; a failure is all of them with the exit
//! code.

use std::fmt;
use std::path::PathBuf;

use serde::ser::{Serialize, SerializeStruct as _, Serializer};

use super::{Code, Exit};

/// A place in a text file with the text itself, so that the line can be drawn under the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The file as the user named it.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Marked characters, at least 1.
    pub length: usize,
    /// The source line itself, without its line end.
    pub text: String,
}

impl fmt::Display for Span {
    /// The place, and the drawn line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gutter = self.line.to_string();
        let pad = " ".repeat(gutter.len());
        write!(f, "{pad}--> {}:{}:{}", self.file.display(), self.line, self.column)?;
        write!(f, "\n{pad} |\n{gutter} | {}", plain(&self.text))?;
        // Tabs before the mark stay tabs, so that the caret lands under the text on any terminal.
        let before: String =
            self.text.chars().take(self.column.saturating_sub(1)).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        write!(f, "\n{pad} | {before}{}", "^".repeat(self.length.max(1)))
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind of thing it is; `hactl explain` tells more of it.
    pub code: Code,
    /// What is wrong with the value found; begins with the host when one is concerned.
    pub message: String,
    /// The host that is concerned, by its name in the inventory.
    pub host: Option<String>,
    /// Where in a file.
    pub span: Option<Span>,
    /// Why it matters.
    pub why: Option<String>,
    /// The next command to run or the edit to make.
    pub next: Option<String>,
    /// A warning does not fail the command by itself.
    pub warning: bool,
}

impl Problem {
    /// An error with a code and a message.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), host: None, span: None, why: None, next: None, warning: false }
    }

    /// An error on a host: the message begins with its name.
    pub fn on(host: &str, code: Code, message: impl fmt::Display) -> Self {
        Self { host: Some(host.to_owned()), ..Self::new(code, format!("{host}: {message}")) }
    }

    /// Adds the place in a file.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// Adds why it matters.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// Makes it a warning.
    #[must_use]
    pub fn warn(mut self) -> Self {
        self.warning = true;
        self
    }
}

impl Serialize for Problem {
    /// The form for programs; docs/json.md describes it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let span = self.span.as_ref();
        let mut fields = serializer.serialize_struct("Problem", 9)?;
        fields.serialize_field("code", &self.code)?;
        fields.serialize_field("severity", if self.warning { "warning" } else { "error" })?;
        fields.serialize_field("host", &self.host)?;
        fields.serialize_field("file", &span.map(|span| span.file.display().to_string()))?;
        fields.serialize_field("line", &span.map(|span| span.line))?;
        fields.serialize_field("column", &span.map(|span| span.column))?;
        fields.serialize_field("message", &plain(&self.message))?;
        fields.serialize_field("why", &self.why.as_deref().map(plain))?;
        fields.serialize_field("next", &self.next.as_deref().map(plain))?;
        fields.end()
    }
}

impl fmt::Display for Problem {
    /// The screen form: message, place, drawn line, why and next.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.warning { "warning" } else { "error" };
        write!(f, "{kind}[{}]: {}", self.code, plain(&self.message))?;
        if let Some(span) = &self.span {
            write!(f, "\n{span}")?;
        }
        if let Some(why) = &self.why {
            write!(f, "\n  why: {}", plain(why))?;
        }
        if let Some(next) = &self.next {
            write!(f, "\n  next: {}", plain(next))?;
        }
        Ok(())
    }
}

/// Text from elsewhere, made fit to be shown: line ends and tabs stay, everything that could move a cursor, set a
/// title, reorder letters or write a clipboard becomes a visible sign.
pub fn plain(text: &str) -> String {
    text.replace("\r\n", "\n").chars().map(visible).collect()
}

fn visible(c: char) -> char {
    match c {
        '\n' | '\t' => c,
        // Unicode has a picture for each of ASCII's control characters.
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\x7f' => '\u{2421}',
        '\u{80}'..='\u{9f}' => char::REPLACEMENT_CHARACTER,
        // Marks that turn the direction of writing, and those that end lines for some terminals.
        '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}

/// Why a command ends without success: every problem found, and the exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// Everything that is wrong, in the order found.
    pub problems: Vec<Problem>,
}

impl Failure {
    /// A failure with one problem.
    pub fn one(exit: Exit, problem: Problem) -> Self {
        Self { exit, problems: vec![problem] }
    }

    /// A failing local system call or a bug: exit 1.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::one(Exit::Internal, Problem::new(Code::Internal, message))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.problems.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// What a command returns: the exit code of a command that ran, or why it could not.
pub type Outcome = Result<Exit, Failure>;
