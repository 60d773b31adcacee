//! How results look: for people in words ([`operate`], [`deploy`], [`status`]), for programs as one JSON object a command
//! ([`finish`]), and what goes on meanwhile on stderr ([`progress`]). Values come from the desk and the agent; nothing is decided here.

pub mod deploy;
mod finish;
pub mod operate;
pub mod progress;
pub mod status;
pub mod table;

pub use finish::{failed, finish, finish_screen};
