//! LVS without the kernel: which services and real servers the kernel's IPVS table shall hold ([`crate::ipvs`]).
//! Health, quorum and weights are decided here; nothing here opens a socket or knows the time but as an argument.

pub mod balancer;
pub mod diff;
pub mod effect;
pub mod health;
pub mod load;
mod pool;
pub mod server;
pub mod status;
pub mod sync;
#[cfg(test)]
mod tests;
pub mod upstream;
pub mod words;
