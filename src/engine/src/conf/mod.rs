//! The keepalived.conf language: text to plain lines ([`expand`]), these to words ([`text`]), words through the table
//! of known keywords to a tree ([`grammar`]), the tree to a typed [`config::Config`] ([`global`], [`vrrp`], [`lvs`], in
//! the order of [`build`]), with a [`text::diagnostic::Diagnostic`] for every fault; and back to text ([`print`]).
//!
//! Nothing here reads a file: the caller hands text to [`parse`], and files to include to [`parse_with`]. Nothing here
//! decides what to do with a fault either: the daemon warns and takes the documented default, `hactl check` refuses.

mod build;
pub mod config;
mod expand;
mod global;
pub mod grammar;
mod lvs;
pub mod meaning;
pub mod outline;
mod parse;
pub mod print;
#[cfg(test)]
mod tests;
pub mod text;
mod vrrp;

pub use expand::surroundings::{Included, Nothing, Surroundings, Unreadable};
pub use global::web_url::{WebUrl, WebUrlError};
pub use grammar::script::split as arguments;
pub use parse::{Parsed, parse, parse_with};
pub use vrrp::vmac::names as macvlan_names;
