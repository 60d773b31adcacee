//! Where a line ends: comments, the backslash that joins lines of a definition, and braces that begin a line of their
//! own.

use super::draft::{Draft, comment, marks};
use super::include::keyword;
use super::sequence::Repeat;
use super::variable::definition;

/// Whether the next line belongs to this one: it ends in a backslash, before its comment or at the end of it.
pub(super) fn continues(line: &str) -> bool {
    ends_in_backslash(line) || ends_in_backslash(&uncommented(line))
}

/// A line of a definition without its comment and without the backslash that joins it to the next.
pub(super) fn content(line: &str) -> String {
    without_backslash(&uncommented(line)).to_owned()
}

/// The text before a backslash at its end.
pub(super) fn without_backslash(line: &str) -> &str {
    let trimmed = line.trim_end_matches(|c: char| c.is_ascii_whitespace());
    trimmed.strip_suffix('\\').unwrap_or(trimmed)
}

/// Whether anything has to be expanded in a line.
pub(super) fn is_special(line: &str) -> bool {
    // What stands behind a brace may be a line of its own kind, too.
    line.contains('$')
        || line.split(['{', '}']).any(|part| {
            let start = part.trim_start_matches(|c: char| c.is_ascii_whitespace());
            start.starts_with(['@', '~']) || start.starts_with("include")
        })
}

/// Just behind the first brace that a line of its own kind stands behind: `virtual_ipaddress { ~SEQ(…) …`.
pub(super) fn directive_behind_brace(draft: &Draft) -> Option<usize> {
    // Most lines have none, and each is asked several times: a quick look first.
    let mut brace = false;
    let near = draft.chars.iter().any(|c| {
        let first = brace && matches!(c, '@' | '~' | '$' | 'i');
        brace = matches!(c, '{' | '}') || (brace && c.is_ascii_whitespace());
        first
    });
    if !near {
        return None;
    }
    braces(draft).map(|(at, _)| at + 1).find(|behind| {
        let blanks = draft.chars.iter().skip(*behind).take_while(|c| c.is_ascii_whitespace()).count();
        let start = behind + blanks;
        draft.has(start, "@")
            || definition(draft, start).is_some()
            || Repeat::keyword(&draft.text(start, start + 6)).is_some()
            || keyword(&draft.text(start, draft.word_end(start))).is_some()
    })
}

/// The `}` that ends the block which the text from `from` on stands in.
pub(super) fn block_end(draft: &Draft, from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, mark) in braces(draft).filter(|(at, _)| *at >= from) {
        match mark {
            '{' => depth += 1,
            _ if depth == 0 => return Some(at),
            _ => depth -= 1,
        }
    }
    None
}

fn braces(draft: &Draft) -> impl Iterator<Item = (usize, char)> {
    marks(&draft.chars).take_while(|(_, mark)| !matches!(mark, '#' | '!')).filter(|(_, mark)| matches!(mark, '{' | '}'))
}

fn uncommented(line: &str) -> String {
    let chars: Vec<char> = line.chars().collect();
    chars.iter().take(comment(&chars)).collect()
}

fn ends_in_backslash(line: &str) -> bool {
    line.trim_end_matches(|c: char| c.is_ascii_whitespace()).ends_with('\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backslash_joins_before_its_comment_and_behind_it() {
        for (line, joins, rest) in [
            ("a \\", true, "a "),
            ("a \\  # b", true, "a "),
            ("a \\! b", false, "a \\! b"),
            ("a # b \\", true, "a"),
            ("# b \\", true, ""),
            ("# b", false, ""),
            ("\"a # \\\" b\" \\ ", true, "\"a # \\\" b\" "),
            ("a ${b # c} \\ ! d", true, "a ${b # c} "),
            ("", false, ""),
        ] {
            assert_eq!((continues(line), content(line).as_str()), (joins, rest), "{line}");
        }
    }

    #[test]
    fn braces_begin_lines_of_their_own_kind() {
        let behind = |text: &str| directive_behind_brace(&Draft::new(text));
        assert_eq!(behind("a { ~SEQ(N,1,2) ${N} }"), Some(3));
        assert_eq!(behind("a } include b"), Some(3));
        assert_eq!(behind("a {@b c"), Some(3));
        assert_eq!(behind("a { b } { $C=d"), Some(9));
        for none in
            ["a { b", "a { $B }", "a ${include} b", "a \"{ @b\" c", "a # { @b", "a { includes", "~LST({A,B},{1,2}) b"]
        {
            assert_eq!(behind(none), None, "{none}");
        }
        assert_eq!(block_end(&Draft::new("a { b { c } d } e"), 3), Some(14));
        assert_eq!(block_end(&Draft::new("b { c } # }"), 0), None);
    }
}
