//! Names for macvlans. Where an interface that is not ours has the wanted name already, it is left alone and the
//! macvlan gets another name.

use std::collections::BTreeSet;
use std::sync::Arc;

use hactl_engine::conf::config::{Config, Vmac, VrrpInstance};
use hactl_engine::conf::macvlan_names;
use hactl_engine::wire::arp::Mac;

use crate::sys::netlink::macvlan::Seen;

/// A macvlan that the configuration asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Its name.
    pub name: String,
    /// Name of the interface below.
    pub base: String,
    /// Its MAC.
    pub mac: Mac,
    /// Whether it carries IPv6 addresses.
    pub ipv6: bool,
}

/// The macvlans of an instance: its own, and those of its addresses.
pub(crate) fn wanted(instance: &VrrpInstance) -> Vec<Wanted> {
    let make =
        |vmac: &Vmac, base: &String, ipv6| Wanted { name: vmac.name.clone(), base: base.clone(), mac: vmac.mac, ipv6 };
    let mut found: Vec<Wanted> = Vec::new();
    found.extend(instance.vmac.as_ref().map(|vmac| make(vmac, &instance.interface, instance.ipv6)));
    for address in instance.addresses.iter().chain(&instance.excluded) {
        let Some(vmac) = address.vmac.as_deref() else { continue };
        let base = address.interface.as_ref().unwrap_or(&instance.interface);
        let one = make(vmac, base, address.address.addr().is_ipv6());
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

/// Whether an instance needs any.
pub(crate) fn has_macvlan(instance: &VrrpInstance) -> bool {
    instance.vmac.is_some() || instance.addresses.iter().chain(&instance.excluded).any(|one| one.vmac.is_some())
}

/// Renames the macvlans that cannot have their names on this host; returns what is said about each. `before` is what
/// was in force: its macvlans are ours too.
pub(crate) fn settle(config: &mut Config, before: Option<&Config>, here: &[Seen]) -> Vec<String> {
    let named = |name: &str| here.iter().find(|seen| seen.name == name);
    let mut used: BTreeSet<String> = config.instances.iter().flat_map(|one| wanted(one)).map(|one| one.name).collect();
    let earlier: Vec<Wanted> = before.into_iter().flat_map(|one| &one.instances).flat_map(|one| wanted(one)).collect();
    let is = |seen: &Seen, one: &Wanted| named(&one.base).is_some_and(|base| seen.is(base.index, one.mac));
    let mut said = Vec::new();
    for instance in &mut config.instances {
        for (at, one) in wanted(instance).into_iter().enumerate() {
            let old = |seen: &Seen| earlier.iter().any(|other| other.name == seen.name && is(seen, other));
            let ours = |seen: &Seen| is(seen, &one) || old(seen);
            if named(&one.name).is_none_or(ours) {
                continue;
            }
            let of_address = at > 0 || instance.vmac.is_none();
            let prefix = config.global.macvlan_prefix(of_address);
            let mut free = macvlan_names(prefix, instance.vrid, one.ipv6);
            let Some(name) = free.find(|name| !used.contains(name) && named(name).is_none_or(ours)) else { continue };
            said.push(format!(
                "vrrp_instance `{}`: an interface {} is here already and is not its macvlan; it is left alone, and the macvlan \
                 is called {name}; `use_vmac` with a name that nobody bears ends this warning",
                instance.name, one.name
            ));
            used.insert(name.clone());
            rename(Arc::make_mut(instance), &one.name, &name);
        }
    }
    said
}

fn rename(instance: &mut VrrpInstance, old: &str, new: &str) {
    let of_addresses =
        instance.addresses.iter_mut().chain(&mut instance.excluded).filter_map(|one| one.vmac.as_deref_mut());
    for vmac in instance.vmac.iter_mut().chain(of_addresses).filter(|vmac| vmac.name == old) {
        new.clone_into(&mut vmac.name);
    }
}

#[cfg(test)]
mod tests {
    use hactl_engine::conf::parse;

    use super::*;

    const TEXT: &str = "vrrp_instance A {\ninterface lan0\nvirtual_router_id 11\nuse_vmac lan1\nvirtual_ipaddress {\n\
                        10.20.0.50/32\n10.20.0.51/32 dev lan1 use_vmac\n}\n}\n";
    const MAC: Mac = [0, 0, 0x5e, 0, 1, 11];

    fn seen(index: u32, name: &str, private_on: Option<u32>, mac: Mac) -> Seen {
        Seen { index, name: name.into(), private_on, mac: Some(mac) }
    }

    fn names(here: &[Seen]) -> (Vec<String>, usize) {
        let mut config = parse("f", TEXT).config;
        let said = settle(&mut config, None, here).len();
        (wanted(&config.instances[0]).into_iter().map(|one| one.name).collect(), said)
    }

    #[test]
    fn a_name_that_somebody_bears_is_left_to_him() {
        let lans = [seen(2, "lan0", None, [2; 6]), seen(3, "lan1", None, [3; 6])];
        assert_eq!(names(&lans), (vec!["vrrp1.11".into(), "vrrp.11".into()], 1));
        // Neither a macvlan of that MAC on another interface, nor one that is not private, is ours.
        for foreign in [seen(9, "vrrp.11", Some(2), MAC), seen(9, "vrrp.11", None, MAC)] {
            let here = [lans[0].clone(), lans[1].clone(), foreign];
            assert_eq!(names(&here), (vec!["vrrp1.11".into(), "vrrp2.11".into()], 2));
        }
    }

    #[test]
    fn what_an_earlier_process_made_is_used_again() {
        let here = [
            seen(2, "lan0", None, [2; 6]),
            seen(3, "lan7", None, [3; 6]),
            seen(4, "lan1", Some(2), MAC),
            seen(5, "vrrp.11", None, [5; 6]),
        ];
        assert_eq!(names(&here), (vec!["lan1".into(), "vrrp1.11".into()], 1));
        // Under a MAC that was in force until now, too.
        let before = parse("f", &TEXT.replace("use_vmac lan1", "use_vmac lan1 02:00:00:00:00:99")).config;
        let mut after = parse("f", TEXT).config;
        let here = [here[0].clone(), here[1].clone(), seen(4, "lan1", Some(2), [2, 0, 0, 0, 0, 0x99])];
        assert_eq!(settle(&mut after, Some(&before), &here), Vec::<String>::new());
    }
}
