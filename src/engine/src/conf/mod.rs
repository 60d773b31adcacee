//! The keepalived.conf language: text to tokens ([`lexer`]), tokens to a tree ([`tree`]), the tree through a table
//! of known keywords ([`schema`]) to a typed [`config::Config`], with a [`diagnostic::Diagnostic`] for every fault.
//!
//! Nothing here reads a file: the caller hands in text through [`Source`]. Nothing here decides what to do with a
//! fault either: the daemon warns and takes the documented default, `hactl check` refuses.

pub mod config;
pub mod diagnostic;
