//! How results look: for people in words ([`operate`], [`deploy`], [`status`], [`why`]), for programs as one JSON
//! object a command ([`finish`]), and what goes on meanwhile on stderr ([`progress`]). Values come from the desk and
//! the agent; nothing is decided here.

pub(crate) mod backend;
pub(crate) mod capture;
pub(crate) mod deploy;
mod finish;
pub(crate) mod import;
pub(crate) mod operate;
pub(crate) mod problem;
pub(crate) mod progress;
pub(crate) mod say;
pub(crate) mod status;
pub(crate) mod table;
pub(crate) mod why;

pub(crate) use finish::{failed, finish, finish_screen};
