//! Lines to words and braces, each with its exact place.
//!
//! The language is made of lines. `#` and `!` start a comment anywhere outside quotes, `'…'` and `"…"` group
//! characters, a backslash at the end of a line joins it to the next one.

use std::collections::VecDeque;

use super::place::Place;
use super::sink::Sink;

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

/// Cuts lines into pieces, as they are asked for. Never fails: what cannot be read is reported and left out.
pub struct Lexer<I> {
    lines: I,
    number: usize,
    /// Characters of one line; one room for all.
    chars: Vec<char>,
    /// Cut, and not taken yet.
    ready: VecDeque<Piece>,
    /// Whether a line that held something has not ended.
    open: bool,
}

impl<'l, I: Iterator<Item = &'l str>> Lexer<I> {
    /// Nothing is read yet.
    pub fn new(lines: I) -> Self {
        Self { lines, number: 0, chars: Vec::new(), ready: VecDeque::new(), open: false }
    }

    /// The same for lines that begin further down: the first of these has the number after `number`.
    pub fn after(number: usize, lines: I) -> Self {
        Self { number, ..Self::new(lines) }
    }

    /// Passes over a block whose `{` was taken, up to and with its `}`, without making words of it. `false` when the
    /// text ends first.
    pub(crate) fn pass_over(&mut self, sink: &mut Sink<'_>) -> bool {
        let mut depth = 1_usize;
        while let Some(piece) = self.ready.pop_front() {
            match piece {
                Piece::Open(_) => depth += 1,
                Piece::Close(_) => depth = depth.saturating_sub(1),
                Piece::Word(_) | Piece::End => {}
            }
            if depth == 0 {
                return true;
            }
        }
        for text in self.lines.by_ref() {
            self.number += 1;
            let Some(behind) = braces(text.as_bytes(), &mut depth) else { continue };
            self.chars.clear();
            self.chars.extend(text.chars());
            let at = text.get(..behind).map_or(0, |before| before.chars().count());
            let ended = Line { chars: &self.chars, at, number: self.number }.cut(&mut self.ready, sink);
            self.open = !ended;
            if ended {
                self.ready.push_back(Piece::End);
            }
            return true;
        }
        false
    }

    /// Takes the next piece.
    pub fn next(&mut self, sink: &mut Sink<'_>) -> Option<Piece> {
        self.fill(1, sink);
        self.ready.pop_front()
    }

    /// The next pieces, at least `count` where there are as many.
    pub fn ahead(&mut self, count: usize, sink: &mut Sink<'_>) -> impl Iterator<Item = &Piece> {
        self.fill(count, sink);
        self.ready.iter()
    }

    fn fill(&mut self, count: usize, sink: &mut Sink<'_>) {
        while self.ready.len() < count {
            let Some(line) = self.lines.next() else {
                if std::mem::take(&mut self.open) {
                    self.ready.push_back(Piece::End);
                }
                return;
            };
            self.number += 1;
            self.chars.clear();
            self.chars.extend(line.chars());
            let before = self.ready.len();
            let ended = Line { chars: &self.chars, at: 0, number: self.number }.cut(&mut self.ready, sink);
            self.open |= self.ready.len() > before;
            if ended && std::mem::take(&mut self.open) {
                self.ready.push_back(Piece::End);
            }
        }
    }
}

struct Line<'l> {
    chars: &'l [char],
    at: usize,
    number: usize,
}

impl Line<'_> {
    /// Whether the line ends here: a backslash joins it to the next one.
    fn cut(mut self, pieces: &mut VecDeque<Piece>, sink: &mut Sink<'_>) -> bool {
        while let Some(next) = self.peek() {
            match next {
                '#' | '!' => break,
                '{' => {
                    pieces.push_back(Piece::Open(self.place(self.at, 1)));
                    self.at += 1;
                }
                '}' => {
                    pieces.push_back(Piece::Close(self.place(self.at, 1)));
                    self.at += 1;
                }
                '\\' if self.only_blanks_after(self.at + 1) => return false,
                blank if blank.is_ascii_whitespace() => self.at += 1,
                _ => pieces.push_back(Piece::Word(self.word(sink))),
            }
        }
        true
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

/// Just behind the brace of a line that makes `depth` 0, if one does; sees the same braces as [`Line::cut`].
fn braces(line: &[u8], depth: &mut usize) -> Option<usize> {
    let only_blanks = |from: usize| line.iter().skip(from).all(u8::is_ascii_whitespace);
    let mut quote = None;
    let mut at = 0;
    while let Some(next) = line.get(at).copied() {
        at += 1;
        match (next, quote) {
            (b'\\', _) if quote.is_some() || !only_blanks(at) => at += 1,
            (mark, Some(open)) if mark == open => quote = None,
            (_, Some(_)) => {}
            (b'"' | b'\'', None) => quote = Some(next),
            (b'#' | b'!', None) => return None,
            (b'$', None) if line.get(at) == Some(&b'{') => {
                let length = line.iter().skip(at).position(|byte| *byte == b'}');
                at = length.map_or(line.len(), |length| at + length + 1);
            }
            (b'{', None) => *depth += 1,
            (b'}', None) => {
                *depth = depth.saturating_sub(1);
                if *depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// Means nothing but itself, wherever it stands in a word.
fn is_plain(c: char) -> bool {
    !c.is_ascii_whitespace() && !matches!(c, '"' | '\'' | '\\' | '$' | '#' | '!' | '{' | '}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lex<'l>(lines: impl Iterator<Item = &'l str>, sink: &mut Sink<'_>) -> Vec<Piece> {
        let mut lexer = Lexer::new(lines);
        std::iter::from_fn(|| lexer.next(sink)).collect()
    }

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
    fn a_block_is_passed_over_up_to_its_own_brace() {
        for (text, after) in [
            ("a {\n b { c } }\nd", "d"),
            ("a { b }\n } d", "d"),
            ("a {\n b \"}\" '}' \\} ${X} # }\n ! }\n c { \\\n }\n} d } e", "d"),
            ("a {\n é \"ü }\" } d", "d"),
            ("a {\n {{{ } } } } d", "d"),
        ] {
            let mut sink = Sink::new("t");
            let mut lexer = Lexer::new(text.split('\n'));
            while !matches!(lexer.next(&mut sink), Some(Piece::Open(_))) {}
            assert!(lexer.pass_over(&mut sink), "{text}");
            let rest: Vec<Piece> = std::iter::from_fn(|| lexer.next(&mut sink)).collect();
            let word = rest.iter().find_map(|piece| if let Piece::Word(word) = piece { Some(word) } else { None });
            assert_eq!(word.map(|word| word.text.as_str()), Some(after), "{text}");
            // The same place as where nothing is passed over.
            let all = lex(text.split('\n'), &mut Sink::new("t"));
            assert!(word.is_some_and(|word| all.contains(&Piece::Word(word.clone()))), "{text}");
        }
        let mut lexer = Lexer::new("a {\n b }".lines().take(1));
        let mut sink = Sink::new("t");
        while !matches!(lexer.next(&mut sink), Some(Piece::Open(_))) {}
        assert!(!lexer.pass_over(&mut sink));
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
