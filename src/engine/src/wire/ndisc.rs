//! Neighbour discovery (RFC 4861): the unsolicited advertisement (§7.2.6), which is what GARP is for IPv6, and the
//! question who answers for an address.

use std::net::Ipv6Addr;

use super::arp::Mac;
use super::checksum::Checksum;
use super::ip::TTL;

/// EtherType of IPv6.
pub const ETHERTYPE: u16 = 0x86dd;
/// All nodes on the link: where unsolicited advertisements go.
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
/// The Ethernet address of [`ALL_NODES`] (RFC 2464 §7).
pub const ALL_NODES_MAC: Mac = [0x33, 0x33, 0, 0, 0, 1];

const ICMPV6: u8 = 58;
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
const OVERRIDE: u8 = 0x20;
/// Options: the target's link-layer address, and the nonce of RFC 7527.
const LINK_ADDRESS: u8 = 2;
const NONCE: u8 = 14;

/// Writes a whole IPv6 packet that announces `address` at `mac`, override flag set.
pub fn unsolicited(address: Ipv6Addr, mac: Mac) -> Vec<u8> {
    let mut body = Vec::with_capacity(32);
    body.extend([ADVERTISEMENT, 0, 0, 0, OVERRIDE, 0, 0, 0]);
    body.extend(address.octets());
    body.extend([LINK_ADDRESS, 1]); // in units of 8 bytes
    body.extend(mac);
    packet(address, ALL_NODES, body)
}

/// Writes a whole IPv6 packet that asks who answers for `address`, as duplicate address detection does (RFC 4862
/// §5.4.2): without a source, so that the answer goes to all nodes. Such a question must not name its sender's
/// link-layer address, but may bear a nonce (RFC 7527 §4.1): here that is the sender's hardware address, so that two
/// that ask at one time know of each other.
pub fn probe(address: Ipv6Addr, mac: Mac) -> Vec<u8> {
    let mut body = Vec::with_capacity(32);
    body.extend([SOLICITATION, 0, 0, 0, 0, 0, 0, 0]);
    body.extend(address.octets());
    body.extend([NONCE, 1]); // in units of 8 bytes
    body.extend(mac);
    packet(Ipv6Addr::UNSPECIFIED, solicited_node(address), body)
}

/// The multicast group that every host with this address hears (RFC 4291 §2.7.1).
pub fn solicited_node(address: Ipv6Addr) -> Ipv6Addr {
    let [.., a, b, c] = address.octets();
    Ipv6Addr::from([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, a, b, c])
}

/// The Ethernet address of [`solicited_node`] (RFC 2464 §7).
pub fn solicited_node_mac(address: Ipv6Addr) -> Mac {
    let [.., a, b, c] = address.octets();
    [0x33, 0x33, 0xff, a, b, c]
}

/// What an ICMPv6 message claims: the target of a neighbour advertisement and its link-layer address, if it gives one.
pub fn claim(message: &[u8]) -> Option<(Ipv6Addr, Mac)> {
    target_and(message, ADVERTISEMENT, LINK_ADDRESS)
}

/// What an ICMPv6 message asks for, and the nonce that it bears: see [`probe`].
pub fn question(message: &[u8]) -> Option<(Ipv6Addr, Mac)> {
    target_and(message, SOLICITATION, NONCE)
}

/// The target of a message of this type, and six bytes of its first option of this type.
fn target_and(message: &[u8], wanted: u8, option_wanted: u8) -> Option<(Ipv6Addr, Mac)> {
    let (head, rest) = message.split_first_chunk::<8>()?;
    if head.first() != Some(&wanted) {
        return None;
    }
    let (target, mut options) = rest.split_first_chunk::<16>()?;
    while let Some((&[kind, length], _)) = options.split_first_chunk::<2>() {
        let (option, others) = options.split_at_checked(usize::from(length).max(1) * 8)?;
        if kind == option_wanted {
            let mac = option.get(2..8)?.try_into().ok()?;
            return Some((Ipv6Addr::from(*target), mac));
        }
        options = others;
    }
    None
}

fn packet(source: Ipv6Addr, destination: Ipv6Addr, mut body: Vec<u8>) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX); // 32
    let sum = Checksum::default().pseudo_v6(source, destination, ICMPV6, length).over(&body).finish().to_be_bytes();
    if let Some(field) = body.get_mut(2..4) {
        field.copy_from_slice(&sum);
    }
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([ICMPV6, TTL]);
    packet.extend(source.octets());
    packet.extend(destination.octets());
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

    #[test]
    fn a_probe_asks_the_solicited_nodes() {
        let vip: Ipv6Addr = "fd00::12:3456".parse().unwrap();
        let packet = probe(vip, [2, 0, 0, 0, 0, 5]);
        assert_eq!(packet.len(), 72);
        assert_eq!(&packet[24..40], &"ff02::1:ff12:3456".parse::<Ipv6Addr>().unwrap().octets());
        assert_eq!(&packet[48..64], &vip.octets());
        let sum = Checksum::default().pseudo_v6(Ipv6Addr::UNSPECIFIED, solicited_node(vip), 58, 32).over(&packet[40..]);
        assert_eq!(sum.finish(), 0);
        assert_eq!(question(&packet[40..]), Some((vip, [2, 0, 0, 0, 0, 5])));
        assert!((40..packet.len()).all(|n| question(&packet[40..n]).is_none()));
        assert_eq!(solicited_node_mac(vip), [0x33, 0x33, 0xff, 0x12, 0x34, 0x56]);
        assert_eq!(claim(&packet[40..]), None, "a question claims nothing");
    }

    #[test]
    fn an_advertisement_is_a_claim_and_garbage_is_none() {
        let vip: Ipv6Addr = "fd00::3".parse().unwrap();
        let packet = unsolicited(vip, [2, 0, 0, 0, 0, 5]);
        let message = &packet[40..];
        assert_eq!(claim(message), Some((vip, [2, 0, 0, 0, 0, 5])));
        assert!((0..message.len()).all(|n| claim(&message[..n]).is_none()));
        let mut endless = message.to_vec();
        endless[25] = 0;
        assert_eq!(claim(&endless), Some((vip, [2, 0, 0, 0, 0, 5])), "length 0 does not loop");
    }
}
