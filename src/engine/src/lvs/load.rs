//! What the kernel counts: connections, packets, bytes and their rates, for services and destinations.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::ipvs::ServiceKey;

/// What each service and destination carries.
pub type Loads = BTreeMap<ServiceKey, ServiceLoad>;

/// What a service carries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceLoad {
    /// Totals and rates.
    pub traffic: Traffic,
    /// Its destinations.
    pub destinations: BTreeMap<SocketAddr, DestinationLoad>,
}

/// What a destination carries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DestinationLoad {
    /// Connections that are established.
    pub active: u32,
    /// Connections in any other state; all of them for UDP.
    pub inactive: u32,
    /// Clients bound to it by persistence.
    pub persistent: u32,
    /// Totals and rates.
    pub traffic: Traffic,
}

/// Totals since the entry was made or zeroed, and running averages of a second. The kernel sums both up every two
/// seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Connections scheduled.
    pub connections: u64,
    /// Packets from clients.
    pub packets_in: u64,
    /// Packets to clients; only NAT sees them.
    pub packets_out: u64,
    /// Bytes from clients.
    pub bytes_in: u64,
    /// Bytes to clients; only NAT sees them.
    pub bytes_out: u64,
    /// Connections a second.
    pub connections_per_s: u64,
    /// Packets a second from clients.
    pub packets_in_per_s: u64,
    /// Packets a second to clients.
    pub packets_out_per_s: u64,
    /// Bytes a second from clients.
    pub bytes_in_per_s: u64,
    /// Bytes a second to clients.
    pub bytes_out_per_s: u64,
}
