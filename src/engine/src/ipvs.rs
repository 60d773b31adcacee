//! The table of the kernel's IPVS as values: services, and destinations within them.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// What packets a service takes, which is also its name in the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceKey {
    /// Packets to an address and port; port 0 takes every port (with persistence).
    Address {
        /// Transport.
        protocol: Protocol,
        /// Address and port.
        address: SocketAddr,
    },
    /// Packets that netfilter marked.
    Mark {
        /// IPv4 or IPv6.
        family: Family,
        /// The mark; not 0.
        mark: u32,
    },
}

/// Transport protocol of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

/// Address family of a service that has no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// `lb_algo` and its flags.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scheduling {
    /// The kernel's name of it: one of [`Scheduling::NAMES`].
    pub name: &'static str,
    /// `ops`: every UDP packet is scheduled anew.
    pub one_packet: bool,
    /// `flag-1` (`sh-fallback`, `mh-fallback`), `flag-2` (`sh-port`, `mh-port`), `flag-3`.
    pub flags: [bool; 3],
}

impl Scheduling {
    /// The schedulers that keepalived names.
    pub const NAMES: [&'static str; 14] =
        ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "mh", "dh", "fo", "ovf", "sed", "nq", "twos"];
    /// Stands for a scheduler that keepalived does not name, found on a service of somebody else.
    pub const OTHER: &'static str = "other";
}

/// How packets reach a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Forward {
    /// `NAT`: addresses are rewritten; the way back leads through the director.
    Nat,
    /// `DR`: only the MAC address is; the real server has the VIP on `lo`.
    Direct,
    /// `TUN`: the packet travels in another.
    Tunnel(Tunnel),
}

/// `TUN [type …]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tunnel {
    /// IP in IP; the default.
    Ipip,
    /// Generic UDP encapsulation.
    Gue {
        /// UDP port of the real server.
        port: u16,
        /// Checksums.
        checksum: TunnelChecksum,
    },
    /// GRE.
    Gre {
        /// Checksums.
        checksum: TunnelChecksum,
    },
}

/// `nocsum`, `csum`, `remcsum`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum TunnelChecksum {
    /// None; the default.
    #[default]
    None,
    /// In the outer header.
    Outer,
    /// Offloaded to the far end (GUE only).
    Remote,
}

/// What a service is beside its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServiceSettings {
    /// Scheduler and flags.
    pub scheduling: Scheduling,
    /// Persistence: timeout in whole seconds and the prefix length of what counts as one client.
    pub persistence: Option<(Duration, u8)>,
}

/// What a destination is beside its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DestinationSettings {
    /// Share of the connections; 0 gets nothing new.
    pub weight: u32,
    /// How packets get there.
    pub forward: Forward,
    /// With more connections it gets no new ones; 0 is off.
    pub upper_threshold: u32,
    /// Below so many it gets new ones again; 0 is off.
    pub lower_threshold: u32,
}

/// A service and its destinations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Scheduler, flags, persistence.
    pub settings: ServiceSettings,
    /// Real servers by address and port.
    pub destinations: BTreeMap<SocketAddr, DestinationSettings>,
}

/// Services by name.
pub type Table = BTreeMap<ServiceKey, Service>;

impl ServiceKey {
    /// IPv4 or IPv6.
    pub fn family(&self) -> Family {
        match self {
            Self::Address { address, .. } => Family::of(address.ip()),
            Self::Mark { family, .. } => *family,
        }
    }
}

impl Family {
    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        })
    }
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { protocol, address } => write!(f, "{protocol} {address}"),
            Self::Mark { family: Family::V4, mark } => write!(f, "fwmark {mark}"),
            Self::Mark { family: Family::V6, mark } => write!(f, "fwmark {mark} inet6"),
        }
    }
}
