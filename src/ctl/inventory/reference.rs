//! What can be written in an inventory: every key with what it takes, its default, an example and what it means, in
//! English and Chinese. `reference/keys.yaml` says it, for `hactl explain` and for docs/inventory.md; the tests hold it
//! against the reader of inventories.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Every section, in the order of the page.
const KEYS: &str = include_str!("reference/keys.yaml");

/// A text in English and Chinese.
pub type Words<T = String> = (T, T);

/// A mapping of the inventory.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// As messages name it.
    pub what: String,
    /// Where it stands, such as `vip.auth`; empty for the whole file.
    pub path: String,
    /// The heading.
    pub title: Words,
    /// What it is.
    pub text: Words,
    /// An inventory that has it; the head of `keys.yaml` tells what stands for what.
    #[cfg_attr(not(test), expect(dead_code, reason = "what the tests read each key in"))]
    frame: String,
    /// Whether it has the keys of the sections before it that messages give the same name.
    #[serde(default)]
    #[cfg_attr(not(test), expect(dead_code, reason = "for the tests"))]
    adds: bool,
    /// Directives of nginx by their block, each with an example.
    #[serde(default)]
    pub directives: Ordered<Ordered<String>>,
    /// Its keys.
    pub keys: Ordered<Key>,
}

/// A key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// What may stand there: words as they are, and kinds of values in capital letters.
    pub takes: String,
    /// What it means when it is left out, where that is a value.
    pub default: Option<String>,
    /// A value.
    pub example: String,
    /// What it means.
    pub text: Words,
    /// What of the frame does not go with it.
    #[serde(default)]
    #[cfg_attr(not(test), expect(dead_code, reason = "for the tests"))]
    without: Vec<String>,
    /// What it needs besides.
    #[serde(default)]
    #[cfg_attr(not(test), expect(dead_code, reason = "for the tests"))]
    with: String,
    /// An inventory of its own in place of the frame.
    #[serde(default)]
    #[cfg_attr(not(test), expect(dead_code, reason = "for the tests"))]
    instead: String,
    /// Whether it matters that it was said, although it is the default.
    #[serde(default)]
    #[cfg_attr(not(test), expect(dead_code, reason = "for the tests"))]
    differs: bool,
}

/// A mapping in the order that it is written in.
#[derive(Debug)]
pub struct Ordered<T>(pub Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Ordered<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Ordered<T>, M::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// All of it.
pub fn sections() -> Vec<Section> {
    read().unwrap_or_default() // a test reads it
}

fn read() -> Result<Vec<Section>, serde_yaml::Error> {
    serde_yaml::from_str(KEYS)
}

#[cfg(test)]
mod page;
#[cfg(test)]
mod tests;
