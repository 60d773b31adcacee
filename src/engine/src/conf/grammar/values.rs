//! One statement's arguments to one value: numbers in their range, times, switches, addresses.
//!
//! Each reader reports what is wrong and returns `None`; the caller then keeps its default.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::conf::text::lexer::Word;
use crate::conf::text::place::Place;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;
use crate::wire::vrrp::Version;

/// The single argument of a statement.
pub(crate) fn single<'s>(statement: &'s Statement, sink: &mut Sink<'_>) -> Option<&'s Word> {
    let Some((first, rest)) = statement.arguments.split_first() else {
        sink.error(statement.place(), format!("`{}` needs a value", statement.name()));
        return None;
    };
    surplus(statement, rest, sink);
    Some(first)
}

/// Names arguments that nothing reads. A warning: keepalived passes over them without a word.
pub(crate) fn surplus(statement: &Statement, rest: &[Word], sink: &mut Sink<'_>) {
    if let Some(extra) = rest.first() {
        let message = format!("`{}` is not read: `{}` is already complete", extra.text, statement.name());
        sink.warning_help(extra.place, message, "put each setting on a line of its own");
    }
}

/// The last arm of a reader: a keyword that the table calls supported, and that no arm above reads. A test goes through
/// all supported keywords, so this is never seen by users.
pub(crate) fn unread(statement: &Statement, sink: &mut Sink<'_>) {
    sink.error(statement.place(), format!("`{}` is known, but nothing reads it; ignored", statement.name()));
}

/// A keyword that stands alone.
pub(crate) fn flag(statement: &Statement, sink: &mut Sink<'_>) {
    surplus(statement, &statement.arguments, sink);
}

/// A keyword that may be followed by a switch word; on when it stands alone.
pub(crate) fn switch(statement: &Statement, sink: &mut Sink<'_>) -> Option<bool> {
    let Some((word, rest)) = statement.arguments.split_first() else { return Some(true) };
    surplus(statement, rest, sink);
    match word.text.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" => Some(true),
        "off" | "false" | "no" => Some(false),
        _ => {
            let message = format!("`{} {}` is neither on nor off", statement.name(), word.text);
            // Many of these are flags in keepalived, which does not read what follows.
            sink.warning_help(word.place, message, "write on, off, true, false, yes or no");
            None
        }
    }
}

/// The name in `KEYWORD NAME { … }`.
pub(crate) fn block_name(statement: &Statement, sink: &mut Sink<'_>) -> Option<(String, Place)> {
    let Some((name, rest)) = statement.arguments.split_first() else {
        let help = format!("write `{} NAME {{ … }}`", statement.name());
        sink.error_help(statement.place(), format!("`{}` needs a name; ignored", statement.name()), help);
        return None;
    };
    surplus(statement, rest, sink);
    Some((name.text.clone(), name.place))
}

/// A switch that keeps `otherwise` when its word cannot be read.
pub(crate) fn switched(line: &Statement, otherwise: bool, sink: &mut Sink<'_>) -> bool {
    switch(line, sink).unwrap_or(otherwise)
}

/// `version` and `vrrp_version`.
pub(crate) fn version(line: &Statement, instead: &str, sink: &mut Sink<'_>) -> Option<Version> {
    integer::<u8>(line, 2..=3, instead, sink).map(|number| if number == 2 { Version::V2 } else { Version::V3 })
}

/// A whole number in `range`; `instead` ends the message: what happens without the value.
pub(crate) fn integer<T>(
    statement: &Statement,
    range: RangeInclusive<T>,
    instead: &str,
    sink: &mut Sink<'_>,
) -> Option<T>
where
    T: TryFrom<i64> + PartialOrd + std::fmt::Display,
{
    let word = single(statement, sink)?;
    let value = word.text.parse::<i64>().ok().and_then(|wide| T::try_from(wide).ok());
    match value {
        Some(value) if range.contains(&value) => Some(value),
        _ => {
            outside(statement, word, &format!("{}..={}", range.start(), range.end()), instead, sink);
            None
        }
    }
}

/// Seconds with an optional fraction, in `range`; `instead` as in [`integer`].
pub(crate) fn seconds(
    statement: &Statement,
    range: RangeInclusive<Duration>,
    instead: &str,
    sink: &mut Sink<'_>,
) -> Option<Duration> {
    let word = single(statement, sink)?;
    match decimal_seconds(&word.text) {
        Some(value) if range.contains(&value) => Some(value),
        _ => {
            let words = format!("{}..={} s", show_seconds(*range.start()), show_seconds(*range.end()));
            outside(statement, word, &words, instead, sink);
            None
        }
    }
}

/// Reports a value outside its range.
fn outside(statement: &Statement, word: &Word, range: &str, instead: &str, sink: &mut Sink<'_>) {
    let name = statement.name();
    let message = format!("`{name} {}` is not in {range}; {instead}", word.text);
    match word.text.trim_end_matches(';') {
        bare if bare.len() < word.text.len() => {
            sink.error_help(word.place, message, "lines do not end in `;` in this language");
        }
        _ if word.text.starts_with('$') => {
            sink.error_help(word.place, message, "it is defined nowhere above: add `$NAME=…` before this line");
        }
        _ => sink.error(word.place, message),
    }
}

/// An address without a prefix length.
pub(crate) fn address(word: &Word, sink: &mut Sink<'_>) -> Option<IpAddr> {
    let parsed = word.text.parse().ok();
    if parsed.is_none() {
        let message = format!("`{}` is not an IP address", word.text);
        match word.text.contains('/') {
            true => sink.error_help(word.place, message, "leave the prefix length out here"),
            false => sink.error(word.place, message),
        }
    }
    parsed
}

/// An interface name the kernel would take.
pub(crate) fn interface(word: &Word, sink: &mut Sink<'_>) -> Option<String> {
    let name = &word.text;
    let fits = (1..=INTERFACE_BYTES_MAX).contains(&name.len());
    if fits && !name.contains(|c: char| c == '/' || c.is_whitespace()) {
        return Some(name.clone());
    }
    sink.error(word.place, format!("`{name}` is no interface name: 1 to {INTERFACE_BYTES_MAX} bytes without `/`"));
    None
}

/// Decimal seconds, exactly; more than nine decimals are cut.
pub(crate) fn decimal_seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) || whole.len() > 10 {
        return None;
    }
    let seconds: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let nanos: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    Some(Duration::new(seconds, nanos.parse().ok()?))
}

/// A duration as the language writes it.
pub(crate) fn show_seconds(duration: Duration) -> String {
    let whole = duration.as_secs();
    match duration.subsec_nanos() {
        0 => whole.to_string(),
        nanos => format!("{whole}.{nanos:09}").trim_end_matches('0').to_owned(),
    }
}

/// Longest time accepted anywhere: a day.
pub(crate) const SECONDS_MAX: Duration = Duration::from_secs(86_400);
/// Largest `rise` and `fall`.
pub(crate) const COUNT_MAX: u32 = 1_000_000;
/// IFNAMSIZ without its closing NUL.
pub(crate) const INTERFACE_BYTES_MAX: usize = 15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_exact_and_survive_a_round_trip() {
        for (text, nanos) in [("0.7", 700_000_000), ("37", 37_000_000_000), (".25", 250_000_000), ("0.01", 10_000_000)]
        {
            let value = decimal_seconds(text).unwrap();
            assert_eq!(value.as_nanos(), nanos, "{text}");
            assert_eq!(decimal_seconds(&show_seconds(value)), Some(value));
        }
        for text in ["", ".", "1s", "-1", "1e3", "99999999999", "1.2.3", "1,5"] {
            assert_eq!(decimal_seconds(text), None, "{text}");
        }
    }
}
