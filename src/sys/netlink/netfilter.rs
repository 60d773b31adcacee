//! nf_tables messages, as far as the gates need them: attributes, and batches that take effect as a whole.

use std::io;

use rtnetlink::sys::{Socket, SocketAddr, protocols::NETLINK_NETFILTER};

/// Message types of the nf_tables subsystem (linux/netfilter/nf_tables.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Message {
    /// NFT_MSG_NEWTABLE.
    NewTable = 0,
    /// NFT_MSG_GETTABLE.
    Table = 1,
    /// NFT_MSG_DELTABLE.
    DeleteTable = 2,
    /// NFT_MSG_NEWCHAIN.
    NewChain = 3,
    /// NFT_MSG_NEWRULE.
    NewRule = 6,
    /// NFT_MSG_DELRULE: without a handle, all of a chain or table.
    DeleteRule = 8,
    /// NFT_MSG_NEWSET.
    NewSet = 9,
    /// NFT_MSG_GETSET.
    Set = 10,
    /// NFT_MSG_NEWSETELEM.
    NewElement = 12,
    /// NFT_MSG_DELSETELEM: without elements, all of a set.
    DeleteElement = 14,
}

/// Attributes in their binary form. Numbers are big-endian, as nf_tables wants them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attributes(Vec<u8>);

impl Attributes {
    /// Adds bytes.
    #[must_use]
    pub(crate) fn bytes(mut self, kind: u16, value: &[u8]) -> Self {
        let length = u16::try_from(4 + value.len()).unwrap_or(u16::MAX);
        self.0.extend(length.to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    /// Adds a string with its closing NUL.
    #[must_use]
    pub(crate) fn text(self, kind: u16, value: &str) -> Self {
        let mut bytes = value.as_bytes().to_vec();
        bytes.push(0);
        self.bytes(kind, &bytes)
    }

    /// Adds a 32-bit number.
    #[must_use]
    pub(crate) fn number(self, kind: u16, value: u32) -> Self {
        self.bytes(kind, &value.to_be_bytes())
    }

    /// Adds a 64-bit number.
    #[must_use]
    pub(crate) fn long(self, kind: u16, value: u64) -> Self {
        self.bytes(kind, &value.to_be_bytes())
    }

    /// What was added so far.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Adds attributes within an attribute.
    #[must_use]
    pub(crate) fn nest(self, kind: u16, inner: &Self) -> Self {
        self.bytes(kind | NESTED, &inner.0)
    }
}

/// Messages that take effect together or not at all.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    count: u32,
}

impl Batch {
    /// An empty batch.
    pub(crate) fn new() -> Self {
        let mut batch = Self::default();
        batch.push(BATCH_BEGIN, 0, 0, SUBSYSTEM, &Attributes::default());
        batch
    }

    /// Adds a message for a family (NFPROTO). What it makes may exist already.
    pub(crate) fn add(&mut self, message: Message, family: u8, attributes: &Attributes) {
        let creates = !matches!(message, Message::DeleteTable | Message::DeleteRule | Message::DeleteElement);
        let append = if message == Message::NewRule { NLM_F_APPEND } else { 0 };
        let flags = if creates { NLM_F_CREATE | append } else { 0 };
        self.push((SUBSYSTEM << 8) | message as u16, NLM_F_ACK | flags, family, 0, attributes);
    }

    fn push(&mut self, kind: u16, flags: u16, family: u8, resource: u16, attributes: &Attributes) {
        let length = u32::try_from(HEADERS + attributes.0.len()).unwrap_or(u32::MAX);
        self.bytes.extend(length.to_ne_bytes());
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend((NLM_F_REQUEST | flags).to_ne_bytes());
        self.bytes.extend(self.count.to_ne_bytes());
        self.bytes.extend([0; 4]); // port id: the kernel
        self.bytes.extend([family, 0]);
        self.bytes.extend(resource.to_be_bytes());
        self.bytes.extend(&attributes.0);
        self.count += 1;
    }
}

/// A netlink socket of the netfilter subsystem.
pub(crate) struct Nfnetlink {
    socket: Socket,
}

impl Nfnetlink {
    /// Opens the socket.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_NETFILTER)?;
        socket.bind(&SocketAddr::new(0, 0))?;
        Ok(Self { socket })
    }

    /// Whether there is what the attributes name.
    ///
    /// # Errors
    /// The kernel's, other than that there is none.
    pub(crate) fn has(&mut self, message: Message, family: u8, attributes: &Attributes) -> io::Result<bool> {
        let mut question = Batch::default();
        question.push((SUBSYSTEM << 8) | message as u16, NLM_F_ACK, family, 0, attributes);
        self.socket.send(&question.bytes, 0)?;
        loop {
            let (bytes, _) = self.socket.recv_from_full()?;
            let mut rest = bytes.as_slice();
            // The answer itself comes before its acknowledgement.
            while let Some((code, later)) = verdict(rest) {
                match (is_verdict(rest), code.saturating_abs()) {
                    (false, _) => {}
                    (true, 0) => return Ok(true),
                    (true, libc::ENOENT) => return Ok(false),
                    (true, code) => return Err(io::Error::from_raw_os_error(code)),
                }
                rest = later;
            }
        }
    }

    /// Sends a batch and waits for the verdict.
    ///
    /// # Errors
    /// The kernel's first refusal; nothing of the batch took effect then.
    pub(crate) fn commit(&mut self, mut batch: Batch) -> io::Result<()> {
        let commands = batch.count - 1;
        if commands == 0 {
            return Ok(());
        }
        batch.push(BATCH_END, 0, 0, SUBSYSTEM, &Attributes::default());
        self.socket.send(&batch.bytes, 0)?;
        let mut refused = None;
        let mut answered = 0;
        while answered < commands {
            let (bytes, _) = self.socket.recv_from_full()?;
            let mut rest = bytes.as_slice();
            while let Some((code, later)) = verdict(rest) {
                answered += 1;
                if code != 0 && refused.is_none() {
                    refused = Some(io::Error::from_raw_os_error(code.saturating_abs()));
                }
                rest = later;
            }
            if refused.is_some() {
                // The answers still to come belong to this batch too. A new socket is safer than guessing how many there are.
                *self = Self::open()?;
                break;
            }
        }
        refused.map_or(Ok(()), Err)
    }
}

fn is_verdict(bytes: &[u8]) -> bool {
    bytes.get(4..6).is_some_and(|kind| kind == NLMSG_ERROR.to_ne_bytes())
}

/// The error code in the first message, and what follows it.
fn verdict(bytes: &[u8]) -> Option<(i32, &[u8])> {
    let length = u32::from_ne_bytes(*bytes.first_chunk()?) as usize;
    let message = bytes.get(..length).filter(|_| length >= 20)?;
    let code = i32::from_ne_bytes(message.get(16..20)?.try_into().ok()?);
    let kind = u16::from_ne_bytes(message.get(4..6)?.try_into().ok()?);
    let code = if kind == NLMSG_ERROR { code } else { 0 };
    Some((code, bytes.get(length.next_multiple_of(4)..).unwrap_or_default()))
}

const HEADERS: usize = 20; // nlmsghdr and nfgenmsg
const SUBSYSTEM: u16 = 10; // NFNL_SUBSYS_NFTABLES
const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;
const NLMSG_ERROR: u16 = 2;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const NLM_F_CREATE: u16 = 0x400;
const NLM_F_APPEND: u16 = 0x800;
const NESTED: u16 = 0x8000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_padded_and_counted() {
        let inner = Attributes::default().number(2, 0x0102_0304);
        let outer = Attributes::default().text(1, "abc").nest(4, &inner);
        let expected = [&[8, 0, 1, 0, b'a', b'b', b'c', 0][..], &[12, 0, 4, 0x80, 8, 0, 2, 0, 1, 2, 3, 4]].concat();
        assert_eq!(outer.0, expected, "on a little-endian machine");
    }

    #[test]
    fn a_verdict_is_read_and_garbage_is_none() {
        let mut message = vec![0; 20];
        message[..4].copy_from_slice(&20u32.to_ne_bytes());
        message[4..6].copy_from_slice(&2u16.to_ne_bytes());
        message[16..].copy_from_slice(&(-17i32).to_ne_bytes());
        assert_eq!(verdict(&message).map(|(code, _)| code), Some(-17));
        assert!(verdict(&message[..19]).is_none());
        message[..4].copy_from_slice(&4u32.to_ne_bytes());
        assert!(verdict(&message).is_none());
    }
}
