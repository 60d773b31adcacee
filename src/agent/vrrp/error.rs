//! Why the VRRP loop ends, and why it does not do as an operator wants.

use std::io;

use thiserror::Error;

/// What the loop cannot do without.
#[derive(Debug, Error)]
pub(crate) enum LoopError {
    #[error("cannot open raw sockets: {0}; the agent needs root, or CAP_NET_RAW and CAP_NET_ADMIN")]
    Sockets(#[source] io::Error),
    #[error("cannot read the network interfaces: {0}")]
    Links(#[source] io::Error),
    #[error("cannot watch routes: {0}")]
    Routes(#[source] io::Error),
    #[error("epoll: {0}")]
    Epoll(#[source] io::Error),
    #[error("netlink: {0}")]
    Netlink(#[source] io::Error),
    #[error("the VRRP loop panicked")]
    Panicked,
    #[error("the VRRP loop ended at once")]
    EndedAtOnce,
}

/// What the engine says to a command that it refuses.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub(crate) struct Denied(pub String);

/// Why a peer's name has no addresses.
#[derive(Debug, Error)]
pub(super) enum Unresolved {
    #[error("the name server is silent")]
    Silent,
    #[error(transparent)]
    Resolver(#[from] io::Error),
    #[error("it has no {0} address")]
    NoAddress(&'static str),
}
