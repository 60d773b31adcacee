//! The kernel's connection synchronisation: what a director tells the other one, so that connections outlive a switch.

use std::fmt;
use std::net::IpAddr;

/// Which side of the synchronisation; a director may run both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SyncRole {
    /// Tells its connections.
    Master,
    /// Learns the other's.
    Backup,
}

/// A synchronisation daemon of the kernel, as it is asked for and as it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncSettings {
    /// Where the messages go; at most 15 bytes.
    pub interface: String,
    /// Directors with the same id speak to each other.
    pub id: u8,
    /// Bytes of a message; the kernel's choice by the interface's MTU unless given.
    pub max_len: Option<u16>,
    /// UDP port; 8848 unless given.
    pub port: Option<u16>,
    /// 1 unless given.
    pub ttl: Option<u8>,
    /// Multicast group; 224.0.0.81 unless given.
    pub group: Option<IpAddr>,
}

impl fmt::Display for SyncRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Master => "master",
            Self::Backup => "backup",
        })
    }
}
