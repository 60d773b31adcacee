//! Removes what an agent that was killed left on this host. While an agent runs, its configuration lies in the runtime
//! folder; an agent that finds one there at its start removes what is in it and not in its own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use hactl_engine::action::{LinkAddress, LinkRoute, Routing};
use hactl_engine::conf::config::{Config, Route, VirtualAddress, VrrpInstance};
use hactl_engine::conf::parse;
use hactl_engine::conf::print::{Secrets, print};
use hactl_engine::input::Link;

use super::vmac_names::wanted;
use crate::sys::linux::Linux;
use crate::sys::netlink::macvlan;
use crate::sys::os::Os as _;
use crate::sys::process::replace::replace;
use crate::sys::process::stamp;

/// Notes what is in force. A reboot makes the note worthless.
///
/// # Errors
/// The kernel's.
pub(crate) fn note(path: &Path, config: &Config) -> io::Result<()> {
    let text = format!("# {}\n{}", stamp::boot_id()?, print(&traces(config), Secrets::Masked));
    replace(path, text.as_bytes())
}

/// Of a configuration, what is left in the kernel.
fn traces(config: &Config) -> Config {
    let mut kept = Config {
        static_addresses: config.static_addresses.clone(),
        static_routes: config.static_routes.clone(),
        static_rules: config.static_rules.clone(),
        ..Config::default()
    };
    kept.global.vmac_prefix.clone_from(&config.global.vmac_prefix);
    kept.global.vmac_addr_prefix.clone_from(&config.global.vmac_addr_prefix);
    let of = |one: &Arc<VrrpInstance>| {
        Arc::new(VrrpInstance {
            version: one.version,
            ipv6: one.ipv6,
            addresses: one.addresses.clone(),
            excluded: one.excluded.clone(),
            routes: one.routes.clone(),
            rules: one.rules.clone(),
            vmac: one.vmac.clone(),
            ..VrrpInstance::new(&one.name, &one.interface, one.vrid)
        })
    };
    kept.instances = config.instances.iter().map(of).collect();
    kept
}

/// What an earlier process of this boot noted and did not take back.
pub(crate) fn read(path: &Path) -> Option<Config> {
    let text = fs::read_to_string(path).ok()?;
    let (boot, text) = text.strip_prefix("# ")?.split_once('\n')?;
    (boot == stamp::boot_id().ok()?).then(|| parse("(left)", text).config)
}

/// All virtual addresses of a configuration.
pub(crate) fn virtual_addresses(of: &Config) -> Vec<IpAddr> {
    let all = |one: &Arc<VrrpInstance>| -> Vec<IpAddr> {
        one.addresses.iter().chain(&one.excluded).map(|one| one.address.addr()).collect()
    };
    of.instances.iter().flat_map(all).collect()
}

/// Forgets the note: the agent ends and leaves nothing behind.
pub(crate) fn forget(path: &Path) {
    let _ = fs::remove_file(path); // gone already is as good
}

/// Takes away what the old configuration has and the new one has not. `held` tells which instances had their addresses.
/// What both have stays: each router sees to its own at its start.
pub(crate) fn strip(
    old: &Config,
    new: &Config,
    held: impl Fn(&str) -> bool,
    links: &BTreeMap<u32, Link>,
    os: &mut Linux,
) -> Vec<String> {
    let mut said = Vec::new();
    let by_name: BTreeMap<&str, &Link> = links.values().map(|link| (link.name.as_str(), link)).collect();
    let all = |_: &str| true;
    let stays: BTreeSet<_> = addresses(new, all).map(|(name, one)| (name, one.address)).collect();
    let mut gone = Vec::new();
    for (name, one) in addresses(old, &held).filter(|(name, one)| !stays.contains(&(*name, one.address))) {
        let Some(link) = by_name.get(name).filter(|link| link.addresses.contains(&one.address.addr())) else {
            continue;
        };
        said.push(format!("{} on {name} was left by a killed agent and is in no file any more: removed", one.address));
        gone.push(LinkAddress { link: link.index, address: one.clone(), lifetime_s: None });
    }
    if !gone.is_empty() {
        said.extend(os.remove_addresses(&gone).into_iter().map(|(_, error)| error));
    }
    // Routes that others made bear other protocol numbers, so they are not touched.
    let (mut routing, stay) = (routing(old, all, &by_name), routing(new, all, &by_name));
    routing.routes.retain(|route| !stay.routes.contains(route));
    routing.rules.retain(|rule| !stay.rules.contains(rule));
    if !routing.is_empty() {
        said.extend(os.remove_routing(&routing));
    }
    let stay: Vec<_> = new.instances.iter().flat_map(|one| wanted(one)).collect();
    let gone: Vec<_> = old.instances.iter().flat_map(|one| wanted(one)).filter(|one| !stay.contains(one)).collect();
    if !gone.is_empty() {
        let seen = macvlan::all(os.netlink()).unwrap_or_default();
        for one in gone {
            let Some(base) = by_name.get(one.base.as_str()) else { continue };
            let ours = seen.iter().find(|seen| seen.name == one.name && seen.is(base.index, one.mac));
            if let Some(Err(error)) = ours.map(|link| macvlan::remove(os.netlink(), link.index)) {
                said.push(format!("cannot remove {}: {error}", one.name));
            }
        }
    }
    said
}

fn home(instance: &VrrpInstance) -> &str {
    instance.vmac.as_ref().map_or(&instance.interface, |vmac| &vmac.name)
}

/// The addresses with the interfaces that they stand on: the static ones, and those of the instances that `held` names.
fn addresses<'c>(
    config: &'c Config,
    held: impl Fn(&str) -> bool,
) -> impl Iterator<Item = (&'c str, &'c VirtualAddress)> {
    let fixed = config.static_addresses.iter().filter_map(|one| Some((one.interface.as_deref()?, one)));
    let of = |instance: &'c VrrpInstance| {
        let every = instance.addresses.iter().chain(&instance.excluded);
        every.map(|one| (one.stands_on().unwrap_or_else(|| home(instance)), one))
    };
    let instances = config.instances.iter().filter(move |one| held(&one.name));
    fixed.chain(instances.flat_map(move |one| of(one)))
}

fn routing(config: &Config, held: impl Fn(&str) -> bool, links: &BTreeMap<&str, &Link>) -> Routing {
    let index = |name: &str| links.get(name).map(|link| link.index);
    let place = |route: &Route, own: Option<u32>| -> Option<LinkRoute> {
        let hop = |hop: &hactl_engine::conf::config::NextHop| match (&hop.interface, hop.via) {
            (Some(name), _) => index(name),
            (None, Some(_)) => Some(0),
            (None, None) => own,
        };
        let links: Option<Vec<u32>> = route.hops.iter().map(hop).collect();
        Some(LinkRoute { route: route.clone(), links: links? })
    };
    let mut all = Routing { routes: Vec::new(), rules: config.static_rules.clone() };
    all.routes.extend(config.static_routes.iter().filter_map(|route| place(route, Some(0))));
    for instance in config.instances.iter().filter(|one| held(&one.name)) {
        let own = index(home(instance));
        all.routes.extend(instance.routes.iter().filter_map(|route| place(route, own)));
        all.rules.extend(instance.rules.iter().cloned());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_of_this_boot() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("left");
        assert_eq!(read(&path), None);
        let text = "vrrp_instance A {\ninterface lan0\nvirtual_router_id 11\nvirtual_ipaddress {\n10.20.0.50/27\n}\n\
                    authentication {\nauth_type PASS\nauth_pass s3cret\n}\n}\n";
        note(&path, &parse("f", text).config).unwrap();
        let noted = fs::read_to_string(&path).unwrap();
        assert!(!noted.contains("s3cret"));
        let old = read(&path).unwrap();
        let text = include_str!("../../../tests/interop/same/cases/vmac-addr-families.conf");
        note(&path, &parse("f", text).config).unwrap();
        let macvlans = |config: &Config| config.instances.iter().flat_map(|one| wanted(one)).collect::<Vec<_>>();
        assert_eq!(macvlans(&read(&path).unwrap()), macvlans(&parse("f", text).config));
        let found: Vec<_> = addresses(&old, |_| true).map(|(name, one)| format!("{name} {}", one.address)).collect();
        assert_eq!(found, ["lan0 10.20.0.50/27"]);
        assert_eq!(addresses(&old, |name| name == "B").count(), 0);
        fs::write(&path, format!("# another{noted}")).unwrap();
        assert_eq!(read(&path), None);
        forget(&path);
        assert!(!path.exists());
    }
}
