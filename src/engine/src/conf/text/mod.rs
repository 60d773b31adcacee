//! The text itself: lines that know where they were written ([`source`]), words and braces ([`lexer`]), one statement
//! ([`statement`]), and the faults found in them ([`diagnostic`], collected by a [`sink`]). Nothing here knows a
//! keyword. Lines come from [`super::expand`]; words go to [`super::grammar`].

pub mod diagnostic;
pub mod lexer;
pub mod nearest;
pub(crate) mod place;
pub(crate) mod sink;
pub(crate) mod source;
pub(crate) mod statement;
