//! What a template sees.
//!
//! `cluster` name · `host` {name, group, address, ipv6, port, vars…} · `hosts`, `lbs`, `webs` lists of the same (webs with
//! endpoint, weight, max_fails, fail_timeout_s, backup) · `vips` of this host {name, vrid, interface, priority, version,
//! interval_s, preempt, preempt_delay_s, auth, unicast, peers, addresses, checks, notify} · `checks` tracked by any of
//! them · `lvs` (false, or method, scheduler, vips, services with real_servers, check…) · `ipv6` whether any VIP is one · `site` (with host_name, the first of its names) · `proxy_params` · `params` of the role · `vars` · `made_by`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use serde_json::{Value, json};

use crate::ctl::cluster::{Cluster, Group, Host, Lvs, LvsCheck, TrackedScript, Vip};
use crate::ctl::roles::builtin::PROXY_PARAMS;

/// The interfaces of hosts and their addresses, as facts tell them; empty offline.
pub type Interfaces = BTreeMap<String, Vec<(String, IpNet)>>;

/// The interface when neither the inventory nor facts say which.
const PLACEHOLDER: &str = "eth0";

/// Everything a template sees but `params` and `made_by`.
pub fn context(cluster: &Cluster, host: &Host, interfaces: &Interfaces) -> serde_json::Map<String, Value> {
    let all = |group: Option<Group>| -> Vec<Value> {
        cluster.hosts.iter().filter(|h| group.is_none_or(|g| h.group == g)).map(host_value).collect()
    };
    let mine: Vec<&Vip> =
        cluster.vips.iter().filter(|vip| vip.members.iter().any(|member| member.host == host.name)).collect();
    let mut checks: Vec<&TrackedScript> = Vec::new();
    for check in mine.iter().flat_map(|vip| &vip.track) {
        if !checks.iter().any(|known| known.name == check.name) {
            checks.push(check);
        }
    }
    let vips: Vec<Value> = mine.iter().map(|vip| vip_value(cluster, host, vip, interfaces)).collect();
    let entries = [
        ("cluster", json!(cluster.name)),
        ("host", host_value(host)),
        ("hosts", json!(all(None))),
        ("lbs", json!(all(Some(Group::Lb)))),
        ("webs", json!(all(Some(Group::Web)))),
        ("vips", json!(vips)),
        ("checks", json!(checks.iter().map(|check| check_value(check)).collect::<Vec<_>>())),
        ("ipv6", json!(cluster.vips.iter().flat_map(|vip| &vip.addresses).any(|net| net.addr().is_ipv6()))),
        ("site", site_value(cluster)),
        ("proxy_params", proxy_params(cluster)),
        ("lvs", cluster.lvs.as_ref().map_or(Value::Bool(false), |lvs| lvs_value(cluster, lvs))),
        ("vars", json!(host.vars)),
    ];
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The interface that carries a VIP on a host: the inventory's word, else the one in the VIP's subnet, else eth0.
pub fn interface(host: &Host, vip: &Vip, interfaces: &Interfaces) -> String {
    let found = || {
        let known = interfaces.get(&host.name)?;
        let own = known.iter().find(|(_, net)| net.addr() == host.address).map(|(name, _)| name);
        let by_subnet = |vip_net: &IpNet| {
            known
                .iter()
                .find(|(_, net)| net.contains(&vip_net.addr()) && !vip.addresses.iter().any(|v| v.addr() == net.addr()))
        };
        vip.addresses.iter().find_map(by_subnet).map(|(name, _)| name).or(own)
    };
    host.interface.as_ref().or(vip.interface.as_ref()).or_else(found).cloned().unwrap_or_else(|| PLACEHOLDER.into())
}

fn host_value(host: &Host) -> Value {
    let endpoint = match host.address {
        IpAddr::V4(v4) => format!("{v4}:{}", host.backend.port),
        IpAddr::V6(v6) => format!("[{v6}]:{}", host.backend.port),
    };
    json!({
        "name": host.name,
        "group": host.group.name(),
        "address": host.address.to_string(),
        "ipv6": host.address.is_ipv6(),
        "port": host.backend.port,
        "endpoint": endpoint,
        "weight": host.backend.weight,
        "max_fails": host.backend.max_fails,
        "fail_timeout_s": host.backend.fail_timeout.as_secs(),
        "backup": host.backend.backup,
        "vars": host.vars,
    })
}

fn vip_value(cluster: &Cluster, host: &Host, vip: &Vip, interfaces: &Interfaces) -> Value {
    let priority = vip.members.iter().find(|member| member.host == host.name).map(|member| member.priority);
    let peers: Vec<String> = vip
        .members
        .iter()
        .filter(|member| member.host != host.name)
        .filter_map(|member| cluster.host(&member.host))
        .map(|peer| peer.address.to_string())
        .collect();
    let notify: Vec<Value> =
        vip.notify.iter().map(|(keyword, command)| json!({"keyword": keyword, "command": command})).collect();
    json!({
        "name": vip.name,
        "vrid": vip.vrid,
        "interface": interface(host, vip, interfaces),
        "priority": priority,
        "version": vip.version,
        "interval_s": seconds(vip.interval),
        "preempt": vip.preempt,
        "preempt_delay_s": vip.preempt_delay.as_secs(),
        "auth": vip.auth.as_ref().map(|secret| &secret.0),
        "unicast": vip.unicast,
        "peers": peers,
        "addresses": vip.addresses.iter().map(|net| address(cluster, net)).collect::<Vec<_>>(),
        "checks": vip.track.iter().map(|check| &check.name).collect::<Vec<_>>(),
        "notify": notify,
    })
}

/// An address as it stands in the HA configuration. A director's checks must not come from an IPv6 VIP, which the real servers hold too.
fn address(cluster: &Cluster, net: &IpNet) -> String {
    let never_a_source = cluster.lvs.is_some() && net.addr().is_ipv6();
    if never_a_source { format!("{net} preferred_lft 0") } else { net.to_string() }
}

fn check_value(check: &TrackedScript) -> Value {
    json!({
        "name": check.name,
        "command": check.command,
        "interval_s": seconds(check.interval),
        "weight": check.weight,
        "fall": check.fall,
        "rise": check.rise,
    })
}

fn site_value(cluster: &Cluster) -> Value {
    let site = &cluster.site;
    let names: Vec<&str> = site.server_name.split_whitespace().collect();
    json!({
        "kind": site.kind,
        "server_name": site.server_name,
        "host_name": site.host_name(),
        "other_names": names.len() > 1,
        // nginx's own wildcards become those of the regular expression.
        "names_pattern": names.iter().map(|name| name.replace('.', "\\.").replace('*', ".*")).collect::<Vec<_>>().join("|"),
        "port": site.port,
        "method": site.method,
    })
}

/// Every address of every VIP is a service; its real servers are those of its family.
fn lvs_value(cluster: &Cluster, lvs: &Lvs) -> Value {
    let vips: Vec<IpAddr> = cluster.vips.iter().flat_map(|vip| &vip.addresses).map(ipnet::IpNet::addr).collect();
    let port = |host: &Host| if lvs.real_servers == Group::Lb { lvs.port } else { host.backend.port };
    let service = |vip: &IpAddr| {
        let family = cluster.backends().filter(|host| host.address.is_ipv4() == vip.is_ipv4());
        let real = |host: &Host| json!({"address": host.address.to_string(), "port": port(host), "weight": host.backend.weight});
        json!({"vip": vip.to_string(), "port": lvs.port, "real_servers": family.map(real).collect::<Vec<_>>()})
    };
    let services = vips.iter().map(service).filter(|service| service["real_servers"] != json!([]));
    let (check, path) = match &lvs.check {
        LvsCheck::Tcp => ("tcp", ""),
        LvsCheck::Http { path } => ("http", path.as_str()),
    };
    json!({
        "method": lvs.method.keyword(),
        "scheduler": lvs.scheduler,
        "vips": vips.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "services": services.collect::<Vec<_>>(),
        "check": check,
        "path": path,
        "interval_s": seconds(lvs.interval),
        "timeout_s": seconds(lvs.timeout),
        "retry": lvs.retry,
        "retry_delay_s": seconds(lvs.interval.min(Duration::from_secs(1))),
        "persistence_s": lvs.persistence.as_secs(),
        "sync": lvs.sync && cluster.group(Group::Lb).count() > 1,
        "on_directors": lvs.real_servers == Group::Lb,
        "sorry": lvs.sorry_server,
    })
}

/// The role's directives with the inventory's laid over them, then what the inventory adds.
fn proxy_params(cluster: &Cluster) -> Value {
    let own = &cluster.site.proxy_params;
    let base = PROXY_PARAMS.iter().map(|(name, value)| {
        let value = own.get(*name).map_or(*value, String::as_str);
        json!({"name": name, "value": value})
    });
    let added = own
        .iter()
        .filter(|(name, _)| PROXY_PARAMS.iter().all(|(known, _)| known != name))
        .map(|(name, value)| json!({"name": name, "value": value}));
    base.chain(added).collect()
}

/// Seconds as keepalived reads them: `1`, `0.7`.
fn seconds(time: std::time::Duration) -> String {
    let text = format!("{:.3}", time.as_secs_f64());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
