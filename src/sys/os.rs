//! The seam between deciding and doing: what the agent asks of the kernel. Each call takes many things at once, because
//! a thousand routers may change in the same moment, and answers with the refusals by their place in the list.

use std::io;
use std::net::IpAddr;

use hactl_engine::action::{Drain, Frame, Gate, LinkAddress, Routing};

/// An advert on its way out; see `Action::Send` for what `packet` holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outgoing {
    /// Outgoing interface, kernel index.
    pub link: u32,
    /// Source address.
    pub source: IpAddr,
    /// Group or peer.
    pub destination: IpAddr,
    /// Bytes.
    pub packet: Vec<u8>,
}

/// What the VRRP loop does to the host. Nothing here may block.
pub(crate) trait Os {
    /// Sends adverts. A firewall answers with "operation not permitted".
    fn send(&mut self, adverts: &[Outgoing]) -> Vec<(usize, io::Error)>;

    /// Puts addresses on interfaces in as few messages as the kernel takes; the refusals are worded with the address.
    fn add_addresses(&mut self, addresses: &[LinkAddress]) -> Vec<(usize, String)>;

    /// Takes addresses off interfaces; "not there" is no refusal.
    fn remove_addresses(&mut self, addresses: &[LinkAddress]) -> Vec<(usize, String)>;

    /// Puts routes and rules in place; the refusals, worded.
    fn add_routing(&mut self, routing: &Routing) -> Vec<String>;

    /// Takes routes and rules away; the refusals, worded.
    fn remove_routing(&mut self, routing: &Routing) -> Vec<String>;

    /// Changes what the firewall does for addresses.
    ///
    /// # Errors
    /// Of nf_tables.
    fn gate(&mut self, addresses: &[IpAddr], gate: Gate) -> io::Result<()>;

    /// Begins or ends what becomes of open connections when the addresses move.
    ///
    /// # Errors
    /// Of netlink or nf_tables. Connections are then not drained; nothing else suffers.
    fn drain(&mut self, drain: &Drain) -> io::Result<()>;

    /// Sends Ethernet frames.
    ///
    /// # Errors
    /// The kernel's, for the first frame that could not be sent; the others are sent.
    fn announce(&mut self, frames: &[Frame]) -> io::Result<()>;
}
