//! A site of WordPress as templates see it: `wordpress` is false, or {title, url, max_body, database {name, user,
//! password, address, host, vip, members {name, address}, pair_password}, admin {user, email, password}, salts {name,
//! value}, uploads {copies, secret}}. Texts stand between PHP's single quotes.

use std::net::IpAddr;

use serde::Serialize;

use crate::ctl::cluster::{Cluster, Group, Host};
use crate::ctl::wordpress::{SALTS, Uploads, Wordpress};

/// What stands in a secret's place while nobody has fetched it or made it up.
const UNKNOWN: &str = "(not known here: a deploy fetches it or makes it up)";
/// What the database and its user are called.
const DATABASE: &str = "wordpress";

/// All of it.
#[derive(Serialize)]
pub struct WordpressView {
    title: String,
    url: String,
    max_body: String,
    database: DatabaseView,
    admin: AdminView,
    salts: Vec<SaltView>,
    uploads: UploadsView,
}

#[derive(Serialize)]
struct DatabaseView {
    name: &'static str,
    user: &'static str,
    /// A secret.
    password: String,
    /// Where it is found: the VIP, or its host's own address.
    address: Option<IpAddr>,
    /// The same as PHP has it: one of IPv6 between brackets.
    host: String,
    /// The VIP of whichever host is written to.
    vip: Option<IpAddr>,
    /// The hosts that have it, best first.
    members: Vec<MemberView>,
    /// What two hosts say to each other. A secret.
    pair_password: String,
}

#[derive(Serialize)]
struct MemberView {
    name: String,
    address: IpAddr,
    /// Its number among MariaDB's servers: it must not change when others come, go, or stand in another order.
    server_id: u32,
}

/// An address as a number, of the longer ones the last four bytes.
fn server_id(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(v4) => u32::from(v4),
        IpAddr::V6(v6) => u32::try_from(u128::from(v6) & u128::from(u32::MAX)).unwrap_or(1).max(1),
    }
}

#[derive(Serialize)]
struct AdminView {
    user: String,
    email: String,
    /// A secret.
    password: String,
}

#[derive(Serialize)]
struct SaltView {
    name: &'static str,
    /// A secret.
    value: String,
}

#[derive(Serialize)]
struct UploadsView {
    /// Web hosts bring each other what they get; where there is one it has nobody to bring it to.
    copies: bool,
    /// A secret.
    secret: String,
}

impl WordpressView {
    /// Of a cluster that has one.
    pub fn new(cluster: &Cluster, site: &Wordpress) -> Self {
        let made = site.made.as_ref();
        let salt = |name: &&'static str| {
            let known = made.and_then(|made| made.salts.iter().find(|(salt, _)| salt == name));
            SaltView { name, value: known.map_or(UNKNOWN, |(_, secret)| secret.0.as_str()).to_owned() }
        };
        let hosts = site.database.hosts.iter().filter_map(|name| cluster.host(name));
        let members: Vec<MemberView> = hosts
            .map(|host| MemberView {
                name: host.name.clone(),
                address: host.address,
                server_id: server_id(host.address),
            })
            .collect();
        let address = site.database.vip.or_else(|| members.first().map(|member| member.address));
        let secret = |secret: Option<&str>| quoted(secret.unwrap_or(UNKNOWN));
        Self {
            title: quoted(&site.title),
            url: url(cluster, site),
            max_body: site.max_body.clone(),
            database: DatabaseView {
                name: DATABASE,
                user: DATABASE,
                password: secret(made.map(|made| made.database.0.as_str())),
                address,
                host: address.map(bracketed).unwrap_or_default(),
                vip: site.database.vip,
                members,
                pair_password: secret(made.map(|made| made.pair.0.as_str())),
            },
            admin: AdminView {
                user: quoted(&site.admin.user),
                email: quoted(&site.admin.email),
                password: secret(site.admin.password.open()),
            },
            salts: SALTS.iter().map(salt).collect(),
            uploads: UploadsView {
                copies: site.uploads == Uploads::Copy && cluster.group(Group::Web).filter(ours).count() > 1,
                secret: secret(made.map(|made| made.copies.0.as_str())),
            },
        }
    }
}

fn ours(host: &&Host) -> bool {
    host.managed
}

/// Where the site is, as browsers have it.
fn url(cluster: &Cluster, site: &Wordpress) -> String {
    let name = cluster.site.host_name();
    match (&site.tls, cluster.site.port) {
        (Some(_), _) => format!("https://{name}"),
        (None, 80) => format!("http://{name}"),
        (None, port) => format!("http://{name}:{port}"),
    }
}

fn bracketed(address: IpAddr) -> String {
    if address.is_ipv6() { format!("[{address}]") } else { address.to_string() }
}

/// As PHP has it between single quotes.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn nothing_ends_a_text_of_php() {
        assert_eq!(quoted(r"Ann's \ blog\'"), r"Ann\'s \\ blog\\\'");
    }
}
