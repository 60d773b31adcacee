//! The translations, as text files that are compiled in. Blocks are parted by an empty line; a block begins with what
//! it is found by, and its second line is the translation.

use std::collections::HashMap;
use std::sync::OnceLock;

/// By code: `E702 TITLE`, and what it means.
const CODES: [&str; 4] = [
    include_str!("codes/program.txt"),
    include_str!("codes/inventory.txt"),
    include_str!("codes/hosts.txt"),
    include_str!("codes/outcome.txt"),
];
/// By keyword, or block and keyword, a line each: `advert_int MEANING`.
const KEYWORDS: &str = include_str!("keywords.txt");
/// By the English text of a `said!`.
const PHRASES: &str = include_str!("phrases.txt");
/// By the English text of a message of another room, in which `{NAME}` stands for what differs.
const MESSAGES: [&str; 2] = [include_str!("messages.txt"), include_str!("reasons.txt")];

/// Title and text of a code.
pub(crate) fn code(id: &str) -> Option<(&'static str, &'static str)> {
    static ALL: OnceLock<HashMap<&str, (&str, &str)>> = OnceLock::new();
    let read = || codes().map(|(id, title, text)| (id, (title, text))).collect();
    ALL.get_or_init(read).get(id).copied()
}

/// Number, title and text of all codes.
pub(super) fn codes() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let split = |(head, text): (&'static str, &'static str)| {
        let (id, title) = head.split_once(' ')?;
        Some((id, title, text))
    };
    CODES.iter().flat_map(|file| blocks(file)).filter_map(split)
}

/// What a keyword means in a block.
pub(crate) fn keyword(block: &str, name: &str) -> Option<&'static str> {
    let find = |wanted: &str| keywords().find(|(key, _)| *key == wanted).map(|(_, meaning)| meaning);
    find(&format!("{block}/{name}")).or_else(|| find(name))
}

/// Keywords, or blocks and keywords, each with its meaning.
pub(super) fn keywords() -> impl Iterator<Item = (&'static str, &'static str)> {
    KEYWORDS.lines().filter_map(|line| line.split_once(' '))
}

/// The translation of what a `said!` says, with its `{NAME}`s.
pub(super) fn phrase(english: &str) -> Option<&'static str> {
    static ALL: OnceLock<HashMap<&str, &str>> = OnceLock::new();
    ALL.get_or_init(|| phrases().collect()).get(english).copied()
}

/// All of them.
pub(super) fn phrases() -> impl Iterator<Item = (&'static str, &'static str)> {
    blocks(PHRASES)
}

/// Messages of other rooms and their translations, with `{NAME}`s.
pub(super) fn messages() -> impl Iterator<Item = (&'static str, &'static str)> {
    MESSAGES.iter().flat_map(|file| blocks(file))
}

/// The first line and the second line of each block.
fn blocks(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    file.trim_end().split("\n\n").filter_map(|block| block.split_once('\n'))
}
