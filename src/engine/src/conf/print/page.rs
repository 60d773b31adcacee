//! Lines, blocks, words and quotes.

use std::fmt::{self, Write as _};

use crate::conf::config::ScriptUser;

/// Whether secrets appear in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// As `********`, for people and logs.
    Masked,
    /// As they are, for a file that the agent will read.
    Shown,
}

/// A text that grows line by line.
pub(super) struct Page {
    text: String,
    depth: usize,
}

impl Page {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self { text: String::new(), depth: 0 }
    }

    /// The finished text.
    pub(crate) fn finish(self) -> String {
        self.text
    }

    pub(crate) fn line(&mut self, line: fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{:indent$}{line}", "", indent = self.depth * 4);
    }

    pub(crate) fn open(&mut self, head: fmt::Arguments<'_>) {
        if self.depth == 0 && !self.text.is_empty() {
            self.text.push('\n');
        }
        self.line(format_args!("{head} {{"));
        self.depth += 1;
    }

    pub(crate) fn close(&mut self) {
        self.depth -= 1;
        self.line(format_args!("}}"));
    }

    pub(crate) fn flag(&mut self, on: bool, name: &str) {
        if on {
            self.line(format_args!("{name}"));
        }
    }

    /// A line with a word after its keyword, when there is one.
    pub(crate) fn word(&mut self, name: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.line(format_args!("{name} {}", word(value)));
        }
    }

    pub(crate) fn list<T>(&mut self, head: &str, items: &[T], show: impl Fn(&T) -> String) {
        if items.is_empty() {
            return;
        }
        self.open(format_args!("{head}"));
        for item in items {
            self.line(format_args!("{}", show(item)));
        }
        self.close();
    }
}

pub(super) fn user_words(user: Option<&ScriptUser>) -> String {
    let Some(user) = user else { return String::new() };
    let group = user.group.as_ref().map(|group| format!(" {}", word(group))).unwrap_or_default();
    format!(" {}{group}", word(&user.user))
}

/// A word as the language reads it back: quoted when it must be.
pub(in crate::conf) fn word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "._-:/@+,=%*~^$()[]<>|&?;".contains(c);
    // A bare word at the start of a line must not be taken for a line of its own kind.
    let directive = text.starts_with(['@', '$', '~']) || text.starts_with("include");
    if !text.is_empty() && !directive && text.chars().all(plain) && !text.contains("${") {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    no_reference(&quoted)
}

/// Text that only looks like `${_PWD}` and its like: what is always defined would stand there when it is read.
fn no_reference(quoted: &str) -> String {
    quoted.replace("${_", "$\\{_")
}

/// An argument vector as one quoted word: inner quotes keep arguments together, escapes protect both kinds.
pub(super) fn command(argv: &[String]) -> String {
    let mut inner = String::new();
    for (index, argument) in argv.iter().enumerate() {
        if index > 0 {
            inner.push(' ');
        }
        inner += &inner_argument(argument);
    }
    format!("\"{}\"", between_quotes(&inner))
}

/// A text as it stands between double quotes, so that it is read back as it is: by a word as far as it has no control
/// characters, by a command with them. (Arguments are not told apart here: a command is cut at its blanks and inner
/// quotes.)
pub fn between_quotes(text: &str) -> String {
    let mut quoted = String::new();
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            control if control.is_ascii_control() => {
                let _ = write!(quoted, "\\{:03o}", u32::from(control)); // writing to a string cannot fail
            }
            other => quoted.push(other),
        }
    }
    no_reference(&quoted)
}

/// Runs of characters in the kind of quotes that they do not hold.
fn inner_argument(argument: &str) -> String {
    let plain = |c: char| !c.is_ascii_whitespace() && c != '\'' && c != '"' && c != '<';
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.to_owned();
    }
    let mut quoted = String::new();
    for (index, part) in argument.split('\'').enumerate() {
        if index > 0 {
            quoted += "\"'\"";
        }
        if !part.is_empty() || !argument.contains('\'') {
            quoted += &format!("'{part}'");
        }
    }
    quoted
}
