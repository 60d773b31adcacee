//! The checks of real servers: [`attempt`] makes one try of one check and says how it ended, within the check's own
//! time. Each kind has its file; HTTP, SMTP and TLS are spoken by `net`. What a check fails of is a value ([`failed`]),
//! and nothing here knows what follows from it: that is `engine/lvs`.

pub(crate) mod around;
pub(crate) mod attempt;
pub(crate) mod connect;
pub(crate) mod descriptors;
mod dns;
pub mod dns_message;
pub(crate) mod failed;
mod http;
pub(crate) mod page;
mod patterns;
mod ping;
pub(crate) mod probe;
mod script;
mod smtp;
pub(crate) mod tls;
mod udp;

#[cfg(test)]
#[path = "tests/peer.rs"]
mod peer;
