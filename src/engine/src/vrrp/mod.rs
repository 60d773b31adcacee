//! The VRRP state machine: [`fsm`] is the RFC as a table, [`priority`] computes what is advertised, [`router`] turns
//! the table's effects into actions for one virtual router (its other halves: `receive`, `send`, `track`, `command`). Packets and commands arrive from `node`; nothing here
//! knows of sockets or netlink.

mod command;
pub mod fsm;
pub mod priority;
mod receive;
pub mod router;
mod send;
mod status;
mod track;
