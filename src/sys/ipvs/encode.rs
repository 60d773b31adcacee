//! From the engine's words to IPVS's attributes (linux/ip_vs.h).

use std::net::{IpAddr, SocketAddr};

use hactl_engine::conf::config::lvs::Timeouts;
use hactl_engine::ipvs::{
    DestinationSettings, Family, Forward, Protocol, ServiceKey, ServiceSettings, Tunnel, TunnelChecksum,
};
use hactl_engine::lvs::diff::Change;
use hactl_engine::lvs::sync::{SyncRole, SyncSettings};

use super::numbers::*;
use crate::sys::netlink::attributes::Attributes;
use crate::sys::netlink::generic::Message;

/// A change as a command.
pub(super) fn change(change: &Change) -> Message {
    let service = service_name(&change.service());
    let (command, service, destination) = match change {
        Change::AddService { service: key, settings } => (NEW_SERVICE, service_settings(service, key, settings), None),
        Change::EditService { service: key, settings } => (SET_SERVICE, service_settings(service, key, settings), None),
        Change::DeleteService { .. } => (DEL_SERVICE, service, None),
        Change::AddDestination { address, settings, .. } => {
            (NEW_DEST, service, Some(destination_settings(destination_name(*address), settings)))
        }
        Change::EditDestination { address, settings, .. } => {
            (SET_DEST, service, Some(destination_settings(destination_name(*address), settings)))
        }
        Change::DeleteDestination { address, .. } => (DEL_DEST, service, Some(destination_name(*address))),
    };
    let mut attributes = Attributes::default().nest(CMD_SERVICE, &service);
    if let Some(destination) = destination {
        attributes = attributes.nest(CMD_DEST, &destination);
    }
    Message { command, attributes }
}

/// The question for all services.
pub(super) fn list_services() -> Message {
    bare(GET_SERVICE)
}

/// The question for a service's destinations.
pub(super) fn list_destinations(service: &ServiceKey) -> Message {
    Message { command: GET_DEST, attributes: Attributes::default().nest(CMD_SERVICE, &service_name(service)) }
}

/// The question for the running synchronisation.
pub(super) fn list_daemons() -> Message {
    bare(GET_DAEMON)
}

/// The question for the timeouts.
pub(super) fn ask_timeouts() -> Message {
    bare(GET_CONFIG)
}

/// The command that empties the table.
pub(super) fn flush() -> Message {
    bare(FLUSH)
}

/// The command that sets timeouts; those not given stay.
pub(super) fn timeouts(timeouts: &Timeouts) -> Message {
    let given = [(CMD_TCP, timeouts.tcp), (CMD_TCP_FIN, timeouts.tcp_fin), (CMD_UDP, timeouts.udp)];
    let attributes = given
        .into_iter()
        .filter_map(|(kind, timeout)| Some((kind, timeout?)))
        .fold(Attributes::default(), |list, (kind, timeout)| native(list, kind, seconds(timeout)));
    Message { command: SET_CONFIG, attributes }
}

/// The command that starts one side of the synchronisation.
pub(super) fn start_daemon(role: SyncRole, settings: &SyncSettings) -> Message {
    let mut daemon = native(Attributes::default(), DAEMON_STATE, state(role)).text(DAEMON_IFN, &settings.interface);
    daemon = native(daemon, DAEMON_ID, u32::from(settings.id));
    if let Some(length) = settings.max_len {
        daemon = daemon.bytes(DAEMON_MAXLEN, &length.to_ne_bytes());
    }
    daemon = match settings.group {
        Some(IpAddr::V4(group)) => daemon.bytes(DAEMON_GROUP, &group.octets()),
        Some(IpAddr::V6(group)) => daemon.bytes(DAEMON_GROUP6, &group.octets()),
        None => daemon,
    };
    if let Some(port) = settings.port {
        daemon = daemon.bytes(DAEMON_PORT, &port.to_ne_bytes());
    }
    if let Some(ttl) = settings.ttl {
        daemon = daemon.bytes(DAEMON_TTL, &[ttl]);
    }
    Message { command: NEW_DAEMON, attributes: Attributes::default().nest(CMD_DAEMON, &daemon) }
}

/// The command that stops one side of the synchronisation.
pub(super) fn stop_daemon(role: SyncRole) -> Message {
    let daemon = native(Attributes::default(), DAEMON_STATE, state(role));
    Message { command: DEL_DAEMON, attributes: Attributes::default().nest(CMD_DAEMON, &daemon) }
}

fn bare(command: u8) -> Message {
    Message { command, attributes: Attributes::default() }
}

fn native(list: Attributes, kind: u16, value: u32) -> Attributes {
    list.bytes(kind, &value.to_ne_bytes())
}

fn seconds(duration: std::time::Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

fn state(role: SyncRole) -> u32 {
    match role {
        SyncRole::Master => STATE_MASTER,
        SyncRole::Backup => STATE_BACKUP,
    }
}

fn service_name(key: &ServiceKey) -> Attributes {
    let list = Attributes::default().bytes(SVC_AF, &family_number(key.family()).to_ne_bytes());
    match key {
        ServiceKey::Address { protocol, address } => list
            .bytes(SVC_PROTOCOL, &protocol_number(*protocol).to_ne_bytes())
            .bytes(SVC_ADDR, &padded(address.ip()))
            .bytes(SVC_PORT, &address.port().to_be_bytes()),
        ServiceKey::Mark { mark, .. } => native(list, SVC_FWMARK, *mark),
    }
}

fn service_settings(list: Attributes, key: &ServiceKey, settings: &ServiceSettings) -> Attributes {
    let scheduling = &settings.scheduling;
    let persistent = settings.persistence.is_some();
    let [one, two, three] = scheduling.flags;
    let set = [
        (persistent, SVC_F_PERSISTENT),
        (scheduling.one_packet, SVC_F_ONEPACKET),
        (one, SVC_F_SCHED1),
        (two, SVC_F_SCHED2),
        (three, SVC_F_SCHED3),
    ];
    let flags = set.iter().filter(|(on, _)| *on).fold(0, |sum, (_, flag)| sum | flag);
    let mask = set.iter().fold(0, |sum, (_, flag)| sum | flag);
    let (timeout, prefix) = settings.persistence.map_or((0, u8::MAX), |(timeout, prefix)| (seconds(timeout), prefix));
    // IPv4 wants a mask in network order, IPv6 a length; without persistence the kernel checks it all the same.
    let netmask = match key.family() {
        Family::V4 => u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0).to_be_bytes(),
        Family::V6 => u32::from(prefix.min(128)).to_ne_bytes(),
    };
    let list = list
        .text(SVC_SCHED_NAME, scheduling.name)
        .bytes(SVC_FLAGS, &[u32::to_ne_bytes(flags), u32::to_ne_bytes(mask)].concat());
    native(list, SVC_TIMEOUT, timeout).bytes(SVC_NETMASK, &netmask)
}

fn destination_name(address: SocketAddr) -> Attributes {
    Attributes::default()
        .bytes(DEST_ADDR, &padded(address.ip()))
        .bytes(DEST_PORT, &address.port().to_be_bytes())
        .bytes(DEST_AF, &family_number(Family::of(address.ip())).to_ne_bytes())
}

fn destination_settings(list: Attributes, settings: &DestinationSettings) -> Attributes {
    let (method, tunnel) = match settings.forward {
        Forward::Nat => (FWD_NAT, None),
        Forward::Direct => (FWD_DIRECT, None),
        Forward::Tunnel(tunnel) => (FWD_TUNNEL, Some(tunnel)),
    };
    let mut list = native(list, DEST_FWD, method);
    list = native(list, DEST_WEIGHT, settings.weight);
    list = native(list, DEST_UPPER, settings.upper_threshold);
    list = native(list, DEST_LOWER, settings.lower_threshold);
    let (kind, port, checksum) = match tunnel {
        None => return list,
        Some(Tunnel::Ipip) => (TUN_IPIP, 0, TunnelChecksum::None),
        Some(Tunnel::Gue { port, checksum }) => (TUN_GUE, port, checksum),
        Some(Tunnel::Gre { checksum }) => (TUN_GRE, 0, checksum),
    };
    let flags = match checksum {
        TunnelChecksum::None => 0,
        TunnelChecksum::Outer => TUN_F_CSUM,
        TunnelChecksum::Remote => TUN_F_REMCSUM,
    };
    list.bytes(DEST_TUN_TYPE, &[kind])
        .bytes(DEST_TUN_PORT, &port.to_be_bytes())
        .bytes(DEST_TUN_FLAGS, &flags.to_ne_bytes())
}

/// An address in the 16 bytes that IPVS keeps for it.
fn padded(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V6(address) => address.octets(),
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        }
    }
}

fn family_number(family: Family) -> u16 {
    match family {
        Family::V4 => AF_INET,
        Family::V6 => AF_INET6,
    }
}

fn protocol_number(protocol: Protocol) -> u16 {
    match protocol {
        Protocol::Tcp => IPPROTO_TCP,
        Protocol::Udp => IPPROTO_UDP,
        Protocol::Sctp => IPPROTO_SCTP,
    }
}
