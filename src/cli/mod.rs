//! What was typed. `args` is the grammar (help and completions come from it), `dispatch` hands each command to the
//! room that does it (`desk`, `lab` and `agent` translate flags into that room's terms), `generate` prints completions.
//! Nothing here decides anything.

pub mod agent;
pub mod agent_args;
pub mod args;
pub mod desk;
pub mod dispatch;
pub mod drill;
mod entry;
pub mod generate;
pub mod genhash;
mod global;
mod init;
pub mod lab;
pub mod offline;

pub use args::command;
pub use entry::main;
