//! pcapng (draft-ietf-opsawg-pcapng), in this machine's byte order: each function makes one block.

use super::block::{Direction, Frame, Heartbeat, Interface};

pub(super) const SECTION: u32 = 0x0a0d_0d0a;
pub(super) const MAGIC: u32 = 0x1a2b_3c4d;
pub(super) const INTERFACE: u32 = 1;
pub(super) const STATISTICS: u32 = 5;
pub(super) const FRAME: u32 = 6;

// Options, each known by its number within its kind of block.
pub(super) const OPTION_END: u16 = 0;
pub(super) const OPTION_APPLICATION: u16 = 4;
pub(super) const OPTION_NAME: u16 = 2;
pub(super) const OPTION_DESCRIPTION: u16 = 3;
pub(super) const OPTION_RESOLUTION: u16 = 9;
pub(super) const OPTION_SHIFT: u16 = 14;
pub(super) const OPTION_FLAGS: u16 = 2;
pub(super) const OPTION_DROPPED: u16 = 5;

/// Times are nanoseconds: 10⁻⁹.
const NANOSECONDS: u8 = 9;
/// No option is longer: names and descriptions are cut.
const OPTION_MAX: usize = 1024;

/// The beginning of a section, which is the beginning of a file.
pub fn section(application: &str) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend(MAGIC.to_ne_bytes());
    body.extend(1_u16.to_ne_bytes()); // version 1.0
    body.extend(0_u16.to_ne_bytes());
    body.extend((-1_i64).to_ne_bytes()); // as long as it may become
    options(&mut body, &[(OPTION_APPLICATION, application.as_bytes())]);
    block(SECTION, &body)
}

/// An interface.
pub fn interface(interface: &Interface) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend(interface.link.number().to_ne_bytes());
    body.extend([0, 0]);
    body.extend(interface.longest.to_ne_bytes());
    let (name, description) = (interface.name.as_bytes(), interface.description.as_bytes());
    options(&mut body, &[(OPTION_NAME, name), (OPTION_DESCRIPTION, description), (OPTION_RESOLUTION, &[NANOSECONDS])]);
    block(INTERFACE, &body)
}

/// A frame.
pub fn frame(frame: &Frame) -> Vec<u8> {
    let mut body = Vec::with_capacity(frame.bytes.len() + 48);
    body.extend(frame.interface.to_ne_bytes());
    time(&mut body, frame.at_unix_ns);
    body.extend(u32::try_from(frame.bytes.len()).unwrap_or(u32::MAX).to_ne_bytes());
    body.extend(frame.length.to_ne_bytes());
    body.extend(&frame.bytes);
    pad(&mut body);
    let flags: u32 = match frame.direction {
        Direction::Unknown => 0,
        Direction::In => 1,
        Direction::Out => 2,
    };
    options(&mut body, &[(OPTION_FLAGS, &flags.to_ne_bytes())]);
    block(FRAME, &body)
}

/// How far an interface was listened to: the statistics of an interface, which may come again and again.
pub fn heartbeat(heartbeat: &Heartbeat) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend(heartbeat.interface.to_ne_bytes());
    time(&mut body, heartbeat.at_unix_ns);
    options(&mut body, &[(OPTION_DROPPED, &heartbeat.dropped.to_ne_bytes())]);
    block(STATISTICS, &body)
}

/// A time is two words, the higher one first in either byte order.
fn time(body: &mut Vec<u8>, at: u64) {
    let [h0, h1, h2, h3, l0, l1, l2, l3] = at.to_be_bytes();
    body.extend(u32::from_be_bytes([h0, h1, h2, h3]).to_ne_bytes());
    body.extend(u32::from_be_bytes([l0, l1, l2, l3]).to_ne_bytes());
}

fn options(body: &mut Vec<u8>, all: &[(u16, &[u8])]) {
    for (code, value) in all.iter().filter(|(_, value)| !value.is_empty()) {
        let value = value.get(..OPTION_MAX).unwrap_or(value);
        body.extend(code.to_ne_bytes());
        body.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_ne_bytes());
        body.extend(value);
        pad(body);
    }
    body.extend(OPTION_END.to_ne_bytes());
    body.extend(0_u16.to_ne_bytes());
}

fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 12).unwrap_or(u32::MAX).to_ne_bytes();
    [&kind.to_ne_bytes(), &length, body, &length].concat()
}
