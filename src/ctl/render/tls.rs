//! Files of sites beside nginx's configuration: certificates, keys and users. The configuration only names them.

use crate::ctl::cluster::Cluster;
use crate::ctl::sites::Rules;
use crate::ctl::wanted::{OnChange, WantedFile};

/// The role whose hosts have them.
pub const ROLE: &str = "lb-nginx";
/// Where they lie on load balancers.
pub const FOLDER: &str = "/etc/nginx/hactl";
/// The page that answers every request during maintenance, in that folder.
pub const MAINTENANCE: &str = "maintenance.html";
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

/// The files of all sites.
pub fn files(cluster: &Cluster) -> Vec<WantedFile> {
    let mut files = Vec::new();
    for site in &cluster.traffic.sites {
        if let Some(tls) = &site.tls {
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
    }
    let page = cluster.traffic.maintenance.as_ref();
    files.extend(page.map(|page| file(format!("{FOLDER}/{MAINTENANCE}"), page, 0o644, false)));
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
