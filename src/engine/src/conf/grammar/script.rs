//! Script strings to argument vectors, as keepalived makes them: the word after the keyword is the whole command,
//! its quotes removed and its escapes read; then blanks separate arguments and inner quotes keep them together.
//! No shell is involved.

use super::values::surplus;
use crate::conf::config::{Argv, ScriptUser};
use crate::conf::text::lexer::Word;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// `KEYWORD "command …" [user [group]]`.
pub(crate) fn command_and_user(statement: &Statement, sink: &mut Sink<'_>) -> Option<(Argv, Option<ScriptUser>)> {
    let Some((first, rest)) = statement.arguments.split_first() else {
        sink.error(statement.place(), format!("`{}` needs a command", statement.name()));
        return None;
    };
    let command = argv(first, sink)?;
    Some((command, user(statement, rest, sink)))
}

/// `script "command …"`: further words are not part of the command.
pub(crate) fn command(statement: &Statement, sink: &mut Sink<'_>) -> Option<Argv> {
    let Some((first, rest)) = statement.arguments.split_first() else {
        sink.error(statement.place(), format!("`{}` needs a command", statement.name()));
        return None;
    };
    if let Some(extra) = rest.first() {
        let message = format!("`{}` is not part of the command: only the first word is", extra.text);
        sink.warning_help(extra.place, message, "put the command and its arguments in one pair of quotes");
    }
    argv(first, sink)
}

/// `user [group]` at the end of a statement.
pub(crate) fn user(statement: &Statement, words: &[Word], sink: &mut Sink<'_>) -> Option<ScriptUser> {
    let (first, rest) = words.split_first()?;
    surplus(statement, rest.get(1..).unwrap_or_default(), sink);
    Some(ScriptUser { user: first.text.clone(), group: rest.first().map(|word| word.text.clone()) })
}

/// One word to a command and its arguments.
fn argv(word: &Word, sink: &mut Sink<'_>) -> Option<Argv> {
    let text = unescape(word.written.as_deref().unwrap_or(&word.text));
    if text.starts_with("</") {
        sink.warning(word.place, "a command that starts with `<` is run by /bin/sh");
        return Some(vec!["/bin/sh".into(), "-c".into(), text]);
    }
    let Some(arguments) = split(&text) else {
        sink.error_help(word.place, format!("a quote inside `{text}` is not closed; no command is set"), "close it");
        return None;
    };
    if arguments.first().is_none_or(String::is_empty) {
        sink.error(word.place, "the command is empty");
        return None;
    }
    if let Some(shell) = arguments.iter().find(|argument| SHELL_WORDS.contains(&argument.as_str())) {
        let message = format!("`{shell}` reaches the command as an argument: no shell reads it");
        sink.warning_help(word.place, message, "write `/bin/sh -c '…'`, or put it into a script file");
    }
    // A shell's own string may end as it likes.
    let stuck = |argument: &&String| argument.len() > 1 && argument.ends_with(';');
    if let Some(shell) = arguments.iter().find(stuck).filter(|_| !arguments.iter().any(|one| one == "-c")) {
        let message = format!("`{shell}` reaches the command with its `;`: no shell reads it");
        sink.warning_help(word.place, message, "leave the `;` out");
    }
    Some(arguments)
}

/// Removes the quotes of the language and reads its escapes.
fn unescape(raw: &str) -> String {
    let mut text = String::new();
    let mut quote: Option<char> = None;
    let mut rest = raw.chars().peekable();
    while let Some(next) = rest.next() {
        match (next, quote) {
            ('\\', _) => escape(&mut rest, &mut text),
            (mark, Some(open)) if mark == open => quote = None,
            ('"' | '\'', None) => quote = Some(next),
            _ => text.push(next),
        }
    }
    text
}

fn escape(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, text: &mut String) {
    let Some(next) = rest.next() else { return };
    let code = match next {
        'a' => Some(0x07),
        'b' => Some(0x08),
        'E' => Some(0x1b),
        'f' => Some(0x0c),
        'n' => Some(u32::from(b'\n')),
        'r' => Some(u32::from(b'\r')),
        't' => Some(u32::from(b'\t')),
        'v' => Some(0x0b),
        'x' => Some(digits(rest, 16, 2, 0)),
        'c' => rest.next().map(|control| u32::from(control) & 0x1f),
        '0'..='7' => Some(digits(rest, 8, 2, next.to_digit(8).unwrap_or(0))),
        other => Some(u32::from(other)),
    };
    // A NUL cannot stand in an argument.
    text.extend(code.and_then(char::from_u32).filter(|character| *character != '\0'));
}

fn digits(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, radix: u32, count: usize, start: u32) -> u32 {
    let mut value = start;
    for _ in 0..count {
        let Some(digit) = rest.peek().and_then(|next| next.to_digit(radix)) else { break };
        value = value * radix + digit;
        rest.next();
    }
    value & 0xff
}

/// Blanks separate; `'…'` and `"…"` keep together. `None` when a quote is left open.
pub fn split(text: &str) -> Option<Argv> {
    let mut arguments = Argv::new();
    let mut current: Option<String> = None;
    let mut quote: Option<char> = None;
    for next in text.chars() {
        match (next, quote) {
            (mark, Some(open)) if mark == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(next);
                current.get_or_insert_default();
            }
            (blank, None) if blank.is_ascii_whitespace() => arguments.extend(current.take()),
            _ => current.get_or_insert_default().push(next),
        }
    }
    arguments.extend(current);
    quote.is_none().then_some(arguments)
}

/// Words that only a shell would understand.
const SHELL_WORDS: &[&str] = &["|", "||", "&&", "&", ";", ">", ">>", "<", "2>", "2>&1", ">/dev/null", "2>/dev/null"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conf::text::place::Place;

    fn read(raw: &str) -> (Option<Argv>, usize) {
        let mut sink = Sink::new("t");
        let place = Place { line: 1, column: 1, length: 1 };
        let found = argv(&Word { text: String::new(), written: Some(raw.into()), place }, &mut sink);
        (found, sink.finish().len())
    }

    fn words(raw: &str) -> Vec<String> {
        read(raw).0.unwrap()
    }

    // The expected vectors are what keepalived 2.2.7 prints for these strings in its configuration dump.
    #[test]
    fn arguments_split_as_keepalived_splits_them() {
        assert_eq!(words(r#""/bin/echo a 'b c' d""#), ["/bin/echo", "a", "b c", "d"]);
        assert_eq!(words(r#"'/bin/sh -c "a b" x'"#), ["/bin/sh", "-c", "a b", "x"]);
        assert_eq!(words(r#""/bin/echo \x41\t\"q r\"""#), ["/bin/echo", "A", "q r"]);
        assert_eq!(words(r#""/bin/echo a # b | c""#), ["/bin/echo", "a", "#", "b", "|", "c"]);
        assert_eq!(words("/bin/echo"), ["/bin/echo"]);
    }

    #[test]
    fn escapes_of_every_kind_are_read() {
        assert_eq!(words(r#""/x '\101\x2f\cA\E\q\n'""#), ["/x", "A/\u{1}\u{1b}q\n"]);
        assert_eq!(words(r#""/x 'a\0b' ''""#), ["/x", "ab", ""]);
    }

    #[test]
    fn what_a_shell_would_read_is_told() {
        assert_eq!(read(r#""/usr/bin/pgrep nginx | wc -l""#).1, 1);
        assert_eq!(words(r#""</dev/tcp/127.0.0.1/80""#), ["/bin/sh", "-c", "</dev/tcp/127.0.0.1/80"]);
    }

    #[test]
    fn a_semicolon_at_the_end_is_told() {
        assert_eq!((words(r#""/usr/bin/logger up;""#)[1].as_str(), read(r#""/usr/bin/logger up;""#).1), ("up;", 1));
        assert_eq!(read(r#""/x;""#).1, 1);
        assert_eq!(read(r#""/bin/sh -c 'logger up;'""#).1, 0);
        assert_eq!(read(r#""/usr/bin/logger 'a;b'""#).1, 0);
    }

    #[test]
    fn an_open_inner_quote_sets_no_command() {
        assert_eq!(read(r#""/bin/echo it's""#), (None, 1));
        assert_eq!(read(r#""""#), (None, 1));
    }
}
