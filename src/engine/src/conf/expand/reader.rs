//! Goes through the lines of a file and of those that it includes, and expands them one by one.

use super::draft::Draft;
use super::include::{Wanted, braces, keyword};
use super::lines::{block_end, content, continues, directive_behind_brace, is_special, without_backslash};
use super::sequence::{BadRepeat, Repeat};
use super::surroundings::{Included, Surroundings};
use super::variable::{Definitions, Meaning, Reference, definition};
use crate::conf::text::diagnostic::{Diagnostic, Location, Severity};
use crate::conf::text::lexer::LINE_BYTES_MAX;
use crate::conf::text::source::Source;

/// Faults found on the way, each with what it is sorted by.
pub(crate) type Found = Vec<(usize, Diagnostic)>;

/// Expands a text. Never fails: what cannot be expanded is reported and left out.
pub(crate) fn expand(file: &str, text: &str, limits: Limits, around: &mut dyn Surroundings) -> (Source, Found) {
    let mut reader = Reader {
        id: around.config_id(),
        around,
        limits,
        source: Source::default(),
        found: Vec::new(),
        definitions: Definitions::default(),
        open: Vec::new(),
        file: 0,
        number: 0,
        group: 0,
        bytes: 0,
        steps: 0,
        full: false,
    };
    reader.file(file, text);
    (reader.source, reader.found)
}

/// How large a file may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Lines, with those of included files.
    pub lines: usize,
    /// Bytes.
    pub bytes: usize,
    /// Replacements and turns.
    pub steps: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { lines: 2_000_000, bytes: 256 * 1024 * 1024, steps: 12_000_000 }
    }
}

struct Reader<'s> {
    around: &'s mut dyn Surroundings,
    id: Option<String>,
    limits: Limits,
    source: Source,
    found: Found,
    definitions: Definitions,
    /// The files being read, outermost first.
    open: Vec<usize>,
    /// Where the line being expanded was written.
    file: usize,
    number: usize,
    group: usize,
    bytes: usize,
    steps: usize,
    /// A limit was met; nothing more is read.
    full: bool,
}

impl Reader<'_> {
    fn file(&mut self, name: &str, text: &str) {
        let known = self.source.files.iter().position(|file| **file == *name);
        let file = known.unwrap_or(self.source.files.len());
        if known.is_none() {
            self.source.files.push(name.into());
        }
        self.open.push(file);
        let before = (self.file, self.number, self.group);
        self.file = file;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = text.split('\n').enumerate();
        while let Some((index, line)) = lines.next() {
            if self.full {
                break;
            }
            (self.number, self.group) = (index + 1, self.source.len());
            let line = line.strip_suffix('\r').unwrap_or(line);
            if self.unreadable(line) {
                continue;
            }
            if !is_special(line) {
                self.emit(line, Vec::new());
                continue;
            }
            let mut more = Vec::new();
            if begins_definition(line) && continues(line) {
                for (further, next) in lines.by_ref() {
                    let next = next.strip_suffix('\r').unwrap_or(next);
                    self.number = further + 1;
                    if !self.unreadable(next) {
                        more.push(content(next));
                    }
                    if !continues(next) {
                        break;
                    }
                }
                self.number = index + 1;
            }
            self.line(Draft::new(line), more, 0);
        }
        (self.file, self.number, self.group) = before;
        self.open.pop();
    }

    fn unreadable(&mut self, line: &str) -> bool {
        let fault = if line.len() > LINE_BYTES_MAX {
            format!("line of {} bytes is longer than {LINE_BYTES_MAX}; ignored", line.len())
        } else if line.contains('\0') {
            "line holds a NUL byte; ignored".to_owned()
        } else {
            return false;
        };
        self.tell(Severity::Warning, (0, line.chars().count().clamp(1, 80)), fault, None);
        true
    }

    /// Expands one line; `more` are the further lines of a definition.
    fn line(&mut self, mut draft: Draft, more: Vec<String>, depth: usize) {
        let mut from = 0;
        for turn in 0.. {
            if self.exhausted(&draft, depth, turn) {
                return;
            }
            let Some(start) = draft.start() else { break };
            if draft.has(start, "@") {
                if !self.condition(&mut draft, start) {
                    return;
                }
                continue;
            }
            if let Some((name, value)) = definition(&draft, start) {
                self.define(&draft, &name, value, more);
                return;
            }
            if draft.has(start, "~")
                && let Some(word) = Repeat::keyword(&draft.text(start, start + 6))
            {
                self.repeat(&draft, start, word, depth);
                return;
            }
            if let Some(wanted) = keyword(&draft.text(start, draft.word_end(start))) {
                self.include(draft, start, wanted, depth);
                return;
            }
            let name = self.source.files.get(self.file).cloned().unwrap_or_default();
            let reference = self.definitions.next(&draft, from, &name, self.around);
            // What stands before the brace may turn out to be a comment: it comes first.
            let near = reference.as_ref().map_or(usize::MAX, |reference| reference.from);
            if let Some(behind) = directive_behind_brace(&draft).filter(|behind| *behind <= near) {
                let (before, rest) = draft.split(behind);
                self.line(before, Vec::new(), depth + 1);
                self.line(rest, Vec::new(), depth + 1);
                return;
            }
            let Some(reference) = reference else { break };
            let Reference { from: first, to, name, meaning } = reference;
            match meaning {
                Meaning::Lines(lines) => match lines.as_slice() {
                    [only] => draft.replace(first, to, only),
                    several => {
                        for next in draft.replace_lines(first, to, several) {
                            self.line(next, Vec::new(), depth + 1);
                        }
                        return;
                    }
                },
                Meaning::Unset => {
                    let at = draft.written(first, to);
                    self.tell(Severity::Warning, at, format!("`${{{name}}}` is not set: nothing stands here"), None);
                    draft.replace(first, to, "");
                }
                Meaning::Glued => {
                    let at = draft.written(first, to);
                    let help = Some(format!("write `${{{name}}}`"));
                    let message = format!("`${name}` is not replaced: something other than a blank follows it");
                    self.tell(Severity::Warning, at, message, help);
                    from = to;
                }
            }
        }
        let (text, parts) = draft.finish();
        self.emit(&text, parts);
    }

    /// Whether a limit is met, which is told once.
    fn exhausted(&mut self, draft: &Draft, depth: usize, turn: usize) -> bool {
        self.steps += 1 + draft.chars.len() / STEP_CHARS;
        let (message, all) = if self.full {
            return true;
        } else if self.steps > self.limits.steps {
            (format!("more than {} steps to expand this file; it is read up to here", self.limits.steps), true)
        } else if depth > DEPTH_MAX {
            (format!("definitions and blocks on one line nest deeper than {DEPTH_MAX}; the line is ignored"), false)
        } else if draft.chars.len() > EXPANDED_CHARS_MAX {
            (format!("the line grows beyond {EXPANDED_CHARS_MAX} characters by its definitions; ignored"), false)
        } else if turn > REPLACEMENTS_MAX {
            (format!("more than {REPLACEMENTS_MAX} definitions are replaced in this line; ignored"), false)
        } else {
            return false;
        };
        self.full |= all;
        self.tell(Severity::Error, draft.written(0, draft.chars.len()), message, None);
        true
    }

    /// `@id` and `@^id`: whether the line counts here.
    fn condition(&mut self, draft: &mut Draft, start: usize) -> bool {
        let end = draft.word_end(start);
        let word = draft.text(start + 1, end);
        let (unless, asked) = match word.strip_prefix('^') {
            Some(asked) => (true, asked),
            None => (false, word.as_str()),
        };
        if self.id.is_none() {
            let message = format!("`@{word}`: no configuration id is known here; lines for an id are left out");
            self.tell(Severity::Warning, draft.written(start, end), message, Some("give the id with -i".to_owned()));
        }
        draft.blank(start, end);
        (self.id.as_deref() == Some(asked)) != unless
    }

    fn define(&mut self, draft: &Draft, name: &str, value: usize, more: Vec<String>) {
        let first = draft.text(value, draft.comment());
        let mut lines = vec![without_backslash(&first).trim().to_owned()];
        if !more.is_empty() && lines.first().is_some_and(String::is_empty) {
            lines.clear();
        }
        lines.extend(more);
        let circle = self.definitions.names_itself(name, &lines);
        self.steps += circle.steps;
        if circle.found {
            let at = draft.written(draft.start().unwrap_or(0), value);
            let message =
                format!("`${name}` is part of its own value, directly or by other definitions; the line is ignored");
            let help = format!("give it a value without `${{{name}}}`, or a name of its own");
            self.tell(Severity::Error, at, message, Some(help));
            return;
        }
        self.definitions.set(name, Some(lines));
    }

    fn repeat(&mut self, draft: &Draft, start: usize, word: &str, depth: usize) {
        let inside = start + word.len();
        let close = (inside..draft.comment()).find(|at| draft.has(*at, ")"));
        let end = close.unwrap_or_else(|| draft.word_end(start));
        let shown = word.trim_end_matches('(');
        let read = match close {
            None => Err(BadRepeat::NotClosed),
            Some(close) => Repeat::read(word, &self.plain(&draft.text(inside, close))),
        };
        let repeat = match read {
            Ok(repeat) => repeat,
            Err(why) => {
                let help = "write ~SEQ(NAME, START, STEP, END) or ~LST(NAME, VALUE, …)".to_owned();
                let message = format!("`{shown}` is not understood: {why}; the line is ignored");
                self.tell(Severity::Warning, draft.written(start, end), message, Some(help));
                return;
            }
        };
        let mut rest = draft.clone();
        rest.blank(start, end + 1);
        // The end of the block around it is not repeated.
        let after = block_end(&rest, end);
        let (rest, after) = rest.split(after.unwrap_or(usize::MAX));
        let mut before = Vec::new();
        for (turn, values) in repeat.turns().enumerate() {
            for (name, value) in values {
                if self.definitions.names_itself(&name, std::slice::from_ref(&value)).found {
                    let message = format!("`{shown}` gives `${name}` a value that it is part of; the line is ignored");
                    self.tell(Severity::Error, draft.written(start, end), message, None);
                    return;
                }
                let earlier = self.definitions.set(&name, Some(vec![value]));
                if turn == 0 {
                    before.push((name, earlier));
                }
            }
            self.line(rest.clone(), Vec::new(), depth + 1);
            if self.full {
                break;
            }
        }
        for (name, earlier) in before.into_iter().rev() {
            self.definitions.set(&name, earlier);
        }
        if !after.chars.is_empty() {
            self.line(after, Vec::new(), depth + 1);
        }
    }

    /// A short text with its references replaced.
    fn plain(&mut self, text: &str) -> String {
        let mut draft = Draft::new(text);
        let name = self.source.files.get(self.file).cloned().unwrap_or_default();
        for _ in 0..DEPTH_MAX {
            let Some(found) = self.definitions.next(&draft, 0, &name, self.around) else { break };
            let text = match found.meaning {
                Meaning::Lines(lines) => lines.join(" "),
                // In a list nothing but the comma can be meant by what follows.
                Meaning::Glued => match self.definitions.set(&found.name, None) {
                    Some(lines) => {
                        let text = lines.join(" ");
                        self.definitions.set(&found.name, Some(lines));
                        text
                    }
                    None => String::new(),
                },
                Meaning::Unset => String::new(),
            };
            draft.replace(found.from, found.to, &text);
            if draft.chars.len() > EXPANDED_CHARS_MAX {
                break;
            }
        }
        draft.text(0, draft.chars.len())
    }

    fn include(&mut self, draft: Draft, start: usize, wanted: Wanted, depth: usize) {
        // In `{ include FILE }` the end of the block is none of the name.
        let after = block_end(&draft, start).unwrap_or(usize::MAX);
        let (draft, after) = draft.split(after);
        self.files_of(&draft, start, wanted);
        if !after.chars.is_empty() {
            self.line(after, Vec::new(), depth + 1);
        }
    }

    fn files_of(&mut self, draft: &Draft, start: usize, wanted: Wanted) {
        let end = draft.word_end(start);
        let at = draft.written(start, end);
        let text = draft.text(end, draft.comment());
        let pattern = text.trim().trim_matches(['"', '\'']);
        if pattern.is_empty() {
            let message = format!("`{}` needs the name of a file", draft.text(start, end));
            self.tell(Severity::Error, at, message, None);
            return;
        }
        if self.open.len() >= INCLUDES_MAX {
            let message = format!("files include each other deeper than {INCLUDES_MAX}; `{pattern}` is not read");
            self.tell(Severity::Error, at, message, None);
            return;
        }
        let from = self.source.files.get(self.file).cloned().unwrap_or_default();
        let patterns = braces(pattern);
        for one in &patterns {
            let files = self.around.include(one, &from);
            if files.is_empty() {
                let severity = if wanted.matching { Severity::Error } else { Severity::Warning };
                let help = "what it should hold is missing here: create the file, or take the line out".to_owned();
                self.tell(severity, at, format!("there is no file `{one}` to include"), Some(help));
            }
            for file in files {
                self.include_one(file, at, wanted);
            }
        }
    }

    fn include_one(&mut self, file: Included, at: (usize, usize), wanted: Wanted) {
        let name = &file.name;
        match file.text {
            Err(why) => {
                let severity = if wanted.readable { Severity::Error } else { Severity::Warning };
                self.tell(severity, at, format!("`{name}` cannot be read and is left out: {why}"), None);
            }
            Ok(_) if self.open.iter().any(|open| self.source.files.get(*open).is_some_and(|file| **file == *name)) => {
                let help = "take one of the `include` lines out".to_owned();
                self.tell(Severity::Error, at, format!("`{name}` includes itself; not read again"), Some(help));
            }
            Ok(text) => self.file(name, &text),
        }
    }

    fn emit(&mut self, text: &str, parts: Vec<crate::conf::text::source::Part>) {
        self.bytes += text.len();
        if self.source.len() >= self.limits.lines || self.bytes > self.limits.bytes {
            if !self.full {
                let Limits { lines, bytes, .. } = self.limits;
                let message = format!("the file expands beyond {lines} lines or {bytes} bytes; it is read up to here");
                self.tell(Severity::Error, (0, 1), message, None);
            }
            self.full = true;
            return;
        }
        self.source.push(text, (self.file, self.number, self.group), parts);
    }

    fn tell(&mut self, severity: Severity, at: (usize, usize), message: String, help: Option<String>) {
        let location = Some(Location {
            file: self.source.files.get(self.file).cloned().unwrap_or_default(),
            line: self.number,
            column: at.0 + 1,
            length: at.1.max(1),
        });
        if self.found.len() < FOUND_MAX {
            self.found.push((self.group, Diagnostic { severity, message, location, help }));
        }
    }
}

/// `$NAME=`, also after `@id`.
fn begins_definition(line: &str) -> bool {
    let mut rest = line.trim_start_matches(|c: char| c.is_ascii_whitespace());
    while rest.starts_with('@') {
        let after = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
        rest = rest.get(after..).unwrap_or_default().trim_start_matches(|c: char| c.is_ascii_whitespace());
    }
    definition(&Draft::new(rest), 0).is_some()
}

/// Files that may include each other, one in the other.
const INCLUDES_MAX: usize = 16;
/// Definitions within definitions.
const DEPTH_MAX: usize = 64;
/// Characters that one line may become.
const EXPANDED_CHARS_MAX: usize = 16 * 1024;
/// Replacements in one line: definitions can be put together so that they never end.
const REPLACEMENTS_MAX: usize = 1024;
/// A longer line counts as several steps.
const STEP_CHARS: usize = 128;
/// Faults that are kept.
const FOUND_MAX: usize = 10_000;
