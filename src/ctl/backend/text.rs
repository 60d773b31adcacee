//! Where things stand in the text of an inventory: the ends of scalars, the parts of `{…}` and `[…]`, the lines of a
//! block. The parser says where things begin; what it takes for something else than is found here is refused, never
//! guessed.

use std::ops::Range;

use crate::ctl::inventory::document::Place;

/// A text and the beginnings of its lines, in bytes.
pub struct Text<'t> {
    /// All of it.
    pub all: &'t str,
    lines: Vec<usize>,
}

/// The parts of a `{…}` or `[…]`.
#[derive(Debug, PartialEq, Eq)]
pub struct Flow {
    /// Behind the opening bracket.
    pub inside: usize,
    /// The closing bracket.
    pub close: usize,
    /// What stands between commas, without blanks and comments around it.
    pub parts: Vec<Range<usize>>,
    /// The commas; one more than gaps between parts where the last part has one, too.
    pub commas: Vec<usize>,
}

impl<'t> Text<'t> {
    /// Finds the lines.
    pub fn new(all: &'t str) -> Self {
        let lines = std::iter::once(0).chain(all.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { all, lines }
    }

    /// The byte at a place.
    pub fn offset(&self, place: Place) -> Option<usize> {
        let begin = *self.lines.get(place.line().checked_sub(1)?)?;
        let rest = self.all.get(begin..)?;
        let column = place.column().checked_sub(1)?;
        rest.char_indices().map(|(at, _)| at).chain([rest.len()]).nth(column).map(|at| begin + at)
    }

    /// What begins here.
    pub fn from(&self, at: usize) -> &'t str {
        self.all.get(at..).unwrap_or_default()
    }

    /// Where the line of a byte begins.
    pub fn line_begin(&self, at: usize) -> usize {
        self.all.get(..at).and_then(|text| text.rfind('\n')).map_or(0, |newline| newline + 1)
    }

    /// The newline that ends the line of a byte, or the end of the text.
    pub fn line_end(&self, at: usize) -> usize {
        self.from(at).find('\n').map_or(self.all.len(), |newline| at + newline)
    }

    /// What stands before a byte in its line.
    pub fn before(&self, at: usize) -> &'t str {
        self.all.get(self.line_begin(at)..at).unwrap_or_default()
    }

    /// The end of a scalar that begins here and stands in one line. Anchors, aliases, tags and blocks of text are none.
    pub fn scalar_end(&self, at: usize, in_flow: bool) -> Option<usize> {
        let rest = self.from(at);
        match rest.chars().next()? {
            quote @ ('"' | '\'') => Some(at + quoted(rest, quote)?),
            '&' | '*' | '!' | '|' | '>' | '%' | '@' | '`' | '{' | '[' => None,
            _ => Some(at + plain(rest, in_flow)),
        }
    }

    /// The parts of the `{…}` or `[…]` that begins here.
    pub fn flow(&self, at: usize) -> Option<Flow> {
        let rest = self.from(at);
        let mut flow = Flow { inside: at + 1, close: at, parts: Vec::new(), commas: Vec::new() };
        let (mut depth, mut part) = (0_usize, None::<Range<usize>>);
        let mut fresh = true; // a word may begin here: quotes count
        let mut skip = 0;
        for (place, letter) in rest.char_indices() {
            if place < skip {
                continue;
            }
            let (here, mut end) = (at + place, at + place + letter.len_utf8());
            match letter {
                '#' if fresh && place > 0 => {
                    skip = rest.get(place..)?.find('\n').map_or(rest.len(), |newline| place + newline);
                    continue;
                }
                '"' | '\'' if fresh => {
                    skip = place + quoted(rest.get(place..)?, letter)?;
                    end = at + skip;
                }
                '{' | '[' => {
                    depth += 1;
                    if depth == 1 {
                        continue;
                    }
                }
                '}' | ']' => {
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        flow.close = here;
                        flow.parts.extend(part);
                        return Some(flow);
                    }
                }
                ',' if depth == 1 => {
                    flow.parts.push(part.take()?);
                    flow.commas.push(here);
                    fresh = true;
                    continue;
                }
                _ => {}
            }
            fresh = letter.is_whitespace() || matches!(letter, '{' | '[' | ',' | ':');
            if !letter.is_whitespace() {
                part = Some(part.map_or(here, |part| part.start)..end);
            }
        }
        None
    }

    /// The end of a block that begins in the line of a byte: behind the newline of its last line. To it belong the
    /// lines that are further in than `indent`, in columns; blank lines and comments behind the last of them do not.
    pub fn block_end(&self, at: usize, indent: usize) -> usize {
        let mut end = self.behind_line(at);
        let mut next = end;
        while next < self.all.len() {
            let line = self.all.get(next..self.line_end(next)).unwrap_or_default();
            let behind = self.behind_line(next);
            let word = line.trim_start();
            if !word.is_empty() {
                if line.len() - word.len() <= indent && !word.starts_with('#') {
                    break;
                }
                if line.len() - word.len() > indent {
                    end = behind;
                }
            }
            next = behind;
        }
        end
    }

    /// Behind the newline of a line.
    pub fn behind_line(&self, at: usize) -> usize {
        (self.line_end(at) + 1).min(self.all.len())
    }
}

/// Bytes of a plain scalar.
fn plain(text: &str, in_flow: bool) -> usize {
    let mut end = 0;
    let mut letters = text.char_indices().peekable();
    let mut blank = false;
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        let ends = match letter {
            '\n' | '\r' => true,
            '#' => blank,
            ':' => {
                next.is_none_or(|next| next.is_whitespace() || (in_flow && matches!(next, ',' | '{' | '}' | '[' | ']')))
            }
            ',' | '{' | '}' | '[' | ']' => in_flow,
            _ => false,
        };
        if ends {
            break;
        }
        blank = letter.is_whitespace();
        if !blank {
            end = at + letter.len_utf8();
        }
    }
    end
}

/// Bytes of a quoted scalar, quotes included.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' if quote == '"' => drop(letters.next()),
            '\'' if quote == '\'' && letters.peek().is_some_and(|(_, next)| *next == '\'') => drop(letters.next()),
            _ if letter == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_end() {
        for (text, in_flow, wanted) in [
            ("10.0.0.7 # seven", false, "10.0.0.7"),
            ("10.0.0.7, x", true, "10.0.0.7"),
            ("a, b\n", false, "a, b"),
            ("web-7:8080: { x }", true, "web-7:8080"),
            ("web-7:8080:\n", false, "web-7:8080"),
            ("2001:db8::1 }", true, "2001:db8::1"),
            ("a#b #c", false, "a#b"),
            ("'it''s' # x", false, "'it''s'"),
            (r#""a\"b" x"#, true, r#""a\"b""#),
        ] {
            let end = Text::new(text).scalar_end(0, in_flow).unwrap();
            assert_eq!(&text[..end], wanted);
        }
        for text in ["&a 1", "*a", "!x y", "|\n x", "\"open"] {
            assert_eq!(Text::new(text).scalar_end(0, false), None, "{text}");
        }
    }

    #[test]
    fn the_parts_of_a_flow() {
        let parts = |text: &str| -> Option<Vec<String>> {
            let flow = Text::new(text).flow(0)?;
            assert!(text[flow.close..].starts_with(['}', ']']), "{text}");
            Some(flow.parts.iter().map(|part| text[part.clone()].to_owned()).collect())
        };
        assert_eq!(parts("{ a: 1, b: { c: [1, 2] } } x").unwrap(), ["a: 1", "b: { c: [1, 2] }"]);
        assert_eq!(parts("{}").unwrap(), Vec::<String>::new());
        assert_eq!(parts("[a, # one, two ]\n  'b, ]', it's,\n]").unwrap(), ["a", "'b, ]'", "it's"]);
        assert_eq!(
            parts("{ web-7:8080: { down: yes }, \"a\": 1 }").unwrap(),
            ["web-7:8080: { down: yes }", "\"a\": 1"]
        );
        assert_eq!(parts("[ä, b]").unwrap(), ["ä", "b"]);
        assert_eq!(parts("{ a: 1"), None);
    }

    #[test]
    fn the_lines_of_a_block() {
        let text = "web:\n  a: 1\n  b:\n    c: 2\n\n    # deep\n  # of nobody\n\nx: 1";
        let block = |at: &str, indent| {
            let from = text.find(at).unwrap();
            let whole = Text::new(text);
            &text[whole.line_begin(from)..whole.block_end(from, indent)]
        };
        assert_eq!(block("a: 1", 2), "  a: 1\n");
        assert_eq!(block("  b:", 2), "  b:\n    c: 2\n\n    # deep\n");
        assert_eq!(block("x:", 0), "x: 1");
    }
}
