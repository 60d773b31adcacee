//! The contents of files on a host, for who compares them: all of them in one round trip, none of them without end.

use crate::ctl::host::Script;
use crate::ctl::look::observe::sections;

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// A file with this text, without control characters.
    Text(String),
    /// A link to there.
    Link(String),
    /// A file of so many bytes that is no text.
    Binary(u64),
    /// A file of so many bytes, more than are fetched.
    Long(u64),
}

/// Adds the question for these files, which [`parse`] reads the answer of.
pub fn ask<'p>(script: Script, paths: impl IntoIterator<Item = &'p str>) -> Script {
    script.call("contents", paths)
}

/// What is at each of so many paths, in the order asked for.
pub fn parse(text: &str, paths: usize) -> Vec<Found> {
    let sections = sections(text);
    (0..paths)
        .map(|n| sections.get(format!("content {n}").as_str()).map_or(Found::Nothing, |lines| found(lines)))
        .collect()
}

fn found(lines: &[&str]) -> Found {
    let Some((kind, rest)) = lines.split_first() else { return Found::Nothing };
    let (kind, word) = kind.split_once(' ').unwrap_or((kind, ""));
    let bytes = word.parse().unwrap_or_default();
    match kind {
        "link" => Found::Link(word.to_owned()),
        "long" => Found::Long(bytes),
        "text" => {
            // A line that is not behind a blank ends the last one.
            let lines =
                rest.iter().map(|line| line.strip_prefix(' ').map_or("\n".to_owned(), |line| format!("\n{line}")));
            let text = lines.collect::<String>().split_off(usize::from(!rest.is_empty()));
            // What has replaced a byte that is no letter.
            if text.contains(['\u{2400}', '\u{fffd}']) { Found::Binary(bytes) } else { Found::Text(text) }
        }
        _ => Found::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_s_files_are_told_apart() {
        let text = "@@content 0\ntext 7\n a\n @@b\n\n@@content 1\n@@content 2\nlink /etc/y z\n@@content 3\nlong 5000000\n\
                    @@content 4\ntext 1\n a\n@@content 5\ntext 3\n a\u{2400}\n@@content 6\ntext 0\n\n";
        let found = parse(text, 8);
        let text = |text: &str| Found::Text(text.into());
        assert_eq!(
            found,
            [
                text("a\n@@b\n"),
                Found::Nothing,
                Found::Link("/etc/y z".into()),
                Found::Long(5_000_000),
                text("a"),
                Found::Binary(3),
                text(""),
                Found::Nothing
            ]
        );
    }
}
