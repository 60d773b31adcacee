//! The servers of a pool as they are written: each of them is an entry of a mapping, an item of a list, or a mapping
//! that is one.

use super::text::Text;
use super::tree::{Change, Entry, Left, Spot, append, remove, set, set_item, unset};
use crate::ctl::inventory::document::{Node, Value};

/// The servers of one pool.
pub struct Servers<'n> {
    /// The mapping or list that they stand in.
    all: Spot<'n>,
    /// In the order written, which is the order of [`Pool::servers`](crate::ctl::sites::Pool::servers).
    slots: Vec<Slot<'n>>,
}

/// How one of them is written.
#[derive(Clone, Copy)]
enum Slot<'n> {
    /// `web-7: {}` of a mapping, with its place there.
    Entry(Entry<'n>, usize),
    /// `web-7` of a list, with its place there.
    Item(Spot<'n>, usize),
    /// `web-7: {}` of a list: a mapping in a place of the list, of so many entries.
    Pair(Entry<'n>, usize, usize),
}

impl<'n> Servers<'n> {
    /// Finds them; `None` where the inventory does not list them, as all web hosts.
    pub fn of(text: &Text<'_>, root: &'n Node, pool: &str) -> Option<Self> {
        let pool = Spot { node: root, in_flow: false }.entry(text, "pools")?.value.entry(text, pool)?.value;
        let all = match pool.node.value {
            Value::List(_) => pool,
            _ => pool.entry(text, "servers")?.value,
        };
        let slots = match &all.node.value {
            Value::Map(_) => {
                all.entries(text).into_iter().enumerate().map(|(place, entry)| Slot::Entry(entry, place)).collect()
            }
            _ => (0..).zip(all.items(text)).flat_map(|(place, item)| of_item(text, item, place)).collect(),
        };
        Some(Self { all, slots })
    }

    /// Gives one of them a setting.
    pub fn set(&self, text: &Text<'_>, place: usize, name: &str, new: &str) -> Option<Vec<Change>> {
        match *self.slots.get(place)? {
            Slot::Entry(entry, _) | Slot::Pair(entry, ..) => set(text, entry, None, name, new),
            Slot::Item(item, _) => set_item(text, item, name, new),
        }
    }

    /// Takes a setting of one of them away.
    pub fn unset(&self, text: &Text<'_>, place: usize, name: &str) -> Option<Vec<Change>> {
        match *self.slots.get(place)? {
            Slot::Entry(entry, _) => unset(text, entry, name, Left::Nothing),
            Slot::Pair(entry, _, 1) => unset(text, entry, name, Left::Key),
            Slot::Pair(entry, ..) => unset(text, entry, name, Left::Nothing),
            Slot::Item(..) => None,
        }
    }

    /// Takes one of them away.
    pub fn remove(&self, text: &Text<'_>, place: usize) -> Option<Vec<Change>> {
        match *self.slots.get(place)? {
            Slot::Entry(_, place) | Slot::Item(_, place) | Slot::Pair(_, place, 1) => remove(text, self.all, place),
            Slot::Pair(..) => None,
        }
    }

    /// Adds one behind all others, perhaps with a name.
    pub fn add(&self, text: &Text<'_>, server: &str, name: Option<&str>) -> Option<Vec<Change>> {
        let settings = name.map(|name| format!("{{ name: {name} }}"));
        let new = match (&self.all.node.value, settings) {
            (Value::Map(_), settings) => format!("{server}: {}", settings.unwrap_or_else(|| "{}".into())),
            (Value::List(_), Some(settings)) => format!("{server}: {settings}"),
            (Value::List(_), None) => server.to_owned(),
            (Value::Null | Value::Text(_), _) => return None,
        };
        append(text, self.all, &new)
    }
}

fn of_item<'n>(text: &Text<'_>, item: Spot<'n>, place: usize) -> Vec<Slot<'n>> {
    let entries = item.entries(text);
    let count = entries.len();
    match &item.node.value {
        Value::Map(_) => entries.into_iter().map(|entry| Slot::Pair(entry, place, count)).collect(),
        _ => vec![Slot::Item(item, place)],
    }
}
