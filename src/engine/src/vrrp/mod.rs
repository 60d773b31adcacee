//! The VRRP state machine: [`fsm`] is the RFC as a table, [`priority`] computes what is advertised, [`router`] turns
//! the table's effects into actions for one virtual router. Packets and commands arrive from `node`; nothing here
//! knows of sockets or netlink.

pub mod fsm;
pub mod priority;
pub mod router;
mod status;
