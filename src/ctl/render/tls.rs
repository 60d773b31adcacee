//! Files of sites beside nginx's configuration: certificates, keys and users. The configuration only names them.

use hactl_engine::certificates::{ACCOUNT_KEY, Binding, ORDERS, Order, Orders, SITES};

use crate::ctl::cluster::Cluster;
use crate::ctl::sites::{Rules, Tls};
use crate::ctl::wanted::{OnChange, WantedFile};

/// The role whose hosts have them.
pub const ROLE: &str = "lb-nginx";
/// Where they lie on load balancers.
pub const FOLDER: &str = SITES;
/// The page that answers every request during maintenance, in that folder.
pub const MAINTENANCE: &str = "maintenance.html";
/// The page that answers requests that no server of a pool of this site answers, in that folder.
pub fn sorry_page(id: &str) -> String {
    format!("{FOLDER}/{id}.sorry.html")
}

/// What stands in place of what nobody has made up yet.
const UNKNOWN: &str = "(not known here: a deploy makes it up)\n";

/// Where the certificate of a site lies.
pub fn certificate_file(id: &str) -> String {
    format!("{FOLDER}/{id}.pem")
}

/// Where its key lies.
pub fn key_file(id: &str) -> String {
    format!("{FOLDER}/{id}.key")
}

/// Where key and certificate of a site lie that are got by ACME: in one file, which the load balancer itself replaces.
pub fn acme_file(id: &str) -> String {
    format!("{FOLDER}/acme/{id}.pem")
}

/// Where the roots lie that vouch for the authority of a site.
fn roots_file(id: &str) -> String {
    format!("{FOLDER}/acme/{id}.roots")
}

/// Where the key lies that binds the account of a site at its authority.
fn eab_file(id: &str) -> String {
    format!("{FOLDER}/acme/{id}.eab")
}

/// The files of all sites.
pub fn files(cluster: &Cluster) -> Vec<WantedFile> {
    let mut files = Vec::new();
    for site in &cluster.traffic.sites {
        if let Some(tls) = site.tls.as_ref().filter(|_| site.acme().is_some()) {
            files.push(stands_in(tls, &site.id));
        } else if let Some(tls) = &site.tls {
            let certificate = tls.certificate.as_ref().map_or(UNKNOWN, |one| one.pem.as_str());
            files.push(file(certificate_file(&site.id), certificate, 0o644, false));
            files.push(file(key_file(&site.id), tls.key.open().unwrap_or(UNKNOWN), 0o600, true));
        }
        let mut users = |rules: &Rules, id: &str| {
            let of = rules.auth.as_ref();
            // Workers of nginx read it, whoever they run as.
            files.extend(of.map(|auth| file(format!("{FOLDER}/{id}.htpasswd"), &auth.users, 0o644, true)));
        };
        users(&site.rules, &site.id);
        for (place, one) in (1..).zip(&site.locations) {
            users(&one.rules, &format!("{}-{place}", site.id));
        }
        let sorry = site.sorry_page.as_ref();
        files.extend(sorry.map(|page| file(sorry_page(&site.id), page, 0o644, false)));
    }
    files.extend(by_acme(cluster));
    let page = cluster.traffic.maintenance.as_ref();
    files.extend(page.map(|page| file(format!("{FOLDER}/{MAINTENANCE}"), page, 0o644, false)));
    files
}

/// What nginx starts with, where the load balancer has not got a certificate yet.
fn stands_in(tls: &Tls, id: &str) -> WantedFile {
    let made_up = tls.certificate.as_ref().zip(tls.key.open());
    let content = made_up.map_or_else(|| UNKNOWN.to_owned(), |(certificate, key)| format!("{key}{}", certificate.pem));
    WantedFile { once: true, ..file(acme_file(id), &content, 0o600, true) }
}

/// What the load balancers' own runs need: what is ordered, of whom, and with which account. nginx reads none of it.
fn by_acme(cluster: &Cluster) -> Vec<WantedFile> {
    let unread = |file: WantedFile| WantedFile { on_change: None, ..file };
    let mut files = Vec::new();
    let mut orders = Orders::default();
    for (site, acme) in cluster.traffic.by_acme() {
        // The account at an authority is one, whichever site asks first.
        let mut bound = cluster.traffic.by_acme().filter(|(_, other)| other.directory == acme.directory);
        let bound = bound.find_map(|(site, acme)| Some((site, acme.eab.as_ref()?)));
        if let Some((_, eab)) = bound.filter(|(by, _)| by.id == site.id) {
            files.push(unread(file(eab_file(&site.id), eab.key.open().unwrap_or(UNKNOWN), 0o600, true)));
        }
        let roots = acme.roots.as_ref().map(|roots| file(roots_file(&site.id), roots, 0o644, false));
        orders.certificates.push(Order {
            id: site.id.clone(),
            names: site.names.clone(),
            file: acme_file(&site.id),
            port: site.asked().filter(|listen| listen.tls && site.addresses.is_empty()).map(|listen| listen.port),
            email: acme.email.clone(),
            directory: acme.directory.clone(),
            authorities: roots.as_ref().map(|file| file.dest.clone()),
            binding: bound.map(|(by, eab)| Binding { kid: eab.kid.clone(), key_file: eab_file(&by.id) }),
        });
        files.extend(roots.map(unread));
    }
    if orders.certificates.is_empty() {
        return files;
    }
    // What is made of strings alone can always be written.
    let orders = serde_json::to_string_pretty(&orders).unwrap_or_default();
    files.push(unread(file(ORDERS.into(), &orders, 0o644, false)));
    let account = cluster.traffic.account.as_ref().map_or(UNKNOWN, |account| account.0.as_str());
    files.push(unread(file(ACCOUNT_KEY.into(), account, 0o600, true)));
    files
}

fn file(dest: String, content: &str, mode: u32, secret: bool) -> WantedFile {
    let end = if content.ends_with('\n') { "" } else { "\n" };
    WantedFile {
        dest,
        content: format!("{content}{end}").into_bytes(),
        mode,
        owner: "root:root".into(),
        role: ROLE.into(),
        once: false,
        secret,
        check: None,
        on_change: Some(OnChange::Reload("nginx".into())),
    }
}

/// Files that a deploy has put there for sites that are gone, or have no certificate any more.
pub fn left_behind<'p>(put: impl Iterator<Item = &'p String>, wanted: &[WantedFile]) -> Vec<String> {
    let below = |path: &&String| path.strip_prefix(FOLDER).is_some_and(|rest| rest.starts_with('/'));
    put.filter(below).filter(|path| wanted.iter().all(|file| file.dest != **path)).cloned().collect()
}
