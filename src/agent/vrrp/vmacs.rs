//! `use_vmac`: a macvlan with the virtual router's MAC for each instance and address that asks for one, and the
//! settings without which the host would answer for it with the wrong MAC.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use hactl_engine::conf::config::VrrpInstance;
use hactl_engine::input::Link;
use hactl_engine::wire::arp::Mac;

use super::vmac_names::{Wanted, wanted};
use crate::sys::netlink::macvlan::{self, Seen};
use crate::sys::netlink::route::Netlink;
use crate::sys::process::sysctl::Sysctls;

/// The macvlans made here, and what was changed for them.
#[derive(Default)]
pub(crate) struct Vmacs {
    made: BTreeMap<String, Made>,
    /// Names that somebody else's interface bears, once told.
    foreign: BTreeSet<String>,
    sysctls: Sysctls,
}

/// One of them.
struct Made {
    parent: u32,
    mac: Mac,
    /// Up and set.
    ready: bool,
}

impl Vmacs {
    /// Settings of an earlier process that was killed are put back with ours; they are noted in this file.
    pub(crate) fn noted_in(settings: PathBuf) -> Self {
        Self { sysctls: Sysctls::noted_in(settings), ..Self::default() }
    }

    /// Makes those that are missing and whose parent is there, finishes those that have appeared, and removes those
    /// that no instance wants any more. An interface that only bears the name is nobody's but its maker's.
    pub(crate) fn follow(
        &mut self,
        instances: &[Arc<VrrpInstance>],
        links: &BTreeMap<u32, Link>,
        netlink: &mut Netlink,
        warnings: &mut Vec<String>,
    ) {
        let all: Vec<Wanted> = instances.iter().flat_map(|one| wanted(one)).collect();
        if all.is_empty() && self.made.is_empty() && self.sysctls.is_untouched() {
            return;
        }
        let by_name: BTreeMap<&str, &Link> = links.values().map(|link| (link.name.as_str(), link)).collect();
        let asked: BTreeMap<&str, &Wanted> = all.iter().map(|one| (one.name.as_str(), one)).collect();
        // One whose MAC or place has changed is made anew.
        let below = |one: &Wanted| by_name.get(one.base.as_str()).map(|link| link.index);
        let stays = |name: &str, made: &Made| {
            asked
                .get(name)
                .is_some_and(|one| one.mac == made.mac && below(one).is_none_or(|index| index == made.parent))
        };
        let gone = self.made.iter().filter(|(name, made)| !stays(name, made)).map(|(name, _)| name.clone());
        let gone: Vec<String> = gone.collect();
        if !gone.is_empty() || self.made.is_empty() {
            self.remove(gone, netlink, warnings);
            let touched: BTreeSet<&str> = all.iter().flat_map(|one| [one.base.as_str(), one.name.as_str()]).collect();
            self.sysctls.restore(|key| key.split('/').nth(3).is_some_and(|link| touched.contains(link)));
        }
        let mut seen: Option<Vec<Seen>> = None;
        for one in &all {
            let Some(parent) = by_name.get(one.base.as_str()) else { continue };
            let Some(link) = by_name.get(one.name.as_str()) else {
                self.make(one, parent.index, netlink, warnings);
                continue;
            };
            if self.made.get(&one.name).is_some_and(|made| made.ready) {
                continue;
            }
            let seen = seen.get_or_insert_with(|| macvlan::all(netlink).unwrap_or_default());
            // Its end has not been heard of yet.
            let Some(found) = seen.iter().find(|seen| seen.index == link.index) else { continue };
            if !found.is(parent.index, one.mac) {
                if self.foreign.insert(one.name.clone()) {
                    warnings.push(format!(
                        "{} is an interface of somebody else, so it is left alone and the addresses cannot stand on it; \
                         rename it, or give `use_vmac` another name, and reload",
                        one.name
                    ));
                }
                continue;
            }
            self.quieten(one, warnings);
            match macvlan::up(netlink, link.index) {
                Ok(()) => self.note(one, parent.index, true),
                Err(error) => warnings.push(format!("cannot bring up {}: {error}", one.name)),
            }
        }
    }

    fn make(&mut self, one: &Wanted, parent: u32, netlink: &mut Netlink, warnings: &mut Vec<String>) {
        self.foreign.remove(&one.name);
        match macvlan::create(netlink, parent, &one.name, one.mac) {
            Ok(()) => self.note(one, parent, false),
            Err(error) => warnings.push(format!("cannot make the macvlan {} on {}: {error}", one.name, one.base)),
        }
    }

    fn note(&mut self, one: &Wanted, parent: u32, ready: bool) {
        let made = Made { parent, mac: one.mac, ready };
        self.made.insert(one.name.clone(), made);
    }

    /// Only the macvlan answers for its addresses, and it says nothing of itself.
    fn quieten(&mut self, one: &Wanted, warnings: &mut Vec<String>) {
        let (name, parent) = (&one.name, &one.base);
        let v4 = |link: &str, key: &str, value: &'static str| (format!("net/ipv4/conf/{link}/{key}"), value);
        let v6 = |key: &str, value: &'static str| (format!("net/ipv6/conf/{name}/{key}"), value);
        let mut settings = vec![v6("addr_gen_mode", "1")];
        if one.ipv6 {
            settings.push(v6("accept_dad", "0"));
        } else {
            settings.extend([
                v6("disable_ipv6", "1"),
                v4(name, "arp_ignore", "1"),
                v4(name, "accept_local", "1"),
                v4(name, "rp_filter", "0"),
                v4(name, "promote_secondaries", "1"),
                v4(parent, "arp_ignore", "1"),
                v4(parent, "arp_filter", "1"),
                // Else the interface asks its neighbours in the name of the virtual address, under its own MAC.
                v4(parent, "arp_announce", "2"),
            ]);
        }
        for (key, value) in settings {
            match self.sysctls.set(&key, value) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {} // a kernel without IPv6
                Err(error) => warnings.push(format!(
                    "cannot set {key} to {value}: {error}; {parent} may answer for {name}'s addresses with its own MAC \
                     (in a container: set it from outside)"
                )),
            }
        }
        if Sysctls::get("net/ipv4/conf/all/rp_filter").as_deref() == Some("1") {
            warnings.push(format!(
                "net.ipv4.conf.all.rp_filter is 1, so {name} drops what comes back another way; set it to 0 or 2"
            ));
        }
    }

    fn remove(&mut self, names: Vec<String>, netlink: &mut Netlink, warnings: &mut Vec<String>) {
        if names.is_empty() {
            return;
        }
        let seen = macvlan::all(netlink).unwrap_or_default();
        for name in names {
            let Some(made) = self.made.remove(&name) else { continue };
            // Somebody may have taken ours away and given the name to another.
            let ours = seen.iter().find(|seen| seen.name == name && seen.is(made.parent, made.mac));
            if let Some(Err(error)) = ours.map(|link| macvlan::remove(netlink, link.index)) {
                warnings.push(format!("cannot remove {name}: {error}"));
            }
        }
    }

    /// Removes the macvlans and puts the settings back.
    pub(crate) fn leave(mut self, netlink: &mut Netlink, warnings: &mut Vec<String>) {
        let names = self.made.keys().cloned().collect();
        self.remove(names, netlink, warnings);
        self.sysctls.restore(|_| false);
    }
}
