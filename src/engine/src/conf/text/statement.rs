//! One statement of the language: `keyword argument… [{ … }]`.

use super::lexer::Word;
use super::place::Place;

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The first word of the line.
    pub keyword: Word,
    /// The other words before a brace or the end of the line.
    pub arguments: Vec<Word>,
    /// What stands in braces after it; boxed, for most have none.
    pub block: Option<Box<Block>>,
}

impl Statement {
    /// The place of the keyword.
    pub(crate) fn place(&self) -> Place {
        self.keyword.place
    }

    /// The keyword.
    pub(crate) fn name(&self) -> &str {
        &self.keyword.text
    }
}

/// What stands between two braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// Where `{` stands.
    pub open: Place,
    /// The statements in it; none yet when they are deferred.
    pub statements: Vec<Statement>,
    /// Its text was passed over: `tree::regrow` reads it when it is needed.
    pub deferred: bool,
}
