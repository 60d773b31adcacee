//! `use_vmac`: a macvlan with the virtual router's MAC for each instance that asks for one, and the settings without
//! which the host would answer for it with the wrong MAC.

use std::collections::BTreeMap;
use std::sync::Arc;

use hactl_engine::conf::config::VrrpInstance;
use hactl_engine::input::Link;

use crate::sys::macvlan;
use crate::sys::netlink::Netlink;
use crate::sys::sysctl::Sysctls;

/// The macvlans made here, and what was changed for them.
#[derive(Default)]
pub struct Vmacs {
    /// By name; `true` once it is up and set.
    made: BTreeMap<String, bool>,
    sysctls: Sysctls,
}

impl Vmacs {
    /// Makes those that are missing and whose parent is there, finishes those that have appeared, and removes those that
    /// no instance wants any more.
    pub fn follow(
        &mut self,
        instances: &[Arc<VrrpInstance>],
        links: &BTreeMap<u32, Link>,
        netlink: &mut Netlink,
        troubles: &mut Vec<String>,
    ) {
        let find = |name: &str| links.values().find(|link| link.name == name);
        let wanted = |name: &String| instances.iter().any(|one| one.vmac.as_ref().is_some_and(|v| v.name == *name));
        let unwanted: Vec<String> = self.made.keys().filter(|name| !wanted(name)).cloned().collect();
        for name in unwanted {
            self.made.remove(&name);
            if let Some(Err(error)) = find(&name).map(|link| macvlan::remove(netlink, link.index)) {
                troubles.push(format!("cannot remove {name}: {error}"));
            }
        }
        for instance in instances {
            let Some(vmac) = &instance.vmac else { continue };
            let Some(parent) = find(&instance.interface) else { continue };
            match find(&vmac.name) {
                None => {
                    self.made.insert(vmac.name.clone(), false);
                    if let Err(error) = macvlan::create(netlink, parent.index, &vmac.name, vmac.mac) {
                        troubles.push(format!("cannot make the macvlan {} on {}: {error}", vmac.name, parent.name));
                    }
                }
                Some(link) if self.made.get(&vmac.name) != Some(&true) => {
                    self.quieten(&vmac.name, &parent.name, instance.ipv6, troubles);
                    match macvlan::up(netlink, link.index) {
                        Ok(()) => drop(self.made.insert(vmac.name.clone(), true)),
                        Err(error) => troubles.push(format!("cannot bring up {}: {error}", vmac.name)),
                    }
                }
                Some(_) => {}
            }
        }
    }

    /// Only the macvlan answers for its addresses, and it says nothing of itself.
    fn quieten(&mut self, name: &str, parent: &str, ipv6: bool, troubles: &mut Vec<String>) {
        let v4 = |link: &str, key: &str, value: &'static str| (format!("net/ipv4/conf/{link}/{key}"), value);
        let mut settings = vec![
            v4(name, "arp_ignore", "1"),
            v4(name, "accept_local", "1"),
            v4(name, "rp_filter", "0"),
            v4(name, "promote_secondaries", "1"),
            v4(parent, "arp_ignore", "1"),
            v4(parent, "arp_filter", "1"),
            // Else the interface asks its neighbours in the name of the virtual address, under its own MAC.
            v4(parent, "arp_announce", "2"),
        ];
        if ipv6 {
            settings.push((format!("net/ipv6/conf/{name}/addr_gen_mode"), "1"));
            settings.push((format!("net/ipv6/conf/{name}/accept_dad"), "0"));
        } else {
            settings.push((format!("net/ipv6/conf/{name}/disable_ipv6"), "1"));
        }
        for (key, value) in settings {
            match self.sysctls.set(&key, value) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {} // a kernel without IPv6
                Err(error) => troubles.push(format!(
                    "cannot set {key} to {value}: {error}; {parent} may answer for {name}'s addresses with its own MAC \
                     (in a container: set it from outside)"
                )),
            }
        }
        if Sysctls::get("net/ipv4/conf/all/rp_filter").as_deref() == Some("1") {
            troubles.push(format!(
                "net.ipv4.conf.all.rp_filter is 1, so {name} drops what comes back another way; set it to 0 or 2"
            ));
        }
    }

    /// Removes the macvlans and puts the settings back.
    pub fn leave(mut self, netlink: &mut Netlink, troubles: &mut Vec<String>) {
        self.sysctls.restore();
        for name in self.made.into_keys() {
            let removed = macvlan::index(&name).map_or(Ok(()), |link| macvlan::remove(netlink, link));
            if let Err(error) = removed {
                troubles.push(format!("cannot remove {name}: {error}"));
            }
        }
    }
}
