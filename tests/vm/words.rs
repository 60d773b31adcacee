//! Short names for the values that cases are made of.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use hactl::sys::ipvs::Ipvs;
use hactl_engine::ipvs::{
    DestinationSettings, Family, Forward, Protocol, Scheduling, Service, ServiceKey, ServiceSettings, Table,
};
use hactl_engine::lvs::diff::{Change, diff};

pub(crate) fn tcp(address: &str) -> ServiceKey {
    ServiceKey::Address { protocol: Protocol::Tcp, address: at(address) }
}

pub(crate) fn udp(address: &str) -> ServiceKey {
    ServiceKey::Address { protocol: Protocol::Udp, address: at(address) }
}

pub(crate) fn mark(mark: u32) -> ServiceKey {
    ServiceKey::Mark { family: Family::V4, mark }
}

pub(crate) fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

/// Scheduled without flags and persistence.
pub(crate) fn by(name: &str) -> ServiceSettings {
    let name = Scheduling::NAMES.into_iter().find(|known| *known == name).unwrap();
    ServiceSettings { scheduling: Scheduling { name, one_packet: false, flags: [false; 3] }, persistence: None }
}

/// The same with persistence.
pub(crate) fn sticky(name: &str, seconds: u64, prefix: u8) -> ServiceSettings {
    ServiceSettings { persistence: Some((Duration::from_secs(seconds), prefix)), ..by(name) }
}

pub(crate) fn to(weight: u32, forward: Forward) -> DestinationSettings {
    DestinationSettings { weight, forward, upper_threshold: 0, lower_threshold: 0 }
}

/// A service whose destinations are all reached the same way.
pub(crate) fn service(settings: ServiceSettings, forward: Forward, weights: &[(SocketAddr, u32)]) -> Service {
    let destinations: BTreeMap<_, _> =
        weights.iter().map(|(address, weight)| (*address, to(*weight, forward))).collect();
    Service { settings, destinations }
}

/// Carries out changes of which none may be refused.
pub(crate) fn apply(ipvs: &mut Ipvs, changes: &[Change]) {
    let refused = ipvs.apply(changes).unwrap();
    let words: Vec<String> = refused.iter().map(ToString::to_string).collect();
    assert!(words.is_empty(), "{} refused: {}", words.len(), words.join("\n"));
}

/// Makes the kernel's table this one; how many changes that took.
pub(crate) fn make(ipvs: &mut Ipvs, wanted: &Table) -> usize {
    let found = ipvs.table().unwrap();
    let changes = diff(&found, wanted, &found.keys().copied().collect());
    apply(ipvs, &changes);
    changes.len()
}
