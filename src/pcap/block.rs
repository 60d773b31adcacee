//! What a capture consists of.

/// One thing that a capture tells, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A section begins: the interfaces that are told from here on count from 0 again.
    Section {
        /// The program that wrote it, in its own words; empty where it does not say.
        application: String,
    },
    /// An interface; frames name it by its place among those of the section.
    Interface(Interface),
    /// A frame.
    Frame(Frame),
    /// How far an interface was listened to.
    Heartbeat(Heartbeat),
}

/// How an interface is described on which the agent tells what of VRRP the host's firewall lets through to programs:
/// packets again that the interface of the same name has seen, without their Ethernet headers.
pub const BEHIND: &str = "behind the firewall: VRRP as programs on this host get it, headers made anew";

/// Where frames were captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its name; empty where the file has none.
    pub name: String,
    /// What it is, in words.
    pub description: String,
    /// What frames begin with.
    pub link: Link,
    /// The longest part of a frame that was kept.
    pub longest: u32,
}

/// What a frame begins with, by tcpdump's numbers (LINKTYPE_…).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// An Ethernet header.
    Ethernet,
    /// The IP header itself.
    Ip,
    /// What `tcpdump -i any` made of the header until 2020.
    Cooked,
    /// What it makes of it since.
    Cooked2,
    /// Something else; such frames are not read.
    Other(u16),
}

impl Link {
    /// By its number.
    pub fn numbered(number: u16) -> Self {
        match number {
            1 => Self::Ethernet,
            101 => Self::Ip,
            113 => Self::Cooked,
            276 => Self::Cooked2,
            other => Self::Other(other),
        }
    }

    /// Its number.
    pub fn number(self) -> u16 {
        match self {
            Self::Ethernet => 1,
            Self::Ip => 101,
            Self::Cooked => 113,
            Self::Cooked2 => 276,
            Self::Other(other) => other,
        }
    }
}

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The place of its interface in the section.
    pub interface: u32,
    /// When it was seen: Unix time in nanoseconds, by the clock of the host that saw it.
    pub at_unix_ns: u64,
    /// Which way it went.
    pub direction: Direction,
    /// Its bytes, as many as were kept.
    pub bytes: Vec<u8>,
    /// How long it was.
    pub length: u32,
}

/// Which way a frame went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The file does not say.
    Unknown,
    /// To the host that saw it.
    In,
    /// From it.
    Out,
}

/// How far an interface was listened to: a frame of an earlier time that is not told of was not seen there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// The place of its interface in the section.
    pub interface: u32,
    /// Until then: Unix time in nanoseconds.
    pub at_unix_ns: u64,
    /// Frames that came too fast to be kept, since the beginning.
    pub dropped: u64,
}
