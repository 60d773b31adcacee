//! From IPVS's attributes to the engine's words. What a newer kernel adds is skipped; an entry that lacks what every
//! kernel says is no entry.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hactl_engine::conf::config::lvs::Timeouts;
use hactl_engine::ipvs::{
    DestinationSettings, Family, Forward, Protocol, Scheduling, ServiceKey, ServiceSettings, Tunnel, TunnelChecksum,
};
use hactl_engine::lvs::load::{DestinationLoad, Traffic};
use hactl_engine::lvs::sync::{SyncRole, SyncSettings};

use super::numbers::*;
use crate::sys::netlink::attributes::{attributes, u16_of, u32_of, u64_of};

/// A service of a dump.
pub(super) fn service(message: &[u8]) -> Option<(ServiceKey, ServiceSettings, Traffic)> {
    let inner = find(message, CMD_SERVICE)?;
    let family = family(u16_of(find(inner, SVC_AF)?)?)?;
    let key = match find(inner, SVC_FWMARK).and_then(u32_of).filter(|mark| *mark != 0) {
        Some(mark) => ServiceKey::Mark { family, mark },
        None => ServiceKey::Address {
            protocol: protocol(u16_of(find(inner, SVC_PROTOCOL)?)?)?,
            address: SocketAddr::new(address(find(inner, SVC_ADDR)?, family)?, port(find(inner, SVC_PORT)?)?),
        },
    };
    let flags = find(inner, SVC_FLAGS).and_then(u32_of)?;
    let on = |flag: u32| flags & flag != 0;
    let scheduling = Scheduling {
        name: scheduler(find(inner, SVC_SCHED_NAME)?),
        one_packet: on(SVC_F_ONEPACKET),
        flags: [on(SVC_F_SCHED1), on(SVC_F_SCHED2), on(SVC_F_SCHED3)],
    };
    let persistence = if on(SVC_F_PERSISTENT) {
        let timeout = Duration::from_secs(find(inner, SVC_TIMEOUT).and_then(u32_of)?.into());
        Some((timeout, prefix(find(inner, SVC_NETMASK)?, family)?))
    } else {
        None
    };
    let traffic = find(inner, SVC_STATS64).or_else(|| find(inner, SVC_STATS)).map(traffic).unwrap_or_default();
    Some((key, ServiceSettings { scheduling, persistence }, traffic))
}

/// A destination of a dump; its family is the service's unless it says so.
pub(super) fn destination(message: &[u8], of: Family) -> Option<(SocketAddr, DestinationSettings, DestinationLoad)> {
    let inner = find(message, CMD_DEST)?;
    let number = |kind: u16| find(inner, kind).and_then(u32_of);
    let family = find(inner, DEST_AF).and_then(u16_of).and_then(family).unwrap_or(of);
    let address = SocketAddr::new(address(find(inner, DEST_ADDR)?, family)?, port(find(inner, DEST_PORT)?)?);
    let settings = DestinationSettings {
        weight: number(DEST_WEIGHT)?,
        forward: forward(number(DEST_FWD)?, inner),
        upper_threshold: number(DEST_UPPER)?,
        lower_threshold: number(DEST_LOWER)?,
    };
    let load = DestinationLoad {
        active: number(DEST_ACTIVE).unwrap_or_default(),
        inactive: number(DEST_INACTIVE).unwrap_or_default(),
        persistent: number(DEST_PERSISTENT).unwrap_or_default(),
        traffic: find(inner, DEST_STATS64).or_else(|| find(inner, DEST_STATS)).map(traffic).unwrap_or_default(),
    };
    Some((address, settings, load))
}

/// A synchronisation daemon of a dump.
pub(super) fn daemon(message: &[u8]) -> Option<(SyncRole, SyncSettings)> {
    let inner = find(message, CMD_DAEMON)?;
    let role = match u32_of(find(inner, DAEMON_STATE)?)? {
        STATE_MASTER => SyncRole::Master,
        STATE_BACKUP => SyncRole::Backup,
        _ => return None,
    };
    let group4 = find(inner, DAEMON_GROUP).and_then(|value| address(value, Family::V4));
    let group6 = || find(inner, DAEMON_GROUP6).and_then(|value| address(value, Family::V6));
    let settings = SyncSettings {
        interface: text(find(inner, DAEMON_IFN)?),
        id: u8::try_from(u32_of(find(inner, DAEMON_ID)?)?).ok()?,
        max_len: find(inner, DAEMON_MAXLEN).and_then(u16_of),
        port: find(inner, DAEMON_PORT).and_then(u16_of),
        ttl: find(inner, DAEMON_TTL).and_then(|value| value.first().copied()),
        group: group4.or_else(group6),
    };
    Some((role, settings))
}

/// The answer to the question for timeouts.
pub(super) fn timeouts(message: &[u8]) -> Timeouts {
    let value = |kind| find(message, kind).and_then(u32_of).map(|seconds| Duration::from_secs(seconds.into()));
    Timeouts { tcp: value(CMD_TCP), tcp_fin: value(CMD_TCP_FIN), udp: value(CMD_UDP) }
}

fn find(list: &[u8], kind: u16) -> Option<&[u8]> {
    attributes(list).find(|(found, _)| *found == kind).map(|(_, value)| value)
}

fn text(value: &[u8]) -> String {
    let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
    String::from_utf8_lossy(value.get(..end).unwrap_or_default()).into_owned()
}

fn scheduler(value: &[u8]) -> &'static str {
    let name = text(value);
    Scheduling::NAMES.into_iter().find(|known| *known == name).unwrap_or(Scheduling::OTHER)
}

fn family(number: u16) -> Option<Family> {
    match number {
        AF_INET => Some(Family::V4),
        AF_INET6 => Some(Family::V6),
        _ => None,
    }
}

fn protocol(number: u16) -> Option<Protocol> {
    match number {
        IPPROTO_TCP => Some(Protocol::Tcp),
        IPPROTO_UDP => Some(Protocol::Udp),
        IPPROTO_SCTP => Some(Protocol::Sctp),
        _ => None,
    }
}

fn address(value: &[u8], family: Family) -> Option<IpAddr> {
    Some(match family {
        Family::V4 => value.first_chunk::<4>().copied()?.into(),
        Family::V6 => value.first_chunk::<16>().copied()?.into(),
    })
}

fn port(value: &[u8]) -> Option<u16> {
    value.first_chunk().copied().map(u16::from_be_bytes)
}

fn prefix(value: &[u8], family: Family) -> Option<u8> {
    let length = match family {
        Family::V4 => value.first_chunk().copied().map(u32::from_be_bytes)?.leading_ones(),
        Family::V6 => u32_of(value)?,
    };
    u8::try_from(length).ok()
}

fn forward(method: u32, inner: &[u8]) -> Forward {
    match method & FWD_MASK {
        FWD_TUNNEL => Forward::Tunnel(tunnel(inner)),
        FWD_NAT => Forward::Nat,
        // DR; also what old kernels call a server of this host, which never leaves it either.
        _ => Forward::Direct,
    }
}

fn tunnel(inner: &[u8]) -> Tunnel {
    let checksum = match find(inner, DEST_TUN_FLAGS).and_then(u16_of).unwrap_or_default() {
        flags if flags & TUN_F_REMCSUM != 0 => TunnelChecksum::Remote,
        flags if flags & TUN_F_CSUM != 0 => TunnelChecksum::Outer,
        _ => TunnelChecksum::None,
    };
    match find(inner, DEST_TUN_TYPE).and_then(|value| value.first().copied()).unwrap_or(TUN_IPIP) {
        TUN_GUE => Tunnel::Gue { port: find(inner, DEST_TUN_PORT).and_then(port).unwrap_or_default(), checksum },
        TUN_GRE => Tunnel::Gre { checksum },
        _ => Tunnel::Ipip,
    }
}

/// Counters: 64 bits wide each, or 32 and 64 mixed in what kernels before 4.1 say.
fn traffic(list: &[u8]) -> Traffic {
    let mut traffic = Traffic::default();
    for (kind, value) in attributes(list) {
        let Some(number) = u64_of(value).or_else(|| u32_of(value).map(u64::from)) else { continue };
        match kind {
            1 => traffic.connections = number,
            2 => traffic.packets_in = number,
            3 => traffic.packets_out = number,
            4 => traffic.bytes_in = number,
            5 => traffic.bytes_out = number,
            6 => traffic.connections_per_s = number,
            7 => traffic.packets_in_per_s = number,
            8 => traffic.packets_out_per_s = number,
            9 => traffic.bytes_in_per_s = number,
            10 => traffic.bytes_out_per_s = number,
            _ => {}
        }
    }
    traffic
}

#[cfg(test)]
mod tests {
    use super::super::encode;
    use super::*;
    use crate::sys::netlink::attributes::Attributes;
    use hactl_engine::lvs::diff::Change;

    fn keys() -> [ServiceKey; 5] {
        let address = |text: &str, protocol| ServiceKey::Address { protocol, address: text.parse().unwrap() };
        [
            address("10.0.0.3:80", Protocol::Tcp),
            address("10.0.0.3:0", Protocol::Sctp),
            address("[2001:db8::3]:53", Protocol::Udp),
            ServiceKey::Mark { family: Family::V4, mark: 7 },
            ServiceKey::Mark { family: Family::V6, mark: 0xffff_ff05 },
        ]
    }

    fn settings() -> Vec<ServiceSettings> {
        let mut list = Vec::new();
        for (n, name) in Scheduling::NAMES.into_iter().enumerate() {
            let flags = [n % 2 == 0, n % 3 == 0, n % 5 == 0];
            let persistence = [None, Some((Duration::from_secs(360), 32)), Some((Duration::from_secs(1), 19))][n % 3];
            list.push(ServiceSettings { scheduling: Scheduling { name, one_packet: n % 4 == 0, flags }, persistence });
        }
        list
    }

    #[test]
    fn a_service_reads_as_it_was_written() {
        for key in keys() {
            for settings in settings() {
                let change = Change::AddService { service: key, settings: settings.clone() };
                let message = encode::change(&change);
                assert_eq!(service(message.attributes.as_bytes()), Some((key, settings, Traffic::default())));
            }
        }
        assert_eq!(service(encode::list_destinations(&keys()[0]).attributes.as_bytes()), None, "a name is no service");
    }

    #[test]
    fn a_destination_reads_as_it_was_written() {
        let tunnels = [
            Tunnel::Ipip,
            Tunnel::Gue { port: 6080, checksum: TunnelChecksum::Remote },
            Tunnel::Gue { port: 5555, checksum: TunnelChecksum::None },
            Tunnel::Gre { checksum: TunnelChecksum::Outer },
        ];
        let forwards = [Forward::Nat, Forward::Direct].into_iter().chain(tunnels.map(Forward::Tunnel));
        for (n, forward) in (1..).zip(forwards) {
            for to in ["10.0.0.21:8080", "[2001:db8::21]:0"] {
                let settings = DestinationSettings { weight: 37 * n, forward, upper_threshold: 91, lower_threshold: n };
                let to: SocketAddr = to.parse().unwrap();
                let message = encode::change(&Change::AddDestination { service: keys()[0], address: to, settings });
                let read = destination(message.attributes.as_bytes(), Family::V4);
                assert_eq!(read, Some((to, settings, DestinationLoad::default())));
            }
        }
    }

    #[test]
    fn an_old_kernel_names_no_family_and_counts_in_32_bits() {
        let stats = Attributes::default().bytes(1, &5u32.to_ne_bytes()).bytes(4, &(1u64 << 40).to_ne_bytes());
        let inner = [(DEST_FWD, 1), (DEST_WEIGHT, 2), (DEST_UPPER, 0), (DEST_LOWER, 0), (DEST_ACTIVE, 9)].iter().fold(
            Attributes::default().bytes(DEST_ADDR, &[10, 0, 0, 21]).bytes(DEST_PORT, &[0, 80]),
            |list, (kind, value)| list.bytes(*kind, &u32::to_ne_bytes(*value)),
        );
        let message = Attributes::default().nest(CMD_DEST, &inner.nest(DEST_STATS, &stats));
        let (address, settings, load) = destination(message.as_bytes(), Family::V4).unwrap();
        assert_eq!((address, settings.forward), ("10.0.0.21:80".parse().unwrap(), Forward::Direct));
        assert_eq!((load.active, load.traffic.connections, load.traffic.bytes_in), (9, 5, 1 << 40));
    }

    #[test]
    fn a_daemon_and_timeouts_read_as_they_were_written() {
        let mut wanted = SyncSettings {
            interface: "eth0".into(),
            id: 37,
            max_len: Some(1400),
            port: Some(8850),
            ttl: Some(3),
            group: Some("224.0.0.91".parse().unwrap()),
        };
        let read = |wanted: &SyncSettings| daemon(encode::start_daemon(SyncRole::Backup, wanted).attributes.as_bytes());
        assert_eq!(read(&wanted), Some((SyncRole::Backup, wanted.clone())));
        wanted.group = Some("ff02::81".parse().unwrap());
        assert_eq!(read(&wanted), Some((SyncRole::Backup, wanted.clone())));
        let some = Timeouts { tcp: Some(Duration::from_secs(900)), tcp_fin: None, udp: Some(Duration::from_secs(7)) };
        assert_eq!(timeouts(encode::timeouts(&some).attributes.as_bytes()), some);
    }

    #[test]
    fn what_is_cut_off_is_no_entry_and_no_panic() {
        let change = Change::AddService { service: keys()[2], settings: settings()[1].clone() };
        let message = encode::change(&change).attributes;
        for cut in 0..message.as_bytes().len() {
            assert_eq!(service(&message.as_bytes()[..cut]), None);
            let _ = (destination(&message.as_bytes()[..cut], Family::V6), daemon(&message.as_bytes()[..cut]));
        }
    }
}
