//! Addresses that the agent puts on interfaces.

use std::net::Ipv4Addr;

use ipnet::IpNet;

use super::vmac::Vmac;

/// One line of `virtual_ipaddress`, `virtual_ipaddress_excluded` or `static_ipaddress`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VirtualAddress {
    /// Address with its prefix length; /32 or /128 when the file gives none.
    pub address: IpNet,
    /// `dev`: the instance's interface when absent.
    pub interface: Option<String>,
    /// `label`, at most 15 bytes.
    pub label: Option<String>,
    /// `scope`: kernel number; 0 (global) by default.
    pub scope: u8,
    /// `brd`: broadcast address; `None` sets none.
    pub broadcast: Option<Ipv4Addr>,
    /// `peer`: the address at the other end of a point-to-point link.
    pub peer: Option<IpNet>,
    /// `preferred_lft` in seconds; for ever when absent (an IPv6 /128 gets 0: never a source).
    pub preferred_s: Option<u32>,
    /// `home`, `-nodad`, `mngtmpaddr`, `noprefixroute`, `autojoin`, each at most once.
    pub flags: Vec<AddressFlag>,
    /// `no_track`: when somebody deletes it, it is not put back; nor is its interface watched.
    pub no_track: bool,
    /// `use_vmac`: the macvlan on `interface` that it stands on, when that is not the instance's own.
    pub vmac: Option<Box<Vmac>>,
}

impl VirtualAddress {
    /// An address with every option at its default.
    pub fn new(address: IpNet) -> Self {
        Self {
            address,
            interface: None,
            label: None,
            scope: 0,
            broadcast: None,
            peer: None,
            preferred_s: None,
            flags: Vec::new(),
            no_track: false,
            vmac: None,
        }
    }

    /// The interface that it stands on; the instance's own when absent.
    pub fn stands_on(&self) -> Option<&str> {
        self.vmac.as_ref().map(|vmac| vmac.name.as_str()).or(self.interface.as_deref())
    }
}

/// Flags of an address, named as iproute2 names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressFlag {
    /// IPv6 mobility home address.
    Home,
    /// `-nodad`: duplicate address detection, which virtual addresses go without: the election has made sure.
    DetectDuplicates,
    /// Template for temporary addresses.
    ManageTemporary,
    /// No route to the prefix.
    NoPrefixRoute,
    /// Join the multicast group of the address.
    AutoJoin,
}
