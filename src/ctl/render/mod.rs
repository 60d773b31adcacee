//! What each host of a cluster shall have, as data: [`context`] is what templates see of it, and [`host`] puts files,
//! packages and units together. No network; the HA configuration is parsed here, so a bad one never leaves the desk.

pub mod context;
pub mod derived;
pub mod host;
pub mod keys;
mod lvs;
pub mod nginx;
pub mod pair;
pub mod preview;
pub mod tls;
pub mod upstreams;
pub mod variables;
pub mod wordpress;
