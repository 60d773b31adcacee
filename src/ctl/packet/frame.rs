//! Where a frame leads: Ethernet, IP, and what they carry.

use std::net::Ipv6Addr;

use hactl_engine::wire::arp::{self, Arp, mac_text};
use hactl_engine::wire::ip::{Ipv4Header, PROTOCOL_VRRP};
use hactl_engine::wire::ndisc;

use super::parts::{Header, Link};
use super::told::Told;
use super::{adverts, neighbours};

/// An IPv4 packet behind an Ethernet header; the engine's own packets have none.
const IPV4: u16 = 0x0800;
/// An 802.1Q tag.
const VLAN: u16 = 0x8100;
const ICMPV6: u8 = 58;

/// Tells a packet from its first byte on, be that Ethernet, IP, ARP or VRRP. Whatever the bytes are, something is said
/// of them.
pub fn told(bytes: &[u8]) -> Told {
    match bytes {
        [0, 1, 8, 0, 6, 4, ..] => arp(None, bytes),
        [first, ..] if first >> 4 == 4 && Ipv4Header::parse(bytes).is_ok() => ipv4(None, bytes),
        [first, ..] if first >> 4 == 6 && ipv6_header(bytes).is_some() => ipv6(None, bytes),
        [0x21 | 0x31, ..] => adverts::bare(bytes),
        _ => told_frame(bytes),
    }
}

/// Tells a frame, which begins with an Ethernet header whatever its bytes look like.
pub fn told_frame(bytes: &[u8]) -> Told {
    let Some((&[t0, t1, t2, t3, t4, t5, f0, f1, f2, f3, f4, f5, k0, k1], rest)) = bytes.split_first_chunk::<14>()
    else {
        return Told::new(format!("{} bytes that are no packet", bytes.len()));
    };
    let link = Link { from: [f0, f1, f2, f3, f4, f5], to: [t0, t1, t2, t3, t4, t5] };
    let mut kind = u16::from_be_bytes([k0, k1]);
    let (mut rest, mut vlan) = (rest, None);
    if let Some((&[v0, v1, k0, k1], behind)) = rest.split_first_chunk::<4>().filter(|_| kind == VLAN) {
        (vlan, kind, rest) = (Some(u16::from_be_bytes([v0, v1]) & 0x0fff), u16::from_be_bytes([k0, k1]), behind);
    }
    let mut told = match kind {
        arp::ETHERTYPE => arp(Some(&link), rest),
        IPV4 => ipv4(Some(&link), rest),
        ndisc::ETHERTYPE => ipv6(Some(&link), rest),
        other => Told::new(format!(
            "{} sends something that is neither IP nor ARP (EtherType {other:#06x})",
            mac_text(&link.from)
        )),
    };
    if let Some(vlan) = vlan {
        told.detail("VLAN", vlan.to_string());
    }
    told
}

fn arp(link: Option<&Link>, bytes: &[u8]) -> Told {
    match Arp::parse(bytes) {
        Some(arp) => neighbours::arp(link, &arp),
        None => Told::new("an ARP packet that is cut short, or not for IPv4 over Ethernet".into()),
    }
}

fn ipv4(link: Option<&Link>, bytes: &[u8]) -> Told {
    match Ipv4Header::parse(bytes) {
        Ok((header, payload)) => {
            let of = Header { from: header.source.into(), to: header.destination.into(), ttl: header.ttl };
            carried(link, &of, header.protocol, payload)
        }
        Err(error) => Told::new(format!("an IPv4 packet that nobody can read: {error}")),
    }
}

fn ipv6(link: Option<&Link>, bytes: &[u8]) -> Told {
    match ipv6_header(bytes) {
        Some((header, protocol, payload)) => carried(link, &header, protocol, payload),
        None => Told::new(format!("an IPv6 packet that is cut short ({} bytes)", bytes.len())),
    }
}

/// Header, next header and payload of an IPv6 packet (RFC 8200 §3).
pub fn ipv6_header(bytes: &[u8]) -> Option<(Header, u8, &[u8])> {
    let (&[first, _, _, _, l0, l1, next, ttl], rest) = bytes.split_first_chunk::<8>()?;
    let (from, rest) = rest.split_first_chunk::<16>()?;
    let (to, rest) = rest.split_first_chunk::<16>()?;
    let payload = rest.get(..usize::from(u16::from_be_bytes([l0, l1])))?;
    let header = Header { from: Ipv6Addr::from(*from).into(), to: Ipv6Addr::from(*to).into(), ttl };
    (first >> 4 == 6).then_some((header, next, payload))
}

fn carried(link: Option<&Link>, header: &Header, protocol: u8, payload: &[u8]) -> Told {
    match protocol {
        PROTOCOL_VRRP => adverts::told(link, header, payload),
        ICMPV6 => neighbours::icmpv6(link, header, payload),
        other => Told::new(format!(
            "{} sends {} something that is neither VRRP nor about neighbours (IP protocol {other})",
            header.from, header.to
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the bytes are: something is said, and nothing panics.
    #[test]
    fn nothing_is_too_short_or_too_odd() {
        let packet =
            [0x45, 0xc0, 0, 40, 0, 1, 0, 0, 255, 112, 0, 0, 10, 0, 0, 5, 224, 0, 0, 18, 0x21, 50, 150, 1, 0, 1];
        for length in 0..=packet.len() {
            for change in 0..length {
                for value in [0, 1, 6, 0x31, 0x45, 0x60, 0x81, 255] {
                    let mut bytes = packet[..length].to_vec();
                    bytes[change] = value;
                    assert!(!told(&bytes).says.is_empty());
                }
            }
        }
    }

    #[test]
    fn a_tagged_frame() {
        let mut frame = vec![0xff; 6];
        frame.extend([2, 0, 0, 0, 0, 5, 0x81, 0, 0, 7, 8, 6]);
        frame.extend(arp::gratuitous("10.0.0.3".parse().unwrap(), [2, 0, 0, 0, 0, 5]).emit());
        let told = told(&frame);
        assert!(told.says.starts_with("02:00:00:00:00:05 tells everybody"), "{told:?}");
        assert!(told.details.iter().any(|detail| (detail.what, detail.value.as_str()) == ("VLAN", "7")), "{told:?}");
    }
}
