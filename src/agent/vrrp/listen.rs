//! Who advertises on a LAN: `hactl agent listen INTERFACE` and `hactl check FILE --listen`. The desk asks before a
//! first deploy: two clusters with one VRID are one virtual router, and one of them loses its address.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use hactl_engine::input::Received;
use hactl_engine::wire::vrrp::{Advert, AdvertError, GROUP_V4, GROUP_V6};
use nix::ifaddrs::getifaddrs;
use nix::net::if_::{InterfaceFlags, if_nametoindex};
use thiserror::Error;

use crate::sys::packet::mmsg::Inbox;
use crate::sys::packet::vrrp::{LARGEST, VrrpSocket};
use crate::sys::process::namespace::enter;

/// Between two looks at what arrived.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Packets taken at a time.
const BATCH: usize = 16;
/// So many senders are kept apart: somebody may make them up.
const SENDERS_MAX: usize = 4096;

/// Where to listen.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The network namespace, by its name; `None`: the one that this process is in.
    pub namespace: Option<String>,
    /// The interface.
    pub interface: String,
    /// Whether over IPv6.
    pub ipv6: bool,
    /// Another group than VRRP's own.
    pub group: Option<IpAddr>,
}

/// Why nobody listened.
#[derive(Debug, Error)]
pub(crate) enum ListenError {
    #[error("there is no such interface")]
    NoInterface,
    #[error("the interface is down, so that nobody can be heard")]
    Down,
    #[error("the interface has no carrier, so that nobody can be heard")]
    NoCarrier,
    #[error("network namespace {0}: {1}")]
    Namespace(String, #[source] io::Error),
    #[error(transparent)]
    Kernel(#[from] io::Error),
}

/// Why a packet of VRRP's protocol is no advert to a router (RFC 9568 §7.1).
#[derive(Debug, Error)]
enum NotTaken {
    #[error("its TTL is {0}, so that it came from beyond this LAN")]
    Ttl(u8),
    #[error("it names no address")]
    NoAddress,
    #[error(transparent)]
    Damaged(#[from] AdvertError),
}

/// What arrived.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Each router, once for each list of addresses that it advertises.
    pub routers: Vec<Router>,
    /// Who sent what no router takes for an advert, and what is wrong with it.
    pub ignored: BTreeSet<(IpAddr, String)>,
}

/// A router that advertises.
#[derive(Debug, Clone)]
pub(crate) struct Router {
    /// Who sends.
    pub source: IpAddr,
    /// What it said last.
    pub advert: Advert,
}

/// Listens for adverts of one family, whoever they are for; with a group of its own for those that are sent there.
///
/// # Errors
/// No such namespace or interface, an interface on which nothing can arrive, or the kernel's: raw sockets need
/// CAP_NET_RAW.
pub(crate) fn listen(place: &Place, limit: Duration) -> Result<Heard, ListenError> {
    // Only a thread of its own may leave for another namespace.
    std::thread::scope(|scope| {
        let heard = scope.spawn(|| listen_here(place, limit)).join();
        heard.unwrap_or_else(|_| Err(io::Error::other("the listening thread ended").into()))
    })
}

fn listen_here(place: &Place, limit: Duration) -> Result<Heard, ListenError> {
    if let Some(name) = &place.namespace {
        enter(name).map_err(|error| ListenError::Namespace(name.clone(), error))?;
    }
    let link = if_nametoindex(place.interface.as_str()).map_err(|_| ListenError::NoInterface)?;
    let group = place.group.unwrap_or(if place.ipv6 { GROUP_V6.into() } else { GROUP_V4.into() });
    can_hear(&place.interface)?;
    let socket = VrrpSocket::open(link, &place.interface, place.ipv6, &[group])?;
    let mut inbox = Inbox::new(BATCH, LARGEST);
    let mut heard = Heard::default();
    let mut routers = BTreeMap::new();
    let end = Instant::now() + limit;
    while Instant::now() < end {
        match socket.receive(&mut inbox) {
            Ok(packets) => packets.iter().for_each(|packet| match advert(packet) {
                _ if routers.len() + heard.ignored.len() >= SENDERS_MAX => {}
                Ok(advert) => {
                    routers.insert((advert.vrid, packet.source, advert.addresses.clone()), advert);
                }
                Err(why) => {
                    heard.ignored.insert((packet.source, why.to_string()));
                }
            }),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(LOOK_EVERY),
            Err(error) => return Err(error.into()),
        }
    }
    can_hear(&place.interface)?;
    heard.routers = routers.into_iter().map(|((_, source, _), advert)| Router { source, advert }).collect();
    Ok(heard)
}

/// Whether anything can arrive there. Not known is no reason not to listen.
fn can_hear(interface: &str) -> Result<(), ListenError> {
    let Some(one) = getifaddrs().ok().and_then(|mut all| all.find(|one| one.interface_name == interface)) else {
        return Ok(());
    };
    match (one.flags.contains(InterfaceFlags::IFF_UP), one.flags.contains(InterfaceFlags::IFF_RUNNING)) {
        (false, _) => Err(ListenError::Down),
        (true, false) => Err(ListenError::NoCarrier),
        (true, true) => Ok(()),
    }
}

/// What a packet says, its password and signature aside.
fn advert(packet: &Received) -> Result<Advert, NotTaken> {
    if packet.ttl != 255 {
        return Err(NotTaken::Ttl(packet.ttl));
    }
    let length = Advert::length(&packet.payload, packet.source.is_ipv6()).unwrap_or(packet.payload.len());
    let (message, trailer) = packet.payload.split_at_checked(length).unwrap_or((&packet.payload, &[]));
    let (advert, _) = Advert::parse_signed(message, trailer, packet.source, packet.destination)?;
    if advert.addresses.is_empty() { Err(NotTaken::NoAddress) } else { Ok(advert) }
}

#[cfg(test)]
mod tests {
    use hactl_engine::conf::config::Version;
    use hactl_engine::wire::vrrp::{Auth, ChecksumForm};

    use super::*;

    fn packet(ttl: u8, change: impl Fn(&mut Vec<u8>)) -> Received {
        let advert = Advert {
            version: Version::V2,
            vrid: 37,
            priority: 91,
            interval: Duration::from_secs(2),
            addresses: [IpAddr::from([10, 0, 0, 3])].into_iter().collect(),
            auth: Auth::Simple(*b"secret\0\0"),
        };
        let (source, destination) = (IpAddr::from([10, 0, 0, 9]), GROUP_V4.into());
        let mut payload = advert.emit(source, destination, ChecksumForm::MessageOnly);
        change(&mut payload);
        Received { source, destination, ttl, payload: payload.into() }
    }

    #[test]
    fn only_what_a_router_takes_is_an_advert() {
        let good = advert(&packet(255, |_| {})).unwrap();
        assert_eq!(
            (good.vrid, good.addresses.to_vec()),
            (37, vec![IpAddr::from([10, 0, 0, 3])]),
            "whatever its password"
        );
        for (why, bad) in [
            ("TTL is 64", packet(64, |_| {})),
            ("checksum 0x", packet(255, |bytes| bytes[2] ^= 1)),
            ("length 3", packet(255, |bytes| bytes.truncate(3))),
            ("VRRP version 4", packet(255, |bytes| bytes[0] = 0x41)),
        ] {
            let said = advert(&bad).unwrap_err().to_string();
            assert!(said.contains(why), "{said}");
        }
        assert!(matches!(advert(&packet(64, |_| {})), Err(NotTaken::Ttl(64))));
        let mut nothing = vec![0x31, 37, 91, 0, 0, 100, 0, 0];
        let sum = nothing.chunks(2).map(|two| u32::from(two[0]) << 8 | u32::from(two[1])).sum::<u32>();
        nothing[6..].copy_from_slice(&(!u16::try_from(sum).unwrap()).to_be_bytes());
        let said = advert(&packet(255, |bytes| bytes.clone_from(&nothing)));
        assert!(matches!(said, Err(NotTaken::NoAddress)), "{said:?}");
    }

    #[test]
    fn where_nobody_listens_is_an_error() {
        let place = |namespace: Option<&str>, interface: &str| Place {
            namespace: namespace.map(str::to_owned),
            interface: interface.into(),
            ipv6: false,
            group: None,
        };
        let why = |place: &Place| listen(place, Duration::ZERO).unwrap_err();
        assert!(matches!(why(&place(None, "nowhere0")), ListenError::NoInterface));
        let nowhere = why(&place(Some("hactl-no-such"), "lo"));
        assert!(matches!(nowhere, ListenError::Namespace(..)), "{nowhere}");
    }
}
