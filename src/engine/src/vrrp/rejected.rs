//! Why an advert of another router is dropped.

use super::counters::Counter;
use crate::conf::config::Version;
use crate::wire::vrrp::AdvertError;

/// What the receive checks (RFC 9568 §7.1) or the signature found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Rejected {
    /// Multicast that did not come from this LAN.
    #[error("TTL {0} where 255 is required: it was routed or forged")]
    Ttl(u8),
    /// Unicast from too far away.
    #[error("TTL {ttl} is not within {min}..={max} as configured for it")]
    PeerTtl { ttl: u8, min: u8, max: u8 },
    /// Unicast from a stranger.
    #[error("it is not one of the unicast peers")]
    NoPeer,
    /// No advert.
    #[error(transparent)]
    Malformed(#[from] AdvertError),
    /// The other protocol version.
    #[error("it speaks {theirs:?}, this instance {ours:?}")]
    Version { theirs: Version, ours: Version },
    /// Multicast where unicast is expected, or the other way.
    #[error("it sends {theirs}, this instance expects {ours}")]
    Destination { theirs: &'static str, ours: &'static str },
    /// Version 2: authentication.
    #[error("authentication type or password differs")]
    Password,
    /// Version 2: intervals, in seconds.
    #[error("its interval is {theirs_s} s, ours {ours_s} s; in version 2 they must agree")]
    Interval { theirs_s: u64, ours_s: u64 },
    /// Bytes behind the message that are no trailer.
    #[error("what follows the message is no signature of a known form")]
    Trailer,
    /// No signature where one is required.
    #[error("it is not signed, and auth_hmac wants that")]
    Unsigned,
    /// Signed with a key of this number.
    #[error("it is signed with key {0}, which is not configured here")]
    UnknownKey(u8),
    /// The signature does not verify.
    #[error("its signature is wrong: another key, or forged")]
    Forged,
    /// Signed too long ago, or in the future.
    #[error("its time differs by {off_s} s, more than time_window permits: replayed, or the clocks differ")]
    OutOfTime { off_s: u64 },
    /// Not newer than the last one.
    #[error("it was not signed after the last one: replayed")]
    Replayed,
}

impl Rejected {
    /// Where it is counted.
    pub(super) fn counter(&self) -> Counter {
        match self {
            Self::Ttl(_) | Self::PeerTtl { .. } => Counter::BadTtl,
            Self::NoPeer => Counter::BadSource,
            Self::Malformed(_) | Self::Trailer => Counter::BadPacket,
            Self::Version { .. } => Counter::BadVersion,
            Self::Destination { .. } => Counter::BadDestination,
            Self::Password | Self::Unsigned | Self::UnknownKey(_) | Self::Forged => Counter::BadAuth,
            Self::OutOfTime { .. } | Self::Replayed => Counter::BadAuth,
            Self::Interval { .. } => Counter::BadInterval,
        }
    }
}
