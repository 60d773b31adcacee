//! What the layers of a packet hand on.

use std::net::IpAddr;

use hactl_engine::wire::arp::Mac;

/// The Ethernet header of a frame.
pub(super) struct Link {
    pub(super) from: Mac,
    pub(super) to: Mac,
}

/// The IP header of a packet.
pub struct Header {
    /// Source.
    pub from: IpAddr,
    /// Destination.
    pub to: IpAddr,
    /// Time to live, or hop limit.
    pub ttl: u8,
}

/// `00:00:5e:00:01:VRID` and `00:00:5e:00:02:VRID`.
pub(super) fn virtual_mac(mac: Mac) -> Option<(u8, &'static str)> {
    match mac {
        [0, 0, 0x5e, 0, 1, vrid] => Some((vrid, "IPv4")),
        [0, 0, 0x5e, 0, 2, vrid] => Some((vrid, "IPv6")),
        _ => None,
    }
}
