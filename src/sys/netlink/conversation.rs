//! A netlink socket: many requests in one call, and the verdict on each that failed.

use std::io;

use rtnetlink::sys::{Socket, SocketAddr};

use super::message::{NLM_F_ACK, NLMSG_ERROR, parts};

/// Bytes of requests sent at a time: below the default send buffer of a socket.
const CHUNK: usize = 128 * 1024;
/// Bytes of the longest request we make.
const LONGEST: usize = 512;
/// Bytes of the longest datagram: a part of a dump, at most half as long.
const DATAGRAM: usize = 64 * 1024;

/// A socket of one protocol, and the number of the last request.
pub(crate) struct Conversation {
    /// For options and groups.
    pub socket: Socket,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Conversation {
    /// Opens a socket of the calling thread's network namespace; `groups` are the multicast groups to hear, 0 for none.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn open(protocol: isize, groups: u32) -> io::Result<Self> {
        let mut socket = Socket::new(protocol)?;
        socket.bind(&SocketAddr::new(0, groups))?;
        Ok(Self { socket, sequence: 0, buffer: Vec::new() })
    }

    /// The number of the next request.
    pub(crate) fn number(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }

    /// Sends requests.
    ///
    /// # Errors
    /// The socket's.
    pub(crate) fn send(&self, requests: &[u8]) -> io::Result<()> {
        self.socket.send(requests, 0).map(drop)
    }

    /// The next datagram. A large buffer is also what makes the kernel put many entries of a dump into one.
    ///
    /// # Errors
    /// The socket's: `WouldBlock` when there is nothing and it must not wait, `ENOBUFS` when events were lost.
    pub(crate) fn receive(&mut self) -> io::Result<&[u8]> {
        self.buffer.clear();
        self.buffer.reserve(DATAGRAM);
        while let Err(error) = self.socket.recv(&mut self.buffer, 0) {
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
        Ok(&self.buffer)
    }

    /// Sends requests, many in one call, and returns the error of each that failed, by its place in the list. `write`
    /// adds one to a buffer, with these flags and this number.
    ///
    /// Only the last of a chunk asks for an acknowledgement: the kernel reports failures unasked, and goes on.
    ///
    /// # Errors
    /// When the socket itself fails; how many of the requests took effect is unknown then.
    pub(crate) fn transact<T>(
        &mut self,
        requests: impl Iterator<Item = T>,
        write: impl Fn(&mut Vec<u8>, T, u16, u32),
    ) -> io::Result<Vec<(usize, io::Error)>> {
        let mut failures = Vec::new();
        let mut requests = requests.peekable();
        let mut done = 0;
        while requests.peek().is_some() {
            let first = self.sequence.wrapping_add(1);
            let mut buffer = Vec::new();
            let mut count = 0;
            while let Some(request) = requests.next() {
                let last = requests.peek().is_none() || buffer.len() + LONGEST >= CHUNK;
                write(&mut buffer, request, if last { NLM_F_ACK } else { 0 }, self.number());
                count += 1;
                if last {
                    break;
                }
            }
            self.send(&buffer)?;
            for (place, error) in self.verdicts(first)? {
                failures.push((done + place, error));
            }
            done += count;
        }
        Ok(failures)
    }

    /// Failures among the requests from sequence number `first` to the last one sent, which was to be acknowledged.
    fn verdicts(&mut self, first: u32) -> io::Result<Vec<(usize, io::Error)>> {
        let span = self.sequence.wrapping_sub(first);
        let mut failures = Vec::new();
        loop {
            for part in parts(self.receive()?).filter(|part| part.kind == NLMSG_ERROR) {
                let place = part.sequence.wrapping_sub(first);
                if place > span {
                    continue; // of an earlier call that was given up
                }
                if let (Err(error), Ok(place)) = (part.verdict(), usize::try_from(place)) {
                    failures.push((place, error));
                }
                if place == span {
                    return Ok(failures);
                }
            }
        }
    }
}
