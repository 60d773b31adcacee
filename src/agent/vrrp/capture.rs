//! What goes over a LAN, as a stream of pcapng: `hactl agent capture`. Adverts, ARP and questions for neighbours as
//! they pass the interfaces, and beside them what of VRRP comes through the host's firewall. The desk reads it; so do
//! tshark and Wireshark.

use std::io::{self, Write};
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use hactl_engine::input::Received;
use hactl_engine::wire::ip::{Ipv4Header, PROTOCOL_VRRP};
use hactl_engine::wire::vrrp::{GROUP_V4, GROUP_V6};
use nix::net::if_::if_nametoindex;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use thiserror::Error;

use crate::pcap::block::{BEHIND, Direction, Frame, Heartbeat, Interface, Link};
use crate::pcap::write;
use crate::sys::packet::mmsg::Inbox;
use crate::sys::packet::tap::{LONGEST, Tap, now_unix_ns};
use crate::sys::packet::vrrp::{LARGEST, VrrpSocket};

/// Between two heartbeats, so that whoever reads soon knows what did not come.
const BEAT: Duration = Duration::from_millis(250);
/// Packets that are taken in one system call.
const AT_A_TIME: usize = 64;
/// A capture ends after so many bytes: a LAN that says more is not well.
const OUTPUT_MAX: usize = 256 << 20;

/// Why there is no capture.
#[derive(Debug, Error)]
pub(crate) enum CaptureError {
    #[error("{0}: there is no such interface")]
    NoInterface(String),
    #[error("{0}: {1}")]
    Kernel(String, #[source] io::Error),
    #[error("stdout: {0}")]
    Output(#[source] io::Error),
}

/// Somebody who listens: on an interface, or behind the firewall.
enum Ear {
    Wire(Tap),
    Behind(VrrpSocket),
}

impl Ear {
    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Wire(tap) => tap.as_fd(),
            Self::Behind(socket) => socket.as_fd(),
        }
    }
}

/// What is written, and how much of it there was.
struct Output<'o> {
    to: &'o mut dyn Write,
    bytes: usize,
}

impl Output<'_> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len();
        self.to.write_all(bytes)
    }
}

/// Writes what passes these interfaces, for so long or until nobody reads any more.
///
/// # Errors
/// No such interface, or the kernel's: packet sockets need CAP_NET_RAW. That nobody reads is none.
pub(crate) fn capture(
    names: &[String],
    limit: Duration,
    (to, reader): (&mut dyn Write, BorrowedFd<'_>),
) -> Result<(), CaptureError> {
    let mut output = Output { to, bytes: 0 };
    let mut begin = write::section(&format!("hactl {}", env!("CARGO_PKG_VERSION")));
    let mut ears = Vec::new();
    for name in names {
        for (ear, description) in open(name)? {
            let link = if matches!(ear, Ear::Wire(_)) { Link::Ethernet } else { Link::Ip };
            let longest = u32::try_from(LONGEST).unwrap_or(u32::MAX);
            begin.extend(write::interface(&Interface {
                name: name.clone(),
                description: description.into(),
                link,
                longest,
            }));
            ears.push(ear);
        }
    }
    let done = output.put(&begin).and_then(|()| listen(&mut ears, limit, &mut output, reader));
    match done {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(CaptureError::Output),
    }
}

/// Everybody who listens on an interface. A host without IPv6 has nobody behind its firewall for that.
fn open(name: &str) -> Result<Vec<(Ear, &'static str)>, CaptureError> {
    let link = if_nametoindex(name).map_err(|_| CaptureError::NoInterface(name.to_owned()))?;
    let tap = Tap::open(link).map_err(|error| CaptureError::Kernel(name.to_owned(), error))?;
    let behind = |ipv6: bool, group: IpAddr| VrrpSocket::open(link, name, ipv6, &[group]).ok().map(Ear::Behind);
    let behind = [behind(false, GROUP_V4.into()), behind(true, GROUP_V6.into())];
    let behind = behind.into_iter().flatten().map(|ear| (ear, BEHIND));
    Ok(std::iter::once((Ear::Wire(tap), "the wire, before any firewall of this host")).chain(behind).collect())
}

fn listen(ears: &mut [Ear], limit: Duration, output: &mut Output<'_>, reader: BorrowedFd<'_>) -> io::Result<()> {
    let end = Instant::now() + limit;
    let mut inbox = Inbox::new(AT_A_TIME, LARGEST);
    let mut next_beat = Instant::now();
    loop {
        // Whatever was seen until now is written before it is said how far was listened.
        let listened = now_unix_ns();
        for (place, ear) in (0_u32..).zip(ears.iter_mut()) {
            take(ear, place, listened, output, &mut inbox)?;
        }
        let now = Instant::now();
        if now >= next_beat || now >= end {
            next_beat = now + BEAT;
            for (interface, ear) in (0_u32..).zip(ears.iter_mut()) {
                let dropped = if let Ear::Wire(tap) = ear { tap.dropped() } else { 0 };
                output.put(&write::heartbeat(&Heartbeat { interface, at_unix_ns: listened, dropped }))?;
            }
        }
        output.to.flush()?;
        if now >= end || output.bytes > OUTPUT_MAX {
            return Ok(());
        }
        let rest = next_beat.min(end).saturating_duration_since(now);
        let mut fds: Vec<PollFd<'_>> = ears.iter().map(|ear| PollFd::new(ear.fd(), PollFlags::POLLIN)).collect();
        // No flag: only that nobody reads any more is wanted to be known.
        fds.push(PollFd::new(reader, PollFlags::empty()));
        let timeout = PollTimeout::try_from(rest + Duration::from_millis(1)).unwrap_or(PollTimeout::ZERO);
        let _ = poll(&mut fds, timeout); // a signal ends the nap, too
        let gone = fds
            .last()
            .and_then(PollFd::revents)
            .is_some_and(|what| what.intersects(PollFlags::POLLERR | PollFlags::POLLHUP));
        if gone {
            return Ok(());
        }
    }
}

/// Writes what waits at one ear, all that came until then.
fn take(ear: &mut Ear, interface: u32, until: u64, output: &mut Output<'_>, inbox: &mut Inbox) -> io::Result<()> {
    match ear {
        Ear::Wire(tap) => {
            // Until nothing waits, or the interface is down: then nothing passes it.
            while let Ok(passed) = tap.receive() {
                let direction = if passed.out { Direction::Out } else { Direction::In };
                let length = u32::try_from(passed.length).unwrap_or(u32::MAX);
                let (at_unix_ns, bytes) = (passed.at_unix_ns, passed.bytes.to_vec());
                output.put(&write::frame(&Frame { interface, at_unix_ns, direction, bytes, length }))?;
                if at_unix_ns > until {
                    break;
                }
            }
        }
        Ear::Behind(socket) => loop {
            let at_unix_ns = now_unix_ns();
            let packets = socket.receive(inbox).unwrap_or_default();
            for packet in &packets {
                let bytes = with_header(packet);
                let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                let direction = Direction::In;
                output.put(&write::frame(&Frame { interface, at_unix_ns, direction, bytes, length }))?;
            }
            if packets.is_empty() || at_unix_ns > until {
                break;
            }
        },
    }
    Ok(())
}

/// The packet with a header again, which raw sockets have taken off or in part only kept.
fn with_header(packet: &Received) -> Vec<u8> {
    let Received { ttl, ref payload, .. } = *packet;
    match (packet.source, packet.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            Ipv4Header { source, destination, ttl, protocol: PROTOCOL_VRRP }.emit(0, payload)
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let [high, low] = u16::try_from(payload.len()).unwrap_or(u16::MAX).to_be_bytes();
            let fixed = [0x60, 0, 0, 0, high, low, PROTOCOL_VRRP, ttl];
            [&fixed[..], &source.octets(), &destination.octets(), payload].concat()
        }
        _ => Vec::new(), // families never mix
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_is_nothing_nobody_captures() {
        let mut out = Vec::new();
        let stdout = io::stdout();
        let mut to = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            capture(&names, Duration::ZERO, (&mut out, stdout.as_fd()))
        };
        let error = to(&["nowhere0"]).unwrap_err();
        assert!(matches!(&error, CaptureError::NoInterface(name) if name == "nowhere0"), "{error}");
        if !nix::unistd::geteuid().is_root() {
            assert!(matches!(to(&["lo"]), Err(CaptureError::Kernel(name, _)) if name == "lo"));
        }
    }

    #[test]
    fn headers_are_made_anew() {
        let of = |source: &str, destination: &str| Received {
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
            ttl: 254,
            payload: vec![0x31, 7, 91].into(),
        };
        let four = with_header(&of("10.0.0.5", "224.0.0.18"));
        assert_eq!((four[8], four[9], &four[20..]), (254, 112, &[0x31, 7, 91][..]));
        let six = with_header(&of("fe80::5", "ff02::12"));
        assert_eq!((six[4..8].to_vec(), &six[40..]), (vec![0, 3, 112, 254], &[0x31, 7, 91][..]));
    }

    /// A full disk is told, a reader that is gone is not.
    #[test]
    fn who_cannot_write_says_so() {
        struct Full(io::ErrorKind);
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let stdout = io::stdout();
        let to = |kind| capture(&[], Duration::ZERO, (&mut Full(kind), stdout.as_fd()));
        assert!(to(io::ErrorKind::BrokenPipe).is_ok());
        assert!(matches!(to(io::ErrorKind::StorageFull), Err(CaptureError::Output(_))));
    }
}
