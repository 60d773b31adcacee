//! A [`crate::conf::config::Config`] as keepalived.conf text: stable, complete, and read back to the same
//! configuration. One file for each kind of block; [`page`] lays lines out and quotes words. Nothing here decides what
//! a value means.

mod address;
mod checker;
mod config;
mod global;
mod instance;
mod lvs;
pub(super) mod page;
mod route;
mod track;

pub use config::print;
pub use page::{Secrets, between_quotes};
