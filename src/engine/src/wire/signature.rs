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

/// Bytes of the trailer.
pub const LENGTH: usize = 28;
const MAC_LENGTH: usize = 16;
const KIND: u8 = 1;

/// What a trailer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trailer {
    /// Which key signed it.
    pub key: u8,
    /// When, since 1970; to 1/65536 s.
    pub time: Duration,
    /// Grows with every advert.
    pub counter: u16,
}

impl Trailer {
    /// Reads the trailer of `message`; `None` when it has none. What comes first is the VRRP message.
    pub fn split(message: &[u8]) -> Option<(&[u8], Self)> {
        let (advert, trailer) = message.split_last_chunk::<LENGTH>()?;
        let [kind, key, _, _, s0, s1, s2, s3, f0, f1, c0, c1, ..] = *trailer;
        // A message without trailer ends in addresses or authentication data: its own length tells.
        if kind != KIND || advert.len() < 8 {
            return None;
        }
        let nanos = u64::from(u16::from_be_bytes([f0, f1])) * 1_000_000_000 / 65_536;
        let seconds = u64::from(u32::from_be_bytes([s0, s1, s2, s3]));
        let time = Duration::from_secs(seconds) + Duration::from_nanos(nanos);
        Some((advert, Self { key, time, counter: u16::from_be_bytes([c0, c1]) }))
    }

    /// Whether the trailer of `message` was made with this secret by `source`.
    pub fn verifies(message: &[u8], source: IpAddr, secret: &[u8]) -> bool {
        let Some((signed, mac)) = message.split_last_chunk::<MAC_LENGTH>() else { return false };
        let Some(hmac) = digest(signed, source, secret) else { return false };
        hmac.verify_truncated_left(mac).is_ok()
    }

    /// Appends the trailer to a VRRP message.
    pub fn sign(&self, mut message: Vec<u8>, source: IpAddr, secret: &[u8]) -> Vec<u8> {
        let fraction = u64::from(self.time.subsec_nanos()) * 65_536 / 1_000_000_000;
        message.extend([KIND, self.key, 0, 0]);
        // The field holds the low 32 bits of the time.
        message.extend(u32::try_from(self.time.as_secs() & u64::from(u32::MAX)).unwrap_or_default().to_be_bytes());
        message.extend(u16::try_from(fraction).unwrap_or(u16::MAX).to_be_bytes());
        message.extend(self.counter.to_be_bytes());
        let mac = digest(&message, source, secret).map(|hmac| hmac.finalize().into_bytes());
        let bytes = mac.as_deref().and_then(|mac| mac.get(..MAC_LENGTH)).unwrap_or(&[0; MAC_LENGTH]);
        message.extend(bytes);
        message
    }
}

/// Over a pseudo-header, the message with its checksum taken as 0, and the trailer with its MAC taken as 0. `signed` is
/// everything before the MAC.
fn digest(signed: &[u8], source: IpAddr, secret: &[u8]) -> Option<Hmac<Sha256>> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    let (family, octets) = match source {
        IpAddr::V4(v4) => (2, [&v4.octets()[..], &[0; 12]].concat()),
        IpAddr::V6(v6) => (10, v6.octets().to_vec()),
    };
    let version = signed.first()? >> 4;
    hmac.update(&[family, version, *signed.get(1)?, 0]);
    hmac.update(&octets);
    hmac.update(signed.get(..6)?);
    hmac.update(&[0, 0]);
    hmac.update(signed.get(8..)?);
    hmac.update(&[0; MAC_LENGTH]);
    Some(hmac)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> IpAddr {
        "10.0.0.5".parse().unwrap()
    }

    fn signed() -> Vec<u8> {
        let advert = vec![0x31, 37, 91, 1, 0, 70, 0xab, 0xcd, 10, 0, 0, 100];
        let trailer = Trailer { key: 7, time: Duration::from_millis(1_750_000_000_500), counter: 42 };
        trailer.sign(advert, source(), b"secret")
    }

    #[test]
    fn a_trailer_is_read_and_verified() {
        let message = signed();
        assert_eq!(message.len(), 12 + LENGTH);
        let (advert, trailer) = Trailer::split(&message).unwrap();
        assert_eq!((advert.len(), trailer.key, trailer.counter), (12, 7, 42));
        assert_eq!(trailer.time, Duration::from_millis(1_750_000_000_500));
        assert!(Trailer::verifies(&message, source(), b"secret"));
    }

    #[test]
    fn any_change_but_the_checksum_is_noticed() {
        for place in 0..signed().len() {
            let mut message = signed();
            message[place] ^= 1;
            let checksum = (6..8).contains(&place);
            assert_eq!(Trailer::verifies(&message, source(), b"secret"), checksum, "byte {place}");
        }
        assert!(!Trailer::verifies(&signed(), source(), b"Secret"));
        assert!(!Trailer::verifies(&signed(), "10.0.0.6".parse().unwrap(), b"secret"));
        assert!((0..signed().len()).all(|n| !Trailer::verifies(&signed()[..n], source(), b"secret")));
    }
}
