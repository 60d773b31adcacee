//! What two instances of one file may not share: a name, a virtual router id on an interface, an address, a macvlan.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use smallvec::SmallVec;

use super::resolved::Resolved;
use crate::conf::config::{Notify, VirtualAddress, VrrpInstance};
use crate::conf::text::place::{At, Place};
use crate::conf::text::sink::Sink;

/// What earlier instances of the file hold, so that 1000 of them are no million comparisons.
#[derive(Debug, Default)]
pub(super) struct Known {
    names: HashMap<String, Place>,
    /// Positions of the instances with this number on this interface.
    numbers: HashMap<(String, u8), Vec<usize>>,
    /// Positions of the instances that hold an address, each on an interface of its own.
    addresses: HashMap<IpAddr, SmallVec<[usize; 1]>>,
    vmacs: HashSet<String>,
    /// The latest: most instances have the same, or none.
    notify: Arc<Notify>,
}

impl Known {
    /// Where an instance of this name stands.
    pub(crate) fn name(&self, name: &str) -> Option<Place> {
        self.names.get(name).copied()
    }

    /// Whether a macvlan of this name exists.
    pub(crate) fn vmac(&self, name: &str) -> bool {
        self.vmacs.contains(name)
    }

    /// The instance that would answer to the same adverts.
    pub(super) fn clash<'f>(&self, found: &'f [Resolved], instance: &VrrpInstance) -> Option<&'f str> {
        let positions = self.numbers.get(&(instance.interface.clone(), instance.vrid))?;
        let mut others = positions.iter().filter_map(|at| found.get(*at)).map(|one| &one.instance);
        others.find(|other| clash(other, instance)).map(|other| other.name.as_str())
    }

    /// The same scripts, shared with the instance before where they are equal.
    pub(crate) fn shared(&self, notify: Notify) -> Arc<Notify> {
        if notify == *self.notify { Arc::clone(&self.notify) } else { Arc::new(notify) }
    }

    /// Tells of addresses that an earlier instance holds on the same interface, as keepalived permits. Those without
    /// one are on `home`; without a home they stand on a macvlan of this instance's own.
    pub(super) fn tell_of_others<'a>(
        &self,
        found: &[Resolved],
        addresses: impl Iterator<Item = &'a At<VirtualAddress>>,
        home: Option<&str>,
        sink: &mut Sink<'_>,
    ) {
        for (one, place) in addresses {
            let address = one.address.addr();
            let Some(device) = one.interface.as_deref().or(home) else { continue };
            let holders = self.addresses.get(&address).into_iter().flatten().filter_map(|at| found.get(*at));
            let mut holders = holders.map(|holder| &holder.instance);
            if let Some(holder) = holders.find(|holder| holds(holder, address, device)) {
                let message = format!("`{address}` belongs to `{}`, too: it goes when neither is master", holder.name);
                let help = "give it to one of them, unless two masters may answer for it on two hosts";
                sink.warning_help(*place, message, help);
            }
        }
    }

    /// Remembers an instance that will be the one at `position`.
    pub(crate) fn add(&mut self, instance: &VrrpInstance, place: Place, position: usize) {
        self.names.insert(instance.name.clone(), place);
        for one in instance.addresses.iter().chain(&instance.excluded) {
            self.addresses.entry(one.address.addr()).or_default().push(position);
        }
        self.numbers.entry((instance.interface.clone(), instance.vrid)).or_default().push(position);
        self.notify = Arc::clone(&instance.notify);
        let of_addresses = instance.addresses.iter().chain(&instance.excluded).filter_map(|one| one.vmac.as_deref());
        self.vmacs.extend(instance.vmac.iter().chain(of_addresses).map(|vmac| vmac.name.clone()));
    }
}

fn holds(instance: &VrrpInstance, address: IpAddr, device: &str) -> bool {
    let home = instance.vmac.as_ref().map_or(&instance.interface, |vmac| &vmac.name);
    let on = |one: &VirtualAddress| one.interface.as_ref().unwrap_or(home) == device;
    instance.addresses.iter().chain(&instance.excluded).any(|one| one.address.addr() == address && on(one))
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
