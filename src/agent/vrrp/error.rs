//! Why the VRRP loop ends, does not do as an operator wants, or knows no address of a peer.

use std::io;

use hactl_engine::refused::Refused;
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

/// Why an operator's command is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Denied {
    /// The engine does not want to.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It wanted to, and the kernel would not put the addresses in place; what it said.
    #[error("{0}")]
    Kernel(String),
}

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
