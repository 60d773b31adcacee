//! The pure core of hactl: what to do, never how.
//!
//! Nothing in this crate opens a socket, reads a clock, starts a thread or touches a file. The agent feeds it
//! inputs with the time they happened at and carries out the actions it returns; the simulator in
//! `tests/sim` does the same with a thousand invented networks. The desk uses its configuration language
//! ([`conf`]) and the control protocol ([`control`], [`certificates`]), which is where agent and desk meet.

pub mod action;
pub mod certificates;
pub mod conf;
pub mod control;
mod debounce;
pub mod input;
pub mod ipvs;
mod links;
mod listening;
pub mod lvs;
mod neighbours;
pub mod node;
pub mod notice;
pub mod refused;
pub mod seen;
mod starting;
mod state;
mod strangers;
pub mod time;
mod timer;
pub mod vrrp;
pub mod wire;
