//! `$NAME=value`, `$NAME`, `${NAME}` and the names that are always there.

use std::collections::{HashMap, HashSet};

use super::draft::Draft;
use super::surroundings::Surroundings;

/// What the names of a text stand for: one line, or several.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    values: HashMap<String, Vec<String>>,
    /// Names that stand in some value: only these can close a circle.
    mentioned: HashSet<String>,
}

/// Whether a definition would be part of itself, and what it took to tell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Circle {
    pub(crate) found: bool,
    pub(crate) steps: usize,
}

/// A reference in a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// The name without its marks.
    pub(crate) name: String,
    pub(super) meaning: Meaning,
}

/// What a reference means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// These lines.
    Lines(Vec<String>),
    /// A variable that the environment does not have.
    Unset,
    /// Defined, but something other than a blank follows `$NAME`.
    Glued,
}

impl Definitions {
    /// Whether a name stands in its own value, or in that of a name in it.
    pub(super) fn names_itself(&self, name: &str, lines: &[String]) -> Circle {
        let mut waiting = names_in(lines);
        let mut circle = Circle { found: waiting.iter().any(|one| one == name), steps: waiting.len() };
        if circle.found || !self.mentioned.contains(name) {
            return circle;
        }
        let mut seen: HashSet<String> = HashSet::new();
        while let Some(next) = waiting.pop() {
            circle.found |= next == name;
            if let Some(lines) = self.values.get(&next).filter(|_| seen.insert(next)) {
                let more = names_in(lines);
                circle.steps += 1 + more.len();
                waiting.extend(more);
            }
        }
        circle
    }

    /// Sets a name; what it meant before comes back.
    pub(crate) fn set(&mut self, name: &str, lines: Option<Vec<String>>) -> Option<Vec<String>> {
        self.mentioned.extend(lines.iter().flat_map(|lines| names_in(lines)));
        match lines {
            Some(lines) => self.values.insert(name.to_owned(), lines),
            None => self.values.remove(name),
        }
    }

    /// The first reference from `from` on that means something; others stay as they are.
    pub(crate) fn next(
        &self,
        draft: &Draft,
        from: usize,
        file: &str,
        around: &mut dyn Surroundings,
    ) -> Option<Reference> {
        let end = draft.comment();
        let mut at = from;
        while at < end {
            if draft.chars.get(at) != Some(&'$') {
                at += 1;
                continue;
            }
            let (name, to, glued) = name_at(draft, at, end);
            if let Some(meaning) = self.meaning(&name, file, around) {
                let meaning = if glued { Meaning::Glued } else { meaning };
                return Some(Reference { from: at, to, name, meaning });
            }
            at += 1;
        }
        None
    }

    fn meaning(&self, name: &str, file: &str, around: &mut dyn Surroundings) -> Option<Meaning> {
        if let Some(lines) = self.values.get(name) {
            return Some(Meaning::Lines(lines.clone()));
        }
        let line = |text: String| Some(Meaning::Lines(vec![text]));
        let mut words = name.split_ascii_whitespace();
        match words.next()? {
            "_PWD" => line(folder(file)),
            "_INSTANCE" => around.config_id().and_then(line),
            // In quotes they are characters; elsewhere they start a comment, as in keepalived: that switches lines off.
            "_HASH" => line("#".to_owned()),
            "_BANG" => line("!".to_owned()),
            "_ENV" => match around.environment(words.next()?) {
                Some(text) => line(text.replace(['\n', '\r', '\0'], " ")),
                None => Some(Meaning::Unset),
            },
            "_RANDOM" => {
                let mut number = |otherwise: u32| words.next().map_or(Some(otherwise), |word| word.parse().ok());
                let (min, max) = (number(0)?, number(RANDOM_MAX)?);
                line(around.random(min, max.max(min)).to_string())
            }
            _ => None,
        }
    }
}

/// The name of `$NAME=` at the start of a line, and where its value begins.
pub(super) fn definition(draft: &Draft, start: usize) -> Option<(String, usize)> {
    if draft.chars.get(start) != Some(&'$') {
        return None;
    }
    let name: String = draft.chars.iter().skip(start + 1).take_while(|c| is_name(**c)).collect();
    let after = start + 1 + name.chars().count();
    let well_formed = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit());
    (well_formed && draft.chars.get(after) == Some(&'=')).then_some((name, after + 1))
}

/// The names that lines refer to, whether they are defined or not.
fn names_in(lines: &[String]) -> Vec<String> {
    let mut names = Vec::new();
    for draft in lines.iter().filter(|line| line.contains('$')).map(|line| Draft::new(line)) {
        let end = draft.comment();
        let marks = (0..end).filter(|at| draft.chars.get(*at) == Some(&'$'));
        // One before `=` is defined there and not referred to.
        names.extend(marks.map(|at| name_at(&draft, at, end)).filter(|(.., glued)| !glued).map(|(name, ..)| name));
    }
    names
}

/// The folder of a file, as its name says.
fn folder(file: &str) -> String {
    match file.rsplit_once('/') {
        Some(("", _)) => "/".to_owned(),
        Some((folder, _)) => folder.to_owned(),
        None => ".".to_owned(),
    }
}

/// The name of the reference at `at`, where it ends, and whether something follows it that must not.
fn name_at(draft: &Draft, at: usize, end: usize) -> (String, usize, bool) {
    if draft.chars.get(at + 1) == Some(&'{') {
        let name: String = draft.chars.iter().take(end).skip(at + 2).take_while(|c| **c != '}').collect();
        let to = at + 2 + name.chars().count();
        let closed = to < end;
        return (if closed { name } else { String::new() }, to + 1, false);
    }
    let name: String = draft.chars.iter().take(end).skip(at + 1).take_while(|c| is_name(**c)).collect();
    let to = at + 1 + name.chars().count();
    let glued = to < end && draft.chars.get(to).is_some_and(|c| !c.is_ascii_whitespace());
    // What is always there needs its braces.
    (if name.starts_with('_') { String::new() } else { name }, to, glued)
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Largest number of `${_RANDOM}` without limits of its own.
const RANDOM_MAX: u32 = 32_767;
