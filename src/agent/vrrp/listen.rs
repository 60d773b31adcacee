//! `hactl agent listen INTERFACE`: which VRIDs are in use on a LAN. The desk asks before a first deploy: two clusters with
//! one VRID are one virtual router, and one of them loses its address.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use hactl_engine::input::Received;
use hactl_engine::wire::vrrp::{GROUP_V4, GROUP_V6};

use crate::sys::packet::mmsg::Inbox;
use crate::sys::packet::vrrp::{LARGEST, VrrpSocket};

/// Between two looks at what arrived.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Packets taken at a time.
const BATCH: usize = 16;

/// A VRID that somebody uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Used {
    /// The VRID.
    pub vrid: u8,
    /// Who sends adverts with it.
    pub source: IpAddr,
}

/// Listens for adverts of one family, whoever they are for.
///
/// # Errors
/// No such interface, or the kernel's: raw sockets need CAP_NET_RAW.
pub(crate) fn listen(interface: &str, ipv6: bool, limit: Duration) -> io::Result<BTreeSet<Used>> {
    let missing = |_| io::Error::new(io::ErrorKind::NotFound, "no such interface");
    let link = nix::net::if_::if_nametoindex(interface).map_err(missing)?;
    let group: IpAddr = if ipv6 { GROUP_V6.into() } else { GROUP_V4.into() };
    let socket = VrrpSocket::open(link, interface, ipv6, &[group])?;
    let mut inbox = Inbox::new(BATCH, LARGEST);
    let mut heard = BTreeSet::new();
    let end = Instant::now() + limit;
    while Instant::now() < end {
        match socket.receive(&mut inbox) {
            Ok(packets) => heard.extend(packets.iter().filter_map(used)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(LOOK_EVERY),
            Err(error) => return Err(error),
        }
    }
    Ok(heard)
}

/// What a packet tells, whether its password or checksum are right or not: version 2 or 3, type 1, then the VRID.
fn used(packet: &Received) -> Option<Used> {
    match *packet.payload {
        [0x21 | 0x31, vrid, _, ..] if vrid > 0 => Some(Used { vrid, source: packet.source }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adverts_tell_their_vrid() {
        let packet = |payload: &[u8]| Received {
            source: IpAddr::from([10, 0, 0, 9]),
            destination: GROUP_V4.into(),
            ttl: 255,
            payload: payload.into(),
        };
        let told = |payload: &[u8]| used(&packet(payload)).map(|used| used.vrid);
        assert_eq!((told(&[0x21, 37, 150, 1]), told(&[0x31, 91, 0])), (Some(37), Some(91)));
        for other in [&[0x41, 37, 150][..], &[0x22, 37, 150], &[0x21, 0, 150], &[0x21], &[]] {
            assert_eq!(told(other), None, "{other:?}");
        }
    }

    #[test]
    fn no_interface_is_an_error() {
        assert_eq!(listen("nowhere0", false, Duration::ZERO).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
