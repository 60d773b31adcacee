//! What all protocols of netlink share: messages with a header, several in a datagram, and the kernel's verdicts on
//! them.

use std::io;

use super::attributes::{Attributes, u16_of, u32_of};

/// One message of a datagram.
pub(crate) struct Part<'a> {
    /// NLMSG_ERROR, NLMSG_DONE, or a kind of the protocol.
    pub kind: u16,
    /// The number of the request that it answers.
    pub sequence: u32,
    body: &'a [u8],
}

impl Part<'_> {
    /// What an error message says; code 0 is an acknowledgement.
    pub(crate) fn verdict(&self) -> io::Result<()> {
        match self.body.first_chunk().copied().map(i32::from_ne_bytes) {
            Some(0) => Ok(()),
            Some(code) => Err(io::Error::from_raw_os_error(code.saturating_abs())),
            None => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// What stands behind the protocol's own four bytes.
    pub(crate) fn attributes(&self) -> &[u8] {
        self.body.get(4..).unwrap_or_default()
    }
}

/// The messages of a datagram as they came; stops at what is cut off.
pub(crate) fn split(datagram: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        let length = usize::try_from(u32_of(rest)?).ok()?;
        let one = rest.get(..length).filter(|_| length >= HEADER)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(one)
    })
}

/// The same with their headers read.
pub(crate) fn parts(datagram: &[u8]) -> impl Iterator<Item = Part<'_>> {
    split(datagram).map_while(|one| {
        Some(Part { kind: u16_of(one.get(4..)?)?, sequence: u32_of(one.get(8..)?)?, body: one.get(HEADER..)? })
    })
}

/// Adds a request: the header, four bytes that the protocol wants before its attributes, and these.
pub(crate) fn append(
    buffer: &mut Vec<u8>,
    (kind, flags, sequence): (u16, u16, u32),
    own: [u8; 4],
    attributes: &Attributes,
) {
    let length = HEADER + own.len() + attributes.as_bytes().len();
    buffer.extend(u32::try_from(length).unwrap_or(u32::MAX).to_ne_bytes());
    buffer.extend(kind.to_ne_bytes());
    buffer.extend((NLM_F_REQUEST | flags).to_ne_bytes());
    buffer.extend(sequence.to_ne_bytes());
    buffer.extend([0; 4]); // port id: the kernel
    buffer.extend(own);
    buffer.extend(attributes.as_bytes());
}

/// An acknowledgement, or the error of a request.
pub(crate) const NLMSG_ERROR: u16 = 2;
/// The end of a dump.
pub(crate) const NLMSG_DONE: u16 = 3;
/// The kernel answers a request that succeeds, too.
pub(crate) const NLM_F_ACK: u16 = 4;
/// The request is for a whole table.
pub(crate) const NLM_F_DUMP: u16 = 0x300;
const NLM_F_REQUEST: u16 = 1;
const HEADER: usize = 16; // bytes of nlmsghdr

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_is_no_message() {
        assert_eq!(parts(&[]).count(), 0);
        assert_eq!(parts(&[0xff; 64]).count(), 0);
        assert_eq!(parts(&[0; 64]).count(), 0);
        let mut message = vec![0; 20];
        message[0] = 20;
        message[4] = 2;
        message[16..].copy_from_slice(&(-3i32).to_ne_bytes());
        let error = parts(&message).next().unwrap().verdict().unwrap_err();
        assert_eq!(error.raw_os_error(), Some(3));
        message.extend([0; 3]);
        assert_eq!(parts(&message).count(), 1);
    }
}
