//! Values that stand in nginx's configuration: each is a word of a known kind, or quoted, so that none can end its
//! directive and begin another one.

use super::document::Node;
use super::fields::Reader;
use crate::error::{Code, Problem};

/// Text as one argument of a directive, between double quotes; nginx's variables in it stay variables.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Whether text can stand between quotes: nginx's files know no escapes for other control characters.
fn is_printable(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control)
}

/// A value quoted, whatever it is.
pub fn directive_value(reader: &Reader<'_>, node: &Node, what: &str, text: &str) -> Option<String> {
    if is_printable(text) {
        return Some(quoted(text));
    }
    let problem = Problem::new(
        Code::WrongValue,
        format!("{what} `{}` is empty or has control characters", text.escape_default()),
    )
    .why("it stands in nginx's configuration")
    .next("write it on one line");
    reader.wrong(node.place, problem);
    None
}

/// A value of a fixed form, given by an example of it.
pub fn shaped(
    reader: &Reader<'_>,
    node: &Node,
    what: &str,
    fits: impl Fn(&str) -> bool,
    example: &str,
) -> Option<String> {
    let text = reader.text(node, what)?;
    if fits(text) {
        return Some(text.to_owned());
    }
    let problem =
        Problem::new(Code::WrongValue, format!("{what} `{}` is not of the form {example}", text.escape_default()))
            .why("it stands in nginx's configuration")
            .next(format!("write it like `{what}: {example}`"));
    reader.wrong(node.place, problem);
    None
}

/// `300m`, `32k`, `1g`, `0`.
pub fn size(reader: &Reader<'_>, node: &Node, what: &str) -> Option<String> {
    shaped(reader, node, what, is_size, "300m")
}

/// See [`size`].
pub fn is_size(text: &str) -> bool {
    let digits = text.trim_end_matches(['k', 'K', 'm', 'M', 'g', 'G']);
    text.len() - digits.len() <= 1 && is_number(digits)
}

/// `10s`, `5m`, `30d`.
pub fn is_time(text: &str) -> bool {
    let digits = text.trim_end_matches(['s', 'm', 'h', 'd', 'w', 'M', 'y']);
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    unit.len() <= 1 && is_number(digits) || text.strip_suffix("ms").is_some_and(is_number)
}

/// Digits alone.
pub fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() < 10 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A list of words, each one of these.
pub fn words(reader: &Reader<'_>, node: &Node, what: &'static str, known: &[&'static str]) -> Vec<String> {
    let items = reader.list(node).into_iter();
    items.filter_map(|item| reader.one_of(item, what, known)).map(str::to_owned).collect()
}

/// Lines of nginx's own, as they are: nginx judges them with everything else. `None` where they are none.
pub fn lines(reader: &Reader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node, "lines")?;
    let odd = |c: char| c.is_control() && c != '\n' && c != '\t';
    if text.chars().any(odd) {
        let problem =
            Problem::new(Code::WrongValue, "lines have control characters").why("they stand in nginx's configuration");
        reader.wrong(node.place, problem.next("write them like `lines: |` with nginx's directives below it"));
        return None;
    }
    Some(text.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_apart() {
        for (text, is, as_time) in [
            ("0", true, true),
            ("32k", true, false),
            ("5m", true, true),
            ("30d", false, true),
            ("10ms", false, true),
            ("", false, false),
            ("m", false, false),
            ("5mm", false, false),
            ("5 m", false, false),
            ("-1", false, false),
            ("1;", false, false),
        ] {
            assert_eq!((is_size(text), is_time(text)), (is, as_time), "{text}");
        }
        assert_eq!(quoted(r#"a"b\.c"#), r#""a\"b\\.c""#);
    }
}
