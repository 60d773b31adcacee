//! SSH in pure Rust: connections with their host keys checked and users authenticated, scripts run, unix sockets
//! reached. Everything else in `ctl` sees only [`super::remote::Remote`]. In: how to log in, from the inventory; out:
//! a connected host, or a problem that names the host, the reason and what to do.

pub mod auth;
pub mod connect;
pub mod known_hosts;
pub mod quickack;
pub mod session;
pub mod trust;
