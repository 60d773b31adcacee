//! ARP over Ethernet (RFC 826): the gratuitous request that moves a virtual address in every cache on the LAN.

use std::net::Ipv4Addr;

/// Ethernet address.
pub type Mac = [u8; 6];

/// An Ethernet address as everybody writes it, such as `00:00:5e:00:01:33`.
pub fn mac_text(mac: &Mac) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

/// The Ethernet broadcast address.
pub const BROADCAST: Mac = [0xff; 6];
/// EtherType of ARP.
pub const ETHERTYPE: u16 = 0x0806;
/// Bytes of an ARP packet for IPv4 over Ethernet.
pub const LENGTH: usize = 28;

/// An ARP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arp {
    /// 1 request, 2 reply.
    pub operation: u16,
    /// Hardware address of the sender.
    pub sender_mac: Mac,
    /// Protocol address of the sender.
    pub sender: Ipv4Addr,
    /// Hardware address of the target.
    pub target_mac: Mac,
    /// Protocol address of the target.
    pub target: Ipv4Addr,
}

/// A request in which sender and target are the announced address (RFC 5227 §3; RFC 9568 §6.4.1).
pub fn gratuitous(address: Ipv4Addr, mac: Mac) -> Arp {
    Arp { operation: 1, sender_mac: mac, sender: address, target_mac: BROADCAST, target: address }
}

/// A request without a sender address: asks who answers for `address` and tells nobody anything (RFC 5227 §1.1).
pub fn probe(address: Ipv4Addr, mac: Mac) -> Arp {
    Arp { operation: 1, sender_mac: mac, sender: Ipv4Addr::UNSPECIFIED, target_mac: [0; 6], target: address }
}

impl Arp {
    /// Parses a packet; `None` when it is not ARP for IPv4 over Ethernet.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let fixed: &[u8; LENGTH] = bytes.first_chunk()?;
        let (kind, rest) = fixed.split_first_chunk::<6>()?;
        if *kind != [0, 1, 8, 0, 6, 4] {
            return None;
        }
        let (operation, rest) = rest.split_first_chunk::<2>()?;
        let (sender_mac, rest) = rest.split_first_chunk::<6>()?;
        let (sender, rest) = rest.split_first_chunk::<4>()?;
        let (target_mac, rest) = rest.split_first_chunk::<6>()?;
        let (target, _) = rest.split_first_chunk::<4>()?;
        Some(Self {
            operation: u16::from_be_bytes(*operation),
            sender_mac: *sender_mac,
            sender: Ipv4Addr::from(*sender),
            target_mac: *target_mac,
            target: Ipv4Addr::from(*target),
        })
    }

    /// Writes the packet, without its Ethernet header.
    pub fn emit(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend([0, 1, 8, 0, 6, 4]);
        bytes.extend(self.operation.to_be_bytes());
        bytes.extend(self.sender_mac);
        bytes.extend(self.sender.octets());
        bytes.extend(self.target_mac);
        bytes.extend(self.target.octets());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gratuitous_round_trip() {
        let arp = gratuitous(Ipv4Addr::new(10, 0, 0, 3), [2, 0, 0, 0, 0, 5]);
        let bytes = arp.emit();
        assert_eq!(bytes.len(), LENGTH);
        assert_eq!(&bytes[24..], &[10, 0, 0, 3], "the target is the address itself, not a broadcast");
        assert_eq!(Arp::parse(&bytes), Some(arp));
    }

    #[test]
    fn short_or_foreign_bytes_are_none() {
        let bytes = gratuitous(Ipv4Addr::new(10, 0, 0, 3), [2; 6]).emit();
        assert!((0..LENGTH).all(|n| Arp::parse(&bytes[..n]).is_none()));
        let mut other = bytes;
        other[4] = 8;
        assert_eq!(Arp::parse(&other), None);
    }
}
