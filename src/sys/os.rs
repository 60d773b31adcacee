//! The seam between deciding and doing: what the agent asks of the kernel.

use std::io;
use std::net::IpAddr;

use hactl_engine::action::{Frame, LinkAddress};

/// What the VRRP loop does to the host. Nothing here may block.
pub trait Os {
    /// Sends an advert by an interface; see `Action::Send` for what `packet` holds.
    ///
    /// # Errors
    /// The kernel's; a firewall answers with "operation not permitted".
    fn send(&mut self, link: u32, source: IpAddr, destination: IpAddr, packet: &[u8]) -> io::Result<()>;

    /// Puts addresses on interfaces in as few messages as the kernel takes.
    ///
    /// # Errors
    /// The first refusal, worded with the address; those before and after it are there.
    fn add_addresses(&mut self, addresses: &[LinkAddress]) -> Result<(), String>;

    /// Takes addresses off interfaces.
    ///
    /// # Errors
    /// The first refusal, worded with the address; "not there" is none.
    fn remove_addresses(&mut self, addresses: &[LinkAddress]) -> Result<(), String>;

    /// Sends Ethernet frames.
    ///
    /// # Errors
    /// The kernel's, for the first frame that could not be sent; the others are sent.
    fn announce(&mut self, frames: &[Frame]) -> io::Result<()>;
}
