//! Ethernet frames (GARP, unsolicited NA) through a packet socket; the kernel writes the Ethernet header.

use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::AsRawFd;

use hactl_engine::action::Frame;
use socket2::{Domain, Protocol, Socket, Type};

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

    /// Sends frames one after another; returns the first failure after trying all.
    ///
    /// # Errors
    /// The kernel's.
    pub fn send(&mut self, frames: &[Frame]) -> io::Result<()> {
        let mut outcome = Ok(());
        for frame in frames {
            if let Err(error) = self.send_one(frame) {
                outcome = outcome.and(Err(error));
            }
        }
        outcome
    }

    fn send_one(&mut self, frame: &Frame) -> io::Result<()> {
        // SAFETY: sockaddr_ll is plain data, for which all zeroes is a valid value.
        #[expect(unsafe_code, reason = "nix builds no sockaddr_ll")]
        let mut to: libc::sockaddr_ll = unsafe { zeroed() };
        to.sll_family = libc::AF_PACKET.try_into().unwrap_or_default();
        to.sll_protocol = frame.ethertype.to_be();
        to.sll_ifindex = frame.link.try_into().unwrap_or_default();
        to.sll_halen = 6;
        to.sll_addr = [0; 8];
        for (place, byte) in to.sll_addr.iter_mut().zip(frame.destination) {
            *place = byte;
        }
        // SAFETY: both pointers come from live borrows with their true lengths; the kernel only reads.
        #[expect(unsafe_code, reason = "sendto with a sockaddr_ll")]
        let sent = unsafe {
            libc::sendto(
                self.socket.as_raw_fd(),
                frame.payload.as_ptr().cast(),
                frame.payload.len(),
                0,
                (&raw const to).cast(),
                u32::try_from(size_of::<libc::sockaddr_ll>()).unwrap_or_default(),
            )
        };
        if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}
