//! What may stand where: the table of every keyword ([`keywords`], read by [`schema`]), words to a tree of statements
//! ([`tree`]), the tree through the table ([`walk`]), and the arguments of one line to a value ([`values`]). What a block
//! means is decided in [`super::global`], [`super::vrrp`] and [`super::lvs`], which use this room; it uses none of them.

pub mod keywords;
pub mod recovery;
pub mod rtnames;
pub mod schema;
pub mod script;
pub mod tree;
pub mod values;
pub mod walk;
pub mod weight;
