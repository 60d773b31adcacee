//! What the guard knows of the LAN: which hosts have claimed one of our addresses.

use std::net::IpAddr;

use smallvec::SmallVec;

use crate::time::Instant;
use crate::wire::arp::Mac;

/// A host has claimed one of our addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    /// Index of the interface that heard it.
    pub link: u32,
    /// The address.
    pub address: IpAddr,
    /// Who.
    pub mac: Mac,
    /// When.
    pub at: Instant,
    /// Whether it was a stranger, as far as was known then.
    pub stranger: bool,
}

/// Who stands behind a hardware address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// A router of this cluster: the address is that of its own interface, or the virtual router's.
    Peer,
    /// Nobody of this cluster, all of whose hardware addresses are known.
    Stranger,
    /// It cannot be told, since no peer is known. It counts as a peer wherever the address could otherwise have two
    /// owners.
    Unknown,
}

/// One router's view of the LAN.
#[derive(Debug, Clone, Default)]
pub(super) struct Lan {
    /// The latest claim of each hardware address.
    pub(super) claims: SmallVec<[Claim; 1]>,
    /// Hardware addresses that something else answers for: their host does not answer itself.
    pub(super) ghosts: SmallVec<[Mac; 2]>,
    /// Since when those that answered are asked directly.
    pub(super) direct_since: Option<Instant>,
    /// Own addresses of the routers that were heard.
    pub(super) peers: SmallVec<[IpAddr; 1]>,
}

impl Lan {
    pub(super) fn note(&mut self, claim: Claim) {
        self.claims.retain(|known| known.mac != claim.mac);
        if self.claims.len() == CLAIMS {
            self.claims.remove(0);
        }
        self.claims.push(claim);
    }
}

/// Hardware addresses whose latest claim is remembered.
const CLAIMS: usize = 8;
/// Routers that were heard and are remembered.
pub(super) const PEERS: usize = 8;
