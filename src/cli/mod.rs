//! What was typed. `args` is the grammar (help and completions come from it), `dispatch` hands each command to the
//! room that does it (`desk`, `lab` and `agent` translate flags into that room's terms), `generate` prints completions,
//! `watch` and `dashboard` are the views that go on, `order` is what can be ordered from both, and `chinese` what
//! people read whose environment asks for it.
//! Nothing here decides anything.

mod agent;
mod agent_args;
mod alert;
mod args;
mod backend;
mod backend_args;
mod capture;
mod capture_args;
mod certificates;
mod chinese;
mod confirm;
mod dashboard;
mod dashboard_args;
mod deploy_args;
mod deploys;
mod desk;
mod dispatch;
mod drill;
mod drill_args;
mod entry;
mod examples;
mod explain;
mod generate;
mod genhash;
mod global;
mod hear;
mod import_args;
mod init;
mod inventory_key;
mod lab;
mod lab_args;
mod logs;
mod manual;
mod offline;
mod order;
mod roles;
mod roles_args;
mod show;
mod usage;
mod watch;

pub use entry::main;
