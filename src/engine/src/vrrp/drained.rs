//! How far the draining of connections has come.

use std::net::IpAddr;

/// What a router does for connections that are not, or no longer, its own to serve.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Draining {
    /// The next master was heard and the gate is closed: when the addresses go, connections stay.
    pub(super) planned: bool,
    /// Connections of this host go on, without the addresses being found here.
    pub(super) kept: bool,
    /// What is not for this host is passed on to the one that was master.
    pub(super) passing: bool,
    /// Who has acknowledged our claim: a master that lives, and hands over.
    pub(super) acknowledged_by: Option<IpAddr>,
}
