//! `url`: what is asked for, and which answer is good.

use super::network::host_name;
use super::pattern::PatternLines;
use super::shared::Shared;
use crate::conf::config::lvs::{BasicAuth, StatusSet, Url};
use crate::conf::grammar::keywords::URL;
use crate::conf::grammar::values::{single, surplus};
use crate::conf::grammar::walk::{inside, walk};
use crate::conf::text::lexer::Word;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// Reads a block. Nothing when it has no path, which is reported.
pub(super) fn url(block: &Statement, host: Option<&str>, shared: &mut Shared<'_>, sink: &mut Sink<'_>) -> Option<Url> {
    surplus(block, &block.arguments, sink);
    let mut found = Url {
        path: String::new(),
        host: None,
        status: StatusSet::default(),
        digest: None,
        pattern: None,
        headers: Vec::new(),
        auth: None,
    };
    let mut pattern = PatternLines::default();
    let mut read = |line: &Statement, sink: &mut Sink<'_>| match line.name() {
        "path" => found.path = path(line, sink).unwrap_or_default(),
        "virtualhost" => found.host = single(line, sink).and_then(|word| host_name("virtualhost", word, sink)),
        "status_code" => found.status = status(line, sink).unwrap_or_default(),
        "digest" => found.digest = single(line, sink).and_then(|word| digest(word, sink)),
        "header" => found.headers.extend(header(line, sink)),
        "basic_auth" => found.auth = basic_auth(line, sink).map(Box::new),
        _ => pattern.line(line, sink),
    };
    let lines = inside(block);
    if lines.iter().any(|line| line.name() == "header") {
        // The one line that may be repeated.
        let (headers, others): (Vec<_>, Vec<_>) = lines.iter().cloned().partition(|line| line.name() == "header");
        headers.iter().for_each(|line| read(line, sink));
        walk(&others, &URL, sink, |line, sink| read(line, sink));
    } else {
        walk(lines, &URL, sink, |line, sink| read(line, sink));
    }
    found.pattern = pattern.complete(&mut shared.compiled, sink).map(Box::new);
    found.host = found.host.or_else(|| host.map(str::to_owned));
    if found.path.is_empty() {
        if !lines.iter().any(|line| line.name() == "path") {
            sink.error_help(block.place(), "`url` has no `path`; not asked for", "add `path /`");
        }
        return None;
    }
    Some(found)
}

fn path(line: &Statement, sink: &mut Sink<'_>) -> Option<String> {
    let word = single(line, sink)?;
    let text = &word.text;
    if text.is_empty() || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        let message = "a `path` has no blanks and no control characters; not asked for";
        sink.error_help(word.place, message, "write a blank as `%20`");
        return None;
    }
    if text.starts_with('/') {
        return Some(text.clone());
    }
    let message = format!("`path {text}` does not begin with `/`; `/{text}` is asked for");
    sink.warning(word.place, message);
    Some(format!("/{text}"))
}

/// `CODE`, `FIRST-LAST`, several of them: in order, what touches joined.
fn status(line: &Statement, sink: &mut Sink<'_>) -> Option<StatusSet> {
    if line.arguments.is_empty() {
        sink.error(line.place(), "`status_code` needs a value; 200-299 is used");
    }
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for word in &line.arguments {
        let (first, last) = word.text.split_once('-').unwrap_or((&word.text, &word.text));
        let code = |text: &str| text.parse::<u16>().ok().filter(|code| STATUS.contains(code));
        match (code(first), code(last)) {
            (Some(first), Some(last)) if first <= last => ranges.push((first, last)),
            _ => {
                let message = format!(
                    "`{}` is no status code or range of {}..={}; ignored",
                    word.text,
                    STATUS.start(),
                    STATUS.end()
                );
                sink.error_help(word.place, message, "as in `status_code 200-299 304`");
            }
        }
    }
    ranges.sort_unstable();
    let mut joined: Vec<(u16, u16)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match joined.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
            _ => joined.push((first, last)),
        }
    }
    Some(joined).filter(|joined| !joined.is_empty()).map(StatusSet)
}

fn digest(word: &Word, sink: &mut Sink<'_>) -> Option<[u8; 16]> {
    let digits: Option<Vec<u8>> =
        word.text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let mut sum = [0; 16];
    match digits {
        Some(digits) if digits.len() == 32 => {
            for (byte, pair) in sum.iter_mut().zip(digits.chunks(2)) {
                *byte = pair.iter().fold(0, |byte, digit| byte << 4 | digit);
            }
            Some(sum)
        }
        _ => {
            let message = format!("`digest {}` is no MD5 sum; the body is not compared", word.text);
            sink.error_help(word.place, message, "32 hexadecimal digits, as `md5sum` prints them");
            None
        }
    }
}

/// `header "Name: value"`.
fn header(line: &Statement, sink: &mut Sink<'_>) -> Option<(String, String)> {
    let word = single(line, sink)?;
    let split = word.text.split_once(':').map(|(name, value)| (name, value.trim()));
    let token = |name: &str| !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || TOKEN.contains(&c));
    match split {
        Some((name, value)) if token(name) && !value.chars().any(char::is_control) => {
            let reserved = RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name));
            if reserved {
                let message = format!("`header` cannot set `{name}`; ignored");
                sink.error_help(
                    word.place,
                    message,
                    "the host is set by `virtualhost`, the connection by `http_protocol`",
                );
                return None;
            }
            Some((name.to_owned(), value.to_owned()))
        }
        _ => {
            // It may be a secret: it stays out of the message.
            sink.error_help(word.place, "this is no header; ignored", "write `header \"Name: value\"`");
            None
        }
    }
}

/// `basic_auth USER FILE`.
fn basic_auth(line: &Statement, sink: &mut Sink<'_>) -> Option<BasicAuth> {
    let help = "write `basic_auth USER /PATH/OF/A/FILE`, with the password as the first line of the file";
    let [user, file, rest @ ..] = line.arguments.as_slice() else {
        sink.error_help(line.place(), "`basic_auth` needs a user and a file; none is sent", help);
        return None;
    };
    surplus(line, rest, sink);
    if user.text.contains(':') || user.text.is_empty() || user.text.chars().any(char::is_control) {
        sink.error(user.place, "a user has no `:` and no control characters; none is sent");
        return None;
    }
    if !file.text.starts_with('/') {
        // It may be the password itself: it stays out of the message.
        sink.error_help(file.place, "the second word is no path from the root; no user is sent", help);
        return None;
    }
    Some(BasicAuth { user: user.text.clone(), password_file: file.text.clone() })
}

/// Status codes there are.
const STATUS: std::ops::RangeInclusive<u16> = 100..=599;
/// What a field name may hold beside letters and digits (RFC 9110 §5.6.2).
const TOKEN: &[u8] = b"!#$%&'*+-.^_`|~";
/// What the check itself sets, or what would change where the answer ends.
const RESERVED: &[&str] = &["Host", "Connection", "Content-Length", "Transfer-Encoding"];
