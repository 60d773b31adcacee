//! Settings, entries and items: what has to change in the text so that they are there, or gone. Everything else stays
//! as it was written. `None` is what all of these say of a text that they do not understand.

use std::ops::Range;

use super::text::{Flow, Text};
use crate::ctl::inventory::document::{Key, Node, Value};

/// Bytes that become others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub at: Range<usize>,
    /// What they become.
    pub with: String,
}

/// A node, and whether it stands inside of `{…}` or `[…]`.
#[derive(Clone, Copy)]
pub struct Spot<'n> {
    /// The node.
    pub node: &'n Node,
    /// Commas and brackets end words there.
    pub in_flow: bool,
}

/// A key and its value.
#[derive(Clone, Copy)]
pub struct Entry<'n> {
    /// The key.
    pub key: &'n Key,
    /// The value.
    pub value: Spot<'n>,
}

/// What settings become when none is left.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// `{}`.
    Nothing,
    /// The value of this key alone, where it is the only one left: `{ address: 10.0.0.7 }` becomes `10.0.0.7`.
    Value(&'static str),
    /// The key alone: `web-7: {}` becomes `web-7`.
    Key,
}

/// The text after a change.
pub fn applied(text: &str, mut changes: Vec<Change>) -> Option<String> {
    changes.sort_by_key(|change| std::cmp::Reverse(change.at.start));
    let mut new = text.to_owned();
    for change in changes {
        new.get(change.at.clone())?;
        new.replace_range(change.at, &change.with);
    }
    Some(new)
}

impl<'n> Spot<'n> {
    /// The entries of a mapping.
    pub fn entries(self, text: &Text<'_>) -> Vec<Entry<'n>> {
        let Value::Map(entries) = &self.node.value else { return Vec::new() };
        let in_flow = self.in_flow || is_flow(text, self.node);
        entries.iter().map(|(key, node)| Entry { key, value: Spot { node, in_flow } }).collect()
    }

    /// One of them.
    pub fn entry(self, text: &Text<'_>, name: &str) -> Option<Entry<'n>> {
        self.entries(text).into_iter().find(|entry| entry.key.name == name)
    }

    /// The items of a list.
    pub fn items(self, text: &Text<'_>) -> Vec<Spot<'n>> {
        let Value::List(items) = &self.node.value else { return Vec::new() };
        let in_flow = self.in_flow || is_flow(text, self.node);
        items.iter().map(|node| Spot { node, in_flow }).collect()
    }
}

/// Whether a node is written with brackets.
fn is_flow(text: &Text<'_>, node: &Node) -> bool {
    text.offset(node.place).is_some_and(|at| text.from(at).starts_with(['{', '[']))
}

/// The parts of a node that is written with brackets, if they are as many as the parser found.
fn flow(text: &Text<'_>, spot: Spot<'_>) -> Option<Flow> {
    let flow = text.flow(text.offset(spot.node.place)?)?;
    (flow.parts.len() == count(spot)).then_some(flow)
}

fn count(spot: Spot<'_>) -> usize {
    match &spot.node.value {
        Value::Map(entries) => entries.len(),
        Value::List(items) => items.len(),
        Value::Null | Value::Text(_) => 0,
    }
}

/// The bytes of a scalar, if they are what the parser read.
fn scalar(text: &Text<'_>, spot: Spot<'_>) -> Option<Range<usize>> {
    let Value::Text(read) = &spot.node.value else { return None };
    let at = text.offset(spot.node.place)?;
    let range = at..text.scalar_end(at, spot.in_flow)?;
    let written = text.all.get(range.clone())?;
    (written.starts_with(['"', '\'']) || written == read).then_some(range)
}

/// The bytes of a key, if they are what the parser read.
fn key(text: &Text<'_>, entry: Entry<'_>) -> Option<Range<usize>> {
    let at = text.offset(entry.key.place)?;
    let range = at..text.scalar_end(at, entry.value.in_flow)?;
    let written = text.all.get(range.clone())?;
    (written.starts_with(['"', '\'']) || written == entry.key.name).then_some(range)
}

fn one(at: Range<usize>, with: impl Into<String>) -> Vec<Change> {
    vec![Change { at, with: with.into() }]
}

/// Gives what stands at a key a setting. A single value becomes `{ short: value, name: new }` where it may.
pub fn set(text: &Text<'_>, entry: Entry<'_>, short: Option<&str>, name: &str, new: &str) -> Option<Vec<Change>> {
    match &entry.value.node.value {
        Value::Map(_) => match entry.value.entry(text, name) {
            Some(there) => Some(one(scalar(text, there.value)?, new)),
            None => append(text, entry.value, &format!("{name}: {new}")),
        },
        Value::Text(_) => {
            let range = scalar(text, entry.value)?;
            let written = text.all.get(range.clone())?;
            Some(one(range, format!("{{ {}: {written}, {name}: {new} }}", short?)))
        }
        Value::Null => {
            let end = key(text, entry)?.end;
            let rest = text.from(end);
            let colon = rest.len() - rest.trim_start_matches(' ').len();
            if !rest.get(colon..)?.starts_with(':') {
                return Some(one(end..end, format!(": {{ {name}: {new} }}")));
            }
            let at = end + colon + 1;
            let written = text.from(at).trim_start_matches(' ');
            let begin = text.all.len() - written.len();
            let null = ["null", "~"].into_iter().find(|null| written.starts_with(null));
            let range = null.map_or(at..at, |null| at..begin + null.len());
            Some(one(range, format!(" {{ {name}: {new} }}")))
        }
        Value::List(_) => None,
    }
}

/// Gives an item of a list, a single value, a setting.
pub fn set_item(text: &Text<'_>, item: Spot<'_>, name: &str, new: &str) -> Option<Vec<Change>> {
    let end = scalar(text, item)?.end;
    Some(one(end..end, format!(": {{ {name}: {new} }}")))
}

/// Takes a setting away.
pub fn unset(text: &Text<'_>, entry: Entry<'_>, name: &str, left: Left) -> Option<Vec<Change>> {
    let entries = entry.value.entries(text);
    let index = entries.iter().position(|one| one.key.name == name)?;
    if !is_flow(text, entry.value.node) {
        return remove(text, entry.value, index);
    }
    let begin = text.offset(entry.value.node.place)?;
    let whole = begin..flow(text, entry.value)?.close + 1;
    let others: Vec<&Entry<'_>> = entries.iter().filter(|one| one.key.name != name).collect();
    match (others.as_slice(), left) {
        ([], Left::Key) => Some(one(key(text, entry)?.end..whole.end, "")),
        ([], Left::Nothing | Left::Value(_)) => Some(one(whole, "{}")),
        ([only], Left::Value(short)) if only.key.name == short => {
            let value = text.all.get(scalar(text, only.value)?)?;
            Some(one(whole, value))
        }
        _ => remove(text, entry.value, index),
    }
}

/// Adds an entry, `key: value`, or an item behind all others.
pub fn append(text: &Text<'_>, to: Spot<'_>, new: &str) -> Option<Vec<Change>> {
    if is_flow(text, to.node) {
        return append_flow(text, &flow(text, to)?, new);
    }
    let new = if matches!(to.node.value, Value::List(_)) { format!("- {new}") } else { new.to_owned() };
    let last = block(text, to, count(to).checked_sub(1)?)?;
    let begin = last.start;
    let indent = " ".repeat(begin - text.line_begin(begin));
    let newline = newline(text);
    let whole = text.all.get(..last.end)?.ends_with('\n');
    let line = if whole { format!("{indent}{new}{newline}") } else { format!("{newline}{indent}{new}") };
    Some(one(last.end..last.end, line))
}

fn newline(text: &Text<'_>) -> &'static str {
    if text.all.contains("\r\n") { "\r\n" } else { "\n" }
}

fn append_flow(text: &Text<'_>, flow: &Flow, new: &str) -> Option<Vec<Change>> {
    let Some(last) = flow.parts.last() else {
        let blank = if text.from(flow.inside.checked_sub(1)?).starts_with('{') { " " } else { "" };
        return Some(one(flow.inside..flow.close, format!("{blank}{new}{blank}")));
    };
    let comma = flow.commas.get(flow.parts.len() - 1);
    let indent = text.before(last.start);
    if !indent.trim().is_empty() || text.line_begin(last.start) <= flow.inside.checked_sub(1)? {
        let at = comma.map_or(last.end, |comma| comma + 1);
        let before = if comma.is_some() { " " } else { ", " };
        return Some(one(at..at, format!("{before}{new}")));
    }
    // Each part has lines of its own, and perhaps a comment behind it.
    let line = format!("{}{indent}{new}", newline(text));
    let end = text.line_end(last.end);
    let end = if text.all.get(..end)?.ends_with('\r') { end - 1 } else { end };
    Some(match comma {
        Some(comma) if end > flow.close => one(comma + 1..comma + 1, line),
        Some(_) => one(end..end, line + ","),
        None if end > flow.close || end == last.end => one(last.end..last.end, format!(",{line}")),
        None => vec![Change { at: last.end..last.end, with: ",".into() }, Change { at: end..end, with: line }],
    })
}

/// Where an entry or an item of a block begins, at its key or dash, and ends, behind its last line.
fn block(text: &Text<'_>, of: Spot<'_>, index: usize) -> Option<Range<usize>> {
    let (begin, node) = match &of.node.value {
        Value::Map(entries) => {
            let (key, node) = entries.get(index)?;
            (text.offset(key.place)?, node)
        }
        Value::List(items) => {
            let node = items.get(index)?;
            let at = text.offset(node.place)?;
            let before = text.before(at).trim_end();
            if !before.ends_with('-') {
                return None;
            }
            (text.line_begin(at) + before.len() - 1, node)
        }
        Value::Null | Value::Text(_) => return None,
    };
    let end = match text.offset(node.place).filter(|_| is_flow(text, node)) {
        Some(at) => text.behind_line(text.flow(at)?.close),
        None => text.block_end(begin, begin - text.line_begin(begin)),
    };
    text.before(begin).chars().all(|letter| letter == ' ').then_some(begin..end)
}

/// Takes an entry or an item away, with its line where it has one of its own.
pub fn remove(text: &Text<'_>, from: Spot<'_>, index: usize) -> Option<Vec<Change>> {
    if !is_flow(text, from.node) {
        let range = block(text, from, index)?;
        return Some(one(text.line_begin(range.start)..range.end, ""));
    }
    let flow = flow(text, from)?;
    let part = flow.parts.get(index)?.clone();
    let own_comma = flow.commas.get(index).copied();
    let next = flow.parts.get(index + 1);
    let comma_before = index.checked_sub(1).and_then(|before| flow.commas.get(before)).copied();
    let behind = own_comma.map_or(part.end, |comma| comma + 1);
    let rest = text.all.get(behind..text.line_end(behind))?.trim_start();
    let alone = text.before(part.start).trim().is_empty() && (rest.trim().is_empty() || rest.starts_with('#'));
    let last_comma = comma_before.filter(|_| own_comma.is_none());
    if alone && text.line_begin(part.start) > flow.inside.saturating_sub(1) {
        let mut changes = one(text.line_begin(part.start)..text.behind_line(behind), "");
        changes.extend(last_comma.map(|comma| Change { at: comma..comma + 1, with: String::new() }));
        return Some(changes);
    }
    Some(match (next, index.checked_sub(1).and_then(|before| flow.parts.get(before))) {
        (Some(next), _) => one(part.start..next.start, ""),
        (None, Some(before)) => one(before.end..part.end, ""),
        (None, None) => one(flow.inside..flow.close, ""),
    })
}
