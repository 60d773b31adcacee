//! LVS without the kernel: which services and real servers the kernel's IPVS table shall hold ([`table`]). Health, quorum and weights are
//! decided here; nothing here opens a socket or knows the time but as an argument.

pub mod diff;
pub mod load;
pub mod sync;
pub mod table;
