//! TLS for clients: settings made of files, the handshake, and what went wrong with either, as values with the words
//! for people. Whether a certificate must be verified is the caller's decision.

pub(crate) mod config;
pub(crate) mod error;
pub(crate) mod protect;
