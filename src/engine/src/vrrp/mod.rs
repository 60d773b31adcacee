//! The state machine of RFC 9568 and RFC 3768, and what surrounds it in one virtual router.
//!
//! [`fsm`] is the table, [`view`] what it looks at. [`router`] holds one virtual router and is the only writer of its
//! state, [`deadline`] tells what its timers mean; [`receive`] judges packets, [`send`] makes them (signed by
//! [`sign`]), [`answered`] bounds those that answer others; [`track`] and [`priority`] follow what it depends on,
//! [`holdings`] is what it owns as master, [`together`] what several own; [`guard`] asks before it claims, [`lan`]
//! tells peers from strangers, [`duplicate_check`] defends; [`group`] keeps routers together, [`command`] obeys
//! operators, [`notify`] and [`status`] answer for it.

mod answered;
mod asking;
mod command;
pub(crate) mod context;
mod counters;
mod deadline;
mod defence;
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
