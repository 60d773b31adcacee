//! What comes before the grammar: includes, conditional lines (`@id`), definitions (`$NAME=`), and lines that stand for
//! many (`~SEQ`, `~LST`). Text goes in, the lines that are to be read come out, each knowing where it stood.

use std::collections::HashMap;

use super::repeat;
use super::sink::{Place, Sink};
use super::surroundings::Surroundings;

/// A line to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its text.
    pub text: String,
    /// Which file it stands in.
    pub file: u16,
    /// Its number there, from 1.
    pub number: usize,
    /// Whether it reads other than it is written: then a place within it means nothing.
    pub changed: bool,
}

/// All lines of a text and of what it includes.
pub fn lines(file: &str, text: &str, around: &mut dyn Surroundings, sink: &mut Sink<'_>) -> Vec<Line> {
    let mut reader = Reader { around, definitions: HashMap::new(), open: Vec::new(), lines: Vec::new(), full: false };
    reader.file(file, text, 0, sink);
    reader.lines
}

struct Reader<'a> {
    around: &'a mut dyn Surroundings,
    definitions: HashMap<String, String>,
    /// The files being read, outermost first.
    open: Vec<String>,
    lines: Vec<Line>,
    /// The limit has been reached, and told.
    full: bool,
}

/// A definition that goes on in the next line.
struct Pending {
    name: String,
    value: String,
}

impl Reader<'_> {
    fn file(&mut self, name: &str, text: &str, file: u16, sink: &mut Sink<'_>) {
        self.open.push(name.to_owned());
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut pending: Option<Pending> = None;
        for (index, line) in text.split('\n').enumerate() {
            let number = index + 1;
            let line = line.strip_suffix('\r').unwrap_or(line);
            if let Some(fault) = super::lexer::unreadable(line) {
                sink.warning(whole(line, file, number), fault);
                continue;
            }
            if let Some(mut definition) = pending.take() {
                let (part, goes_on) = continued(line);
                definition.value.push('\n');
                definition.value.push_str(part);
                if goes_on && definition.value.len() < VALUE_BYTES_MAX {
                    pending = Some(definition);
                } else {
                    self.definitions.insert(definition.name, definition.value);
                }
                continue;
            }
            pending = self.line(line, file, number, sink);
        }
        if let Some(definition) = pending {
            self.definitions.insert(definition.name, definition.value);
        }
        self.open.pop();
    }

    fn line(&mut self, line: &str, file: u16, number: usize, sink: &mut Sink<'_>) -> Option<Pending> {
        let written = line;
        let mut line = line.to_owned();
        let word = first_word(&line).to_owned();
        if word.starts_with('@') {
            match self.condition(&word) {
                Some(true) => {
                    let blank = " ".repeat(word.chars().count());
                    line = line.replacen(&word, &blank, 1);
                }
                Some(false) => return None,
                None => {
                    let message =
                        format!("conditional lines (`{word}`) need a host to be read for; this one is ignored");
                    sink.warning(mark(written, &word, file, number), message);
                    return None;
                }
            }
        }
        let word = first_word(&line).to_owned();
        if INCLUDES.contains(&word.as_str()) {
            self.include(&line, &word, mark(written, &word, file, number), sink);
            return None;
        }
        if let Some(name) = definition(&word) {
            let value = line.split_once('=').map_or("", |(_, value)| value);
            let (value, goes_on) = continued(value);
            let pending = Pending { name: name.to_owned(), value: value.trim().to_owned() };
            if goes_on {
                return Some(pending);
            }
            self.definitions.insert(pending.name, pending.value);
            return None;
        }
        self.ordinary(line, file, number, sink);
        None
    }

    /// A line of the language, with everything put in its place.
    fn ordinary(&mut self, line: String, file: u16, number: usize, sink: &mut Sink<'_>) {
        let place = whole(&line, file, number);
        let mut text = line;
        let mut changed = false;
        if text.contains('$')
            && let Some(new) = self.substitute(&text, place, sink)
        {
            (text, changed) = (new, true);
        }
        for part in text.split('\n') {
            let repeated = match repeat::stands_for_many(part) {
                false => None,
                true => match repeat::expand(part, LINES_MAX.saturating_sub(self.lines.len())) {
                    Ok(lines) => Some(lines),
                    Err(why) => {
                        sink.error(place, format!("{why}; this line is ignored"));
                        continue;
                    }
                },
            };
            match repeated {
                None => self.push(Line { text: part.to_owned(), file, number, changed }, place, sink),
                Some(lines) => {
                    for text in lines {
                        // What is repeated may name the variable too.
                        let text = match text.contains('$') {
                            true => self.substitute(&text, place, sink).unwrap_or(text),
                            false => text,
                        };
                        self.push(Line { text, file, number, changed: true }, place, sink);
                    }
                }
            }
        }
    }

    fn push(&mut self, line: Line, place: Place, sink: &mut Sink<'_>) {
        if self.lines.len() < LINES_MAX {
            self.lines.push(line);
        } else if !self.full {
            self.full = true;
            sink.error(place, format!("more than {LINES_MAX} lines; from here on they are ignored"));
        }
    }

    /// Whether a conditional line counts; `None` when there is nothing to compare it with.
    fn condition(&self, word: &str) -> Option<bool> {
        let id = self.around.config_id()?;
        let asked = word.strip_prefix('@')?;
        Some(match asked.strip_prefix('^') {
            Some(other) => other != id,
            None => asked == id,
        })
    }

    fn include(&mut self, line: &str, word: &str, place: Place, sink: &mut Sink<'_>) {
        let rest = line.trim_start().strip_prefix(word).unwrap_or_default();
        let pattern = rest.split(['#', '!']).next().unwrap_or_default().trim().trim_matches(['"', '\'']);
        if pattern.is_empty() {
            sink.error(place, format!("`{word}` names no file"));
            return;
        }
        if self.open.len() >= INCLUDE_DEPTH_MAX {
            sink.error(
                place,
                format!("`{word} {pattern}` is ignored: files include each other deeper than {INCLUDE_DEPTH_MAX}"),
            );
            return;
        }
        let from = self.open.last().cloned().unwrap_or_default();
        match self.around.include(pattern, &from) {
            Err(why) => {
                let message = format!("`{word} {pattern}`: {why}");
                // Variants that must find something (`includer` readable, `includem` a match, `includea` all of it).
                match word == "include" || why.contains("not read here") {
                    true => sink.warning(place, message),
                    false => sink.error(place, message),
                }
            }
            Ok(files) if files.is_empty() => {
                let message = format!("`{word} {pattern}` finds no file");
                match word {
                    "include" | "includer" => sink.warning(place, message),
                    _ => sink.error(place, message),
                }
            }
            Ok(files) => {
                for (name, text) in files {
                    if self.open.contains(&name) {
                        sink.error(place, format!("`{name}` includes itself; ignored"));
                        continue;
                    }
                    match sink.file(&name) {
                        Some(file) => self.file(&name, &text, file, sink),
                        None => sink.error(place, format!("`{name}` is ignored: too many files")),
                    }
                }
            }
        }
    }

    /// The line with every known `$NAME` and `${NAME}` replaced; `None` when nothing was.
    fn substitute(&mut self, line: &str, place: Place, sink: &mut Sink<'_>) -> Option<String> {
        let mut text = line.to_owned();
        let mut changed = false;
        for _ in 0..SUBSTITUTIONS_MAX {
            let Some((new, more)) = self.substitute_once(&text) else { return changed.then_some(text) };
            (text, changed) = (new, true);
            if !more || text.len() > VALUE_BYTES_MAX {
                break;
            }
        }
        if self.substitute_once(&text).is_some() {
            sink.error(place, "definitions refer to each other without end; the line is read as far as it came");
        }
        Some(text)
    }

    /// One round over the line; whether what came in may refer to more.
    fn substitute_once(&mut self, line: &str) -> Option<(String, bool)> {
        let mut text = String::new();
        let mut rest = line;
        let (mut changed, mut more) = (false, false);
        while let Some(at) = rest.find('$') {
            let (before, after) = rest.split_at(at);
            text.push_str(before);
            let (reference, name) = reference(after);
            let value = if name.is_empty() { None } else { self.value(name) };
            match value {
                Some(value) => {
                    more |= value.contains('$');
                    text.push_str(&value);
                    changed = true;
                }
                None => text.push_str(reference),
            }
            rest = after.get(reference.len()..).unwrap_or_default();
        }
        text.push_str(rest);
        changed.then_some((text, more))
    }

    fn value(&mut self, name: &str) -> Option<String> {
        if let Some(value) = self.definitions.get(name) {
            return Some(value.clone());
        }
        let mut words = name.split_whitespace();
        match words.next()? {
            "_PWD" => {
                let file = self.open.last()?;
                Some(file.rsplit_once('/').map_or(".", |(folder, _)| folder).to_owned())
            }
            "_INSTANCE" => Some(String::new()),
            "_HASH" => Some("\\#".into()),
            "_BANG" => Some("\\!".into()),
            "_ENV" => Some(self.around.environment(words.next()?).unwrap_or_default()),
            "_RANDOM" => {
                let numbers: Vec<u32> = words.filter_map(|word| word.parse().ok()).collect();
                let (least, most) = (numbers.first().copied().unwrap_or(0), numbers.get(1).copied().unwrap_or(32_767));
                let span = most.saturating_sub(least).saturating_add(1);
                Some(least.saturating_add(self.around.random() % span).to_string())
            }
            _ => None,
        }
    }
}

/// `$NAME` or `${NAME}` at the start of the text, and the name in it.
fn reference(text: &str) -> (&str, &str) {
    let after = text.get(1..).unwrap_or_default();
    if let Some(inner) = after.strip_prefix('{')
        && let Some(end) = inner.find('}')
    {
        return (text.get(..end + 3).unwrap_or(text), inner.get(..end).unwrap_or_default());
    }
    let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(after.len());
    (text.get(..=end).unwrap_or(text), after.get(..end).unwrap_or_default())
}

fn definition(word: &str) -> Option<&str> {
    let (name, _) = word.split_once('=')?;
    let bare = name.strip_prefix('$')?;
    let well_formed = !bare.is_empty() && bare.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    well_formed.then_some(bare)
}

/// The text without a closing backslash, and whether there was one.
fn continued(text: &str) -> (&str, bool) {
    let trimmed = text.trim_end_matches(|c: char| c.is_ascii_whitespace());
    trimmed.strip_suffix('\\').map_or((text, false), |text| (text, true))
}

fn first_word(line: &str) -> &str {
    line.split(|c: char| c.is_ascii_whitespace()).find(|word| !word.is_empty()).unwrap_or_default()
}

/// The place of a line as a whole, without the blanks before it.
fn whole(line: &str, file: u16, number: usize) -> Place {
    let blanks = line.chars().take_while(char::is_ascii_whitespace).count();
    let length = line.trim().chars().count().clamp(1, 80);
    let column = if line.trim().is_empty() { 1 } else { blanks + 1 };
    Place { file, line: number, column, length }
}

/// The place of a line's first word.
fn mark(line: &str, word: &str, file: u16, number: usize) -> Place {
    let blanks = line.chars().take_while(char::is_ascii_whitespace).count();
    Place { file, line: number, column: blanks + 1, length: word.chars().count().max(1) }
}

const INCLUDES: &[&str] = &["include", "includer", "includem", "includew", "includeb", "includea"];
/// Files that include each other.
const INCLUDE_DEPTH_MAX: usize = 16;
/// Lines after everything is put in its place.
const LINES_MAX: usize = 2_000_000;
/// Rounds in which definitions are put into a line.
const SUBSTITUTIONS_MAX: usize = 32;
/// Longest definition, and longest line after definitions are put into it.
const VALUE_BYTES_MAX: usize = 64 * 1024;
