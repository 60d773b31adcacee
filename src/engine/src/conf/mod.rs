//! The keepalived.conf language: text to words ([`lexer`]), words to a tree ([`tree`]), the tree through a table
//! of known keywords ([`schema`]) to a typed [`config::Config`], with a [`diagnostic::Diagnostic`] for every fault;
//! and back to text ([`print`]).
//!
//! Nothing here reads a file: the caller hands text to [`parse`]. Nothing here decides what to do with a fault
//! either: the daemon warns and takes the documented default, `hactl check` refuses.

mod address;
mod build;
pub mod config;
mod conflict;
pub mod diagnostic;
mod draft;
mod global;
mod group;
mod hmac;
pub mod keywords;
pub mod lexer;
mod options;
mod own;
mod parse;
pub mod print;
mod print_more;
mod recovery;
mod repeat;
mod resolve;
mod routing;
pub mod schema;
mod script;
pub mod sink;
pub mod source;
pub mod surroundings;
#[cfg(test)]
mod tests;
mod tracking;
pub mod tree;
mod values;
mod walk;

pub use parse::{Parsed, parse, parse_with};
