//! The signed trailer of an advert: keepalived's `auth_hmac` as of 2.4.2 (draft-cassen-vrrp-auth-hmac), 28 bytes after
//! the VRRP message, outside its checksum.
//!
//! ```text
//!  | type 1 | key id | reserved 16 |           seconds 32            |
//!  | fraction 16     | counter 16  |  first 16 bytes of HMAC-SHA256  |
//! ```

use std::net::IpAddr;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::checksum::Checksum;

/// Bytes of the trailer.
pub const LENGTH: usize = LENGTH_16 as usize;
const LENGTH_16: u16 = 28;
const MAC_LENGTH: usize = 16;
const KIND: u8 = 1;

/// What a trailer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trailer {
    /// Which key signed it.
    pub key: u8,
    /// When it was signed, and the how many-th at that time; grows with every advert of a sender.
    pub sequence: Sequence,
}

/// Seconds since 1970 (32 bits), 1/65536 s (16 bits) and a counter (16 bits) as one number. It wraps in 2106, so it is
/// compared as a serial number (RFC 1982).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequence(pub u64);

/// What stands behind a VRRP message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// Nothing.
    Nothing,
    /// A trailer.
    Trailer(Trailer),
    /// As many bytes as a trailer has, but of another type or with reserved bits set.
    Malformed,
}

impl Sequence {
    /// The first one of this time since 1970.
    pub fn at(time: Duration) -> Self {
        let fraction = u64::from(time.subsec_nanos()) * 65_536 / 1_000_000_000;
        Self(time.as_secs() << 32 | fraction << 16)
    }

    /// The one after it.
    pub fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    /// Whether it was made after the other one.
    pub(crate) fn is_after(self, other: Self) -> bool {
        self.0.wrapping_sub(other.0).wrapping_sub(1) < u64::MAX / 2
    }

    /// How far apart the two times are, to 1/65536 s.
    pub fn distance(self, other: Self) -> Duration {
        let ahead = self.0.wrapping_sub(other.0);
        let apart = ahead.min(ahead.wrapping_neg());
        Duration::from_secs(apart >> 32) + Duration::from_nanos(((apart & u64::from(u32::MAX)) * 1_000_000_000) >> 32)
    }
}

impl Trailer {
    /// Splits a payload whose VRRP message has `length` bytes.
    pub fn split(payload: &[u8], length: usize) -> (&[u8], Behind) {
        let Some((message, rest)) = payload.split_at_checked(length) else { return (payload, Behind::Nothing) };
        let Some(trailer) = rest.first_chunk::<LENGTH>().filter(|_| rest.len() == LENGTH) else {
            return (payload, Behind::Nothing);
        };
        let [kind, key, r0, r1, s0, s1, s2, s3, f0, f1, c0, c1, ..] = *trailer;
        if (kind, r0, r1) != (KIND, 0, 0) {
            return (message, Behind::Malformed);
        }
        let sequence = Sequence(u64::from_be_bytes([s0, s1, s2, s3, f0, f1, c0, c1]));
        (message, Behind::Trailer(Self { key, sequence }))
    }

    /// Whether the trailer of `message` was made with this secret by `source`.
    pub fn verifies(message: &[u8], source: IpAddr, secret: &[u8]) -> bool {
        let Some((signed, mac)) = message.split_last_chunk::<MAC_LENGTH>() else { return false };
        let Some(hmac) = digest(signed, source, secret) else { return false };
        hmac.verify_truncated_left(mac).is_ok()
    }

    /// Appends the trailer to a VRRP message.
    pub fn sign(&self, mut message: Vec<u8>, source: IpAddr, secret: &[u8]) -> Vec<u8> {
        message.extend([KIND, self.key, 0, 0]);
        message.extend(self.sequence.0.to_be_bytes());
        let mac = digest(&message, source, secret).map(|hmac| hmac.finalize().into_bytes());
        let bytes = mac.as_deref().and_then(|mac| mac.get(..MAC_LENGTH)).unwrap_or(&[0; MAC_LENGTH]);
        message.extend(bytes);
        if source.is_ipv6() {
            sum_whole(&mut message);
        }
        message
    }
}

/// Over IPv6 the checksum covers the trailer as well ([`Advert::parse_signed`](super::vrrp::Advert::parse_signed)). The
/// MAC takes it as 0, so it is made last: what it was of the message alone, with the trailer and its length added (RFC
/// 1624).
fn sum_whole(message: &mut [u8]) {
    let Some((signed, trailer)) = message.split_last_chunk::<LENGTH>() else { return };
    let Some([high, low]) = signed.get(6..8).and_then(|sum| <[u8; 2]>::try_from(sum).ok()) else { return };
    let sum =
        Checksum::default().over(&[!high, !low]).over(&LENGTH_16.to_be_bytes()).over(trailer).finish().to_be_bytes();
    if let Some(field) = message.get_mut(6..8) {
        field.copy_from_slice(&sum);
    }
}

/// Over a pseudo-header, the message with its checksum taken as 0, and the trailer with its MAC taken as 0. `signed` is
/// everything before the MAC. The pseudo-header begins with the version of IP.
fn digest(signed: &[u8], source: IpAddr, secret: &[u8]) -> Option<Hmac<Sha256>> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    let (ip_version, octets) = match source {
        IpAddr::V4(v4) => (4, [&v4.octets()[..], &[0; 12]].concat()),
        IpAddr::V6(v6) => (6, v6.octets().to_vec()),
    };
    let version = signed.first()? >> 4;
    hmac.update(&[ip_version, version, *signed.get(1)?, 0]);
    hmac.update(&octets);
    hmac.update(signed.get(..6)?);
    hmac.update(&[0, 0]);
    hmac.update(signed.get(8..)?);
    hmac.update(&[0; MAC_LENGTH]);
    Some(hmac)
}

#[cfg(test)]
mod tests;
