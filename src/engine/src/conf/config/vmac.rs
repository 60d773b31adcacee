//! The macvlan of a virtual router.

use crate::wire::arp::Mac;

/// `use_vmac [NAME] [MAC]` and `vmac_xmit_base`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Vmac {
    /// Name of the macvlan: `vrrp.VRID` (`vmac_prefix` changes the first part) unless given.
    pub name: String,
    /// Its MAC: 00:00:5e:00:01:VRID, for IPv6 00:00:5e:00:02:VRID (RFC 9568 §7.3), unless given.
    pub mac: Mac,
    /// `vmac_xmit_base`: adverts leave by the interface itself.
    pub transmit_base: bool,
}
