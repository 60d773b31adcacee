//! Ethernet frames (GARP, unsolicited NA) through a packet socket; the kernel writes the Ethernet header.

use std::io;
use std::os::fd::AsFd as _;

use hactl_engine::action::Frame;
use socket2::{Domain, Protocol, Socket, Type};

use super::mmsg::{self, To};

/// A packet socket that only sends.
pub struct Frames {
    socket: Socket,
}

impl Frames {
    /// Opens the socket. Protocol 0: it receives nothing.
    ///
    /// # Errors
    /// The kernel's; without CAP_NET_RAW "operation not permitted".
    pub fn open() -> io::Result<Self> {
        Ok(Self { socket: Socket::new(Domain::PACKET, Type::DGRAM.nonblocking(), Some(Protocol::from(0)))? })
    }

    /// Sends frames in order; returns the first failure after trying all.
    ///
    /// # Errors
    /// The kernel's.
    pub fn send(&mut self, frames: &[Frame]) -> io::Result<()> {
        let datagrams: Vec<(To, &[u8])> = frames
            .iter()
            .map(|frame| {
                let to = To::Link { link: frame.link, mac: frame.destination, ethertype: frame.ethertype };
                (to, frame.payload.as_slice())
            })
            .collect();
        mmsg::send(self.socket.as_fd(), &datagrams).into_iter().next().map_or(Ok(()), |(_, error)| Err(error))
    }
}
