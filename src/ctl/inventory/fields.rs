//! Reading a mapping key by key: what is wrong is noted and reading goes on, so that all mistakes come at once.

use std::cell::RefCell;
use std::net::IpAddr;
use std::time::Duration;

use hactl_engine::conf::arguments;

use super::document::{Document, Key, Node, Place, Value};
use super::mistakes;
use crate::ctl::words::closest;
use crate::error::{Code, Problem, Span};
use crate::text::parse_time;

/// The document being read and what was found wrong so far.
pub struct Reader<'d> {
    document: &'d Document,
    problems: RefCell<Vec<Problem>>,
}

impl<'d> Reader<'d> {
    /// A reader without problems yet.
    pub fn new(document: &'d Document) -> Self {
        Self { document, problems: RefCell::default() }
    }

    /// Everything found wrong, in the order found.
    pub fn problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    /// Notes a problem at a place.
    pub fn wrong(&self, place: Place, problem: Problem) {
        self.problems.borrow_mut().push(problem.at(self.document.span(place)));
    }

    /// Notes a problem at a place whose line may hold a secret: the line is not drawn.
    pub fn wrong_hiding(&self, place: Place, problem: Problem) {
        self.problems.borrow_mut().push(problem.at(self.hidden(place)));
    }

    /// The span of a place.
    pub fn span(&self, place: Place) -> Span {
        self.document.span(place)
    }

    /// The span of a place whose line is not drawn.
    pub fn hidden(&self, place: Place) -> Span {
        let mut span = self.document.span(place);
        span.text = "(not shown: it may hold a secret)".into();
        (span.length, span.column) = (1, span.column.min(1));
        span
    }

    /// Notes a problem of the whole file.
    pub fn wrong_file(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// The fields of a mapping; notes when the node is none.
    pub fn fields<'n>(&self, node: &'n Node, what: &str) -> Fields<'n, '_, 'd> {
        let entries = match &node.value {
            Value::Map(entries) => entries.as_slice(),
            Value::Null => &[],
            _ => {
                let problem = Problem::new(Code::WrongShape, format!("{what} is a mapping (`key: value` lines)"));
                self.wrong(node.place, problem.next(format!("write it like `{}`", mistakes::example(what))));
                &[]
            }
        };
        Fields { reader: self, what: what.to_owned(), place: node.place, entries, asked: RefCell::default() }
    }

    /// A scalar's text.
    pub fn text<'n>(&self, node: &'n Node, what: &str) -> Option<&'n str> {
        if let Value::Text(text) = &node.value {
            return Some(text);
        }
        self.wrong(node.place, Problem::new(Code::WrongShape, format!("{what} is a single value")));
        None
    }

    /// The name of an interface: it stands unquoted in what is deployed, and the kernel takes 15 bytes at most.
    pub fn interface(&self, node: &Node) -> Option<String> {
        let text = self.text(node, "interface")?;
        let fits =
            |c: char| c.is_ascii_graphic() && !matches!(c, '/' | '"' | '#' | '!' | '{' | '}' | '\'' | '$' | '\\');
        if !text.is_empty() && text.len() <= INTERFACE_LENGTH && text.chars().all(fits) {
            return Some(text.to_owned());
        }
        let problem = Problem::new(Code::WrongValue, format!("`{}` is no name of an interface", text.escape_default()))
            .why(format!("such a name is one word of {INTERFACE_LENGTH} letters at most"))
            .next("`ip -br link` on the host lists its interfaces");
        self.wrong(node.place, problem);
        None
    }

    /// A name of our own that stands in what is deployed: one word.
    pub fn name(&self, node: &Node, what: &str) -> Option<String> {
        let text = self.text(node, what)?;
        if !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')) {
            return Some(text.to_owned());
        }
        let problem = Problem::new(Code::WrongValue, format!("{what} `{}` is no name", text.escape_default()))
            .next("write one word of letters, digits, `_`, `-` and `.`");
        self.wrong(node.place, problem);
        None
    }

    /// A command: blanks separate its arguments, inner quotes keep them together, and no shell reads it.
    pub fn command(&self, node: &Node, what: &str) -> Option<String> {
        let text = self.text(node, what)?;
        let message = match arguments(text) {
            Some(words) if words.first().is_some_and(|program| !program.is_empty()) => return Some(text.to_owned()),
            Some(_) => format!("{what} names no program"),
            None => format!("a quote inside {what} `{text}` is not closed"),
        };
        let problem = Problem::new(Code::WrongValue, message)
            .why("blanks separate arguments and quotes keep them together; no shell reads them")
            .next("close it, or put it between quotes of the other kind");
        self.wrong(node.place, problem);
        None
    }

    /// A scalar through its type's own parser.
    pub fn parse<T: std::str::FromStr>(&self, node: &Node, what: &str, expected: &str) -> Option<T> {
        let text = self.text(node, what)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.wrong(node.place, Problem::new(Code::WrongValue, format!("{what} `{text}` is not {expected}")));
        }
        parsed
    }

    /// One of some words.
    pub fn one_of(&self, node: &Node, what: &str, choices: &[&'static str]) -> Option<&'static str> {
        let text = self.text(node, what)?;
        let found = choices.iter().find(|choice| **choice == text).copied();
        if found.is_none() {
            let mut message = format!("{what} `{text}` is none of {}", choices.join(", "));
            let meant =
                mistakes::short(text).and_then(|known| known.iter().find(|word| choices.contains(word)).copied());
            let meant = meant.or_else(|| closest(text, choices.iter().copied()));
            if let Some(meant) = meant {
                message.push_str(&format!("; did you mean `{meant}`?"));
            }
            let next = format!("write `{}`", meant.or(choices.first().copied()).unwrap_or_default());
            self.wrong(node.place, Problem::new(Code::UnknownChoice, message).next(next));
        }
        found
    }

    /// One of some words, as what it means.
    pub fn choice<T: Copy>(&self, node: &Node, what: &str, choices: &[(&'static str, T)]) -> Option<T> {
        let words: Vec<&'static str> = choices.iter().map(|(word, _)| *word).collect();
        let found = self.one_of(node, what, &words)?;
        choices.iter().find(|(word, _)| *word == found).map(|(_, meant)| *meant)
    }

    /// A number within a range.
    pub fn number(&self, node: &Node, what: &str, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
        let text = self.text(node, what)?;
        let number = text.parse().ok().filter(|n| range.contains(n));
        if number.is_none() {
            let message = format!("{what} `{text}` is not a number from {} to {}", range.start(), range.end());
            let example = if range.contains(&100) { 100 } else { *range.start() };
            self.wrong(
                node.place,
                Problem::new(Code::WrongValue, message).next(format!("write a number such as {example}")),
            );
        }
        number
    }

    /// A host's address.
    pub fn address(&self, node: &Node, what: &str) -> Option<IpAddr> {
        let text = self.text(node, what)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            let problem = Problem::new(Code::WrongValue, format!("{what} `{text}` is not an IPv4 or IPv6 address"));
            let next = match text.split_once('/') {
                Some((address, _)) => format!("a host's address has no prefix length: write `{address}`"),
                None => format!(
                    "write the address; `getent hosts {text}`, or `ssh -G {text}` for an alias of ~/.ssh/config, tells it"
                ),
            };
            self.wrong(node.place, problem.why("load balancers and web hosts reach each other by address").next(next));
        }
        parsed
    }

    /// `yes`/`no`.
    pub fn boolean(&self, node: &Node, what: &str) -> Option<bool> {
        match self.text(node, what)? {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            other => {
                self.wrong(
                    node.place,
                    Problem::new(Code::WrongValue, format!("{what} `{other}` is neither yes nor no")),
                );
                None
            }
        }
    }

    /// `1s`, `700ms`, `10m`; a bare number is seconds.
    pub fn duration(&self, node: &Node, what: &str) -> Option<Duration> {
        let text = self.text(node, what)?;
        let parsed = parse_time(text).ok();
        if parsed.is_none() {
            let problem = Problem::new(Code::WrongValue, format!("{what} `{text}` is not a time"))
                .next("write it like 1s, 700ms or 10m");
            self.wrong(node.place, problem);
        }
        parsed
    }

    /// A list of nodes; a single value counts as a list of one.
    pub fn list<'n>(&self, node: &'n Node) -> Vec<&'n Node> {
        match &node.value {
            Value::List(items) => items.iter().collect(),
            Value::Null => Vec::new(),
            _ => vec![node],
        }
    }
}

/// The entries of one mapping.
pub struct Fields<'n, 'r, 'd> {
    reader: &'r Reader<'d>,
    what: String,
    /// Where the mapping begins.
    pub place: Place,
    /// In the order written.
    pub entries: &'n [(Key, Node)],
    asked: RefCell<Vec<&'static str>>,
}

impl<'n> Fields<'n, '_, '_> {
    /// The value of a key; asking makes the key known.
    pub fn get(&self, name: &'static str) -> Option<&'n Node> {
        self.asked.borrow_mut().push(name);
        self.entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    /// Notes every key that nobody asked for. Call it last.
    pub fn finish(self) {
        let known = self.asked.into_inner();
        for (key, _) in self.entries {
            if known.contains(&key.name.as_str()) {
                continue;
            }
            let mut message = format!("unknown field `{}` in {}", key.name, self.what);
            let translated = mistakes::translated(&key.name);
            if let (Some(close), None) = (closest(&key.name, known.iter().copied()), &translated) {
                message.push_str(&format!(", did you mean `{close}`?"));
            }
            let mut sorted = known.clone();
            sorted.sort_unstable();
            sorted.dedup();
            let listed = format!("known here: {}", sorted.join(", "));
            let next = translated.map_or_else(|| listed.clone(), |meant| format!("{meant}; {listed}"));
            let problem = Problem::new(Code::UnknownField, message).next(next);
            self.reader.wrong(key.place, problem);
        }
    }
}

/// Bytes of an interface name that the kernel takes.
const INTERFACE_LENGTH: usize = 15;
