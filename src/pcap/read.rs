//! pcapng and classic pcap, whoever wrote them and in whichever byte order, as bytes come: a stream needs not be whole.
//! Blocks of a kind that is not needed are passed over.

use std::collections::VecDeque;

use thiserror::Error;

use super::block::{Block, Direction, Frame, Heartbeat, Interface, Link};
use super::write::{
    FRAME, INTERFACE, MAGIC, OPTION_APPLICATION, OPTION_DESCRIPTION, OPTION_DROPPED, OPTION_END, OPTION_FLAGS,
    OPTION_NAME, OPTION_RESOLUTION, OPTION_SHIFT, SECTION, STATISTICS,
};

/// Longer blocks are nobody's frames.
const BLOCK_MAX: usize = 1 << 20;
/// More interfaces than a host has.
const INTERFACES_MAX: usize = 4096;
/// Frames without a time of their own.
const SIMPLE: u32 = 3;
/// The frames of old files.
const OLD_FRAME: u32 = 2;
const PCAP_US: u32 = 0xa1b2_c3d4;
const PCAP_NS: u32 = 0xa1b2_3c4d;
const NS: u64 = 1_000_000_000;

/// What is wrong with a capture, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("at byte {at}: {what}")]
pub struct Damaged {
    /// Bytes from the beginning.
    pub at: u64,
    /// What is wrong there.
    pub what: Damage,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Damage {
    /// Neither kind of file begins so.
    #[error("it begins with {0}, and a pcapng file with 0a0d0d0a, a pcap file with a1b2c3d4 or a1b23c4d")]
    NoCapture(String),
    /// The section's byte order cannot be told.
    #[error("the byte-order mark of the section is {0:#010x} instead of 0x1a2b3c4d")]
    ByteOrder(u32),
    /// Impossible, or longer than any frame.
    #[error("a block of {0} bytes: lengths are multiples of 4 from 12 to {BLOCK_MAX}")]
    Length(u32),
    /// The two lengths of a block, which stand at its ends.
    #[error("the block is {begin} bytes long where it begins, and {end} where it ends")]
    Ends {
        /// In front.
        begin: u32,
        /// Behind.
        end: u32,
    },
    /// Fields that the block has no room for.
    #[error("the block of kind {0} is too short for what it should have")]
    Short(u32),
    /// A frame of an interface that was not told of.
    #[error("a frame of interface {0}, which was not described before")]
    NoInterface(u32),
    /// More of them than a host has.
    #[error("more than {INTERFACES_MAX} interfaces")]
    Interfaces,
    /// The end comes too early.
    #[error("the file ends in the middle of a block, {0} bytes after its beginning")]
    CutShort(usize),
}

/// Reads a capture piece by piece.
#[derive(Debug, Default)]
pub struct Reader {
    bytes: VecDeque<u8>,
    at: u64,
    format: Format,
    /// Of the section: what a time of each interface counts, and from when.
    clocks: Vec<Clock>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Format {
    /// Nothing was read yet.
    #[default]
    Unknown,
    Pcapng {
        big: bool,
    },
    Pcap {
        big: bool,
        nanoseconds: bool,
    },
}

#[derive(Debug, Clone, Copy)]
struct Clock {
    /// Ticks of a second.
    rate: u64,
    /// Seconds that are to be added.
    shift: i64,
    /// Of frames that do not say how much of them was kept.
    longest: u32,
}

impl Reader {
    /// Takes some bytes; what they tell [`Reader::next`] returns.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// The next thing that is told; `None` until there are more bytes.
    ///
    /// # Errors
    /// What was fed is no capture, or damaged, and where.
    #[expect(clippy::should_implement_trait, reason = "the end of what is there is not the end of the stream")]
    pub fn next(&mut self) -> Result<Option<Block>, Damaged> {
        loop {
            let at = self.at;
            let damaged = |what| Damaged { at, what };
            let step = match self.format {
                Format::Unknown => self.begin(),
                Format::Pcapng { big } => self.block(big),
                Format::Pcap { big, nanoseconds } => self.record(big, nanoseconds),
            };
            match step.map_err(damaged)? {
                Step::Told(block) => return Ok(Some(block)),
                Step::Passed => {}
                Step::More => return Ok(None),
            }
        }
    }

    /// Nothing more comes.
    ///
    /// # Errors
    /// Something was begun.
    pub fn end(&self) -> Result<(), Damaged> {
        let left = self.bytes.len();
        match (left, self.format) {
            (0, Format::Pcap { .. } | Format::Pcapng { .. }) => Ok(()),
            (_, Format::Unknown) => Err(Damaged { at: 0, what: Damage::NoCapture(self.shown()) }),
            _ => Err(Damaged { at: self.at, what: Damage::CutShort(left) }),
        }
    }

    /// The first bytes, for people.
    fn shown(&self) -> String {
        match self.bytes.is_empty() {
            true => "nothing".into(),
            false => self.bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect(),
        }
    }

    fn begin(&mut self) -> Result<Step, Damage> {
        let Some(first) = self.peek::<4>(0) else { return Ok(Step::More) };
        let (little, great) = (u32::from_le_bytes(first), u32::from_be_bytes(first));
        if little == SECTION {
            self.format = Format::Pcapng { big: false };
            return Ok(Step::Passed);
        }
        let is = |number: u32| number == PCAP_US || number == PCAP_NS;
        let big = match (is(little), is(great)) {
            (true, _) => false,
            (false, true) => true,
            (false, false) => return Err(Damage::NoCapture(self.shown())),
        };
        let nanoseconds = if big { great } else { little } == PCAP_NS;
        let Some(header) = self.take(24) else { return Ok(Step::More) };
        self.format = Format::Pcap { big, nanoseconds };
        let fields = Fields { bytes: &header, big };
        let (longest, link) = (fields.u32(16).unwrap_or(0), fields.u32(20).unwrap_or(0));
        // The upper bits tell of checksums behind frames.
        let link = Link::numbered(u16::try_from(link & 0xffff).unwrap_or(u16::MAX));
        Ok(Step::Told(Block::Interface(Interface { name: String::new(), description: String::new(), link, longest })))
    }

    /// A frame of classic pcap.
    fn record(&mut self, big: bool, nanoseconds: bool) -> Result<Step, Damage> {
        let Some(header) = self.peek::<16>(0) else { return Ok(Step::More) };
        let fields = Fields { bytes: &header, big };
        let word = |n| fields.u32(n).unwrap_or(0);
        let kept = word(8);
        let Some(length) = usize::try_from(kept).ok().filter(|kept| *kept <= BLOCK_MAX) else {
            return Err(Damage::Length(kept));
        };
        let Some(bytes) = self.take(16 + length) else { return Ok(Step::More) };
        let part = u64::from(word(4)) * if nanoseconds { 1 } else { 1000 };
        Ok(Step::Told(Block::Frame(Frame {
            interface: 0,
            at_unix_ns: u64::from(word(0)) * NS + part,
            direction: Direction::Unknown,
            bytes: bytes.get(16..).unwrap_or_default().to_vec(),
            length: word(12),
        })))
    }

    /// A block of pcapng. A section says its own byte order.
    fn block(&mut self, big: bool) -> Result<Step, Damage> {
        let Some(head) = self.peek::<12>(0) else { return Ok(Step::More) };
        let section = head.first_chunk::<4>() == Some(&SECTION.to_be_bytes());
        let big = match (section, head.last_chunk::<4>()) {
            (true, Some(mark)) if u32::from_le_bytes(*mark) == MAGIC => false,
            (true, Some(mark)) if u32::from_be_bytes(*mark) == MAGIC => true,
            (true, mark) => return Err(Damage::ByteOrder(mark.map_or(0, |mark| u32::from_be_bytes(*mark)))),
            (false, _) => big,
        };
        let fields = Fields { bytes: &head, big };
        let (kind, length) = (fields.u32(0).unwrap_or(0), fields.u32(4).unwrap_or(0));
        let fits = |size: &usize| (12..=BLOCK_MAX).contains(size) && size.is_multiple_of(4);
        let Some(size) = usize::try_from(length).ok().filter(fits) else { return Err(Damage::Length(length)) };
        let Some(whole) = self.peek_all(size) else { return Ok(Step::More) };
        let fields = Fields { bytes: &whole, big };
        let end = fields.u32(size - 4).unwrap_or(0);
        if end != length {
            return Err(Damage::Ends { begin: length, end });
        }
        let body = Fields { bytes: whole.get(8..size - 4).unwrap_or_default(), big };
        let told = self.told(kind, &body)?;
        self.format = Format::Pcapng { big };
        self.take(size);
        Ok(told.map_or(Step::Passed, Step::Told))
    }

    fn told(&mut self, kind: u32, body: &Fields<'_>) -> Result<Option<Block>, Damage> {
        let short = || Damage::Short(kind);
        match kind {
            SECTION => {
                self.clocks.clear();
                let options = body.options(16);
                let application = text(&options, OPTION_APPLICATION);
                Ok(Some(Block::Section { application }))
            }
            INTERFACE => {
                if self.clocks.len() >= INTERFACES_MAX {
                    return Err(Damage::Interfaces);
                }
                let (link, longest) = (body.u16(0).ok_or_else(short)?, body.u32(4).ok_or_else(short)?);
                let options = body.options(8);
                let value = |wanted| options.iter().find(|(code, _)| *code == wanted).map(|(_, value)| *value);
                let rate = value(OPTION_RESOLUTION).and_then(|value| value.first()).map_or(1_000_000, |r| rate(*r));
                let shift = value(OPTION_SHIFT).and_then(|value| Fields { bytes: value, big: body.big }.u64(0));
                self.clocks.push(Clock { rate, shift: shift.unwrap_or(0).cast_signed(), longest });
                let (name, description) = (text(&options, OPTION_NAME), text(&options, OPTION_DESCRIPTION));
                Ok(Some(Block::Interface(Interface { name, description, link: Link::numbered(link), longest })))
            }
            FRAME | OLD_FRAME => {
                // Frames of old files have 16 bits for the interface, and 16 for what was lost.
                let interface = if kind == FRAME { body.u32(0) } else { body.u16(0).map(u32::from) };
                let interface = interface.ok_or_else(short)?;
                let at_unix_ns = self.time(interface, body)?.ok_or_else(short)?;
                let (kept, length) = (body.u32(12).ok_or_else(short)?, body.u32(16).ok_or_else(short)?);
                let kept = usize::try_from(kept).map_err(|_| short())?;
                let end = 20_usize.saturating_add(kept);
                let bytes = body.bytes.get(20..end).ok_or_else(short)?.to_vec();
                let options = body.options(end.next_multiple_of(4));
                let flags = options.iter().find(|(code, _)| *code == OPTION_FLAGS);
                let flags = flags.and_then(|(_, value)| Fields { bytes: value, big: body.big }.u32(0)).unwrap_or(0);
                let direction = match flags & 3 {
                    1 => Direction::In,
                    2 => Direction::Out,
                    _ => Direction::Unknown,
                };
                Ok(Some(Block::Frame(Frame { interface, at_unix_ns, direction, bytes, length })))
            }
            SIMPLE => {
                // It has no time, so it stands at the beginning of all time.
                let clock = self.clocks.first().ok_or(Damage::NoInterface(0))?;
                let length = body.u32(0).ok_or_else(short)?;
                let kept = if clock.longest == 0 { length } else { length.min(clock.longest) };
                let kept = usize::try_from(kept).map_err(|_| short())?;
                let bytes = body.bytes.get(4..4_usize.saturating_add(kept)).ok_or_else(short)?.to_vec();
                let direction = Direction::Unknown;
                Ok(Some(Block::Frame(Frame { interface: 0, at_unix_ns: 0, direction, bytes, length })))
            }
            STATISTICS => {
                let interface = body.u32(0).ok_or_else(short)?;
                let at_unix_ns = self.time(interface, body)?.ok_or_else(short)?;
                let options = body.options(12);
                let dropped = options.iter().find(|(code, _)| *code == OPTION_DROPPED);
                let dropped = dropped.and_then(|(_, value)| Fields { bytes: value, big: body.big }.u64(0)).unwrap_or(0);
                Ok(Some(Block::Heartbeat(Heartbeat { interface, at_unix_ns, dropped })))
            }
            _ => Ok(None),
        }
    }

    /// The time of a block, behind its first word, by its interface's clock.
    fn time(&self, interface: u32, body: &Fields<'_>) -> Result<Option<u64>, Damage> {
        let place = usize::try_from(interface).unwrap_or(usize::MAX);
        let clock = self.clocks.get(place).ok_or(Damage::NoInterface(interface))?;
        let Some((high, low)) = body.u32(4).zip(body.u32(8)) else { return Ok(None) };
        let ticks = u128::from(high) << 32 | u128::from(low);
        let ns = ticks * u128::from(NS) / u128::from(clock.rate);
        let shift = i128::from(clock.shift) * i128::from(NS);
        let at = i128::try_from(ns).unwrap_or(i128::MAX).saturating_add(shift);
        Ok(Some(u64::try_from(at.max(0)).unwrap_or(u64::MAX)))
    }

    fn peek<const N: usize>(&self, from: usize) -> Option<[u8; N]> {
        let mut found = [0; N];
        for (n, place) in found.iter_mut().enumerate() {
            *place = *self.bytes.get(from + n)?;
        }
        Some(found)
    }

    fn peek_all(&self, size: usize) -> Option<Vec<u8>> {
        (self.bytes.len() >= size).then(|| self.bytes.range(..size).copied().collect())
    }

    fn take(&mut self, size: usize) -> Option<Vec<u8>> {
        if self.bytes.len() < size {
            return None;
        }
        self.at += u64::try_from(size).unwrap_or(0);
        Some(self.bytes.drain(..size).collect())
    }
}

enum Step {
    Told(Block),
    Passed,
    More,
}

/// Ticks of a second: a power of ten, or of two where the highest bit is set.
fn rate(resolution: u8) -> u64 {
    let power = u32::from(resolution & 0x7f);
    let base: u64 = if resolution & 0x80 == 0 { 10 } else { 2 };
    base.checked_pow(power).unwrap_or(u64::MAX).max(1)
}

fn text(options: &[(u16, &[u8])], wanted: u16) -> String {
    let value = options.iter().find(|(code, _)| *code == wanted).map(|(_, value)| *value);
    String::from_utf8_lossy(value.unwrap_or_default()).trim_end_matches('\0').to_owned()
}

/// Numbers in bytes, in one of the two orders.
struct Fields<'b> {
    bytes: &'b [u8],
    big: bool,
}

impl<'b> Fields<'b> {
    fn chunk<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..)?.first_chunk::<N>().copied()
    }

    fn u16(&self, at: usize) -> Option<u16> {
        self.chunk(at).map(|bytes| if self.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn u32(&self, at: usize) -> Option<u32> {
        self.chunk(at).map(|bytes| if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn u64(&self, at: usize) -> Option<u64> {
        self.chunk(at).map(|bytes| if self.big { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
    }

    /// The options from here to the end; what does not fit any more is left out.
    fn options(&self, mut at: usize) -> Vec<(u16, &'b [u8])> {
        let mut found = Vec::new();
        while let Some((code, length)) = self.u16(at).zip(self.u16(at + 2)) {
            let end = at + 4 + usize::from(length);
            let Some(value) = self.bytes.get(at + 4..end).filter(|_| code != OPTION_END) else { break };
            found.push((code, value));
            at = end.next_multiple_of(4);
        }
        found
    }
}

#[cfg(test)]
mod tests;
