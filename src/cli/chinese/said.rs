//! What is said, in the language that was chosen. A phrase is written in English where it is said; another language is
//! found by it.

use super::catalogue;
use super::language::is_chinese;

/// `said!("{host}: done", host = name)`: as `format!`, in the language that was chosen; in English where the catalogue
/// does not have it. Values are named, and formatted beforehand.
macro_rules! said {
    ($text:literal $(, $name:ident = $value:expr)* $(,)?) => {
        match $crate::cli::chinese::said::translated($text) {
            None => format!($text $(, $name = $value)*),
            Some(other) => $crate::cli::chinese::said::filled(other, &[$((stringify!($name), $value.to_string())),*]),
        }
    };
}
pub(crate) use said;

/// The phrase in another language, if one was chosen that has it.
pub(crate) fn translated(english: &str) -> Option<&'static str> {
    if is_chinese() { catalogue::phrase(english) } else { None }
}

/// A phrase with its values. What is no name of a value stays.
pub(crate) fn filled(phrase: &str, values: &[(&str, String)]) -> String {
    let (mut text, mut rest) = (String::new(), phrase);
    while let Some((before, name, after)) = next_name(rest) {
        text.push_str(before);
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => text.push_str(value),
            None => text.push_str(&format!("{{{name}}}")),
        }
        rest = after;
    }
    text + rest
}

/// A message that another room has worded in English, in the language that was chosen; as it is where the catalogue
/// does not have it.
pub(crate) fn told(english: &str) -> String {
    if is_chinese() { in_chinese(english) } else { english.to_owned() }
}

/// A message in Chinese: of the entries that fit, the one with most text of its own; else each of its parts.
pub(crate) fn in_chinese(english: &str) -> String {
    match best(catalogue::messages(), english) {
        Some((chinese, mut values)) => {
            for (_, value) in values.iter_mut().filter(|(name, _)| SENTENCES.contains(name)) {
                *value = in_chinese(value);
            }
            filled(chinese, &values)
        }
        None => match parts(english) {
            Some((first, rest)) => match (in_chinese(first), in_chinese(rest)) {
                (one, other) if one == first && other == rest => english.to_owned(),
                (one, other) => format!("{one}；{other}"),
            },
            None => english.to_owned(),
        },
    }
}

/// A line that a screen has said in English, in Chinese: found by its words, since what it was made of is gone. Phrases
/// that are hardly more than their values would fit anything.
pub(crate) fn line_in_chinese(english: &str) -> String {
    let line = english.trim_start();
    let known = in_chinese(line);
    let indent = english.strip_suffix(line).unwrap_or_default();
    if known != line {
        return format!("{indent}{known}");
    }
    let tells = |(pattern, _): &(&str, &str)| !(pattern.starts_with('{') && pattern.ends_with('}'));
    match best(catalogue::phrases().filter(tells), line) {
        Some((chinese, mut values)) => {
            for (_, value) in &mut values {
                *value = catalogue::phrase(value).map_or_else(|| in_chinese(value), str::to_owned);
            }
            format!("{indent}{}", filled(chinese, &values))
        }
        // Somebody's name, and what is said of it.
        None => match line.split_once(": ").map(|(name, rest)| (name, rest, in_chinese(rest))) {
            Some((name, rest, told)) if told != rest => format!("{indent}{name}：{told}"),
            _ => english.to_owned(),
        },
    }
}

type Values = Vec<(&'static str, String)>;

/// Of the entries that fit, the one with most text of its own.
fn best(entries: impl Iterator<Item = (&'static str, &'static str)>, english: &str) -> Option<(&'static str, Values)> {
    let fitting = entries.filter_map(|(pattern, chinese)| Some((chinese, matched(pattern, english)?)));
    fitting.min_by_key(|(_, values)| values.iter().map(|(_, value)| value.len()).sum::<usize>())
}

/// Names of values that are words of ours, too, and not somebody's.
const SENTENCES: [&str; 2] = ["why", "place"];

/// What stands before and behind the first semicolon that is not in a command.
fn parts(english: &str) -> Option<(&str, &str)> {
    let is_free = |at: &usize| english.get(..*at).is_some_and(|before| before.matches('`').count() % 2 == 0);
    let at = english.match_indices("; ").map(|(at, _)| at).find(is_free)?;
    Some((english.get(..at)?, english.get(at + 2..)?))
}

/// What stands in a text for the names of a pattern, if it is of that form.
fn matched<'p>(pattern: &'p str, text: &str) -> Option<Vec<(&'p str, String)>> {
    let Some((start, mut name, mut after)) = next_name(pattern) else { return (pattern == text).then(Vec::new) };
    let mut rest = text.strip_prefix(start)?;
    let mut values = Vec::new();
    while let Some((between, next, beyond)) = next_name(after) {
        let (value, left) = rest.split_once(between)?;
        values.push((name, value.to_owned()));
        (name, after, rest) = (next, beyond, left);
    }
    values.push((name, rest.strip_suffix(after)?.to_owned()));
    // What is only a part of a sentence ends with it.
    let fits =
        |(name, value): &(&str, String)| !value.is_empty() && (SENTENCES.contains(name) || !value.contains("; "));
    values.iter().all(fits).then_some(values)
}

/// The text before the first `{NAME}`, the name, and what follows. Other braces are text.
fn next_name(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let open = from + text.get(from..)?.find('{')?;
        let inside = text.get(open + 1..)?;
        let length = inside.find(|c: char| !c.is_ascii_lowercase() && c != '_')?;
        if length > 0 && inside.get(length..)?.starts_with('}') {
            return Some((text.get(..open)?, inside.get(..length)?, inside.get(length + 1..)?));
        }
        from = open + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_values_in_any_order() {
        let values = [("host", "lb-5".to_owned()), ("seconds", "0.7".to_owned())];
        assert_eq!(filled("{seconds} 秒：{host}，{host}", &values), "0.7 秒：lb-5，lb-5");
        assert_eq!(filled("{other} `vip: { a: b }` {}", &values), "{other} `vip: { a: b }` {}");
        let host = "lb-5";
        assert_eq!(said!("{host}: nobody has translated this", host = host), "lb-5: nobody has translated this");
    }

    #[test]
    fn a_message_is_taken_apart() {
        let of = |pattern: &'static str, text: &str| {
            matched(pattern, text).map(|values| values.into_iter().map(|(_, value)| value).collect::<Vec<_>>())
        };
        assert_eq!(of("as it is", "as it is"), Some(vec![]));
        assert_eq!(of("as it is", "as it is not"), None);
        assert_eq!(of("{host}: {a} of {b} s", "lb-5: 37 of 91 s"), Some(vec!["lb-5".into(), "37".into(), "91".into()]));
        assert_eq!(of("{host}: {a} of {b} s", "lb-5: 37 of 91 ms"), None);
        assert_eq!(of("unknown {what}", "unknown "), None);
        assert_eq!(of("add `lb: { {name}: 1 }`", "add `lb: { lb-5: 1 }`"), Some(vec!["lb-5".into()]));
        assert_eq!(in_chinese("unknown field `viip` in the inventory"), "清单里没有这个键：`viip`");
        assert_eq!(in_chinese("known here: a; `x; y` says it; add -y"), "这里可以写：a；`x; y` says it；请加 -y");
        assert_eq!(in_chinese("run: add -y"), "运行：add -y", "a command is somebody's own");
        assert_eq!(in_chinese("nobody has translated this"), "nobody has translated this");
        assert_eq!(line_in_chinese("  lb-6: drained"), "  lb-6：已摘下");
        assert_eq!(
            line_in_chinese("passed: outage 0.7 s, 3 of 91 lost; requests: 1 of 7 lost"),
            "通过：中断 0.7 s，91 个丢了 3 个；请求：7 个丢了 1 个"
        );
        assert_eq!(line_in_chinese("lb-5: started"), "lb-5：已启动");
        assert_eq!(line_in_chinese(" one and another"), " one and another", "a phrase of values alone fits anything");
    }
}
