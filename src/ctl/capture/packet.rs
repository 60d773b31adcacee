//! A captured frame, read: what it says in words, and what the timeline and the verdicts need of it.

use std::net::IpAddr;

use hactl_engine::wire::arp::{self, Arp, Mac};
use hactl_engine::wire::ip::{Ipv4Header, PROTOCOL_VRRP};
use hactl_engine::wire::ndisc;

use crate::ctl::packet::{Advertised, Told, advertised, ipv6_header, told, told_frame};
use crate::pcap::block::Link;

const IPV4: u16 = 0x0800;
const VLAN: u16 = 0x8100;
const ICMPV6: u8 = 58;
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
/// Which way a frame went, in a header of `tcpdump -i any`: 4 is out.
const COOKED_OUT: u16 = 4;

/// A frame that somebody saw.
#[derive(Debug, Clone)]
pub struct Packet {
    /// What kind of thing it says.
    pub kind: Kind,
    /// The hardware address that it came from, where the file has it.
    pub mac: Option<Mac>,
    /// Who sent it: the IP address, or the one that ARP names as the sender's.
    pub from: Option<IpAddr>,
    /// Where it goes.
    pub to: Option<IpAddr>,
    /// The advert, where it is one that can be understood.
    pub advert: Option<Advertised>,
    /// Which address it says is where.
    pub claims: Option<(IpAddr, Mac)>,
    /// In words.
    pub told: Told,
    /// Whether its host sent it, where the header says so.
    pub out: Option<bool>,
    /// The same wherever the packet is seen.
    pub identity: Vec<u8>,
}

/// Kinds of packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// "I own the VIP."
    Advert,
    /// "I give it up": an advert with priority 0.
    Goodbye,
    /// VRRP that nobody understands.
    BadVrrp,
    /// ARP: everybody shall know where an address is.
    ArpAnnouncement,
    /// ARP: does anybody have this address?
    ArpProbe,
    /// ARP: who has it?
    ArpQuestion,
    /// ARP: it is here.
    ArpAnswer,
    /// The same four over IPv6.
    Announcement,
    /// Does anybody have this address?
    Probe,
    /// Who has it?
    Question,
    /// It is here.
    Answer,
    /// What is none of these.
    Other,
}

impl Kind {
    /// Its protocol, as users know it.
    pub fn protocol(self) -> &'static str {
        match self {
            Self::Advert | Self::Goodbye | Self::BadVrrp => "vrrp",
            Self::ArpAnnouncement | Self::ArpProbe | Self::ArpQuestion | Self::ArpAnswer => "arp",
            Self::Announcement | Self::Probe | Self::Question | Self::Answer => "ndp",
            Self::Other => "other",
        }
    }
}

impl Packet {
    /// Reads a frame. `None` where it begins with something that is not known here.
    pub fn read(link: Link, bytes: &[u8]) -> Option<Self> {
        let (mac, out, kind, network) = network(link, bytes)?;
        let told = if link == Link::Ethernet { told_frame(bytes) } else { told(network) };
        let mut packet = Self {
            kind: Kind::Other,
            mac,
            from: None,
            to: None,
            advert: None,
            claims: None,
            told,
            out,
            identity: network.to_vec(),
        };
        match kind {
            arp::ETHERTYPE => packet.arp(network),
            IPV4 => {
                if let Ok((header, payload)) = Ipv4Header::parse(network) {
                    (packet.from, packet.to) = (Some(header.source.into()), Some(header.destination.into()));
                    packet.carried(header.ttl, header.protocol, payload);
                }
            }
            ndisc::ETHERTYPE => {
                if let Some((header, protocol, payload)) = ipv6_header(network) {
                    (packet.from, packet.to) = (Some(header.from), Some(header.to));
                    packet.carried(header.ttl, protocol, payload);
                }
            }
            _ => {}
        }
        Some(packet)
    }

    fn arp(&mut self, network: &[u8]) {
        // Behind it a short frame has padding.
        self.identity.truncate(arp::LENGTH);
        let Some(arp) = Arp::parse(network) else { return };
        let (sender, target) = (arp.sender, arp.target);
        self.to = Some(target.into());
        self.from = (!sender.is_unspecified()).then_some(sender.into());
        self.claims = self.from.map(|from| (from, arp.sender_mac));
        self.kind = match arp.operation {
            1 | 2 if sender == target => Kind::ArpAnnouncement,
            1 if sender.is_unspecified() => Kind::ArpProbe,
            1 => Kind::ArpQuestion,
            2 => Kind::ArpAnswer,
            _ => Kind::Other,
        };
    }

    fn carried(&mut self, ttl: u8, protocol: u8, payload: &[u8]) {
        let Some((from, to)) = self.from.zip(self.to) else { return };
        match protocol {
            PROTOCOL_VRRP => {
                // Headers are made anew behind a firewall: only this is the same there.
                self.identity = format!("{from} {to} {ttl} ").into_bytes();
                self.identity.extend(payload);
                self.advert = advertised(from, to, payload).ok();
                self.kind = match &self.advert {
                    Some(seen) if seen.advert.priority == 0 => Kind::Goodbye,
                    Some(_) => Kind::Advert,
                    None => Kind::BadVrrp,
                };
            }
            ICMPV6 => {
                self.claims = ndisc::claim(payload).map(|(address, mac)| (address.into(), mac));
                self.kind = match payload.first() {
                    Some(&SOLICITATION) if from.is_unspecified() => Kind::Probe,
                    Some(&SOLICITATION) => Kind::Question,
                    Some(&ADVERTISEMENT) if to.is_multicast() => Kind::Announcement,
                    Some(&ADVERTISEMENT) => Kind::Answer,
                    _ => Kind::Other,
                };
            }
            _ => {}
        }
    }
}

type Network<'b> = (Option<Mac>, Option<bool>, u16, &'b [u8]);

/// Sender, direction, EtherType and what is behind the header of the link.
fn network(link: Link, bytes: &[u8]) -> Option<Network<'_>> {
    match link {
        Link::Ethernet => {
            let (&[_, _, _, _, _, _, f0, f1, f2, f3, f4, f5, k0, k1], rest) = bytes.split_first_chunk::<14>()?;
            let mac = Some([f0, f1, f2, f3, f4, f5]);
            match (u16::from_be_bytes([k0, k1]), rest.split_first_chunk::<4>()) {
                (VLAN, Some((&[_, _, k0, k1], rest))) => Some((mac, None, u16::from_be_bytes([k0, k1]), rest)),
                (kind, _) => Some((mac, None, kind, rest)),
            }
        }
        Link::Ip => match bytes.first()? >> 4 {
            4 => Some((None, None, IPV4, bytes)),
            6 => Some((None, None, ndisc::ETHERTYPE, bytes)),
            _ => None,
        },
        // LINKTYPE_LINUX_SLL: kind of frame, of device, length of the address, the address, EtherType.
        Link::Cooked => {
            let (&[p0, p1, _, _, _, length, a0, a1, a2, a3, a4, a5, _, _, k0, k1], rest) =
                bytes.split_first_chunk::<16>()?;
            let mac = (length == 6).then_some([a0, a1, a2, a3, a4, a5]);
            let out = Some(u16::from_be_bytes([p0, p1]) == COOKED_OUT);
            Some((mac, out, u16::from_be_bytes([k0, k1]), rest))
        }
        // LINKTYPE_LINUX_SLL2: EtherType, index of the interface, kind of device, kind of frame, the address.
        Link::Cooked2 => {
            let (&[k0, k1, _, _, _, _, _, _, _, _, way, length, a0, a1, a2, a3, a4, a5, _, _], rest) =
                bytes.split_first_chunk::<20>()?;
            let mac = (length == 6).then_some([a0, a1, a2, a3, a4, a5]);
            Some((mac, Some(u16::from(way) == COOKED_OUT), u16::from_be_bytes([k0, k1]), rest))
        }
        Link::Other(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Mac = [2, 0, 0, 0, 0, 5];

    fn framed(kind: u16, network: &[u8]) -> Vec<u8> {
        [&[0xff; 6][..], &AT, &kind.to_be_bytes(), network].concat()
    }

    #[test]
    fn kinds_and_claims() {
        let vip = "10.0.0.3".parse().unwrap();
        let read = |bytes: &[u8]| Packet::read(Link::Ethernet, bytes).unwrap();
        let packet = read(&framed(arp::ETHERTYPE, &[arp::gratuitous(vip, AT).emit(), vec![0; 18]].concat()));
        assert_eq!((packet.kind, packet.claims), (Kind::ArpAnnouncement, Some((vip.into(), AT))));
        assert_eq!((packet.mac, packet.identity.len()), (Some(AT), 28), "padding is no part of it");
        let packet = read(&framed(arp::ETHERTYPE, &arp::probe(vip, AT).emit()));
        assert_eq!((packet.kind, packet.claims, packet.from), (Kind::ArpProbe, None, None));
        let six = "fd00::3".parse().unwrap();
        let packet = read(&framed(ndisc::ETHERTYPE, &ndisc::unsolicited(six, AT)));
        assert_eq!((packet.kind, packet.claims), (Kind::Announcement, Some((six.into(), AT))));
        let packet = read(&framed(ndisc::ETHERTYPE, &ndisc::probe(six, AT)));
        assert_eq!((packet.kind, packet.claims), (Kind::Probe, None));
        assert_eq!(read(&framed(0x88cc, b"lldp")).kind, Kind::Other);
    }

    /// A packet is the same through each kind of header, and behind a firewall, where its own header is made anew.
    #[test]
    fn one_packet_behind_many_headers() {
        let header = Ipv4Header {
            source: "10.0.0.5".parse().unwrap(),
            destination: "224.0.0.18".parse().unwrap(),
            ttl: 255,
            protocol: PROTOCOL_VRRP,
        };
        let advert = [0x21, 50, 150, 1, 0, 1, 0x3e, 0x7b, 10, 77, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0];
        let (sent, anew) = (header.emit(77, &advert), header.emit(0, &advert));
        let cooked = [&[0, 4, 0, 1, 0, 6][..], &AT, &[0, 0, 8, 0], &sent].concat();
        let cooked2 = [&[8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 4, 6][..], &AT, &[0, 0], &sent].concat();
        let first = Packet::read(Link::Ethernet, &framed(IPV4, &sent)).unwrap();
        assert_eq!(first.advert.as_ref().unwrap().advert.vrid, 50);
        for (link, bytes, mac, out) in [
            (Link::Ip, &anew, None, None),
            (Link::Cooked, &cooked, Some(AT), Some(true)),
            (Link::Cooked2, &cooked2, Some(AT), Some(true)),
        ] {
            let packet = Packet::read(link, bytes).unwrap();
            assert_eq!((&packet.identity, packet.mac, packet.out), (&first.identity, mac, out), "{link:?}");
            assert_eq!(packet.told.says, first.told.says);
        }
        assert!(Packet::read(Link::Other(7), &sent).is_none());
    }

    #[test]
    fn nothing_is_too_short() {
        for link in [Link::Ethernet, Link::Ip, Link::Cooked, Link::Cooked2] {
            for length in 0..60 {
                for fill in [0, 4, 6, 8, 0x45, 0x60, 0x86, 0xff] {
                    let _ = Packet::read(link, &vec![fill; length]);
                }
            }
        }
    }
}
