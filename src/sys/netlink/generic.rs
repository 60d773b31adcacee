//! Generic netlink, as far as IPVS needs it: a family found by name, questions, dumps, and many commands in one call.

use std::io;
use std::os::fd::AsFd as _;

use nix::sys::socket::{setsockopt, sockopt};
use rtnetlink::sys::protocols::NETLINK_GENERIC;

use super::attributes::{Attributes, attributes, u16_of};
use super::conversation::Conversation;
use super::message::{NLM_F_ACK, NLM_F_DUMP, NLMSG_DONE, NLMSG_ERROR, append, parts};

/// Bytes of answers the kernel may queue: the error of every command of a chunk fits in.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

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
    talk: Conversation,
    family: u16,
    version: u8,
}

impl Genetlink {
    /// Opens a socket of the calling thread's network namespace and looks the family up; the kernel may load it now.
    ///
    /// # Errors
    /// `NotFound` when the kernel has no such family; else the kernel's.
    pub(crate) fn open(family: &str, version: u8) -> io::Result<Self> {
        let talk = Conversation::open(NETLINK_GENERIC, 0)?;
        // Only root may exceed the limit; who may not still has the default, and an overrun is reported.
        let _ = setsockopt(&talk.socket.as_fd(), sockopt::RcvBufForce, &RECEIVE_BUFFER);
        // Errors without the request they answer; older kernels repeat it.
        let _ = talk.socket.set_cap_ack(true);
        let mut link = Self { talk, family: GENL_ID_CTRL, version: 1 };
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
        let sequence = self.say(question, NLM_F_ACK)?;
        let mut answer = Vec::new();
        loop {
            for part in parts(self.talk.receive()?).filter(|part| part.sequence == sequence) {
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
        let sequence = self.say(question, NLM_F_DUMP)?;
        loop {
            for part in parts(self.talk.receive()?).filter(|part| part.sequence == sequence) {
                match part.kind {
                    NLMSG_ERROR | NLMSG_DONE => return part.verdict(),
                    _ => each(part.attributes()),
                }
            }
        }
    }

    /// Gives commands, many in one call, and returns the error of each that failed, by its place in the list.
    ///
    /// # Errors
    /// When the socket itself fails; how many of the commands took effect is unknown then.
    pub(crate) fn transact(&mut self, commands: impl Iterator<Item = Message>) -> io::Result<Vec<(usize, io::Error)>> {
        let (family, version) = (self.family, self.version);
        self.talk.transact(commands, |buffer, command, flags, sequence| {
            write(buffer, &command, (family, flags, sequence), version);
        })
    }

    /// Sends a question and returns its number.
    fn say(&mut self, question: &Message, flags: u16) -> io::Result<u32> {
        let mut buffer = Vec::new();
        let sequence = self.talk.number();
        write(&mut buffer, question, (self.family, flags, sequence), self.version);
        self.talk.send(&buffer).map(|()| sequence)
    }
}

fn write(buffer: &mut Vec<u8>, message: &Message, header: (u16, u16, u32), version: u8) {
    append(buffer, header, [message.command, version, 0, 0], &message.attributes);
}

const GENL_ID_CTRL: u16 = 16;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;

#[cfg(test)]
mod tests {
    use super::*;

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
