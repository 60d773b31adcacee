//! What a template sees.
//!
//! `cluster` name · `host` {name, group, address, ipv6, port, vars…} · `balances` whether it is a load balancer ·
//! `peers` addresses of hosts that may have its VIPs · `hosts`, `lbs`, `webs` lists of the same (webs with endpoint,
//! weight, max_fails, fail_timeout_s, backup, down) · `vips` of this host {name, vrid, interface, priority, version,
//! interval_s, preempt, preempt_delay_s, auth, hmac, unicast, peers, addresses, routes, checks, tracked_interfaces,
//! notify} · `checks` tracked by any of them · `metrics` (empty, or where) · `alerts` {webhook, mail, authorities} ·
//! `lvs` (false, or method, scheduler, vips, services with real_servers, check…) · `ipv6` whether any VIP is one ·
//! `site` (with host_name, the first of its names; where there are several, the first of them) · `nginx` what load
//! balancers do with requests ([`super::nginx`]) · `upstreams` how their agents check who answers them
//! ([`super::upstreams`]) · `wordpress` ([`super::wordpress`]) · `short_form` whether the inventory has `site:` ·
//! `proxy_params` · `params` of the role · `vars` · `made_by`.
//!
//! Commands, passwords and other free text of the HA configuration are as they stand there between double quotes.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use hactl_engine::conf::print::between_quotes;
use ipnet::IpNet;
use serde::Serialize;
use tera::Value;

use super::keys::HmacView;
use super::lvs::LvsView;
use super::nginx::NginxView;
use super::upstreams::upstreams;
use super::wordpress::WordpressView;
use crate::ctl::alerts::{Alerts, PASSWORD_FILE, Tls};
use crate::ctl::cluster::{Cluster, Group, Host, Site, Track, TrackedInterface, TrackedScript, Vip};
use crate::ctl::roles::builtin::PROXY_PARAMS;

/// The interfaces of hosts and their addresses, as facts tell them; empty offline.
pub type Interfaces = BTreeMap<String, Vec<(String, IpNet)>>;

/// The interface when neither the inventory nor facts say which.
const PLACEHOLDER: &str = "eth0";

/// A name that templates know, and its value.
pub type Entry = (&'static str, Value);

/// What the templates of every host see alike.
pub fn of_cluster(cluster: &Cluster) -> Vec<Entry> {
    let all = |group: Option<Group>| -> Vec<HostView<'_>> {
        cluster.hosts.iter().filter(|h| group.is_none_or(|g| h.group == g)).map(|h| HostView::new(cluster, h)).collect()
    };
    vec![
        ("cluster", value(&cluster.name)),
        ("hosts", value(&all(None))),
        ("lbs", value(&all(Some(Group::Lb)))),
        ("webs", value(&all(Some(Group::Web)))),
        ("ipv6", value(&cluster.vips.iter().flat_map(|vip| &vip.addresses).any(|net| net.addr().is_ipv6()))),
        ("site", value(&SiteView::new(&cluster.site))),
        ("proxy_params", value(&proxy_params(&cluster.site))),
        ("lvs", cluster.lvs.as_ref().map_or_else(|| value(&false), |lvs| value(&LvsView::new(cluster, lvs)))),
        ("alerts", value(&AlertsView::new(&cluster.alerts))),
        ("nginx", value(&NginxView::new(cluster))),
        ("upstreams", value(&upstreams(cluster))),
        (
            "wordpress",
            cluster.wordpress.as_ref().map_or_else(|| value(&false), |site| value(&WordpressView::new(cluster, site))),
        ),
        ("short_form", value(&(cluster.traffic.sites.is_empty() && cluster.traffic.maintenance.is_none()))),
    ]
}

/// What the templates of one host see besides.
pub fn of_host(cluster: &Cluster, host: &Host, interfaces: &Interfaces) -> Vec<Entry> {
    let mine: Vec<&Vip> =
        cluster.vips.iter().filter(|vip| vip.members.iter().any(|member| member.host == host.name)).collect();
    let tracks: Vec<Track> = mine.iter().map(|vip| vip.track.overlaid(&host.track)).collect();
    let mut checks: Vec<TrackedScript> = Vec::new();
    for check in tracks.iter().flat_map(|track| &track.scripts) {
        if !checks.iter().any(|known| known.name == check.name) {
            checks.push(TrackedScript { command: between_quotes(&check.command), ..check.clone() });
        }
    }
    let vips: Vec<VipView<'_>> = mine.iter().map(|vip| VipView::new(cluster, host, vip, interfaces)).collect();
    vec![
        ("host", value(&HostView::new(cluster, host))),
        ("balances", value(&(host.group == Group::Lb))),
        ("metrics", value(&cluster.metrics.as_ref().map_or_else(String::new, |metrics| metrics.at(host.address)))),
        ("peers", value(&peers(cluster, host))),
        ("vips", value(&vips)),
        ("checks", value(&checks)),
        ("vars", value(&host.vars)),
    ]
}

/// Addresses of the other hosts with an agent that may have a VIP of this one: the load balancers among themselves, and
/// who carries a VIP with it.
fn peers(cluster: &Cluster, host: &Host) -> Vec<IpAddr> {
    let balances = |one: &Host| one.group == Group::Lb;
    let shared = |vip: &Vip, one: &Host| vip.is_carried_by(&host.name) && vip.is_carried_by(&one.name);
    let others = cluster.agents().filter(|one| one.name != host.name);
    let peers = others.filter(|one| balances(one) && balances(host) || cluster.vips.iter().any(|vip| shared(vip, one)));
    peers.map(|peer| peer.address).collect()
}

fn value<T: Serialize + ?Sized>(what: &T) -> Value {
    Value::from_serializable(what)
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

/// A host with what follows from its address.
#[derive(Serialize)]
struct HostView<'c> {
    #[serde(flatten)]
    host: &'c Host,
    ipv6: bool,
    endpoint: SocketAddr,
    /// Every port that pools know it by; its own where they know none.
    ports: Vec<u16>,
}

impl<'c> HostView<'c> {
    fn new(cluster: &Cluster, host: &'c Host) -> Self {
        let endpoint = SocketAddr::new(host.address, host.backend.port);
        let mut ports = cluster.traffic.ports_of(host.address);
        if ports.is_empty() {
            ports.push(host.backend.port);
        }
        Self { host, ipv6: host.address.is_ipv6(), endpoint, ports }
    }
}

/// A VIP as one of its members has it.
#[derive(Serialize)]
struct VipView<'c> {
    #[serde(flatten)]
    vip: &'c Vip,
    interface: String,
    priority: Option<u8>,
    /// A secret: it belongs into the HA configuration.
    auth: Option<String>,
    hmac: Option<HmacView>,
    peers: Vec<IpAddr>,
    addresses: Vec<String>,
    /// Names of the checks that it tracks.
    checks: Vec<String>,
    tracked_interfaces: Vec<TrackedInterface>,
    notify: Vec<Notify<'c>>,
}

#[derive(Serialize)]
struct Notify<'c> {
    keyword: &'c str,
    command: String,
}

impl<'c> VipView<'c> {
    fn new(cluster: &'c Cluster, host: &Host, vip: &'c Vip, interfaces: &Interfaces) -> Self {
        let own = vip.members.iter().find(|member| member.host == host.name);
        let others = vip.members.iter().filter(|member| member.host != host.name);
        let peers = others.filter_map(|member| cluster.host(&member.host)).map(|peer| peer.address);
        let track = vip.track.overlaid(&host.track);
        let notified = vip.notify.iter().map(|(keyword, command)| (keyword.as_str(), command));
        let starts = vip.takeover_start.iter().map(|command| ("takeover_start", command));
        let stops = vip.takeover_stop.iter().map(|command| ("takeover_stop", command));
        Self {
            vip,
            interface: interface(host, vip, interfaces),
            priority: own.map(|member| member.priority),
            auth: vip.auth.as_ref().map(|secret| between_quotes(&secret.0)),
            hmac: vip.hmac.as_ref().map(|hmac| HmacView::new(hmac, &vip.name)),
            peers: peers.collect(),
            addresses: vip.addresses.iter().map(|net| address(cluster, net)).collect(),
            checks: track.scripts.into_iter().map(|check| check.name).collect(),
            tracked_interfaces: track.interfaces,
            notify: notified.chain(starts).chain(stops).map(|(keyword, command)| notify(keyword, command)).collect(),
        }
    }
}

/// A line of an instance.
fn notify<'c>(keyword: &'c str, command: &str) -> Notify<'c> {
    Notify { keyword, command: between_quotes(command) }
}

/// An address as it stands in the HA configuration. A director's checks must not come from an IPv6 VIP, which the real
/// servers hold too.
fn address(cluster: &Cluster, net: &IpNet) -> String {
    let never_a_source = cluster.lvs.is_some() && net.addr().is_ipv6();
    if never_a_source { format!("{net} preferred_lft 0") } else { net.to_string() }
}

/// `alerts:`, with what stands in a secret's place while nobody has fetched it.
#[derive(Serialize)]
struct AlertsView<'c> {
    webhook: Option<String>,
    mail: Option<MailView<'c>>,
    authorities: Option<&'c Path>,
}

#[derive(Serialize)]
struct MailView<'c> {
    to: &'c [String],
    from: Option<&'c str>,
    server: &'c str,
    port: u16,
    tls: Tls,
    user: Option<String>,
    /// A secret: it belongs into the file that the HA configuration names.
    password: Option<&'c str>,
    password_file: &'static str,
}

impl<'c> AlertsView<'c> {
    fn new(alerts: &'c Alerts) -> Self {
        let mail = alerts.mail.as_ref().map(|mail| MailView {
            to: &mail.to,
            from: mail.from.as_deref(),
            server: &mail.host,
            port: mail.port,
            tls: mail.tls,
            user: mail.login.as_ref().map(|(user, _)| between_quotes(user)),
            password: mail.login.as_ref().map(|(_, password)| password.open().unwrap_or("(not fetched)")),
            password_file: PASSWORD_FILE,
        });
        let webhook = alerts.webhook.as_ref().map(|url| url.open().unwrap_or("https://not.fetched.invalid/"));
        let webhook = webhook.map(between_quotes);
        Self { webhook, mail, authorities: alerts.authorities.as_deref() }
    }
}

/// A site with what follows from its names.
#[derive(Serialize)]
struct SiteView<'c> {
    #[serde(flatten)]
    site: &'c Site,
    host_name: &'c str,
    other_names: bool,
    /// A regular expression.
    names_pattern: String,
}

impl<'c> SiteView<'c> {
    fn new(site: &'c Site) -> Self {
        let names: Vec<&str> = site.server_name.split_whitespace().collect();
        // nginx's own wildcards become those of the regular expression.
        let patterns = names.iter().map(|name| name.replace('.', "\\.").replace('*', ".*"));
        let names_pattern = patterns.collect::<Vec<_>>().join("|");
        Self { site, host_name: site.host_name(), other_names: names.len() > 1, names_pattern }
    }
}

/// A line of proxy_params.
#[derive(Serialize)]
struct Directive<'c> {
    name: &'c str,
    value: &'c str,
}

/// The role's directives with the inventory's laid over them, then what the inventory adds.
fn proxy_params(site: &Site) -> Vec<Directive<'_>> {
    let own = &site.proxy_params;
    let base = PROXY_PARAMS
        .iter()
        .map(|(name, value)| Directive { name, value: own.get(*name).map_or(*value, String::as_str) });
    let added = own.iter().filter(|(name, _)| PROXY_PARAMS.iter().all(|(known, _)| known != name));
    base.chain(added.map(|(name, value)| Directive { name, value })).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ctl::inventory::load::parse;

    /// Templates of users rest on these names: what is taken away or renamed breaks them.
    #[test]
    fn what_templates_see_keeps_its_names() {
        let text = include_str!("../../../inventories/homework.yaml").to_owned()
            + "lvs: { method: dr }\nalerts: { mail: { to: ops@example.cc } }\n";
        let vip = "vip: { address: 10.0.0.3/24, auth: { hmac: yes }, track: { interface: eth1 } }";
        let text = text.replace("vip: 10.0.0.3/24", vip);
        let cluster = parse(Path::new("x.yaml"), &text).unwrap().cluster;
        let own = of_host(&cluster, cluster.host("lb-5").unwrap(), &Interfaces::new());
        let seen: BTreeMap<&str, Value> = of_cluster(&cluster).into_iter().chain(own).collect();
        let seen = serde_json::to_value(&seen).unwrap();
        let names = |value: &serde_json::Value| -> Vec<String> {
            let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
            names.sort();
            names
        };
        for (value, expected) in [
            (
                &seen,
                "alerts balances checks cluster host hosts ipv6 lbs lvs metrics nginx peers proxy_params short_form site upstreams vars vips \
                 webs wordpress",
            ),
            (
                &seen["host"],
                "address backup down endpoint fail_timeout_s group ipv6 max_fails name port ports vars weight",
            ),
            (
                &seen["vips"][0],
                "addresses auth checks hmac interface interval_s name notify peers preempt preempt_delay_s priority routes tracked_interfaces \
                 unicast version vrid",
            ),
            (&seen["site"], "host_name kind managed method names_pattern other_names port server_name"),
            (
                &seen["lvs"],
                "check interval_s method on_directors path persistence_s retry retry_delay_s scheduler services sorry sync \
                 timeout_s vips",
            ),
            (
                &seen["lvs"]["services"][0],
                "check family head interval_s method path persistence_s port protocol real_servers retry retry_delay_s scheduler \
                 sorry timeout_s vip",
            ),
            (&seen["lvs"]["services"][0]["real_servers"][0], "address port weight"),
            (&seen["nginx"], "main pools ports servers stream_pools stream_ports streams version zones"),
            (&seen["nginx"]["pools"][0], "keepalive method name servers upstream zone_kib"),
            (&seen["nginx"]["pools"][0]["servers"][0], "at backup down fail_timeout_s max_fails weight"),
            (&seen["nginx"]["servers"][0], "health hotlink lines listens locations names tls"),
            (&seen["nginx"]["servers"][0]["locations"][0], "lines path"),
            (&seen["alerts"], "authorities mail webhook"),
            (&seen["alerts"]["mail"], "from password password_file port server tls to user"),
            (&seen["vips"][0]["hmac"], "active keys mode replay window_s"),
            (&seen["vips"][0]["hmac"]["keys"][0], "id key"),
            (&seen["vips"][0]["tracked_interfaces"][0], "name weight"),
        ] {
            assert_eq!(names(value), expected.split_whitespace().collect::<Vec<_>>());
        }
        let vip = &seen["vips"][0];
        assert_eq!((&vip["version"], &vip["interval_s"], &vip["auth"]), (&json!(2), &json!("1"), &json!(null)));
        assert_eq!((&seen["site"]["method"], &seen["lvs"]["method"]), (&json!("rr"), &json!("DR")));
    }
}
