//! Words and braces to nested statements: `keyword argument… [{ … }]`, one to a line.
//!
//! A balanced file is taken as it stands. Only when the braces do not add up is it read a second time with the
//! keyword table and the indentation as witnesses, so that the brace that is missing is the one that is named.

use super::keywords::ROOT;
use super::recovery::{self, Frame};
use super::schema::Context;
use crate::conf::text::lexer::{Lexer, Piece, Word};
use crate::conf::text::place::Place;
use crate::conf::text::sink::Sink;
use crate::conf::text::source::Source;
use crate::conf::text::statement::{Block, Statement};

/// The blocks that are read one after the other.
const DEFERRED: &str = "virtual_server";
/// Blocks nested deeper are ignored; keepalived's own grammar needs 5.
const DEPTH_MAX: usize = 16;

/// Builds the tree. Never fails: braces that do not match are reported and worked around.
pub(crate) fn grow(source: &Source, sink: &mut Sink<'_>) -> Vec<Statement> {
    let mut first = sink.fork();
    let (statements, balanced) = Grower::new(Lexer::new(source.texts()), Mode::Deferring).run(&mut first);
    if balanced {
        sink.absorb(first);
        return statements;
    }
    drop(statements);
    Grower::new(Lexer::new(source.texts()), Mode::Recovering).run(sink).0
}

/// A statement whose block was deferred, with all that stands in it; `None` for any other.
pub(crate) fn regrow(statement: &Statement, sink: &mut Sink<'_>) -> Option<Statement> {
    let source = sink.source().filter(|_| statement.block.as_ref().is_some_and(|block| block.deferred))?;
    let place = statement.keyword.place;
    let before = place.numbers()[0].checked_sub(1)?;
    let mut lexer = Lexer::after(before, source.texts_from(before));
    // What stands before it on its line has been reported.
    let mut known = sink.fork();
    while !matches!(lexer.ahead(1, &mut known).next()?, Piece::Word(word) if word.place == place) {
        lexer.next(&mut known);
    }
    Grower::new(lexer, Mode::Plain).one(sink)
}

/// How a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Blocks of which there may be very many, and large ones, are passed over: all of them at once would take more
    /// memory than everything else.
    Deferring,
    /// Braces do not add up: keywords and indentation tell where they belong.
    Recovering,
    /// As it stands.
    Plain,
}

struct Grower<I> {
    lexer: Lexer<I>,
    /// What is read and not closed yet: the root's, then each open block's. A block takes its own when it is closed,
    /// and no room that it does not use: large files have many.
    statements: Vec<Statement>,
    frames: Vec<Frame>,
    /// Blocks beyond [`DEPTH_MAX`] that are still open.
    too_deep: usize,
    balanced: bool,
    mode: Mode,
}

impl<'l, I: Iterator<Item = &'l str>> Grower<I> {
    fn new(lexer: Lexer<I>, mode: Mode) -> Self {
        Self { lexer, statements: Vec::new(), frames: Vec::new(), too_deep: 0, balanced: true, mode }
    }

    fn run(mut self, sink: &mut Sink<'_>) -> (Vec<Statement>, bool) {
        while let Some(piece) = self.lexer.next(sink) {
            self.piece(piece, sink);
        }
        self.close_down_to(0, sink);
        (self.statements, self.balanced)
    }

    /// The first statement with a block.
    fn one(mut self, sink: &mut Sink<'_>) -> Option<Statement> {
        while let Some(piece) = self.lexer.next(sink) {
            self.piece(piece, sink);
            let whole = self.frames.is_empty() && self.too_deep == 0;
            if whole && self.statements.last().is_some_and(|last| last.block.is_some()) {
                return self.statements.pop();
            }
        }
        None
    }

    fn piece(&mut self, piece: Piece, sink: &mut Sink<'_>) {
        match piece {
            Piece::End => {}
            Piece::Open(place) => self.open(place, sink),
            Piece::Close(place) => self.close(place, sink),
            Piece::Word(word) => self.statement(word, sink),
        }
    }

    fn statement(&mut self, keyword: Word, sink: &mut Sink<'_>) {
        let is_word = |piece: &&Piece| matches!(piece, Piece::Word(_));
        // Large files have many of these: no room that is not used.
        let mut arguments = Vec::with_capacity(self.lexer.ahead(1, sink).take_while(is_word).count());
        while self.lexer.ahead(1, sink).next().is_some_and(|piece| is_word(&piece)) {
            if let Some(Piece::Word(word)) = self.lexer.next(sink) {
                arguments.push(word);
            }
        }
        if self.too_deep > 0 {
            return;
        }
        if self.mode == Mode::Recovering {
            let has_block = self.block_follows(sink);
            let depth = recovery::depth_of(&self.frames, &keyword, !arguments.is_empty(), has_block);
            self.close_down_to(depth, sink);
        }
        self.statements.push(Statement { keyword, arguments, block: None });
    }

    /// A `{` on this line or alone at the start of the next.
    fn block_follows(&mut self, sink: &mut Sink<'_>) -> bool {
        let mut ahead = self.lexer.ahead(2, sink);
        matches!((ahead.next(), ahead.next()), (Some(Piece::Open(_)), _) | (Some(Piece::End), Some(Piece::Open(_))))
    }

    fn open(&mut self, place: Place, sink: &mut Sink<'_>) {
        if self.too_deep > 0 || self.frames.len() >= DEPTH_MAX {
            if self.too_deep == 0 {
                sink.error(place, format!("blocks nest deeper than {DEPTH_MAX}; this one is ignored"));
            }
            self.too_deep += 1;
            return;
        }
        let outer = self.context();
        let first = self.frames.last().map_or(0, |frame| frame.first);
        let open_to_a_block = self.statements.len() > first;
        let head = self.statements.pop_if(|last| open_to_a_block && last.block.is_none());
        if head.is_none() {
            sink.error(place, "`{` without a keyword before it; what it holds is ignored");
        }
        if self.mode == Mode::Deferring
            && self.frames.is_empty()
            && let Some(head) = &head
            && head.keyword.text == DEFERRED
        {
            self.defer(head.clone(), place, sink);
            return;
        }
        let context = head.as_ref().and_then(|head| outer?.find(&head.keyword.text)?.block);
        let head = head.map(|head| (head.keyword, head.arguments));
        self.frames.push(Frame { head, open: place, context, first: self.statements.len(), suspect: None });
    }

    fn defer(&mut self, mut head: Statement, open: Place, sink: &mut Sink<'_>) {
        self.balanced &= self.lexer.pass_over(sink);
        head.block = Some(Box::new(Block { open, statements: Vec::new(), deferred: true }));
        self.statements.push(head);
    }

    fn close(&mut self, place: Place, sink: &mut Sink<'_>) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return;
        }
        let Some(frame) = self.frames.pop() else {
            self.balanced = false;
            sink.error(place, "`}` without a `{` that it could close");
            return;
        };
        if let Some(outer) = self.frames.last_mut()
            && recovery::indented_like_outer(outer, &frame, place)
        {
            outer.suspect.get_or_insert(frame.open);
        }
        self.attach(frame);
    }

    fn close_down_to(&mut self, depth: usize, sink: &mut Sink<'_>) {
        while self.frames.len() > depth
            && let Some(frame) = self.frames.pop()
        {
            self.balanced = false;
            let open = frame.suspect.unwrap_or(frame.open);
            sink.error_help(open, "this `{` is never closed", "add the missing `}`");
            self.attach(frame);
        }
    }

    fn attach(&mut self, frame: Frame) {
        let statements = self.statements.drain(frame.first..).collect();
        let block = Some(Box::new(Block { open: frame.open, statements, deferred: false }));
        if let Some((keyword, arguments)) = frame.head {
            self.statements.push(Statement { keyword, arguments, block });
        }
    }

    fn context(&self) -> Option<&'static Context> {
        self.frames.last().map_or(Some(&ROOT), |frame| frame.context)
    }
}
