//! The real [`Os`].

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;

use hactl_engine::action::{Frame, LinkAddress};

use super::address;
use super::frames::Frames;
use super::netlink::Netlink;
use super::os::Os;
use super::vrrp::VrrpSocket;

/// This host's kernel.
pub struct Linux {
    netlink: Netlink,
    frames: Frames,
    sockets: HashMap<(u32, bool), VrrpSocket>,
}

impl Linux {
    /// Opens what every agent needs; VRRP sockets follow as interfaces are known.
    ///
    /// # Errors
    /// The kernel's.
    pub fn open() -> io::Result<Self> {
        Ok(Self { netlink: Netlink::open(0)?, frames: Frames::open()?, sockets: HashMap::new() })
    }

    /// The VRRP sockets by interface and family.
    pub fn sockets(&mut self) -> &mut HashMap<(u32, bool), VrrpSocket> {
        &mut self.sockets
    }
}

impl Os for Linux {
    fn send(&mut self, link: u32, source: IpAddr, destination: IpAddr, packet: &[u8]) -> io::Result<()> {
        match self.sockets.get(&(link, source.is_ipv6())) {
            Some(socket) => socket.send(source, destination, packet),
            None => Err(io::Error::new(io::ErrorKind::NotFound, format!("no VRRP socket on interface {link}"))),
        }
    }

    fn add_addresses(&mut self, addresses: &[LinkAddress]) -> Result<(), String> {
        address::add(&mut self.netlink, addresses)
    }

    fn remove_addresses(&mut self, addresses: &[LinkAddress]) -> Result<(), String> {
        address::remove(&mut self.netlink, addresses)
    }

    fn announce(&mut self, frames: &[Frame]) -> io::Result<()> {
        self.frames.send(frames)
    }
}
