//! The Internet checksum (RFC 1071), over parts so that pseudo-headers need no copy.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Adds the 16-bit words of parts; an odd byte at the end of a part is padded with zero.
#[derive(Debug, Clone, Copy, Default)]
pub struct Checksum(u32);

impl Checksum {
    /// Adds a part.
    #[must_use]
    pub fn over(mut self, part: &[u8]) -> Self {
        for pair in part.chunks(2) {
            let word = match *pair {
                [high, low] => u16::from_be_bytes([high, low]),
                [high] => u16::from_be_bytes([high, 0]),
                _ => 0,
            };
            self.0 += u32::from(word);
            self.0 = (self.0 & 0xffff) + (self.0 >> 16);
        }
        self
    }

    /// Adds the IPv4 pseudo-header: source, destination, zero, protocol, length (RFC 793 §3.1).
    #[must_use]
    pub(super) fn pseudo_v4(self, source: Ipv4Addr, destination: Ipv4Addr, protocol: u8, length: u16) -> Self {
        self.over(&source.octets()).over(&destination.octets()).over(&[0, protocol]).over(&length.to_be_bytes())
    }

    /// Adds the IPv6 pseudo-header (RFC 8200 §8.1).
    #[must_use]
    pub fn pseudo_v6(self, source: Ipv6Addr, destination: Ipv6Addr, protocol: u8, length: u16) -> Self {
        self.over(&source.octets())
            .over(&destination.octets())
            .over(&u32::from(length).to_be_bytes())
            .over(&[0, 0, 0, protocol])
    }

    /// The checksum to store; over data that holds a right checksum it is 0.
    pub fn finish(self) -> u16 {
        let folded = (self.0 & 0xffff) + (self.0 >> 16);
        !u16::try_from(folded & 0xffff).unwrap_or(u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_example_of_rfc_1071() {
        let sum = Checksum::default().over(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
        assert_eq!(sum.finish(), !0xddf2);
    }

    #[test]
    fn parts_add_up_like_the_whole() {
        let whole = Checksum::default().over(&[1, 2, 3, 4, 5]).finish();
        assert_eq!(Checksum::default().over(&[1, 2]).over(&[3, 4]).over(&[5]).finish(), whole);
    }
}
