//! When it is done: the daemon on a load balancer. [`daemon`] starts, reloads and ends it; [`vrrp`] is the VRRP loop on
//! a thread of its own and [`lvs`] the director on another; everything else lives on a small tokio runtime beside them
//! and talks to both by messages. Nothing here imports `ctl`: the desk is met over the control socket, whose messages
//! are types of the engine.

pub(crate) mod certificates;
pub mod check;
mod command;
pub(crate) mod control;
pub(crate) mod daemon;
mod lvs;
pub(crate) mod report;
mod track;
pub(crate) mod vrrp;
