//! Wire formats, one a file: bytes to types and back, nothing else. No parser here panics, whatever the bytes.

pub mod arp;
pub mod checksum;
pub mod ip;
pub mod ndisc;
pub mod signature;
pub mod vrrp;
