//! The VRRP loop and the host it acts upon. [`driver`] sleeps, feeds the engine with what happened and has [`perform`] carry
//! out the answer through `sys`; [`host`] keeps what is not a virtual address (macvlans, static routes, firewall, ARP
//! sockets). Nothing here may block: scripts, files, names and logs leave as jobs, and news come in as messages (both in
//! [`message`]).

pub mod driver;
pub mod host;
pub mod leftovers;
pub mod listen;
pub mod memory;
pub mod message;
pub mod peers;
pub mod perform;
pub mod vmac_names;
pub mod vmacs;
