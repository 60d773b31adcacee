//! The IPv4 header (RFC 791), as far as VRRP needs it.

use std::net::Ipv4Addr;

use super::checksum::Checksum;

/// IP protocol number of VRRP.
pub const PROTOCOL_VRRP: u8 = 112;
/// The TTL and hop limit of adverts (RFC 9568 §5.1.1.3): proof that no router forwarded them.
pub const TTL: u8 = 255;
/// Bytes of a header without options.
const HEADER_LENGTH: usize = 20;

/// The fields of a header that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ipv4Header {
    /// Source.
    pub source: Ipv4Addr,
    /// Destination.
    pub destination: Ipv4Addr,
    /// Time to live.
    pub ttl: u8,
    /// Protocol number.
    pub protocol: u8,
}

/// Why bytes are not an IPv4 packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Ipv4Error {
    /// Fewer bytes than the header or its total length say.
    #[error("packet of {0} bytes is cut short")]
    Short(usize),
    /// The version nibble is not 4.
    #[error("IP version {0} where 4 is expected")]
    Version(u8),
    /// Header length below 20 bytes or beyond the packet.
    #[error("header length of {0} bytes is impossible")]
    HeaderLength(usize),
}

impl Ipv4Header {
    /// Parses a packet into its header and its payload; options are skipped, padding after the total length is cut.
    ///
    /// # Errors
    /// [`Ipv4Error`] for anything that is not a whole IPv4 packet.
    pub fn parse(packet: &[u8]) -> Result<(Self, &[u8]), Ipv4Error> {
        let short = Ipv4Error::Short(packet.len());
        let fixed: &[u8; HEADER_LENGTH] = packet.first_chunk().ok_or(short)?;
        let [version_length, _, total_high, total_low, _, _, _, _, ttl, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] =
            *fixed;
        if version_length >> 4 != 4 {
            return Err(Ipv4Error::Version(version_length >> 4));
        }
        let header_length = usize::from(version_length & 0x0f) * 4;
        let total = usize::from(u16::from_be_bytes([total_high, total_low]));
        if header_length < HEADER_LENGTH || header_length > total {
            return Err(Ipv4Error::HeaderLength(header_length));
        }
        let payload = packet.get(header_length..total).ok_or(short)?;
        let header =
            Self { source: Ipv4Addr::new(s0, s1, s2, s3), destination: Ipv4Addr::new(d0, d1, d2, d3), ttl, protocol };
        Ok((header, payload))
    }

    /// Writes a whole packet: precedence Internetwork Control (TOS 0xC0), no fragmentation fields, no options.
    pub fn emit(&self, identification: u16, payload: &[u8]) -> Vec<u8> {
        let total = u16::try_from(HEADER_LENGTH + payload.len()).unwrap_or(u16::MAX).to_be_bytes();
        let id = identification.to_be_bytes();
        let (s, d) = (self.source.octets(), self.destination.octets());
        let mut header = [
            0x45,
            0xc0,
            total[0],
            total[1],
            id[0],
            id[1],
            0,
            0,
            self.ttl,
            self.protocol,
            0,
            0,
            s[0],
            s[1],
            s[2],
            s[3],
            d[0],
            d[1],
            d[2],
            d[3],
        ];
        let sum = Checksum::default().over(&header).finish().to_be_bytes();
        [header[10], header[11]] = sum;
        [header.as_slice(), payload].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Ipv4Header = Ipv4Header {
        source: Ipv4Addr::new(10, 0, 0, 5),
        destination: Ipv4Addr::new(224, 0, 0, 18),
        ttl: TTL,
        protocol: PROTOCOL_VRRP,
    };

    #[test]
    fn round_trip() {
        let packet = HEADER.emit(7, b"abc");
        assert_eq!(packet.len(), 23);
        assert_eq!(Checksum::default().over(&packet[..20]).finish(), 0);
        assert_eq!(Ipv4Header::parse(&packet), Ok((HEADER, b"abc".as_slice())));
    }

    #[test]
    fn options_are_skipped_and_padding_is_cut() {
        let mut packet = HEADER.emit(7, b"optsabc");
        packet[0] = 0x46;
        packet.extend([0; 20]);
        assert_eq!(Ipv4Header::parse(&packet).unwrap().1, b"abc");
    }

    #[test]
    fn short_or_impossible_packets_are_errors() {
        let packet = HEADER.emit(7, b"abc");
        for n in 0..packet.len() {
            assert!(Ipv4Header::parse(&packet[..n]).is_err(), "{n} bytes");
        }
        let mut six = packet.clone();
        six[0] = 0x65;
        assert_eq!(Ipv4Header::parse(&six), Err(Ipv4Error::Version(6)));
        let mut tiny = packet;
        tiny[0] = 0x44;
        assert_eq!(Ipv4Header::parse(&tiny), Err(Ipv4Error::HeaderLength(16)));
        assert_eq!(Ipv4Header::parse(&[0x45; 19]), Err(Ipv4Error::Short(19)));
    }
}
