//! What two instances of one file may not share: a name, a virtual router id on an interface, and an address. Found by
//! tables rather than by comparing each with each: files with thousands of instances exist.

use std::collections::HashMap;
use std::net::IpAddr;

use super::config::VrrpInstance;
use super::sink::{Place, Sink};

/// What the instances so far have taken.
#[derive(Default)]
pub(super) struct Taken {
    /// Line of each name.
    names: HashMap<String, usize>,
    /// Instances by interface and VRID, as indices.
    routers: HashMap<(String, u8), Vec<usize>>,
    /// Holder of each address on a device.
    addresses: HashMap<(IpAddr, String), String>,
}

impl Taken {
    /// The line on which an instance of this name stands.
    pub(super) fn line_of(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// The name of an instance that would answer to the same adverts.
    pub(super) fn clash<'i>(&self, instances: &'i [VrrpInstance], new: &VrrpInstance) -> Option<&'i str> {
        let same = self.routers.get(&(new.interface.clone(), new.vrid))?;
        same.iter().filter_map(|at| instances.get(*at)).find(|one| clash(one, new)).map(|one| one.name.as_str())
    }

    /// Takes a whole instance.
    pub(super) fn note(&mut self, instance: &VrrpInstance, index: usize) {
        self.names.insert(instance.name.clone(), instance.location.line);
        self.routers.entry((instance.interface.clone(), instance.vrid)).or_default().push(index);
    }

    /// Takes the addresses of an instance and removes those that an earlier one holds on the same interface.
    pub(super) fn addresses(&mut self, instance: &mut VrrpInstance, places: &[Place], sink: &mut Sink<'_>) {
        let (name, home) = (instance.name.clone(), instance.interface.clone());
        let mut places = places.iter();
        for list in [&mut instance.addresses, &mut instance.excluded] {
            list.retain(|one| {
                let place = places.next();
                let address = one.address.addr();
                let key = (address, one.interface.clone().unwrap_or_else(|| home.clone()));
                match self.addresses.get(&key) {
                    Some(holder) => {
                        if let Some(place) = place {
                            sink.error(*place, format!("`{address}` already belongs to `{holder}`; ignored here"));
                        }
                        false
                    }
                    None => {
                        self.addresses.insert(key, name.clone());
                        true
                    }
                }
            });
        }
    }
}

fn clash(left: &VrrpInstance, right: &VrrpInstance) -> bool {
    let family = |one: &VrrpInstance| one.addresses.first().map(|address| address.address.addr().is_ipv6());
    let same_family = match (family(left), family(right)) {
        (Some(left), Some(right)) => left == right,
        _ => true,
    };
    let peers_apart = !left.unicast_peers.is_empty()
        && !right.unicast_peers.is_empty()
        && !left.unicast_peers.iter().any(|peer| right.unicast_peers.contains(peer));
    same_family && !peers_apart
}
