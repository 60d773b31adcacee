//! The trailer held against packets that keepalived 2.4.3 sent, and against every changed bit.

use super::*;
use crate::wire::ip::Ipv4Header;
use crate::wire::vrrp::{Advert, GROUP_V4, GROUP_V6};

/// Adverts of keepalived 2.4.3, recorded with `tcpdump -x` from the IP header on: version 2 and 3 over IPv4, version 3
/// over IPv6. Key 1 is the bytes 0 to 31.
const RECORDED: [&str; 3] = [
    "45c0 0044 0001 0000 ff70 d024 0a4d 0005 e000 0012 2132 9601 0001 3e7b 0a4d 0003 0000 0000 0000 0000 0101 0000
     6b0a fce2 04ce 0000 ebda 9370 5d3a 9398 9bfd c1b7 8eba c372",
    "45c0 003c 0001 0000 ff70 d02c 0a4d 0005 e000 0012 3132 9601 0064 4337 0a4d 0003 0101 0000 6b0a fce7 1a33 0000
     8358 b8d0 34b7 c77e 6df6 83d8 4b6f c4fc",
    "6c01 e889 0034 70ff fe80 0000 0000 0000 fcbc 91ff fe5e 733c ff02 0000 0000 0000 0000 0000 0000 0012 3132 9601
     0064 e4c1 fe80 0000 0000 0000 0000 0000 0077 0003 0101 0000 6b0a fcec 5f32 0000 76a0 a63f 7c24 5434 8da7 ce98
     1d4f 2726",
];

fn key() -> Vec<u8> {
    (0..32).collect()
}

/// Source and payload of a recorded packet.
fn recorded(hex: &str) -> (IpAddr, Vec<u8>) {
    let digits: Vec<char> = hex.chars().filter(char::is_ascii_hexdigit).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
    let packet: Vec<u8> = digits.chunks(2).map(byte).collect();
    match packet[0] >> 4 {
        4 => {
            let (header, payload) = Ipv4Header::parse(&packet).unwrap();
            (header.source.into(), payload.to_vec())
        }
        _ => (<[u8; 16]>::try_from(&packet[8..24]).unwrap().into(), packet[40..].to_vec()),
    }
}

fn trailer(payload: &[u8], source: IpAddr) -> (Vec<u8>, Trailer) {
    let length = Advert::length(payload, source.is_ipv6()).unwrap();
    match Trailer::split(payload, length) {
        (message, Behind::Trailer(trailer)) => (message.to_vec(), trailer),
        (_, other) => panic!("{other:?}"),
    }
}

#[test]
fn what_keepalived_signed_is_verified_and_signed_alike() {
    for hex in RECORDED {
        let (source, payload) = recorded(hex);
        assert!(Trailer::verifies(&payload, source, &key()), "{source}");
        let (message, trailer) = trailer(&payload, source);
        assert_eq!(trailer.key, 1);
        assert_eq!(trailer.sequence.0 >> 40, 0x6b_0afc, "signed in November 2026");
        // Made anew from what it says: checksum, trailer, and over IPv6 the checksum of both.
        let group = if source.is_ipv6() { IpAddr::from(GROUP_V6) } else { IpAddr::from(GROUP_V4) };
        let (advert, form) = Advert::parse_signed(&message, &payload[message.len()..], source, group).unwrap();
        let anew = advert.emit(source, group, form);
        assert_eq!(trailer.sign(anew, source, &key()), payload, "to the byte");
    }
}

#[test]
fn any_change_but_the_checksum_is_noticed() {
    for hex in RECORDED {
        let (source, payload) = recorded(hex);
        for (place, bit) in (0..payload.len()).flat_map(|place| (0..8).map(move |bit| (place, bit))) {
            let mut changed = payload.clone();
            changed[place] ^= 1 << bit;
            let checksum = (6..8).contains(&place);
            assert_eq!(Trailer::verifies(&changed, source, &key()), checksum, "byte {place}, bit {bit}");
        }
        let mut other = key();
        other[31] ^= 1;
        assert!(!Trailer::verifies(&payload, source, &other));
        assert!(!Trailer::verifies(&payload, "10.77.0.6".parse().unwrap(), &key()));
        assert!((0..payload.len()).all(|n| !Trailer::verifies(&payload[..n], source, &key())));
    }
}

#[test]
fn another_type_and_reserved_bits_are_malformed() {
    let (source, payload) = recorded(RECORDED[1]);
    let length = Advert::length(&payload, source.is_ipv6()).unwrap();
    for place in [0, 2, 3] {
        let mut changed = payload.clone();
        changed[length + place] ^= 2;
        assert_eq!(Trailer::split(&changed, length).1, Behind::Malformed, "byte {place} of the trailer");
    }
    assert_eq!(Trailer::split(&payload[..length], length), (&payload[..length], Behind::Nothing));
    for wrong in [length + 1, payload.len() - 1] {
        assert_eq!(
            Trailer::split(&payload[..wrong], length),
            (&payload[..wrong], Behind::Nothing),
            "left to the parser"
        );
    }
}

#[test]
fn sequences_are_serial_numbers() {
    let at = |ms| Sequence::at(Duration::from_millis(ms));
    assert_eq!(at(1_500).0, 1 << 32 | 0x8000 << 16);
    assert!(at(1_500).is_after(at(1_400)) && !at(1_400).is_after(at(1_500)) && !at(1_400).is_after(at(1_400)));
    assert!(at(1_400).next().is_after(at(1_400)));
    let end = Sequence(u64::MAX);
    assert!(end.next().is_after(end) && !end.is_after(end.next()), "2106 comes after 1970");
    assert_eq!(at(3_250).distance(at(1_000)), Duration::from_millis(2_250));
    assert_eq!(at(1_000).distance(at(3_250)), Duration::from_millis(2_250));
}
