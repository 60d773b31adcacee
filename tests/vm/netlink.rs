//! What a host's programs say to its kernel by generic netlink, overheard: how many messages, which, and when.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::host::{Daemon, Host};

/// `IPVS_CMD_…` of the kernel's `ip_vs.h`.
pub(crate) const NEW_SERVICE: u8 = 1;
pub(crate) const NEW_DESTINATION: u8 = 5;
pub(crate) const SET_DESTINATION: u8 = 6;
pub(crate) const DEL_DESTINATION: u8 = 7;

/// Services, destinations, daemons, settings, and what the kernel is.
const QUESTIONS: [u8; 5] = [4, 8, 11, 13, 15];

/// Listens as long as it lives.
pub(crate) struct Tap {
    file: PathBuf,
    _tcpdump: Daemon,
}

/// A message to the kernel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    pub at: SystemTime,
    /// `IPVS_CMD_…`.
    pub command: u8,
}

impl Tap {
    /// Begins to listen.
    pub(crate) fn on(host: &Host) -> Self {
        let _ = host.try_sh("modprobe nlmon"); // the device says if it is missing
        host.ip("link add nl0 type nlmon\nlink set nl0 up");
        let file = host.folder().join("netlink.pcap");
        let words = ["tcpdump", "-i", "nl0", "-Z", "root", "-B", "32768", "-U", "-w", file.to_str().unwrap()];
        let tcpdump = host.spawn("tcpdump", &words);
        host.wait("tcpdump", || tcpdump.log().contains("listening on"));
        Self { file, _tcpdump: tcpdump }
    }

    /// Every message until now, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        let bytes = fs::read(&self.file).unwrap_or_default();
        let mut records = bytes.get(FILE_HEADER..).unwrap_or_default();
        let mut requests = Vec::new();
        while let Some((at, packet, rest)) = record(records) {
            collect(packet, at, &mut requests);
            records = rest;
        }
        requests
    }

    /// Those that are not questions.
    pub(crate) fn changes(&self) -> Vec<Request> {
        self.requests().into_iter().filter(|one| !QUESTIONS.contains(&one.command)).collect()
    }

    /// Waits for a message after this moment; how much later it came.
    pub(crate) fn until(&self, since: SystemTime, command: u8) -> Duration {
        let mut found = None;
        super::host::wait(&format!("netlink command {command}"), || {
            let requests = self.requests();
            let first = requests.iter().find(|one| one.at >= since && one.command == command);
            found = first.and_then(|one| one.at.duration_since(since).ok());
            found.is_some()
        });
        found.unwrap()
    }
}

/// The header of the file.
const FILE_HEADER: usize = 24;
/// The header of each packet.
const RECORD_HEADER: usize = 16;
/// nlmon's own: among others the family in the last two bytes.
const COOKED_HEADER: usize = 16;
const GENERIC: u16 = 16;
/// Below are the messages that every family has; this one is generic netlink's own family.
const CONTROL: u16 = 16;
const IS_REQUEST: u16 = 1;

/// The first packet and what follows it.
fn record(bytes: &[u8]) -> Option<(SystemTime, &[u8], &[u8])> {
    let header = bytes.get(..RECORD_HEADER)?;
    let at = UNIX_EPOCH + Duration::from_secs(word(header, 0)?.into()) + Duration::from_micros(word(header, 4)?.into());
    let end = RECORD_HEADER + word(header, 8)? as usize;
    Some((at, bytes.get(RECORD_HEADER..end)?, bytes.get(end..)?))
}

/// The requests in a packet, which may be many.
fn collect(packet: &[u8], at: SystemTime, requests: &mut Vec<Request>) {
    let family = packet.get(14..16).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]));
    let Some(mut messages) = packet.get(COOKED_HEADER..).filter(|_| family == Some(GENERIC)) else { return };
    while let (Some(length), Some(kind), Some(command)) = (word(messages, 0), word(messages, 4), messages.get(16)) {
        let (kind, flags) = ((kind & 0xffff) as u16, (kind >> 16) as u16);
        if kind > CONTROL && flags & IS_REQUEST != 0 {
            requests.push(Request { at, command: *command });
        }
        let next = (length as usize).next_multiple_of(4).max(16);
        messages = messages.get(next..).unwrap_or_default();
    }
}

/// Four bytes in the order of this machine, which the kernel uses.
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).map(|four| u32::from_ne_bytes(four.try_into().unwrap()))
}
