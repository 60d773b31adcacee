//! The keepalived.conf language: text to plain lines ([`expand`]), these to words ([`lexer`]), words to a tree ([`tree`]), the tree through a table
//! of known keywords ([`schema`]) to a typed [`config::Config`], with a [`diagnostic::Diagnostic`] for every fault;
//! and back to text ([`print`]).
//!
//! Nothing here reads a file: the caller hands text to [`parse`], and files to include to [`parse_with`]. Nothing here decides what to do with a fault
//! either: the daemon warns and takes the documented default, `hactl check` refuses.

mod address;
mod authentication;
mod build;
pub mod config;
mod conflict;
mod defaults;
pub mod diagnostic;
mod draft;
pub mod expand;
mod family;
mod global;
mod group;
pub mod keywords;
pub mod lexer;
mod lint;
mod lvs;
mod namespace;
mod nearest;
mod notify;
mod objects;
mod own;
mod parse;
mod place;
pub mod print;
mod recovery;
mod resolve;
mod resolved;
mod route;
mod rtnames;
mod rule;
pub mod schema;
mod script;
pub mod sink;
mod statement;
mod strict;
#[cfg(test)]
mod tests;
mod track;
pub mod tree;
mod unicast;
mod values;
mod vmac;
mod walk;
mod web_url;
mod weight;

pub use expand::surroundings::{Included, Surroundings};
pub use parse::{Parsed, parse, parse_with};
pub use vmac::names as macvlan_names;
pub use web_url::WebUrl;
