//! An inventory after resolution: every short key in its long form, every derived value filled in. Its types say
//! themselves how templates see them; what is not for templates, secrets above all, is skipped.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use hactl_engine::conf::config::Version;
use ipnet::IpNet;
use serde::Serialize;

use super::alerts::{Alerts, Metrics};
use super::budget::Budget;
pub use super::group::Group;
pub use super::lvs::{Lvs, LvsCheck, LvsMethod};
pub use super::sealed::{Sealed, Secret, SecretSource};
use super::signing::{Hmac, Origin};
use super::sites::{FAIL_TIMEOUT, TlsOrigin, Traffic};
use super::units::{seconds, version, whole_seconds};
use super::wordpress::{Made, Wordpress};
use crate::error::Span;

/// A cluster: load balancers, web hosts, and the addresses they serve.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// `cluster:` a name for people, also the name of what is kept on the hosts.
    pub name: String,
    /// The inventory file as the user named it.
    pub source: PathBuf,
    /// The folder of the inventory: where overriding roles and templates are looked for.
    pub folder: PathBuf,
    /// Every host, load balancers first, in the order written.
    pub hosts: Vec<Host>,
    /// Every virtual address group (one VRRP instance each), in the order written.
    pub vips: Vec<Vip>,
    /// The site that the web hosts serve and the load balancers proxy to; where there are several, the first of them.
    pub site: Site,
    /// What nginx on the load balancers does besides.
    pub traffic: Traffic,
    /// What is said of the site where it is WordPress.
    pub wordpress: Option<Wordpress>,
    /// The kernel balances rather than nginx.
    pub lvs: Option<Lvs>,
    /// Where agents offer metrics.
    pub metrics: Option<Metrics>,
    /// Whom agents tell of trouble.
    pub alerts: Alerts,
    /// Budgets of drills, by scenario.
    pub drill_budgets: BTreeMap<String, Budget>,
    /// Role parameters given in the inventory, by role name, then parameter name.
    pub role_params: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
    /// Where each of them stands in the inventory, by `ROLE.PARAMETER`.
    pub role_places: BTreeMap<String, Span>,
}

impl Cluster {
    /// A host by name.
    pub fn host(&self, name: &str) -> Option<&Host> {
        self.hosts.iter().find(|host| host.name == name)
    }

    /// The hosts that the load balancers send requests to, in the order written.
    pub fn backends(&self) -> impl Iterator<Item = &Host> {
        self.group(self.lvs.as_ref().map_or(Group::Web, |lvs| lvs.real_servers))
    }

    /// The hosts that hactl works on; the others are only sent requests.
    pub fn managed(&self) -> impl Iterator<Item = &Host> {
        self.hosts.iter().filter(|host| host.managed)
    }

    /// The hosts of a group, in the order written.
    pub fn group(&self, group: Group) -> impl Iterator<Item = &Host> {
        self.hosts.iter().filter(move |host| host.group == group)
    }

    /// The hosts that run an agent, in the order written: load balancers, and others that carry a VIP.
    pub fn agents(&self) -> impl Iterator<Item = &Host> {
        self.hosts.iter().filter(|host| self.runs_agent(host))
    }

    /// Whether a host is one of [`agents`](Self::agents).
    pub fn runs_agent(&self, host: &Host) -> bool {
        host.group == Group::Lb || self.vips.iter().any(|vip| vip.is_carried_by(&host.name))
    }

    /// The hosts that may have an address: all load balancers where it is one of theirs, else those that carry it.
    pub fn carriers(&self, address: IpAddr) -> Vec<&Host> {
        let vip = self.vips.iter().find(|vip| vip.addresses.iter().any(|net| net.addr() == address));
        let carries = |host: &&Host| match vip {
            Some(vip) if !vip.has_sites(&self.hosts) => vip.is_carried_by(&host.name),
            _ => host.group == Group::Lb,
        };
        self.hosts.iter().filter(carries).collect()
    }

    /// Every secret that is fetched when it is needed, with what it is for.
    pub fn sealed(&mut self) -> Vec<(Purpose, &mut Sealed)> {
        let webhook = self.alerts.webhook.iter_mut().map(|sealed| (Purpose::Webhook, sealed));
        let mail = self.alerts.mail.iter_mut().filter_map(|mail| mail.login.as_mut());
        let mail = mail.map(|(user, sealed)| (Purpose::MailPassword(user.clone()), sealed));
        let keys = self.vips.iter_mut().filter_map(|vip| match &mut vip.hmac.as_mut()?.key.origin {
            Origin::Given(sealed) => Some((Purpose::Key(vip.name.clone()), sealed)),
            Origin::Minted(_) | Origin::Leaving(_) => None,
        });
        let certified = self.traffic.sites.iter_mut().filter_map(|site| Some((site.id.clone(), site.tls.as_mut()?)));
        let certified = certified.flat_map(|(id, tls)| {
            let binding = match &mut tls.origin {
                TlsOrigin::Acme(acme) => acme.eab.as_mut().map(|eab| (Purpose::Binding(id.clone()), &mut eab.key)),
                TlsOrigin::File(_) | TlsOrigin::SelfSigned => None,
            };
            std::iter::once((Purpose::TlsKey(id), &mut tls.key)).chain(binding)
        });
        let admin = self.wordpress.iter_mut().map(|site| &mut site.admin);
        let admin = admin.map(|admin| (Purpose::SiteAdmin(admin.user.clone()), &mut admin.password));
        webhook.chain(mail).chain(keys).chain(certified).chain(admin).collect()
    }

    /// Every secret that is known, so that none is shown.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let passwords = self.vips.iter().filter_map(|vip| vip.auth.as_ref());
        let keys = self.vips.iter().filter_map(|vip| vip.hmac.as_ref()?.key.secret());
        let login = self.alerts.mail.iter().filter_map(|mail| mail.login.as_ref()?.1.value.as_ref());
        let webhook = self.alerts.webhook.iter().filter_map(|webhook| webhook.value.as_ref());
        let certified = self.traffic.sites.iter().filter_map(|site| site.tls.as_ref()?.key.value.as_ref());
        let bound = self.traffic.by_acme().filter_map(|(_, acme)| acme.eab.as_ref()?.key.value.as_ref());
        let admin = self.wordpress.iter().filter_map(|site| site.admin.password.value.as_ref());
        let made = self.wordpress.iter().filter_map(|site| site.made.as_ref()).flat_map(Made::secrets);
        let all = passwords.chain(keys).chain(login).chain(webhook).chain(certified).chain(admin).chain(made);
        let all = all.chain(bound).chain(&self.traffic.account);
        all.map(|secret| secret.0.as_str()).filter(|secret| !secret.is_empty())
    }
}

/// What a secret is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// The URL that alerts are posted to.
    Webhook,
    /// This user's password at the mail server.
    MailPassword(String),
    /// The key that signs the adverts of this VIP.
    Key(String),
    /// The private key of the certificate of the site with this id.
    TlsKey(String),
    /// The key that binds the account of the site with this id at its authority.
    Binding(String),
    /// The password of the site's first administrator, by this name.
    SiteAdmin(String),
}

/// Templates of one's own see a number: nginx's own where nothing is said.
fn fail_timeout_s<S: serde::Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    whole_seconds(&time.unwrap_or(FAIL_TIMEOUT), serializer)
}

/// One host.
#[derive(Debug, Clone, Serialize)]
pub struct Host {
    /// Name as written.
    pub name: String,
    /// What it is for.
    pub group: Group,
    /// Address for SSH and, on web hosts, for requests.
    pub address: IpAddr,
    /// How to reach it.
    #[serde(skip)]
    pub ssh: Ssh,
    /// Interface for VRRP; found by the VIP's subnet when absent.
    #[serde(skip)]
    pub interface: Option<String>,
    /// Roles in the order they are applied.
    #[serde(skip)]
    pub roles: Vec<String>,
    /// Whether hactl works on it. A web host that is somebody else's is never connected to.
    #[serde(skip)]
    pub managed: bool,
    /// What each of its VIPs tracks on this host, besides what the VIP tracks everywhere.
    #[serde(skip)]
    pub track: Track,
    /// Variables for templates: group variables overlaid by host variables.
    pub vars: BTreeMap<String, serde_json::Value>,
    /// nginx upstream settings of a web host.
    #[serde(flatten)]
    pub backend: Backend,
}

/// How a web host takes part in the upstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Backend {
    /// Port it serves on.
    pub port: u16,
    /// `weight`, default 1.
    pub weight: u32,
    /// `max_fails`, default nginx's 1.
    pub max_fails: u32,
    /// `fail_timeout`; `None`: what the pool says, or follows from its check.
    #[serde(rename = "fail_timeout_s", serialize_with = "fail_timeout_s")]
    pub fail_timeout: Option<Duration>,
    /// `backup`: used only when all others are down.
    pub backup: bool,
    /// `down`: it gets no requests.
    pub down: bool,
}

/// How to log in.
#[derive(Debug, Clone)]
pub struct Ssh {
    /// User.
    pub user: String,
    /// Whether the inventory names the user: then the user's ssh configuration has no say.
    pub user_given: bool,
    /// Port.
    pub port: u16,
    /// Whether the inventory names the port.
    pub port_given: bool,
    /// Private key file of the inventory; the agent and ~/.ssh/id_* when absent.
    pub key: Option<PathBuf>,
    /// Further private key files, from the user's ssh configuration.
    pub more_keys: Vec<PathBuf>,
    /// The only keys that the host may show; empty: those of known_hosts.
    pub host_keys: Vec<PinnedKey>,
    /// Host name or `user@host:port` to jump through; several with commas, the nearest to the host last.
    pub jump: Option<String>,
    /// Run commands through sudo (implied for users other than root).
    pub sudo: bool,
    /// Where a password comes from.
    pub password: Option<SecretSource>,
}

/// A host key that the inventory names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedKey {
    /// `SHA256:…`, as `ssh-keygen -lf` prints it.
    pub fingerprint: String,
    /// Its kind, such as `ssh-ed25519`; `None` where only the fingerprint is given.
    pub family: Option<String>,
}

/// One VRRP instance with its addresses.
#[derive(Debug, Clone, Serialize)]
pub struct Vip {
    /// Instance name in the HA configuration: `VI_1`, `VI_2`… unless named.
    pub name: String,
    /// Addresses, first one is what people call the VIP.
    #[serde(skip)]
    pub addresses: Vec<IpNet>,
    /// VRID; derived from the address unless given.
    pub vrid: u8,
    /// Whether the inventory gives it.
    #[serde(skip)]
    pub vrid_given: bool,
    /// The hosts that carry it in order of preference, with their priorities: load balancers unless the inventory says
    /// otherwise.
    #[serde(skip)]
    pub members: Vec<Member>,
    /// Advert interval.
    #[serde(rename = "interval_s", serialize_with = "seconds")]
    pub interval: Duration,
    /// VRRP version 2 or 3.
    #[serde(serialize_with = "version")]
    pub version: Version,
    /// PASS secret for version 2.
    #[serde(skip)]
    pub auth: Option<Secret>,
    /// Signed adverts.
    #[serde(skip)]
    pub hmac: Option<Hmac>,
    /// Unicast between the members instead of multicast.
    pub unicast: bool,
    /// Whether a better node takes the VIP back when it returns.
    pub preempt: bool,
    /// Wait before doing so.
    #[serde(rename = "preempt_delay_s", serialize_with = "whole_seconds")]
    pub preempt_delay: Duration,
    /// Interface on all members, unless a host says otherwise.
    #[serde(skip)]
    pub interface: Option<String>,
    /// What it tracks besides the role's own check.
    #[serde(skip)]
    pub track: Track,
    /// Commands run at state changes, by keepalived's keyword (`notify_master`…).
    #[serde(skip)]
    pub notify: BTreeMap<String, String>,
    /// Commands that whoever becomes its owner runs, one after another.
    #[serde(skip)]
    pub takeover_start: Vec<String>,
    /// Those of whoever is not the owner, or not any more.
    #[serde(skip)]
    pub takeover_stop: Vec<String>,
    /// Routes that only its owner has, in the words of `ip route`.
    pub routes: Vec<String>,
}

impl Vip {
    /// The address people call the VIP.
    pub fn address(&self) -> Option<IpAddr> {
        self.addresses.first().map(|net| net.addr())
    }

    /// Whether a user means it: by its name, or by one of its addresses.
    pub fn is_called(&self, text: &str) -> bool {
        self.name == text
            || text.parse().is_ok_and(|wanted: IpAddr| self.addresses.iter().any(|net| net.addr() == wanted))
    }

    /// Whether it is one of the load balancers', so that clients find the sites behind it.
    pub fn has_sites(&self, hosts: &[Host]) -> bool {
        hosts.iter().any(|host| host.group == Group::Lb && self.is_carried_by(&host.name))
    }

    /// Whether a host is among those that carry it.
    pub fn is_carried_by(&self, host: &str) -> bool {
        self.members.iter().any(|member| member.host == host)
    }

    /// The host that shall own it while all of them are well.
    pub fn preferred(&self) -> Option<&str> {
        self.members.iter().max_by_key(|member| member.priority).map(|member| member.host.as_str())
    }
}

/// A host's place in a VIP's order of preference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Host name.
    pub host: String,
    /// VRRP priority: 150, 100, 50… in order unless given.
    pub priority: u8,
}

/// `track:`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Track {
    /// Check commands.
    pub scripts: Vec<TrackedScript>,
    /// Interfaces that must be up.
    pub interfaces: Vec<TrackedInterface>,
}

impl Track {
    /// This with another laid over it: what has a name in both is the other's.
    #[must_use]
    pub fn overlaid(&self, other: &Self) -> Self {
        let scripts = self.scripts.iter().filter(|one| !other.scripts.iter().any(|two| two.name == one.name));
        let links = self.interfaces.iter().filter(|one| !other.interfaces.iter().any(|two| two.name == one.name));
        Self {
            scripts: scripts.chain(&other.scripts).cloned().collect(),
            interfaces: links.chain(&other.interfaces).cloned().collect(),
        }
    }
}

/// An interface tracked by a VRRP instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrackedInterface {
    /// Its name.
    pub name: String,
    /// What is added to the priority while it is up, or taken from it while it is down; 0 puts the instance in FAULT.
    pub weight: i16,
}

/// A check command tracked by a VRRP instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrackedScript {
    /// Name of the `vrrp_script` block.
    pub name: String,
    /// Command.
    pub command: String,
    /// Between runs.
    #[serde(rename = "interval_s", serialize_with = "seconds")]
    pub interval: Duration,
    /// 0 puts the instance in FAULT.
    pub weight: i16,
    /// Failures in a row.
    pub fall: u32,
    /// Successes in a row.
    pub rise: u32,
}

/// What the web hosts serve.
#[derive(Debug, Clone, Serialize)]
pub struct Site {
    /// What kind it is of.
    pub kind: SiteKind,
    /// Whether nginx on the load balancers is hactl's; somebody else's is left alone.
    pub managed: bool,
    /// nginx `server_name`; `_` when absent.
    pub server_name: String,
    /// Port of the service on the VIP.
    pub port: u16,
    /// How nginx spreads requests.
    pub method: Balancing,
    /// Lines of proxy_params by directive, overriding the role's.
    #[serde(skip)]
    pub proxy_params: BTreeMap<String, String>,
    /// Ranges of HTTP statuses that count as an answer.
    #[serde(skip)]
    pub expect_status: Vec<(u16, u16)>,
}

/// `site: kind:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SiteKind {
    /// Files.
    Static,
    /// WordPress, behind nginx and php-fpm.
    Wordpress,
}

/// `site: method:`, by nginx's words; `rr` is what nginx does when it is told nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Balancing {
    /// In turn.
    Rr,
    /// By the client's address.
    IpHash,
    /// To whom has the fewest connections.
    LeastConn,
}

impl Balancing {
    /// nginx's line for it; in turn is what nginx does without one.
    pub fn line(self) -> Option<&'static str> {
        match self {
            Self::Rr => None,
            Self::IpHash => Some("ip_hash"),
            Self::LeastConn => Some("least_conn"),
        }
    }
}

impl Site {
    /// Whether a status is a good answer.
    pub fn expects(&self, status: u16) -> bool {
        self.expect_status.iter().any(|(from, to)| (*from..=*to).contains(&status))
    }

    /// What is expected, in words: `200 to 399`.
    pub fn expected(&self) -> String {
        let range = |(from, to): &(u16, u16)| if from == to { from.to_string() } else { format!("{from} to {to}") };
        self.expect_status.iter().map(range).collect::<Vec<_>>().join(", ")
    }

    /// The name to ask for: the first of `server_name` that is a whole name; `_` where there is none.
    pub fn host_name(&self) -> &str {
        let whole = |name: &&str| !name.contains(['*', '~', '^', '$']) && !name.starts_with('.');
        self.server_name.split_whitespace().find(whole).unwrap_or("_")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::ctl::inventory::load::parse;

    #[test]
    fn the_first_whole_name_is_asked_for() {
        for (names, asked) in [
            ("www.example.cc", "www.example.cc"),
            ("a.cc b.cc", "a.cc"),
            ("*.a.cc b.cc", "b.cc"),
            (".a.cc b.cc c.cc", "b.cc"),
            ("a.* b.cc", "b.cc"),
            ("~^www b.cc", "b.cc"),
            ("~x", "_"),
            ("_", "_"),
        ] {
            let text =
                include_str!("../../inventories/homework.yaml").replace("www.example.cc", &format!("\"{names}\""));
            let site = parse(Path::new("x.yaml"), &text).unwrap().cluster.site;
            assert_eq!(site.host_name(), asked, "{names}");
        }
    }
}
