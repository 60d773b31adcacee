//! What two instances of one file may not share: a virtual router id on an interface, and an address.

use std::net::IpAddr;

use super::config::VrrpInstance;
use super::sink::{Place, Sink};

/// Two instances that would answer to the same adverts.
pub(super) fn clash(left: &VrrpInstance, right: &VrrpInstance) -> bool {
    let family = |one: &VrrpInstance| one.addresses.first().map(|address| address.address.addr().is_ipv6());
    let same_family = match (family(left), family(right)) {
        (Some(left), Some(right)) => left == right,
        _ => true,
    };
    let peers_apart = !left.unicast_peers.is_empty()
        && !right.unicast_peers.is_empty()
        && !left.unicast_peers.iter().any(|peer| right.unicast_peers.contains(peer));
    left.interface == right.interface && left.vrid == right.vrid && same_family && !peers_apart
}

/// Removes addresses that an earlier instance already holds on the same interface.
pub(super) fn taken_addresses(
    earlier: &[VrrpInstance],
    instance: &mut VrrpInstance,
    places: &[Place],
    sink: &mut Sink<'_>,
) {
    let on = instance.interface.clone();
    let mut places = places.iter();
    for list in [&mut instance.addresses, &mut instance.excluded] {
        list.retain(|one| {
            let place = places.next();
            let device = one.interface.as_ref().unwrap_or(&on);
            let holder = earlier.iter().find(|other| holds(other, one.address.addr(), device));
            if let (Some(holder), Some(place)) = (holder, place) {
                let message = format!("`{}` already belongs to `{}`; ignored here", one.address.addr(), holder.name);
                sink.error(*place, message);
            }
            holder.is_none()
        });
    }
}

fn holds(instance: &VrrpInstance, address: IpAddr, device: &str) -> bool {
    instance
        .addresses
        .iter()
        .chain(&instance.excluded)
        .any(|one| one.address.addr() == address && one.interface.as_ref().unwrap_or(&instance.interface) == device)
}
