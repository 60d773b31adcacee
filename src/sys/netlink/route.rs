//! Route netlink, synchronously: requests in one buffer, answers matched by sequence number.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use rtnetlink::packet_core::{NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

/// Bytes of requests sent at a time: below the default send buffer of a socket.
const CHUNK: usize = 128 * 1024;
/// Bytes of answers the kernel may queue: room for a burst of events.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

/// A route netlink socket.
pub struct Netlink {
    socket: Socket,
    sequence: u32,
}

impl Netlink {
    /// Opens a socket; `groups` are the multicast groups (`RTMGRP_…`) to hear, 0 for none.
    ///
    /// # Errors
    /// The kernel's.
    pub fn open(groups: u32) -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind(&SocketAddr::new(0, groups))?;
        // A smaller buffer still works; an overrun is noticed and answered with a new dump.
        let _ = socket.set_rx_buf_sz(RECEIVE_BUFFER);
        Ok(Self { socket, sequence: 0 })
    }

    /// Hears another multicast group, by its number (`RTNLGRP_…`).
    ///
    /// # Errors
    /// The kernel's.
    pub fn join(&mut self, group: u32) -> io::Result<()> {
        self.socket.add_membership(group)
    }

    /// For epoll.
    pub fn fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the descriptor is open as long as `self.socket` lives, which the borrow guarantees.
        #[expect(unsafe_code, reason = "netlink-sys offers no AsFd")]
        unsafe {
            BorrowedFd::borrow_raw(self.socket.as_raw_fd())
        }
    }

    /// Sends requests in one go and returns the error of each that failed, by its place in the list.
    ///
    /// Only the last of a chunk asks for an acknowledgement: the kernel reports failures unasked.
    ///
    /// # Errors
    /// When the socket itself fails.
    pub fn transact(
        &mut self,
        requests: impl Iterator<Item = (RouteNetlinkMessage, u16)>,
    ) -> io::Result<Vec<(usize, io::Error)>> {
        let mut failures = Vec::new();
        let mut requests = requests.enumerate().peekable();
        while requests.peek().is_some() {
            let mut buffer = Vec::new();
            let first = self.sequence.wrapping_add(1);
            let mut places = Vec::new();
            while let Some((place, (message, flags))) = requests.next_if(|_| buffer.len() < CHUNK) {
                let last = requests.peek().is_none() || buffer.len() + 512 >= CHUNK;
                self.sequence = self.sequence.wrapping_add(1);
                places.push(place);
                append(&mut buffer, message, NLM_F_REQUEST | flags | if last { NLM_F_ACK } else { 0 }, self.sequence);
                if last {
                    break;
                }
            }
            let last = self.sequence;
            self.socket.send(&buffer, 0)?;
            self.collect(first, last, &places, &mut failures)?;
        }
        Ok(failures)
    }

    fn collect(
        &mut self,
        first: u32,
        last: u32,
        places: &[usize],
        failures: &mut Vec<(usize, io::Error)>,
    ) -> io::Result<()> {
        loop {
            for message in self.receive()? {
                let NetlinkPayload::Error(error) = message.payload else { continue };
                let sequence = message.header.sequence_number;
                if error.raw_code() != 0
                    && let Some(place) = places.get(sequence.wrapping_sub(first) as usize)
                {
                    failures.push((*place, io::Error::from_raw_os_error(error.raw_code().saturating_abs())));
                }
                if sequence == last {
                    return Ok(());
                }
            }
        }
    }

    /// Asks for a whole table.
    ///
    /// # Errors
    /// When the socket fails or the kernel refuses.
    pub fn dump(&mut self, request: RouteNetlinkMessage) -> io::Result<Vec<RouteNetlinkMessage>> {
        let mut buffer = Vec::new();
        self.sequence = self.sequence.wrapping_add(1);
        append(&mut buffer, request, NLM_F_REQUEST | NLM_F_DUMP, self.sequence);
        self.socket.send(&buffer, 0)?;
        let mut table = Vec::new();
        loop {
            for message in self.receive()? {
                match message.payload {
                    NetlinkPayload::InnerMessage(inner) => table.push(inner),
                    NetlinkPayload::Done(_) => return Ok(table),
                    NetlinkPayload::Error(error) if error.raw_code() != 0 => return Err(error.to_io()),
                    _ => {}
                }
            }
        }
    }

    /// Makes [`Netlink::receive`] return `WouldBlock` instead of waiting.
    ///
    /// # Errors
    /// The kernel's.
    pub fn set_non_blocking(&self) -> io::Result<()> {
        self.socket.set_non_blocking(true)
    }

    /// One datagram's messages. What this library cannot decode is skipped: newer kernels may say more than we know.
    ///
    /// # Errors
    /// `WouldBlock` when there is nothing; `ENOBUFS` when events were lost.
    pub fn receive(&mut self) -> io::Result<Vec<NetlinkMessage<RouteNetlinkMessage>>> {
        let (bytes, _) = self.socket.recv_from_full()?;
        let mut messages = Vec::new();
        let mut rest = bytes.as_slice();
        while let Some(length) = rest.first_chunk::<4>().map(|head| u32::from_ne_bytes(*head) as usize) {
            let Some(one) = rest.get(..length).filter(|_| length >= 16) else { break };
            if let Ok(message) = NetlinkMessage::deserialize(one) {
                messages.push(message);
            }
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        Ok(messages)
    }
}

fn append(buffer: &mut Vec<u8>, message: RouteNetlinkMessage, flags: u16, sequence: u32) {
    let mut header = NetlinkHeader::default();
    header.flags = flags;
    header.sequence_number = sequence;
    let mut message = NetlinkMessage::new(header, NetlinkPayload::from(message));
    message.finalize();
    let start = buffer.len();
    buffer.resize(start + message.buffer_len().next_multiple_of(4), 0);
    if let Some(place) = buffer.get_mut(start..) {
        message.serialize(place);
    }
}
