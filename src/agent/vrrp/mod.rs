//! The VRRP loop and the host it acts upon. [`driver`] sleeps, feeds the engine with what happened and has [`perform`]
//! carry out the answer through `sys`; [`host`] keeps what is not a virtual address (macvlans, static routes, firewall,
//! ARP sockets). Nothing here may block: scripts, files, names and logs leave as jobs, and news come in as messages
//! (both in [`message`]).

pub(crate) mod capture;
pub(crate) mod driver;
pub(crate) mod error;
mod host;
pub(crate) mod leftovers;
pub(crate) mod listen;
pub(crate) mod memory;
pub(crate) mod message;
pub(crate) mod peers;
mod perform;
mod secondaries;
pub(crate) mod vmac_names;
mod vmacs;
