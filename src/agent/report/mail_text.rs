//! The text of a mail: headers that cannot be broken out of, and a body that survives any server.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use data_encoding::BASE64;

use super::error::BadAddress;
use super::wording::Report;

/// A body with longer lines is encoded (RFC 5321 §4.5.3.1.6 allows 998 characters).
const LINE: usize = 900;
/// Bytes in one encoded word, so that it stays under 75 characters (RFC 2047 §2).
const WORD: usize = 42;

/// The address itself, out of `ADDRESS`, `<ADDRESS>` or `Name <ADDRESS>`.
///
/// # Errors
/// It is none that may be put into an SMTP command.
pub(crate) fn address(text: &str) -> Result<String, BadAddress> {
    let inner = text.rsplit_once('<').map_or(text, |(_, rest)| rest.strip_suffix('>').unwrap_or(rest)).trim();
    let clean = inner.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>,;\"()".contains(&byte));
    if inner.is_empty() || !clean || text.contains(char::is_control) || inner.len() > 254 {
        return Err(BadAddress(text.to_owned()));
    }
    Ok(inner.to_owned())
}

/// The whole message, ready for DATA except for the last dot: CRLF line ends, dots doubled.
pub(crate) fn message(from: &str, to: &[String], host_name: &str, report: &Report) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let host: String = host_name.chars().filter(|c| c.is_ascii_alphanumeric() || "-.".contains(*c)).collect();
    let recipients: Vec<String> = to.iter().map(|one| one_line(one)).collect();
    let mut text = String::new();
    let mut header = |name: &str, value: &str| {
        let _ = write!(text, "{name}: {value}\r\n"); // a String takes everything
    };
    header("From", &one_line(from));
    header("To", &recipients.join(",\r\n "));
    header("Subject", &encoded(&one_line(&report.subject)));
    header("Date", &date(report.unix_ms));
    header("Message-ID", &format!("<{}.{}.{count}@{host}>", report.unix_ms, std::process::id()));
    header("Auto-Submitted", "auto-generated"); // RFC 3834: no answering machine shall answer
    header("MIME-Version", "1.0");
    header("Content-Type", "text/plain; charset=utf-8");
    let plain = report.body.is_ascii() && report.body.lines().all(|line| line.len() <= LINE);
    if plain {
        header("Content-Transfer-Encoding", "7bit");
        text.push_str("\r\n");
        for line in report.body.lines() {
            let dot = if line.starts_with('.') { "." } else { "" };
            let clean: String = line.chars().filter(|c| !c.is_control() || *c == '\t').collect();
            let _ = write!(text, "{dot}{clean}\r\n");
        }
    } else {
        header("Content-Transfer-Encoding", "base64");
        text.push_str("\r\n");
        for line in report.body.as_bytes().chunks(57) {
            let _ = write!(text, "{}\r\n", BASE64.encode(line));
        }
    }
    text
}

/// Without anything that could end a header or a command.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// As it is when it is short ASCII, else as encoded words.
fn encoded(text: &str) -> String {
    if text.is_ascii() && text.len() <= LINE && !text.contains("=?") {
        return text.to_owned();
    }
    let mut words = vec![String::new()];
    for character in text.chars() {
        if words.last().is_some_and(|word| word.len() + character.len_utf8() > WORD) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(character);
        }
    }
    let words: Vec<String> =
        words.iter().map(|word| format!("=?utf-8?B?{}?=", BASE64.encode(word.as_bytes()))).collect();
    words.join("\r\n ")
}

fn date(unix_ms: u64) -> String {
    let at = i64::try_from(unix_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let at = at.unwrap_or(jiff::Timestamp::MAX);
    at.to_zoned(jiff::tz::TimeZone::system()).strftime("%a, %d %b %Y %H:%M:%S %z").to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(address("Ops <ops@example.org>"), Ok("ops@example.org".into()));
        assert_eq!(address("root@localhost"), Ok("root@localhost".into()));
        for bad in ["", "a b@c", "a@b\r\nDATA", "ops@пример.рф", "a@b>c"] {
            assert_eq!(address(bad), Err(BadAddress(bad.into())));
        }
    }

    #[test]
    fn no_header_can_be_added() {
        let report = Report {
            unix_ms: 1_700_000_000_123,
            subject: "[lb-5] VI_1\r\nBcc: evil@example.org".into(),
            body: "über\r\n.\r\nQUIT\r\n".into(),
            json: Value::Null,
        };
        let to = vec!["ops@example.org\r\nBcc: x@y".to_owned()];
        let text = message("a@b\nX-Evil: 1", &to, "lb-5\r\nX: 1", &report);
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let names: Vec<&str> = head.lines().filter_map(|line| line.split_once(": ").map(|(name, _)| name)).collect();
        let expected = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version"];
        assert_eq!(names[..7], expected);
        assert_eq!(names.len(), 9, "{head}");
        assert!(body.lines().all(|line| !line.starts_with('.')), "{body}");
        assert!(head.contains("Date: Tue, 14 Nov 2023") || head.contains("Date: Wed, 15 Nov 2023"), "{head}");
    }

    #[test]
    fn words_of_other_languages_are_encoded() {
        assert_eq!(encoded("plain"), "plain");
        assert_eq!(encoded("ü"), "=?utf-8?B?w7w=?=");
        assert!(encoded(&"漢字".repeat(60)).split("\r\n ").all(|word| word.len() <= 75));
    }
}
