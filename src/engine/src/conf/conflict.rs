//! What two instances of one file may not share: a name, a virtual router id on an interface, an address, a macvlan.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::config::{Notify, VirtualAddress, VrrpInstance};
use super::draft::At;
use super::resolve::Resolved;
use super::sink::{Place, Sink};

/// What earlier instances of the file hold, so that 1000 of them are no million comparisons.
#[derive(Debug, Default)]
pub(super) struct Known {
    names: HashMap<String, Place>,
    /// Positions of the instances with this number on this interface.
    numbers: HashMap<(String, u8), Vec<usize>>,
    /// Who holds an address on an interface.
    addresses: HashMap<(IpAddr, String), String>,
    vmacs: HashSet<String>,
    /// The latest: most instances have the same, or none.
    notify: Arc<Notify>,
}

impl Known {
    /// Where an instance of this name stands.
    pub(super) fn name(&self, name: &str) -> Option<Place> {
        self.names.get(name).copied()
    }

    /// Whether a macvlan of this name exists.
    pub(super) fn vmac(&self, name: &str) -> bool {
        self.vmacs.contains(name)
    }

    /// The instance that would answer to the same adverts.
    pub(super) fn clash<'f>(&self, found: &'f [Resolved], instance: &VrrpInstance) -> Option<&'f str> {
        let positions = self.numbers.get(&(instance.interface.clone(), instance.vrid))?;
        let mut others = positions.iter().filter_map(|at| found.get(*at)).map(|one| &one.instance);
        others.find(|other| clash(other, instance)).map(|other| other.name.as_str())
    }

    /// The same scripts, shared with the instance before where they are equal.
    pub(super) fn shared(&self, notify: Notify) -> Arc<Notify> {
        if notify == *self.notify { Arc::clone(&self.notify) } else { Arc::new(notify) }
    }

    /// Leaves out addresses that an earlier instance holds on the same interface; those without one are on `home`.
    pub(super) fn leave_to_others(&self, addresses: &mut Vec<At<VirtualAddress>>, home: &str, sink: &mut Sink<'_>) {
        addresses.retain(|(one, place)| {
            let key = (one.address.addr(), one.interface.as_deref().unwrap_or(home).to_owned());
            let Some(holder) = self.addresses.get(&key) else { return true };
            sink.error(*place, format!("`{}` already belongs to `{holder}`; ignored here", key.0));
            false
        });
    }

    /// Remembers an instance that will be the one at `position`.
    pub(super) fn add(&mut self, instance: &VrrpInstance, place: Place, position: usize) {
        self.names.insert(instance.name.clone(), place);
        for one in instance.addresses.iter().chain(&instance.excluded) {
            let device = one.interface.as_ref().unwrap_or(&instance.interface);
            self.addresses.insert((one.address.addr(), device.clone()), instance.name.clone());
        }
        self.numbers.entry((instance.interface.clone(), instance.vrid)).or_default().push(position);
        self.notify = Arc::clone(&instance.notify);
        self.vmacs.extend(instance.vmac.iter().map(|vmac| vmac.name.clone()));
    }
}

/// Two instances that would answer to the same adverts.
fn clash(left: &VrrpInstance, right: &VrrpInstance) -> bool {
    let same_family = left.ipv6 == right.ipv6;
    let shared_peer =
        left.unicast_peers.iter().any(|peer| right.unicast_peers.iter().any(|other| other.address == peer.address))
            || left.peer_names.iter().any(|name| right.peer_names.contains(name));
    let peers_apart = left.is_unicast() && right.is_unicast() && !shared_peer;
    let groups_apart = !left.is_unicast() && !right.is_unicast() && left.group_address != right.group_address;
    same_family && !peers_apart && !groups_apart
}
