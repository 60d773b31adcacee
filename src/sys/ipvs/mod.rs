//! The kernel's IPVS by generic netlink: its table read and changed, timeouts, connection synchronisation. Which
//! entries there shall be is the engine's affair (`hactl_engine::lvs`); here are bytes, errors and the module's
//! loading.

mod client;
mod decode;
mod encode;
mod error;
mod module;
mod numbers;

pub use client::{Ipvs, Observed};
pub use error::{IpvsError, Refused};
