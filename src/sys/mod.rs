//! This host's kernel: clocks, sockets, links, addresses, scheduling. The only room with `unsafe` code, and the one
//! to rewrite for another operating system. [`os::Os`] is the seam: the agent acts through it, tests put a recorder
//! behind it. It knows the engine's types and nothing of agent, desk or lab.

pub(crate) mod connections;
pub mod ipvs;
pub(crate) mod linux;
pub mod netlink;
pub(crate) mod os;
pub mod packet;
pub mod process;
mod width;
