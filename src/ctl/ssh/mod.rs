//! SSH in pure Rust: connections with their host keys checked and users authenticated, scripts run. Everything else in `ctl` sees only [`super::remote::Remote`]. In: how to log in, from the inventory; out:
//! a connected host, or a problem that names the host, the reason and what to do.

pub mod auth;
mod certificate;
pub mod client_config;
pub mod connect;
pub mod known_hosts;
mod login;
pub mod pinned;
pub mod quickack;
mod refused;
pub mod session;
pub mod talk;
pub mod trust;
