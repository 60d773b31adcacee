//! Generic netlink, as far as IPVS needs it: a family found by name, questions, dumps, and many commands in one call.

use std::io;
use std::os::fd::AsFd as _;

use nix::sys::socket::{setsockopt, sockopt};
use rtnetlink::sys::{Socket, SocketAddr, protocols::NETLINK_GENERIC};

use super::netfilter::Attributes;

/// Bytes of commands sent at a time: below the default send buffer of a socket.
const CHUNK: usize = 128 * 1024;
/// Bytes of answers the kernel may queue: the error of every command of a chunk fits in.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;
/// Bytes of the longest datagram: a part of a dump, at most half as long.
const DATAGRAM: usize = 64 * 1024;

/// One message to or from a family: its command and what it says.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// The family's number of the command.
    pub command: u8,
    /// Its attributes.
    pub attributes: Attributes,
}

/// A generic netlink socket that talks to one family.
pub(crate) struct Genetlink {
    socket: Socket,
    family: u16,
    version: u8,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Genetlink {
    /// Opens a socket of the calling thread's network namespace and looks the family up; the kernel may load it now.
    ///
    /// # Errors
    /// `NotFound` when the kernel has no such family; else the kernel's.
    pub(crate) fn open(family: &str, version: u8) -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_GENERIC)?;
        socket.bind(&SocketAddr::new(0, 0))?;
        // Only root may exceed the limit; who may not still has the default, and an overrun is reported.
        let _ = setsockopt(&socket.as_fd(), sockopt::RcvBufForce, &RECEIVE_BUFFER);
        // Errors without the request they answer; older kernels repeat it.
        let _ = socket.set_cap_ack(true);
        let mut link = Self { socket, family: GENL_ID_CTRL, version: 1, sequence: 0, buffer: Vec::new() };
        let question = Message {
            command: CTRL_CMD_GETFAMILY,
            attributes: Attributes::default().text(CTRL_ATTR_FAMILY_NAME, family),
        };
        let answer = link.ask(&question)?;
        let number =
            attributes(&answer).find(|(kind, _)| *kind == CTRL_ATTR_FAMILY_ID).and_then(|(_, value)| u16_of(value));
        link.family = number.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
        link.version = version;
        Ok(link)
    }

    /// Asks for one thing; the answer's attributes, empty where the kernel only said yes.
    ///
    /// # Errors
    /// The kernel's refusal, or the socket's.
    pub(crate) fn ask(&mut self, question: &Message) -> io::Result<Vec<u8>> {
        let mut buffer = Vec::new();
        let sequence = self.append(&mut buffer, question, NLM_F_ACK);
        self.socket.send(&buffer, 0)?;
        let mut answer = Vec::new();
        loop {
            for part in parts(self.receive()?).filter(|part| part.sequence == sequence) {
                match part.kind {
                    NLMSG_ERROR => return part.verdict().map(|()| answer),
                    _ => answer = part.attributes().to_vec(),
                }
            }
        }
    }

    /// Asks for a whole list and hands each entry's attributes to `each`.
    ///
    /// # Errors
    /// The kernel's refusal, or the socket's.
    pub(crate) fn dump(&mut self, question: &Message, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        let mut buffer = Vec::new();
        let sequence = self.append(&mut buffer, question, NLM_F_DUMP);
        self.socket.send(&buffer, 0)?;
        loop {
            for part in parts(self.receive()?).filter(|part| part.sequence == sequence) {
                match part.kind {
                    NLMSG_ERROR | NLMSG_DONE => return part.verdict(),
                    _ => each(part.attributes()),
                }
            }
        }
    }

    /// Gives commands, many in one call, and returns the error of each that failed, by its place in the list.
    ///
    /// Only the last of a chunk asks for an acknowledgement: the kernel reports failures unasked, and goes on.
    ///
    /// # Errors
    /// When the socket itself fails; how many of the commands took effect is unknown then.
    pub(crate) fn transact(&mut self, commands: impl Iterator<Item = Message>) -> io::Result<Vec<(usize, io::Error)>> {
        let mut failures = Vec::new();
        let mut commands = commands.peekable();
        let mut done = 0;
        while commands.peek().is_some() {
            let first = self.sequence.wrapping_add(1);
            let mut buffer = Vec::new();
            let mut count = 0;
            while let Some(command) = commands.next() {
                let last = commands.peek().is_none() || buffer.len() + LONGEST >= CHUNK;
                self.append(&mut buffer, &command, if last { NLM_F_ACK } else { 0 });
                count += 1;
                if last {
                    break;
                }
            }
            self.socket.send(&buffer, 0)?;
            for (place, error) in self.verdicts(first)? {
                failures.push((done + place, error));
            }
            done += count;
        }
        Ok(failures)
    }

    /// Failures among the commands from sequence number `first` to the last one sent, which was to be acknowledged.
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

    /// The next datagram. A large buffer is also what makes the kernel put many entries of a dump into one.
    fn receive(&mut self) -> io::Result<&[u8]> {
        self.buffer.clear();
        self.buffer.reserve(DATAGRAM);
        while let Err(error) = self.socket.recv(&mut self.buffer, 0) {
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
        Ok(&self.buffer)
    }

    fn append(&mut self, buffer: &mut Vec<u8>, message: &Message, flags: u16) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        let payload = message.attributes.as_bytes();
        buffer.extend(u32::try_from(HEADERS + payload.len()).unwrap_or(u32::MAX).to_ne_bytes());
        buffer.extend(self.family.to_ne_bytes());
        buffer.extend((NLM_F_REQUEST | flags).to_ne_bytes());
        buffer.extend(self.sequence.to_ne_bytes());
        buffer.extend([0; 4]); // port id: the kernel
        buffer.extend([message.command, self.version, 0, 0]);
        buffer.extend(payload);
        self.sequence
    }
}

/// The attributes in a message or in another attribute; stops at what is cut off.
pub(crate) fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let length = usize::from(u16_of(rest)?);
        let kind = u16_of(rest.get(2..)?)?;
        let value = rest.get(4..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind & TYPE_MASK, value))
    })
}

/// The 16-bit number at the start of a value, in the machine's order.
pub(crate) fn u16_of(value: &[u8]) -> Option<u16> {
    value.first_chunk().copied().map(u16::from_ne_bytes)
}

/// The 32-bit number at the start of a value, in the machine's order.
pub(crate) fn u32_of(value: &[u8]) -> Option<u32> {
    value.first_chunk().copied().map(u32::from_ne_bytes)
}

/// The 64-bit number at the start of a value, in the machine's order.
pub(crate) fn u64_of(value: &[u8]) -> Option<u64> {
    value.first_chunk().copied().map(u64::from_ne_bytes)
}

/// One netlink message of a datagram.
struct Part<'a> {
    kind: u16,
    sequence: u32,
    body: &'a [u8],
}

impl Part<'_> {
    /// What an error message says; code 0 is an acknowledgement.
    fn verdict(&self) -> io::Result<()> {
        match self.body.first_chunk().copied().map(i32::from_ne_bytes) {
            Some(0) => Ok(()),
            Some(code) => Err(io::Error::from_raw_os_error(code.saturating_abs())),
            None => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn attributes(&self) -> &[u8] {
        self.body.get(4..).unwrap_or_default() // behind genlmsghdr
    }
}

fn parts(bytes: &[u8]) -> impl Iterator<Item = Part<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let length = usize::try_from(u32_of(rest)?).ok()?;
        let one = rest.get(..length)?;
        let part = Part { kind: u16_of(one.get(4..)?)?, sequence: u32_of(one.get(8..)?)?, body: one.get(16..)? };
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(part)
    })
}

const HEADERS: usize = 20; // nlmsghdr and genlmsghdr
const LONGEST: usize = 512; // bytes of the longest command we give
const TYPE_MASK: u16 = 0x3fff; // the upper bits say nested and byte order
const GENL_ID_CTRL: u16 = 16;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const NLM_F_DUMP: u16 = 0x300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_up_to_what_is_cut_off() {
        let inner = Attributes::default().bytes(5, &7u16.to_ne_bytes());
        let written = Attributes::default().text(1, "abc").nest(2, &inner).bytes(3, &9u32.to_ne_bytes());
        let bytes = written.as_bytes();
        let read: Vec<_> = attributes(bytes).collect();
        assert_eq!(read[0], (1, &b"abc\0"[..]));
        assert_eq!(
            attributes(read[1].1).map(|(kind, value)| (kind, u16_of(value))).collect::<Vec<_>>(),
            [(5, Some(7))]
        );
        assert_eq!((read[2].0, u32_of(read[2].1)), (3, Some(9)));
        for cut in 0..bytes.len() {
            assert!(attributes(&bytes[..cut]).count() < 3, "{cut}");
        }
        assert_eq!(attributes(&[0; 8]).count(), 0, "an attribute shorter than its head ends the list");
    }

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

    /// The controller itself is a family that every kernel has.
    #[test]
    fn the_kernel_answers() {
        let mut link = Genetlink::open("nlctrl", 2).unwrap();
        assert_eq!(link.family, GENL_ID_CTRL);
        let mut names = 0;
        let question = Message { command: CTRL_CMD_GETFAMILY, attributes: Attributes::default() };
        link.dump(&question, |entry| {
            names += attributes(entry).filter(|(kind, _)| *kind == CTRL_ATTR_FAMILY_NAME).count()
        })
        .unwrap();
        assert!(names > 0);
        let missing = Genetlink::open("no-such-family", 1).err().unwrap();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        let bad = Message { command: 250, attributes: Attributes::default() };
        let good = Message { command: CTRL_CMD_GETFAMILY, attributes: Attributes::default().text(2, "nlctrl") };
        let list = [good.clone(), bad.clone(), good, bad];
        let failures = link.transact(list.into_iter()).unwrap();
        assert_eq!(failures.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [1, 3]);
    }
}
