//! VRRP advertisements: version 2 (RFC 3768 §5) and version 3 (RFC 9568 §5), for IPv4 and IPv6.
//!
//! ```text
//!  0                   1                   2                   3
//!  |Version| Type=1|  VRID         |   Priority    |  Addr Count   |
//!  v2 |   Auth Type   |   Advert s    |          Checksum           |
//!  v3 |(rsvd)| Max Advert Int (cs)   |          Checksum           |
//!  |                         address(es)                             |
//!  v2 |              authentication data, always 8 bytes            |
//! ```

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use smallvec::SmallVec;

use super::checksum::Checksum;
use super::ip::PROTOCOL_VRRP;

/// VRRP protocol version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// RFC 3768: IPv4 only, whole seconds, optional PASS.
    V2,
    /// RFC 5798 and RFC 9568: IPv4 and IPv6, centiseconds, no authentication.
    V3,
}

impl Version {
    /// As it stands on the wire.
    pub fn number(self) -> u8 {
        match self {
            Self::V2 => 2,
            Self::V3 => 3,
        }
    }
}

/// Where IPv4 adverts go (RFC 9568 §5.1.1.2).
pub const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
/// Where IPv6 adverts go (RFC 9568 §5.1.2.2).
pub const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);

const HEADER: usize = 8;
const AUTH_DATA: usize = 8;
const CENTISECOND: Duration = Duration::from_millis(10);
const MAX_CENTISECONDS: u16 = 0x0fff;

/// An advertisement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advert {
    /// Protocol version.
    pub version: Version,
    /// Virtual router id.
    pub vrid: u8,
    /// Priority; 0 says that the sender stops being master.
    pub priority: u8,
    /// Advertisement interval: whole seconds in v2, centiseconds up to 40.95 s in v3.
    pub interval: Duration,
    /// Virtual addresses, all of the family that carries the advert.
    pub addresses: SmallVec<[IpAddr; 2]>,
    /// v2 authentication.
    pub auth: Auth,
}

/// Authentication of a v2 advert (RFC 2338 §5.3.6); v3 has none.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// Type 0.
    None,
    /// Type 1: eight bytes in clear.
    Simple([u8; 8]),
    /// Another type, such as AH (2); not understood.
    Other(u8),
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Simple(_) => f.write_str("Simple(…)"), // a secret never reaches a log
            Self::Other(kind) => write!(f, "Other({kind})"),
        }
    }
}

/// The two checksums in use for v3 over IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChecksumForm {
    /// RFC 5798's reading: the IPv4 pseudo-header is included. What keepalived sends and wants.
    PseudoHeader,
    /// RFC 9568 §5.2.8: the VRRP message alone, as in v2.
    MessageOnly,
    /// keepalived before 1.3.6, unicast over IPv4: the pseudo-header names the multicast group.
    OldUnicast,
}

/// Why bytes are not an acceptable advert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AdvertError {
    /// Length does not fit the address count.
    #[error("length {found} where {expected} bytes are needed")]
    Length {
        /// Bytes that the header calls for.
        expected: usize,
        /// Bytes that came.
        found: usize,
    },
    /// Neither version 2 nor 3.
    #[error("VRRP version {0}")]
    Version(u8),
    /// Not an advertisement.
    #[error("VRRP type {0} where 1 (advertisement) is expected")]
    Type(u8),
    /// VRID 0 is not a virtual router.
    #[error("VRID 0")]
    Vrid,
    /// Neither checksum form fits.
    #[error("checksum {found:#06x} is wrong")]
    Checksum {
        /// The checksum in the packet.
        found: u16,
    },
    /// Interval 0 would expire a backup at once.
    #[error("advertisement interval 0")]
    Interval,
}

impl Advert {
    /// How long a message with this header is; `None` without a header of a known version.
    pub fn length(payload: &[u8], ipv6: bool) -> Option<usize> {
        let [version_type, _, _, count, ..] = *payload.first_chunk::<HEADER>()?;
        let auth_length = match version_type >> 4 {
            2 => AUTH_DATA,
            3 => 0,
            _ => return None,
        };
        Some(HEADER + usize::from(count) * if ipv6 { 16 } else { 4 } + auth_length)
    }

    /// Parses the payload of an IP packet. Source and destination take part in the checksum.
    ///
    /// # Errors
    /// [`AdvertError`]; the caller counts it and says so once.
    pub fn parse(payload: &[u8], source: IpAddr, destination: IpAddr) -> Result<(Self, ChecksumForm), AdvertError> {
        Self::parse_signed(payload, &[], source, destination)
    }

    /// The same of a message that has a trailer behind it. Over IPv6 the checksum covers that, too: there the sender's
    /// kernel makes it, over the whole payload (RFC 3542 §3.1). Over IPv4 it does not.
    ///
    /// # Errors
    /// As [`Advert::parse`].
    pub fn parse_signed(
        payload: &[u8],
        trailer: &[u8],
        source: IpAddr,
        destination: IpAddr,
    ) -> Result<(Self, ChecksumForm), AdvertError> {
        let short = |expected| AdvertError::Length { expected, found: payload.len() };
        let (header, rest) = payload.split_first_chunk::<HEADER>().ok_or(short(HEADER))?;
        let [version_type, vrid, priority, count, b4, b5, c0, c1] = *header;
        let version = match version_type >> 4 {
            2 => Version::V2,
            3 => Version::V3,
            other => return Err(AdvertError::Version(other)),
        };
        if version_type & 0x0f != 1 {
            return Err(AdvertError::Type(version_type & 0x0f));
        }
        let address_length = if source.is_ipv4() { 4 } else { 16 };
        let auth_length = if version == Version::V2 { AUTH_DATA } else { 0 };
        let addresses_length = usize::from(count) * address_length;
        let expected = HEADER + addresses_length + auth_length;
        if payload.len() != expected {
            return Err(short(expected));
        }
        let found = u16::from_be_bytes([c0, c1]);
        let form = match version {
            Version::V2 if Checksum::default().over(payload).finish() == 0 => ChecksumForm::MessageOnly,
            Version::V3 if with_pseudo(source, destination, payload, trailer).finish() == 0 => {
                ChecksumForm::PseudoHeader
            }
            Version::V3 if source.is_ipv4() && Checksum::default().over(payload).finish() == 0 => {
                ChecksumForm::MessageOnly
            }
            _ => return Err(AdvertError::Checksum { found }),
        };
        if vrid == 0 {
            return Err(AdvertError::Vrid);
        }
        let interval = match version {
            Version::V2 => Duration::from_secs(u64::from(b5)),
            Version::V3 => CENTISECOND * u32::from(u16::from_be_bytes([b4, b5]) & MAX_CENTISECONDS),
        };
        if interval.is_zero() {
            return Err(AdvertError::Interval);
        }
        let (addresses, auth_data) = rest.split_at_checked(addresses_length).ok_or(short(expected))?;
        let auth = match (version, b4) {
            (Version::V3, _) | (Version::V2, 0) => Auth::None,
            (Version::V2, 1) => Auth::Simple(auth_data.first_chunk().copied().unwrap_or_default()),
            (Version::V2, other) => Auth::Other(other),
        };
        let addresses = addresses.chunks_exact(address_length).filter_map(address).collect();
        Ok((Self { version, vrid, priority, interval, addresses, auth }, form))
    }

    /// Parses a unicast v3 advert over IPv4 whose checksum is that of keepalived before 1.3.6.
    pub fn parse_old_unicast(payload: &[u8], source: IpAddr) -> Option<(Self, ChecksumForm)> {
        if !source.is_ipv4() || payload.first() != Some(&0x31) {
            return None;
        }
        let (advert, _) = Self::parse(payload, source, GROUP_V4.into()).ok()?;
        Some((advert, ChecksumForm::OldUnicast))
    }

    /// Writes the payload of an IP packet.
    ///
    /// More than 255 addresses, addresses of the other family and intervals beyond the field are the caller's
    /// mistakes; they are cut, never overflowed.
    pub fn emit(&self, source: IpAddr, destination: IpAddr, form: ChecksumForm) -> Vec<u8> {
        let addresses: Vec<&IpAddr> =
            self.addresses.iter().filter(|a| a.is_ipv4() == source.is_ipv4()).take(255).collect();
        let count = u8::try_from(addresses.len()).unwrap_or(u8::MAX);
        let mut bytes = match self.version {
            Version::V2 => {
                let seconds = u8::try_from(self.interval.as_secs()).unwrap_or(u8::MAX).max(1);
                let kind = match self.auth {
                    Auth::None => 0,
                    Auth::Simple(_) => 1,
                    Auth::Other(kind) => kind,
                };
                vec![0x21, self.vrid, self.priority, count, kind, seconds, 0, 0]
            }
            Version::V3 => {
                let centiseconds = centiseconds(self.interval).to_be_bytes();
                vec![0x31, self.vrid, self.priority, count, centiseconds[0], centiseconds[1], 0, 0]
            }
        };
        for address in addresses {
            match address {
                IpAddr::V4(v4) => bytes.extend(v4.octets()),
                IpAddr::V6(v6) => bytes.extend(v6.octets()),
            }
        }
        if self.version == Version::V2 {
            bytes.extend(if let Auth::Simple(data) = self.auth { data } else { [0; AUTH_DATA] });
        }
        let sum = match (self.version, form) {
            (Version::V3, ChecksumForm::OldUnicast) if source.is_ipv4() => {
                with_pseudo(source, GROUP_V4.into(), &bytes, &[])
            }
            (Version::V2, _) => Checksum::default().over(&bytes),
            (Version::V3, ChecksumForm::MessageOnly) if source.is_ipv4() => Checksum::default().over(&bytes),
            (Version::V3, _) => with_pseudo(source, destination, &bytes, &[]),
        };
        if let Some(field) = bytes.get_mut(6..8) {
            field.copy_from_slice(&sum.finish().to_be_bytes());
        }
        bytes
    }
}

/// An interval as the v3 field: at least 1, at most 4095 centiseconds, rounded to the nearest.
pub fn centiseconds(interval: Duration) -> u16 {
    let rounded = (interval.as_millis() + 5) / 10;
    u16::try_from(rounded).unwrap_or(MAX_CENTISECONDS).clamp(1, MAX_CENTISECONDS)
}

fn with_pseudo(source: IpAddr, destination: IpAddr, payload: &[u8], trailer: &[u8]) -> Checksum {
    let length = |bytes: usize| u16::try_from(bytes).unwrap_or(u16::MAX);
    match (source, destination) {
        (IpAddr::V4(s), IpAddr::V4(d)) => {
            Checksum::default().pseudo_v4(s, d, PROTOCOL_VRRP, length(payload.len())).over(payload)
        }
        (IpAddr::V6(s), IpAddr::V6(d)) => {
            let whole = length(payload.len() + trailer.len());
            Checksum::default().pseudo_v6(s, d, PROTOCOL_VRRP, whole).over(payload).over(trailer)
        }
        _ => Checksum::default().over(payload), // families never mix in one packet
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::from(v4));
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

#[cfg(test)]
mod tests {
    use smallvec::smallvec;

    use super::*;

    fn v4(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn advert(version: Version) -> Advert {
        Advert {
            version,
            vrid: 37,
            priority: 91,
            interval: if version == Version::V2 { Duration::from_secs(2) } else { Duration::from_millis(700) },
            addresses: smallvec![v4("10.0.0.3"), v4("10.0.0.4")],
            auth: if version == Version::V2 { Auth::Simple(*b"1111\0\0\0\0") } else { Auth::None },
        }
    }

    #[test]
    fn v2_round_trip_and_bytes() {
        let (s, d) = (v4("10.0.0.5"), IpAddr::V4(GROUP_V4));
        let bytes = advert(Version::V2).emit(s, d, ChecksumForm::PseudoHeader);
        assert_eq!(bytes.len(), 8 + 8 + 8);
        assert_eq!(bytes[..6], [0x21, 37, 91, 2, 1, 2]);
        assert_eq!(&bytes[16..], b"1111\0\0\0\0");
        assert_eq!(Advert::parse(&bytes, s, d), Ok((advert(Version::V2), ChecksumForm::MessageOnly)));
    }

    #[test]
    fn v2_without_authentication_still_carries_eight_bytes() {
        let plain = Advert { auth: Auth::None, ..advert(Version::V2) };
        let (s, d) = (v4("10.0.0.5"), IpAddr::V4(GROUP_V4));
        let bytes = plain.emit(s, d, ChecksumForm::MessageOnly);
        assert_eq!((bytes.len(), bytes[4]), (24, 0));
        assert!(matches!(Advert::parse(&bytes[..16], s, d), Err(AdvertError::Length { expected: 24, found: 16 })));
    }

    #[test]
    fn v3_over_ipv4_accepts_both_checksums() {
        let (s, d) = (v4("10.0.0.5"), IpAddr::V4(GROUP_V4));
        for form in [ChecksumForm::PseudoHeader, ChecksumForm::MessageOnly] {
            let bytes = advert(Version::V3).emit(s, d, form);
            assert_eq!(bytes[..6], [0x31, 37, 91, 2, 0, 70], "0.7 s is 70 centiseconds");
            assert_eq!(Advert::parse(&bytes, s, d), Ok((advert(Version::V3), form)));
        }
    }

    #[test]
    fn v3_over_ipv6_always_has_the_pseudo_header() {
        let (s, d) = ("fe80::5".parse().unwrap(), IpAddr::V6(GROUP_V6));
        let six = Advert { addresses: smallvec!["fe80::3".parse().unwrap()], ..advert(Version::V3) };
        let bytes = six.emit(s, d, ChecksumForm::MessageOnly);
        assert_eq!(bytes.len(), 8 + 16);
        assert_eq!(Advert::parse(&bytes, s, d), Ok((six, ChecksumForm::PseudoHeader)));
    }

    #[test]
    fn every_damage_is_an_error() {
        let (s, d) = (v4("10.0.0.5"), IpAddr::V4(GROUP_V4));
        let good = advert(Version::V3).emit(s, d, ChecksumForm::PseudoHeader);
        for n in 0..good.len() {
            assert!(Advert::parse(&good[..n], s, d).is_err(), "{n} bytes");
            let mut bad = good.clone();
            bad[n] ^= 0x10;
            assert!(Advert::parse(&bad, s, d).is_err(), "byte {n}");
        }
        let mut long = good;
        long.push(0);
        assert!(matches!(Advert::parse(&long, s, d), Err(AdvertError::Length { .. })));
        let mut sum = advert(Version::V3).emit(s, d, ChecksumForm::PseudoHeader);
        sum[6..8].copy_from_slice(&[0x12, 0x34]);
        assert_eq!(Advert::parse(&sum, s, d), Err(AdvertError::Checksum { found: 0x1234 }));
    }

    #[test]
    fn impossible_fields_are_errors() {
        let (s, d) = (v4("10.0.0.5"), IpAddr::V4(GROUP_V4));
        let zero = Advert { vrid: 0, ..advert(Version::V3) }.emit(s, d, ChecksumForm::PseudoHeader);
        assert_eq!(Advert::parse(&zero, s, d), Err(AdvertError::Vrid));
        let fix = |mut bytes: Vec<u8>| {
            bytes[6..8].fill(0);
            let sum = Checksum::default().over(&bytes).finish().to_be_bytes();
            bytes[6..8].copy_from_slice(&sum);
            bytes
        };
        let mut still = advert(Version::V3).emit(s, d, ChecksumForm::MessageOnly);
        still[4..6].fill(0);
        assert_eq!(Advert::parse(&fix(still), s, d), Err(AdvertError::Interval));
        let mut four = advert(Version::V3).emit(s, d, ChecksumForm::MessageOnly);
        four[0] = 0x41;
        assert_eq!(Advert::parse(&fix(four), s, d), Err(AdvertError::Version(4)));
        let mut kind = advert(Version::V3).emit(s, d, ChecksumForm::MessageOnly);
        kind[0] = 0x32;
        assert_eq!(Advert::parse(&fix(kind), s, d), Err(AdvertError::Type(2)));
    }

    #[test]
    fn intervals_round_and_never_vanish() {
        assert_eq!(centiseconds(Duration::from_millis(1)), 1);
        assert_eq!(centiseconds(Duration::from_millis(15)), 2);
        assert_eq!(centiseconds(Duration::from_secs(1)), 100);
        assert_eq!(centiseconds(Duration::from_secs(100)), 4095);
    }

    #[test]
    fn a_password_is_not_printed() {
        assert!(!format!("{:?}", advert(Version::V2)).contains("49"));
    }
}
