//! The state machine of RFC 9568 and RFC 3768, and what surrounds it in one virtual router. Packets, deadlines and
//! orders come in by [`crate::node`]; what shall happen goes out as actions in a [`context`]; nothing here knows Linux.
//!
//! [`fsm`] is the table, in the words of [`state`], over a [`view`] of the router; [`router`] holds one virtual router
//! and is the only writer of its state. Its methods stand in a file for each subject: [`deadline`] says what its timers
//! mean; [`receive`] judges packets ([`rejected`] says why one is dropped), [`send`] makes them, [`sign`] signs them,
//! [`answered`] bounds those that answer others; [`track`] and [`priority`] follow what it depends on; [`holdings`] is
//! what it owns as master, [`draining`] what becomes of open connections ([`drained`]), [`together`] what several own;
//! [`guard`] asks before it claims ([`asking`], [`questions`], [`lan`]), [`duplicate_check`] defends ([`defence`]);
//! [`group`] keeps routers together, [`command`] obeys operators, [`notify`], [`counters`] and [`status`] answer for
//! it.

mod answered;
mod asking;
mod command;
pub(crate) mod context;
mod counters;
mod deadline;
mod defence;
mod drained;
mod draining;
mod duplicate_check;
mod fsm;
pub(crate) mod group;
mod guard;
mod holdings;
pub(crate) mod lan;
mod notify;
mod priority;
mod questions;
mod receive;
mod rejected;
pub(crate) mod router;
mod send;
mod sign;
pub mod state;
mod status;
pub(crate) mod together;
mod track;
pub mod view;
