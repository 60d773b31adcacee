//! Lines to words and braces, each with its exact place.
//!
//! The language is made of lines. `#` and `!` start a comment anywhere outside quotes, `'…'` and `"…"` group
//! characters, a backslash at the end of a line joins it to the next one.

use super::sink::{Place, Sink};

/// Longer lines are ignored, as keepalived ignores them.
pub const LINE_BYTES_MAX: usize = 1024;

/// One word of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The word without its quotes.
    pub text: String,
    /// The word as written, where that differs: scripts read quotes and escapes with other rules.
    pub written: Option<Box<str>>,
    /// Where it stands.
    pub place: Place,
}

/// What a line is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A word.
    Word(Word),
    /// `{`.
    Open(Place),
    /// `}`.
    Close(Place),
    /// The end of a line that held something.
    End,
}

/// Cuts lines into pieces. Never fails: what cannot be read is reported and left out.
pub fn lex<'l>(lines: impl Iterator<Item = &'l str>, sink: &mut Sink<'_>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut chars: Vec<char> = Vec::new(); // one room for all lines
    for (index, line) in lines.enumerate() {
        chars.clear();
        chars.extend(line.chars());
        Line { chars: &chars, at: 0, number: index + 1 }.cut(&mut pieces, sink);
    }
    end_line(&mut pieces);
    pieces
}

fn end_line(pieces: &mut Vec<Piece>) {
    if !matches!(pieces.last(), None | Some(Piece::End)) {
        pieces.push(Piece::End);
    }
}

struct Line<'l> {
    chars: &'l [char],
    at: usize,
    number: usize,
}

impl Line<'_> {
    fn cut(mut self, pieces: &mut Vec<Piece>, sink: &mut Sink<'_>) {
        while let Some(next) = self.peek() {
            match next {
                '#' | '!' => break,
                '{' => {
                    pieces.push(Piece::Open(self.place(self.at, 1)));
                    self.at += 1;
                }
                '}' => {
                    pieces.push(Piece::Close(self.place(self.at, 1)));
                    self.at += 1;
                }
                '\\' if self.only_blanks_after(self.at + 1) => return, // joined to the next line: no end
                blank if blank.is_ascii_whitespace() => self.at += 1,
                _ => pieces.push(Piece::Word(self.word(sink))),
            }
        }
        end_line(pieces);
    }

    fn word(&mut self, sink: &mut Sink<'_>) -> Word {
        let start = self.at;
        // Most words are plain; they are copied whole.
        let plain = self.chars.iter().skip(start).take_while(|c| is_plain(**c)).count();
        self.at += plain;
        let mut text: String = self.chars.iter().skip(start).take(plain).collect();
        if self.peek().is_none_or(|next| next.is_ascii_whitespace() || matches!(next, '{' | '}')) {
            return Word { text, written: None, place: self.place(start, plain) };
        }
        while let Some(next) = self.peek() {
            match next {
                '"' | '\'' => self.quoted(next, &mut text, sink),
                '\\' if self.only_blanks_after(self.at + 1) => break,
                '\\' => self.escaped(&mut text),
                '$' if self.chars.get(self.at + 1) == Some(&'{') => self.reference(&mut text),
                '#' | '!' => {
                    let place = self.place(self.at, 1);
                    sink.warning_help(
                        place,
                        // The word may be a password: it stays out of the message.
                        format!("`{next}` right after a word starts a comment"),
                        "put the word in quotes to keep what follows, or a blank before the comment",
                    );
                    break;
                }
                '{' | '}' => break,
                blank if blank.is_ascii_whitespace() => break,
                other => {
                    text.push(other);
                    self.at += 1;
                }
            }
        }
        let raw = self.chars.iter().skip(start).take(self.at - start).copied();
        let written = if raw.clone().eq(text.chars()) { None } else { Some(raw.collect()) };
        Word { text, written, place: self.place(start, self.at - start) }
    }

    fn quoted(&mut self, quote: char, text: &mut String, sink: &mut Sink<'_>) {
        let start = self.at;
        self.at += 1;
        while let Some(next) = self.peek() {
            if next == quote {
                self.at += 1;
                return;
            }
            if next == '\\' {
                self.escaped(text);
            } else {
                text.push(next);
                self.at += 1;
            }
        }
        let place = self.place(start, self.at - start);
        sink.error_help(place, format!("{quote} is not closed on this line"), format!("add the closing {quote}"));
    }

    /// A backslash and the character after it. Plain words keep the backslash unless it protects a mark of the
    /// language itself.
    fn escaped(&mut self, text: &mut String) {
        match self.chars.get(self.at + 1) {
            Some(&mark) if matches!(mark, '"' | '\'' | '\\' | '#' | '!' | '{' | '}') => text.push(mark),
            Some(&other) => text.extend(['\\', other]),
            None => text.push('\\'),
        }
        self.at = (self.at + 2).min(self.chars.len());
    }

    /// `${NAME}`: its braces open no block.
    fn reference(&mut self, text: &mut String) {
        while let Some(next) = self.peek() {
            text.push(next);
            self.at += 1;
            if next == '}' {
                return;
            }
        }
    }

    fn only_blanks_after(&self, from: usize) -> bool {
        self.chars.iter().skip(from).all(char::is_ascii_whitespace)
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn place(&self, from: usize, length: usize) -> Place {
        Place::new(self.number, from + 1, length.max(1))
    }
}

/// Means nothing but itself, wherever it stands in a word.
fn is_plain(c: char) -> bool {
    !c.is_ascii_whitespace() && !matches!(c, '"' | '\'' | '\\' | '$' | '#' | '!' | '{' | '}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut sink = Sink::new("t");
        lex(text.split('\n').map(|line| line.trim_end_matches('\r')), &mut sink)
            .into_iter()
            .map(|piece| match piece {
                Piece::Word(word) => word.text,
                Piece::Open(_) => "{".into(),
                Piece::Close(_) => "}".into(),
                Piece::End => ";".into(),
            })
            .collect()
    }

    #[test]
    fn braces_may_stand_anywhere() {
        assert_eq!(words("a{ b }\r\nc\n{\n}"), ["a", "{", "b", "}", ";", "c", ";", "{", ";", "}", ";"]);
    }

    #[test]
    fn comments_end_lines_but_not_quotes() {
        assert_eq!(words("! x\na b # c\nd \"# e !\" 'f #'"), ["a", "b", ";", "d", "# e !", "f #", ";"]);
    }

    #[test]
    fn quotes_glue_to_their_neighbours() {
        assert_eq!(words(r#"abcd" efg h "mn 'x "y'"#), ["abcd efg h mn", "x \"y", ";"]);
        assert_eq!(words(r#"a "b \" c" \#d"#), ["a", "b \" c", "#d", ";"]);
    }

    #[test]
    fn a_variable_reference_opens_no_block() {
        assert_eq!(words("interface ${IF}.7 {"), ["interface", "${IF}.7", "{", ";"]);
    }

    #[test]
    fn a_backslash_joins_lines() {
        assert_eq!(words("a b \\\n c\nd"), ["a", "b", "c", ";", "d", ";"]);
    }

    #[test]
    fn places_count_characters() {
        let mut sink = Sink::new("t");
        let pieces = lex("é  \"ü x\" y".lines(), &mut sink);
        let places: Vec<_> = pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Word(word) => Some((word.place.line, word.place.column, word.place.length)),
                _ => None,
            })
            .collect();
        assert_eq!(places, [(1, 1, 1), (1, 4, 5), (1, 10, 1)]);
    }

    #[test]
    fn a_comment_inside_a_word_is_told() {
        let mut sink = Sink::new("t");
        lex("auth_pass s3cret!".lines(), &mut sink);
        let found = sink.finish();
        assert_eq!(found[0].message, "`!` right after a word starts a comment");
        assert_eq!(found[0].location.as_ref().map(|at| at.column), Some(17));
    }
}
