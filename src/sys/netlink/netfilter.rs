//! nf_tables messages, as far as the gates need them: batches that take effect as a whole.

use std::io;

use rtnetlink::sys::protocols::NETLINK_NETFILTER;

use super::attributes::Attributes;
use super::conversation::Conversation;
use super::message::{NLM_F_ACK, NLMSG_ERROR, append, parts};

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
        let [high, low] = resource.to_be_bytes();
        append(&mut self.bytes, (kind, flags, self.count), [family, 0, high, low], attributes);
        self.count += 1;
    }
}

/// A netlink socket of the netfilter subsystem.
pub(crate) struct Nfnetlink {
    talk: Conversation,
}

impl Nfnetlink {
    /// Opens the socket.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn open() -> io::Result<Self> {
        Ok(Self { talk: Conversation::open(NETLINK_NETFILTER, 0)? })
    }

    /// Whether there is what the attributes name.
    ///
    /// # Errors
    /// The kernel's, other than that there is none.
    pub(crate) fn has(&mut self, message: Message, family: u8, attributes: &Attributes) -> io::Result<bool> {
        let mut question = Batch::default();
        question.push((SUBSYSTEM << 8) | message as u16, NLM_F_ACK, family, 0, attributes);
        self.talk.send(&question.bytes)?;
        loop {
            // The answer itself comes before its acknowledgement.
            if let Some(verdict) = parts(self.talk.receive()?).find(|part| part.kind == NLMSG_ERROR) {
                return match verdict.verdict() {
                    Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(false),
                    other => other.map(|()| true),
                };
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
        self.talk.send(&batch.bytes)?;
        let mut refused = None;
        let mut answered = 0;
        while answered < commands {
            for part in parts(self.talk.receive()?) {
                answered += 1;
                if part.kind == NLMSG_ERROR {
                    refused = refused.or(part.verdict().err());
                }
            }
            if refused.is_some() {
                // The answers still to come belong to this batch too. A new socket is safer than guessing how many
                // there are.
                *self = Self::open()?;
                break;
            }
        }
        refused.map_or(Ok(()), Err)
    }
}

const SUBSYSTEM: u16 = 10; // NFNL_SUBSYS_NFTABLES
const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;
const NLM_F_CREATE: u16 = 0x400;
const NLM_F_APPEND: u16 = 0x800;
