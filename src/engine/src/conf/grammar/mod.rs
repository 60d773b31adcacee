//! What may stand where: the table of every keyword ([`keywords`], read by [`schema`]), words to a tree of statements
//! ([`tree`]), the tree through the table ([`walk`]), and the arguments of one line to a value ([`values`]). What a
//! block means is decided in [`super::global`], [`super::vrrp`] and [`super::lvs`], which use this room; it uses none
//! of them.

pub mod keywords;
mod recovery;
pub(crate) mod rtnames;
pub mod schema;
pub(crate) mod script;
pub(crate) mod tree;
pub(crate) mod values;
pub(crate) mod walk;
pub(crate) mod weight;
