//! What was typed. `args` is the grammar (help and completions come from it), `dispatch` hands each command to the
//! room that does it (`desk`, `lab` and `agent` translate flags into that room's terms), `generate` prints completions.
//! Nothing here decides anything.

pub mod agent;
pub mod agent_args;
pub mod args;
mod confirm;
pub mod desk;
pub mod dispatch;
pub mod drill;
mod entry;
mod explain;
pub mod generate;
pub mod genhash;
mod init;
pub mod lab;
mod manual;
pub mod offline;
pub mod show;

pub use entry::{command, main};
