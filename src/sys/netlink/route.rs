//! Route netlink, synchronously: requests in one buffer, answers matched by sequence number.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use rtnetlink::packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::sys::protocols::NETLINK_ROUTE;

use super::conversation::Conversation;
use super::message::split;

/// Bytes of answers the kernel may queue: room for a burst of events.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

/// A route netlink socket.
pub struct Netlink {
    talk: Conversation,
}

impl Netlink {
    /// Opens a socket; `groups` are the multicast groups (`RTMGRP_…`) to hear, 0 for none.
    ///
    /// # Errors
    /// The kernel's.
    pub fn open(groups: u32) -> io::Result<Self> {
        let talk = Conversation::open(NETLINK_ROUTE, groups)?;
        // A smaller buffer still works; an overrun is noticed and answered with a new dump.
        let _ = talk.socket.set_rx_buf_sz(RECEIVE_BUFFER);
        Ok(Self { talk })
    }

    /// Hears another multicast group, by its number (`RTNLGRP_…`).
    ///
    /// # Errors
    /// The kernel's.
    pub fn join(&mut self, group: u32) -> io::Result<()> {
        self.talk.socket.add_membership(group)
    }

    /// For epoll.
    pub fn fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the descriptor is open as long as the socket lives, which the borrow guarantees.
        #[expect(unsafe_code, reason = "netlink-sys offers no AsFd")]
        unsafe {
            BorrowedFd::borrow_raw(self.talk.socket.as_raw_fd())
        }
    }

    /// Sends requests in one go and returns the error of each that failed, by its place in the list.
    ///
    /// # Errors
    /// When the socket itself fails.
    pub fn transact(
        &mut self,
        requests: impl Iterator<Item = (RouteNetlinkMessage, u16)>,
    ) -> io::Result<Vec<(usize, io::Error)>> {
        self.talk.transact(requests, |buffer, (message, flags), acknowledge, sequence| {
            append(buffer, message, NLM_F_REQUEST | flags | acknowledge, sequence);
        })
    }

    /// Asks for a whole table.
    ///
    /// # Errors
    /// When the socket fails or the kernel refuses.
    pub fn dump(&mut self, request: RouteNetlinkMessage) -> io::Result<Vec<RouteNetlinkMessage>> {
        let mut buffer = Vec::new();
        append(&mut buffer, request, NLM_F_REQUEST | NLM_F_DUMP, self.talk.number());
        self.talk.send(&buffer)?;
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
        self.talk.socket.set_non_blocking(true)
    }

    /// One datagram's messages. What this library cannot decode is skipped: newer kernels may say more than we know.
    ///
    /// # Errors
    /// `WouldBlock` when there is nothing; `ENOBUFS` when events were lost.
    pub fn receive(&mut self) -> io::Result<Vec<NetlinkMessage<RouteNetlinkMessage>>> {
        Ok(split(self.talk.receive()?).filter_map(|one| NetlinkMessage::deserialize(one).ok()).collect())
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
