//! Many datagrams in one system call.

use std::io;
use std::mem::zeroed;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, BorrowedFd};

use hactl_engine::wire::arp::Mac;

use crate::sys::width::{length_of, short};

/// Where a datagram goes.
#[derive(Clone, Copy)]
pub(crate) enum To {
    /// An IPv4 host or group.
    V4(Ipv4Addr),
    /// An Ethernet address behind an interface.
    Link {
        /// Kernel index.
        link: u32,
        /// Destination.
        mac: Mac,
        /// EtherType.
        ethertype: u16,
    },
}

/// Sends all, in order; returns the failures by their place in the list.
pub(crate) fn send(fd: BorrowedFd<'_>, datagrams: &[(To, &[u8])]) -> Vec<(usize, io::Error)> {
    let mut addresses: Vec<libc::sockaddr_storage> = datagrams.iter().map(|(to, _)| address(*to)).collect();
    let mut parts: Vec<libc::iovec> = datagrams
        .iter()
        .map(|(_, bytes)| libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() })
        .collect();
    let length = |to: &To| match to {
        To::V4(_) => length_of::<libc::sockaddr_in>(),
        To::Link { .. } => length_of::<libc::sockaddr_ll>(),
    };
    let mut messages: Vec<libc::mmsghdr> = addresses
        .iter_mut()
        .zip(&mut parts)
        .zip(datagrams)
        .map(|((address, part), (to, _))| {
            // SAFETY: mmsghdr is plain data, for which all zeroes is a valid value.
            #[expect(unsafe_code, reason = "the C libraries differ in its padding fields")]
            let mut message: libc::mmsghdr = unsafe { zeroed() };
            message.msg_hdr.msg_name = std::ptr::from_mut(address).cast();
            message.msg_hdr.msg_namelen = length(to);
            message.msg_hdr.msg_iov = part;
            message.msg_hdr.msg_iovlen = 1;
            message
        })
        .collect();
    let mut failures = Vec::new();
    let mut done = 0;
    while let Some(rest) = messages.get_mut(done..).filter(|rest| !rest.is_empty()) {
        let count = u32::try_from(rest.len()).unwrap_or(AT_A_TIME).min(AT_A_TIME);
        // SAFETY: every header points into `addresses`, `parts` and `datagrams`, which live until this function ends
        // and do not move; the kernel only reads them and writes msg_len.
        #[expect(unsafe_code, reason = "nix's sendmmsg takes no sockaddr_ll")]
        let sent = unsafe { libc::sendmmsg(fd.as_raw_fd(), rest.as_mut_ptr(), count, 0) };
        match usize::try_from(sent) {
            Ok(sent) if sent > 0 => done += sent,
            _ => {
                let error = io::Error::last_os_error();
                if error.kind() == io::ErrorKind::Interrupted {
                    continue;
                }
                failures.push((done, error)); // the kernel stops at the first that fails
                done += 1;
            }
        }
    }
    failures
}

fn address(to: To) -> libc::sockaddr_storage {
    // SAFETY: the socket addresses are plain data, for which all zeroes is a valid value.
    #[expect(unsafe_code, reason = "socket addresses are made by hand")]
    let mut storage: libc::sockaddr_storage = unsafe { zeroed() };
    let place = std::ptr::from_mut(&mut storage);
    match to {
        To::V4(v4) => {
            // SAFETY: a sockaddr_storage is large enough and aligned for every socket address.
            #[expect(unsafe_code, reason = "socket addresses are made by hand")]
            let at = unsafe { &mut *place.cast::<libc::sockaddr_in>() };
            at.sin_family = INET;
            at.sin_addr.s_addr = u32::from_ne_bytes(v4.octets());
        }
        To::Link { link, mac, ethertype } => {
            // SAFETY: as above.
            #[expect(unsafe_code, reason = "socket addresses are made by hand")]
            let at = unsafe { &mut *place.cast::<libc::sockaddr_ll>() };
            at.sll_family = PACKET;
            at.sll_protocol = ethertype.to_be();
            at.sll_ifindex = link.try_into().unwrap_or(i32::MAX); // no interface: the kernel says so
            at.sll_halen = 6;
            for (place, byte) in at.sll_addr.iter_mut().zip(mac) {
                *place = byte;
            }
        }
    }
    storage
}

/// Received datagrams, in buffers that are used again.
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    each: usize,
}

impl Inbox {
    /// Room for `count` datagrams of at most `each` bytes.
    pub(crate) fn new(count: usize, each: usize) -> Self {
        Self { bytes: vec![0; count * each], each }
    }

    /// Takes what is waiting, at most as many as there is room for.
    ///
    /// # Errors
    /// `WouldBlock` when there is nothing; else the kernel's.
    pub(crate) fn receive(&mut self, fd: BorrowedFd<'_>) -> io::Result<Vec<&[u8]>> {
        let each = self.each;
        let mut parts: Vec<libc::iovec> = self
            .bytes
            .chunks_mut(each)
            .map(|chunk| libc::iovec { iov_base: chunk.as_mut_ptr().cast(), iov_len: chunk.len() })
            .collect();
        let mut messages: Vec<libc::mmsghdr> = parts
            .iter_mut()
            .map(|part| {
                // SAFETY: mmsghdr is plain data, for which all zeroes is a valid value.
                #[expect(unsafe_code, reason = "the C libraries differ in its padding fields")]
                let mut message: libc::mmsghdr = unsafe { zeroed() };
                message.msg_hdr.msg_iov = part;
                message.msg_hdr.msg_iovlen = 1;
                message
            })
            .collect();
        let count = u32::try_from(messages.len()).unwrap_or(u32::MAX);
        #[allow(clippy::cast_sign_loss, clippy::unnecessary_cast, reason = "the C libraries disagree on their type")]
        let flags = libc::MSG_DONTWAIT as _;
        // SAFETY: every header points to its own chunk of `self.bytes`, which nobody else touches during the call.
        #[expect(unsafe_code, reason = "one call for many datagrams")]
        let received =
            unsafe { libc::recvmmsg(fd.as_raw_fd(), messages.as_mut_ptr(), count, flags, std::ptr::null_mut()) };
        let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
        let lengths: Vec<usize> = messages.iter().take(received).map(|message| message.msg_len as usize).collect();
        Ok(self.bytes.chunks(each).zip(lengths).filter_map(|(chunk, length)| chunk.get(..length)).collect())
    }
}

/// Datagrams given to the kernel in one call; it takes 1024 at most.
const AT_A_TIME: u32 = 1024;
const INET: libc::sa_family_t = short(libc::AF_INET);
const PACKET: libc::sa_family_t = short(libc::AF_PACKET);
