//! YAML as a tree in which every key and value knows its place.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::Spanned;

use super::mistakes;
use crate::error::{Problem, Span};

/// A place in the text: line and column from 1, length in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    line: usize,
    column: usize,
    length: usize,
}

impl Place {
    /// From 1.
    pub fn line(self) -> usize {
        self.line
    }

    /// In characters, from 1.
    pub fn column(self) -> usize {
        self.column
    }
}

/// A value and its place.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub value: Value,
}

/// A value.
#[derive(Debug, Clone)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// A scalar as text; numbers and booleans keep the way they were written.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order written.
    Map(Vec<(Key, Node)>),
}

/// A key and its place.
#[derive(Debug, Clone)]
pub struct Key {
    /// Where it stands.
    pub place: Place,
    /// The key.
    pub name: String,
}

/// A parsed file that can point at itself.
pub struct Document {
    file: PathBuf,
    lines: Vec<String>,
    /// The whole content.
    pub root: Node,
}

impl Document {
    /// Parses a file's text.
    ///
    /// # Errors
    /// The YAML mistake, with its place.
    pub fn parse(file: &Path, text: &str) -> Result<Self, Problem> {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        match serde_yaml::from_str::<Spanned<Raw>>(text) {
            Ok(raw) => {
                let root = raw_node(raw, text);
                Ok(Self { file: file.to_owned(), lines, root })
            }
            Err(error) => {
                let error = error.without_snippet();
                let whole = error.to_string();
                let place = error.location().map(|at| Place {
                    line: usize::try_from(at.line()).unwrap_or(1).max(1),
                    column: usize::try_from(at.column()).unwrap_or(1).max(1),
                    length: 1,
                });
                let drawn = place.map(|place| span(file, &lines, place));
                let line = drawn.as_ref().map(|span| span.text.as_str()).unwrap_or_default();
                let problem = mistakes::worded(whole.lines().next().unwrap_or("not YAML"), line);
                Err(match drawn {
                    Some(drawn) => problem.at(drawn),
                    None => problem,
                })
            }
        }
    }

    /// The span of a place, with its line's text.
    pub fn span(&self, place: Place) -> Span {
        span(&self.file, &self.lines, place)
    }
}

fn span(file: &Path, lines: &[String], place: Place) -> Span {
    let text = lines.get(place.line - 1).cloned().unwrap_or_default();
    let room = text.chars().count().saturating_sub(place.column - 1).max(1);
    Span { file: file.to_owned(), line: place.line, column: place.column, length: place.length.clamp(1, room), text }
}

/// What serde hands over before scalars get their own spelling back.
enum Raw {
    Null,
    Text(String),
    Spelled,
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Raw;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a scalar, a list or a mapping")
            }
            fn visit_unit<E>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }
            fn visit_none<E>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }
            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
                Raw::deserialize(deserializer)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
                Ok(Raw::Spelled)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
                Ok(Raw::Spelled)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
                Ok(Raw::Spelled)
            }
            fn visit_i128<E>(self, _: i128) -> Result<Raw, E> {
                Ok(Raw::Spelled)
            }
            fn visit_u128<E>(self, _: u128) -> Result<Raw, E> {
                Ok(Raw::Spelled)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
                Ok(Raw::Spelled)
            }
            fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
                Ok(Raw::Text(text.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = seq.next_element()? {
                    list.push(item);
                }
                Ok(Raw::List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Raw::Map(entries))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

fn raw_node(raw: Spanned<Raw>, text: &str) -> Node {
    let at = raw.referenced;
    let place = place_of(&at);
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Text(text) => Value::Text(text),
        // `007`, `1.50` and `yes` are what the user wrote, not what a number or boolean makes of them.
        Raw::Spelled => {
            let skip = usize::try_from(at.span().offset()).unwrap_or(usize::MAX);
            let length = usize::try_from(at.span().len()).unwrap_or(usize::MAX);
            let spelled: String = text.chars().skip(skip).take(length).collect();
            Value::Text(spelled.trim().to_owned())
        }
        Raw::List(list) => Value::List(list.into_iter().map(|item| raw_node(item, text)).collect()),
        Raw::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| {
                    let mut place = place_of(&key.referenced);
                    place.length = place.length.min(key.value.chars().count().max(1));
                    (Key { place, name: key.value }, raw_node(value, text))
                })
                .collect(),
        ),
    };
    Node { place, value }
}

fn place_of(at: &serde_yaml::Location) -> Place {
    Place {
        line: usize::try_from(at.line()).unwrap_or(1).max(1),
        column: usize::try_from(at.column()).unwrap_or(1).max(1),
        length: usize::try_from(at.span().len()).unwrap_or(1).max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Document {
        Document::parse(Path::new("x.yaml"), text).unwrap()
    }

    #[test]
    fn keys_and_values_know_their_places() {
        let document = parse("a: 1\nbee:\n  - 10.0.0.3/24\n  - {c: yes}\n");
        let Value::Map(entries) = &document.root.value else { panic!() };
        assert_eq!(entries[1].0.name, "bee");
        let span = document.span(entries[1].0.place);
        assert_eq!((span.line, span.column, span.length, span.text.as_str()), (2, 1, 3, "bee:"));
        let Value::List(items) = &entries[1].1.value else { panic!() };
        let span = document.span(items[0].place);
        assert_eq!((span.line, span.column), (3, 5));
    }

    #[test]
    fn scalars_keep_their_spelling() {
        let document = parse("pass: 0001\nyes: on\nf: 1.50\n");
        let Value::Map(entries) = &document.root.value else { panic!() };
        let texts: Vec<_> =
            entries.iter().map(|(_, n)| if let Value::Text(t) = &n.value { t.as_str() } else { "" }).collect();
        assert_eq!(texts, ["0001", "on", "1.50"]);
    }

    #[test]
    fn yaml_mistakes_have_a_place() {
        let problem = Document::parse(Path::new("x.yaml"), "a: [1,\nb: 2\n").map(drop).unwrap_err();
        assert!(problem.span.is_some(), "{problem}");
    }
}
