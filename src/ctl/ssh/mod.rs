//! SSH in pure Rust: connections with their host keys checked and users authenticated, scripts run. Everything else in
//! `ctl` sees only [`super::remote::Remote`]. In: how to log in, from the inventory; out: a connected host, or a
//! problem that names the host, the reason and what to do.

mod auth;
mod certificate;
pub mod client_config;
pub mod connect;
mod denied;
mod first_words;
mod greet;
mod keyring;
pub mod known_hosts;
mod login;
mod peer;
pub mod pinned;
pub mod quickack;
mod refused;
pub mod session;
mod sudo;
pub mod talk;
pub mod trust;
