//! The unsolicited neighbour advertisement (RFC 4861 §4.4, §7.2.6): what GARP is for IPv6.

use std::net::Ipv6Addr;

use super::arp::Mac;
use super::checksum::Checksum;
use super::ip::TTL;

/// EtherType of IPv6.
pub const ETHERTYPE: u16 = 0x86dd;
/// All nodes on the link: where unsolicited advertisements go.
pub const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
/// The Ethernet address of [`ALL_NODES`] (RFC 2464 §7).
pub const ALL_NODES_MAC: Mac = [0x33, 0x33, 0, 0, 0, 1];

const ICMPV6: u8 = 58;
const LENGTH: u16 = 32; // 24 bytes of advertisement and the 8-byte target link-layer option
const OVERRIDE: u8 = 0x20;

/// Writes a whole IPv6 packet that announces `address` at `mac`, override flag set.
pub fn unsolicited(address: Ipv6Addr, mac: Mac) -> Vec<u8> {
    let mut body = Vec::with_capacity(usize::from(LENGTH));
    body.extend([136, 0, 0, 0, OVERRIDE, 0, 0, 0]);
    body.extend(address.octets());
    body.extend([2, 1]);
    body.extend(mac);
    let sum = Checksum::default().pseudo_v6(address, ALL_NODES, ICMPV6, LENGTH).over(&body).finish().to_be_bytes();
    if let Some(field) = body.get_mut(2..4) {
        field.copy_from_slice(&sum);
    }
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(LENGTH.to_be_bytes());
    packet.extend([ICMPV6, TTL]);
    packet.extend(address.octets());
    packet.extend(ALL_NODES.octets());
    packet.extend(body);
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_valid_advertisement_to_all_nodes() {
        let vip: Ipv6Addr = "fd00::3".parse().unwrap();
        let packet = unsolicited(vip, [2, 0, 0, 0, 0, 5]);
        assert_eq!(packet.len(), 72);
        assert_eq!(packet[7], 255, "hop limit");
        assert_eq!(&packet[24..40], &ALL_NODES.octets());
        assert_eq!(packet[40], 136);
        assert_eq!(&packet[66..], &[2, 0, 0, 0, 0, 5]);
        let sum = Checksum::default().pseudo_v6(vip, ALL_NODES, 58, 32).over(&packet[40..]).finish();
        assert_eq!(sum, 0);
    }
}
