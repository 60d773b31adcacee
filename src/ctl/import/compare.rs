//! What runs against what would be rendered: both configurations are written out whole by the engine's printer, and
//! every line that one has and the other has not is told. So nothing is forgotten that the language knows.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use hactl_engine::conf::Nothing;
use hactl_engine::conf::config::{Config, InitialState, ScriptUser, VrrpInstance};
use hactl_engine::conf::outline::{Entry, outline};
use hactl_engine::conf::print::{Secrets, print};
use serde::Serialize;

use super::draft::Names;

/// A difference between a host and what an inventory would make of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The host.
    pub host: String,
    /// The block: `vrrp_instance VI_1`, `global_defs`, `nginx`.
    pub block: String,
    /// The keyword.
    pub keyword: String,
    /// What runs; empty for nothing.
    pub runs: String,
    /// What would be rendered; empty for nothing.
    pub would: String,
    /// Routers that differ in it would not understand each other.
    pub wire: bool,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { host, block, keyword, runs, would, .. } = self;
        let said = |text: &str| if text.is_empty() { "nothing".to_owned() } else { format!("`{text}`") };
        write!(f, "{host}: {block}: {keyword}: {} runs, {} would be rendered", said(runs), said(would))
    }
}

/// What two routers must have alike to hear each other.
const WIRE: [&str; 12] = [
    "virtual_router_id",
    "version",
    "advert_int",
    "authentication",
    "auth_hmac",
    "unicast_peer",
    "unicast_src_ip",
    "mcast_src_ip",
    "mcast_dst_ip",
    "virtual_ipaddress",
    "interface",
    "use_vmac",
];

/// Compares a host's file with the one that it would get. `names` has the inventory's names of its instances.
pub fn compare(host: &str, runs: &Config, would: &Config, names: &Names, keepalived_script: bool) -> Vec<Difference> {
    let (runs, would) = (alike(runs, names, keepalived_script), alike(would, &Names::new(), false));
    let (one, other) = (statements(&runs), statements(&would));
    let keys: BTreeSet<&(String, String)> = one.keys().chain(other.keys()).collect();
    let mut found = Vec::new();
    for key in keys {
        let said = |of: &BTreeMap<(String, String), Vec<String>>| {
            of.get(key).map(|lines| lines.join("; ")).unwrap_or_default()
        };
        let (left, right) = (said(&one), said(&other));
        if left != right {
            let (block, keyword) = key.clone();
            let wire = block.strip_prefix("vrrp_instance ").is_some_and(|name| match keyword.as_str() {
                "virtual_ipaddress" => list(&runs, name) != list(&would, name),
                word => WIRE.contains(&word),
            });
            found.push(Difference { host: host.to_owned(), block, keyword, runs: left, would: right, wire });
        }
    }
    found.extend(secrets(host, &runs, &would));
    found
}

/// The addresses that an instance advertises.
fn list(config: &Config, name: &str) -> BTreeSet<IpAddr> {
    let own = config.instances.iter().filter(|one| one.name == name);
    own.flat_map(|one| &one.addresses).map(|one| one.address.addr()).collect()
}

/// A configuration without what hactl has its own way for, and with the names of the inventory.
fn alike(config: &Config, names: &Names, keepalived_script: bool) -> Config {
    let mut config = config.clone();
    let tracked: BTreeSet<String> =
        config.instances.iter().flat_map(|one| &one.track_scripts).map(|track| track.name.clone()).collect();
    // What nobody tracks is not run.
    config.scripts.retain(|script| tracked.contains(&script.name));
    for script in &mut config.scripts {
        script.weight = 0; // the instance's own word for it counts, and is compared there
        script.reverse = false;
    }
    config.scripts.sort_by(|one, other| one.name.cmp(&other.name));
    config.own = Default::default();
    config.global.router_id = None;
    config.global.enable_script_security = false;
    let root =
        || ScriptUser { user: if keepalived_script { "keepalived_script" } else { "root" }.to_owned(), group: None };
    config.global.script_user.get_or_insert_with(root);
    let renamed = config.instances.iter().map(|one| {
        let mut one: VrrpInstance = (**one).clone();
        one.name = names.get(&one.name).cloned().unwrap_or(one.name);
        one.initial_state = InitialState::Backup;
        one.track_scripts.sort_by(|left, right| left.name.cmp(&right.name));
        one.track_interfaces.sort_by(|left, right| left.name.cmp(&right.name));
        one.unicast_peers.sort_by_key(|peer| peer.address);
        for address in one.addresses.iter_mut().chain(&mut one.excluded) {
            // Without `dev` it stands there anyway.
            address.interface = address.interface.take().filter(|name| *name != one.interface);
        }
        Arc::new(one)
    });
    config.instances = renamed.collect();
    for group in &mut config.groups {
        for member in &mut group.members {
            if let Some(name) = names.get(member) {
                member.clone_from(name);
            }
        }
    }
    config
}

/// Every statement by block and keyword, as the printer writes it.
fn statements(config: &Config) -> BTreeMap<(String, String), Vec<String>> {
    let text = print(config, Secrets::Masked);
    let mut found: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for entry in outline("printed", &text, &mut Nothing) {
        let Some(block) = &entry.block else {
            found.entry((String::new(), entry.keyword.clone())).or_default().push(entry.line.clone());
            continue;
        };
        let list = block.iter().all(|inner| inner.block.is_none()) && entry.keyword.starts_with("static_");
        if list {
            found.entry((String::new(), entry.keyword.clone())).or_default().extend(block.iter().map(one_line));
            continue;
        }
        for inner in block {
            found.entry((entry.line.clone(), inner.keyword.clone())).or_default().push(one_line(inner));
        }
    }
    found
}

fn one_line(entry: &Entry) -> String {
    let lines = entry.lines(0);
    match lines.as_slice() {
        [one] => one.clone(),
        all => all.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" "),
    }
}

/// Passwords and keys, which are not printed.
fn secrets(host: &str, runs: &Config, would: &Config) -> Vec<Difference> {
    let mut found = Vec::new();
    for one in &runs.instances {
        let Some(other) = would.instances.iter().find(|other| other.name == one.name) else { continue };
        let differ = [
            ("authentication", one.password != other.password && one.password.is_some() && other.password.is_some()),
            ("auth_hmac", one.hmac != other.hmac && one.hmac.is_some() && other.hmac.is_some()),
        ];
        for (keyword, _) in differ.into_iter().filter(|(_, differs)| *differs) {
            found.push(Difference {
                host: host.to_owned(),
                block: format!("vrrp_instance {}", one.name),
                keyword: keyword.to_owned(),
                runs: "one secret".to_owned(),
                would: "another secret".to_owned(),
                wire: true,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use hactl_engine::conf::parse;

    use super::*;

    fn told(runs: &str, would: &str) -> Vec<String> {
        let config = |text: &str| parse("k", text).config;
        compare("lb-5", &config(runs), &config(would), &Names::new(), false).iter().map(ToString::to_string).collect()
    }

    const CONF: &str = "vrrp_script chk {\n script \"/bin/true\"\n interval 2\n weight -20\n}\nvrrp_instance A {\n state MASTER\n interface eth0\n virtual_router_id 37\n\
        priority 91\n authentication {\n auth_type PASS\n auth_pass hunter2\n }\n virtual_ipaddress {\n 10.0.0.3/27\n }\n track_script {\n chk\n }\n}\n";

    #[test]
    fn the_same_is_quiet_whatever_hactl_says_in_its_own_way() {
        let ours = format!(
            "global_defs {{\n router_id lb-5\n script_user root\n enable_script_security\n}}\nhactl {{\n lease on\n}}\n{CONF}"
        );
        assert_eq!(told(CONF, &ours.replace("MASTER", "BACKUP")), Vec::<String>::new());
    }

    #[test]
    fn every_line_that_differs_is_told() {
        for (from, to, said) in [
            (
                "priority 91",
                "priority 37",
                "vrrp_instance A: priority: `priority 91` runs, `priority 37` would be rendered",
            ),
            ("10.0.0.3/27", "10.0.0.3/27 label eth0:1", "virtual_ipaddress"),
            ("hunter2", "hunter3", "one secret"),
            ("interval 2", "interval 3", "vrrp_script chk: interval"),
            (" chk\n }\n", " chk weight -5\n }\n", "track_script"),
            ("state MASTER", "state MASTER\n garp_master_repeat 3", "garp_master_repeat"),
            ("vrrp_script chk", "static_routes {\n 10.9.0.0/24 via 10.0.0.1\n}\nvrrp_script chk", "static_routes"),
            (
                "vrrp_script chk",
                "virtual_server 10.0.0.3 80 {\n real_server 10.0.0.7 80 { }\n}\nvrrp_script chk",
                "virtual_server",
            ),
        ] {
            let other = CONF.replacen(from, to, 1);
            assert_ne!(other, CONF);
            let found = told(CONF, &other);
            assert!(found.iter().any(|one| one.contains(said)), "{to}: {found:?}");
            assert!(found.iter().all(|one| !one.contains("hunter")), "{found:?}");
        }
    }

    #[test]
    fn what_breaks_the_pair_is_known_from_what_does_not() {
        let config = |text: &str| parse("k", text).config;
        let wire = |to: &str| {
            let other = CONF.replacen("virtual_router_id 37\npriority 91", to, 1);
            compare("x", &config(CONF), &config(&other), &Names::new(), false).iter().any(|one| one.wire)
        };
        let labelled = CONF.replace("10.0.0.3/27", "10.0.0.3/27 dev eth0 label eth0:1");
        let found = compare("x", &config(CONF), &config(&labelled), &Names::new(), false);
        assert!(found.len() == 1 && !found[0].wire, "{found:?}");
        assert_eq!(told(CONF, &CONF.replace("10.0.0.3/27", "10.0.0.3/27 dev eth0")), Vec::<String>::new());
        let more = CONF.replace("10.0.0.3/27", "10.0.0.3/27\n 10.0.0.4/27");
        assert!(compare("x", &config(CONF), &config(&more), &Names::new(), false)[0].wire);
        assert!(wire("virtual_router_id 38\npriority 91") && !wire("virtual_router_id 37\npriority 90"));
    }
}
