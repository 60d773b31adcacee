//! What the short form of an inventory leaves out, as a host's HA configuration has it: told where it is new or
//! changes.

use std::sync::Arc;

use hactl_engine::conf::config::{Config, HmacMode, HmacSettings, Version, VrrpInstance};
use hactl_engine::conf::parse;

/// One line for each virtual router that comes, goes or becomes another.
pub fn derived(old: &str, new: &str) -> Vec<String> {
    let (old, new) = (parse("old", old).config, parse("new", new).config);
    let find = |config: &Config, name: &str| config.instances.iter().find(|one| one.name == name).cloned();
    let come = new.instances.iter().filter_map(|one| match find(&old, &one.name) {
        None => Some(format!("{}: {}", one.name, all(one))),
        Some(before) => becomes(&before, one),
    });
    let gone = old.instances.iter().filter(|one| find(&new, &one.name).is_none());
    come.chain(gone.map(|one| format!("{} goes: {}", one.name, all(one)))).collect()
}

/// Its values, each behind its name.
fn values(one: &Arc<VrrpInstance>) -> [(&'static str, String); 7] {
    let version = if one.version == Version::V2 { "2" } else { "3" };
    let addresses: Vec<String> = one.addresses.iter().map(|a| a.address.to_string()).collect();
    [
        ("VRID", one.vrid.to_string()),
        ("interface", one.interface.clone()),
        ("priority", one.priority.to_string()),
        ("version", version.to_owned()),
        ("interval", format!("{:?}", one.advert_interval)),
        ("addresses", addresses.join(" ")),
        ("signing", one.hmac.as_ref().map_or_else(|| UNSIGNED.to_owned(), signing)),
    ]
}

/// Its mode and the key that signs.
fn signing(hmac: &HmacSettings) -> String {
    let mode = match hmac.mode {
        HmacMode::Enforce => "enforce",
        HmacMode::Permissive => "permissive",
        HmacMode::ReceiveOnly => "receive-only",
    };
    format!("{mode} with key {}", hmac.active)
}

/// Adverts are, unless somebody wants it otherwise.
const UNSIGNED: &str = "off";

fn all(one: &Arc<VrrpInstance>) -> String {
    let told = values(one).into_iter().filter(|(_, value)| value != UNSIGNED);
    told.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
}

fn becomes(before: &Arc<VrrpInstance>, now: &Arc<VrrpInstance>) -> Option<String> {
    let changed = values(before).into_iter().zip(values(now)).filter(|(before, now)| before != now);
    let words: Vec<String> =
        changed.map(|((name, before), (_, now))| format!("{name} {before} becomes {now}")).collect();
    (!words.is_empty()).then(|| format!("{}: {}", now.name, words.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routers_come_change_and_go() {
        let conf = |name: &str, vrid: u8, priority: u8| {
            format!(
                "vrrp_instance {name} {{\ninterface ens3\nvirtual_router_id {vrid}\npriority {priority}\nversion 3\nadvert_int 0.7\n\
                 virtual_ipaddress {{\n10.0.0.3/27\n}}\n}}\n"
            )
        };
        let whole = "VRID 37, interface ens3, priority 91, version 3, interval 700ms, addresses 10.0.0.3/27";
        assert_eq!(derived("", &conf("A", 37, 91)), [format!("A: {whole}")]);
        assert_eq!(derived(&conf("A", 37, 91), ""), [format!("A goes: {whole}")]);
        assert_eq!(derived(&conf("A", 37, 91), &conf("A", 37, 91)), Vec::<String>::new());
        let told = derived(&conf("A", 37, 91), &conf("A", 38, 100));
        assert_eq!(told, ["A: VRID 37 becomes 38, priority 91 becomes 100"]);
        let signed =
            conf("A", 37, 91).replace("version 3", "version 3\nauth_hmac {\nkey 5 hunter2\nmode permissive\n}");
        assert_eq!(derived("", &signed), [format!("A: {whole}, signing permissive with key 5")]);
        assert_eq!(derived(&conf("A", 37, 91), &signed), ["A: signing off becomes permissive with key 5"]);
    }
}
