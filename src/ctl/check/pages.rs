//! The texts that faults are drawn from: the file itself and what it includes.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use hactl_engine::conf::text::diagnostic::Location;

use crate::error::Span;

/// The texts that lines are drawn from.
pub(super) struct Pages<'a> {
    /// What diagnostics call the file itself.
    name: String,
    /// Each text, and its lines from the first time that one of them is asked for: of a large file without faults none
    /// is.
    texts: BTreeMap<&'a str, (&'a str, OnceCell<Vec<&'a str>>)>,
}

impl<'a> Pages<'a> {
    pub(super) fn new(name: &'a str, text: &'a str, included: &'a BTreeMap<String, String>) -> Self {
        let texts = included.iter().map(|(name, text)| (name.as_str(), text.as_str())).chain([(name, text)]);
        Self { name: name.to_owned(), texts: texts.map(|(name, text)| (name, (text, OnceCell::new()))).collect() }
    }

    fn lines(&self, file: &str) -> &[&'a str] {
        let lines = self.texts.get(file).map(|(text, lines)| lines.get_or_init(|| text.lines().collect()));
        lines.map(Vec::as_slice).unwrap_or_default()
    }

    /// The file itself.
    pub(super) fn top(&self) -> Location {
        Location { file: self.name.as_str().into(), ..Location::default() }
    }

    /// The first line, from the start of a block on, in which a word stands; else the start of the block.
    pub(super) fn find_word(&self, block: &Location, word: &str) -> Location {
        let ends = |c: Option<char>| c.is_none_or(|c| c.is_whitespace() || "{}\"';,".contains(c));
        let column = |line: &str| {
            line.match_indices(word).map(|(at, _)| at).find_map(|at| {
                let (before, after) = (line.get(..at)?, line.get(at + word.len()..)?);
                let whole = ends(before.chars().next_back()) && ends(after.chars().next());
                whole.then(|| before.chars().count() + 1)
            })
        };
        let mut lines = self.lines(&block.file).iter().enumerate().skip(block.line.saturating_sub(1));
        let found = lines.find_map(|(index, line)| Some((index + 1, column(line)?)));
        let Some((line, column)) = found.filter(|_| !word.is_empty()) else { return block.clone() };
        Location { line, column, length: word.chars().count(), ..block.clone() }
    }

    pub(super) fn span(&self, at: &Location) -> Span {
        let line = self.lines(&at.file).get(at.line.saturating_sub(1)).copied().unwrap_or_default();
        // A line that holds a secret is not drawn.
        let (column, length, text) = match secret(line) {
            Some(word) => (1, word.chars().count(), format!("{word} …")),
            None => (at.column, at.length, line.to_owned()),
        };
        Span { file: PathBuf::from(&*at.file), line: at.line, column, length, text }
    }

    /// The line, from the start of a block on, that names a program; else the start of the block.
    pub(super) fn find(&self, block: &Location, program: &str) -> Location {
        let lines = self.lines(&block.file).iter().enumerate().skip(block.line.saturating_sub(1));
        let found = lines.filter_map(|(index, line)| Some((index + 1, line.split_once(program)?.0))).next();
        let Some((line, before)) = found else { return block.clone() };
        let (column, length) = (before.chars().count() + 1, program.chars().count());
        Location { line, column, length, ..block.clone() }
    }
}

/// The word that tells that a line of a keepalived.conf holds a secret.
pub fn secret(line: &str) -> Option<&'static str> {
    let words = ["auth_pass", "hex:", "ascii:", "webhook", "password", "basic_auth", "header"];
    let key = line.trim_start().starts_with("key ").then_some("key");
    words.into_iter().find(|word| line.contains(word)).or(key)
}

#[cfg(test)]
mod tests {
    use super::secret;

    #[test]
    fn secrets_are_not_drawn() {
        for line in [
            "  auth_pass hunter2",
            "key 1 hunter2",
            "\tkey 2 hex:00ff",
            "auth_hmac { key 1 ascii:hunter2 }",
            "password hunter2",
        ] {
            assert!(secret(line).is_some(), "{line}");
        }
        for line in ["basic_auth me hunter2", " header \"Authorization: hunter2\""] {
            assert!(secret(line).is_some(), "{line}");
        }
        assert_eq!(secret("  priority 37"), None);
    }
}
