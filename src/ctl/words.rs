//! Text from a host, made fit to be shown: whoever took a host over must not reach the operator's terminal through it.

use hactl_engine::conf::text::nearest::nearest;
use serde_json::Value;

pub use crate::error::plain;

/// What a host printed, as text without control characters: line ends and tabs stay, everything that could move a
/// cursor, set a title, reorder letters or write a clipboard becomes a visible sign.
pub fn clean(bytes: &[u8]) -> String {
    plain(&String::from_utf8_lossy(bytes))
}

/// The same for every string in a JSON document, where `\u001b` hides from [`clean`].
pub fn plain_json(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(plain(&text)),
        Value::Array(items) => items.into_iter().map(plain_json).collect(),
        Value::Object(entries) => entries
            .into_iter()
            .map(|(key, value)| (plain(&key), plain_json(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// The known word most like a misspelt one.
pub fn closest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    nearest(word, known, |name| 2.max(name.len() / 3)) // few words are known, and most of them are short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_but_letters() {
        assert_eq!(clean(b"a\tb\r\nc\n"), "a\tb\nc\n");
        assert_eq!(clean(b"\x1b]52;c;aGk=\x07x"), "␛]52;c;aGk=␇x");
        assert_eq!(clean(b"\xc2\x9b2J\x7f \xff"), "\u{fffd}2J\u{2421} \u{fffd}");
        assert_eq!(plain("a\u{202e}b"), "a\u{fffd}b");
        assert_eq!(clean("Grüße, 中文".as_bytes()), "Grüße, 中文");
    }

    #[test]
    fn escapes_in_json_are_found_too() {
        let value = serde_json::from_str(r#"{"k\u001b": ["\u001b[2J", 7, null, true]}"#).unwrap();
        assert_eq!(plain_json(value), serde_json::json!({"k␛": ["␛[2J", 7, null, true]}));
    }

    #[test]
    fn misspelt_words_find_their_neighbour() {
        assert_eq!(closest("viip", ["vip", "lb", "web"].into_iter()), Some("vip"));
        assert_eq!(closest("vp", ["vip", "lb", "web"].into_iter()), Some("vip"));
        assert_eq!(closest("zzzzzz", ["vip", "lb"].into_iter()), None);
    }
}
