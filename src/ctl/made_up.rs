//! Certificates that the inventory asks this desk to make up (`tls: { self_signed: yes }`): kept in the user's state
//! folder, so that each deploy brings the same one, and made anew before they end.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::certificate::SOON_DAYS;
use super::cluster::{Cluster, Secret};
use super::sites::{TlsOrigin, VirtualHost, is_whole};
use super::state::state_folder;
use crate::certificate::{Certificate, make_up, matches};
use crate::error::{Code, Exit, Failure, Problem};
use crate::sys::process::replace::replace;

/// Fills in what was made up earlier and still serves.
pub fn recall(cluster: &mut Cluster) {
    let Some(folder) = folder(cluster, FOLDER) else { return };
    for site in lacking(cluster) {
        fill(site, recalled(&folder, site));
    }
}

/// Fills in the rest, and keeps it.
///
/// # Errors
/// There is no state folder, or it cannot be written; a name that no certificate can be for; exit 3.
pub fn make_missing(cluster: &mut Cluster) -> Result<(), Failure> {
    recall(cluster);
    stand_in(cluster)?;
    let source = cluster.source.clone();
    let folder = folder(cluster, FOLDER);
    for site in lacking(cluster) {
        let names = names(site);
        let said = |what: String, next: &str| {
            let problem = Problem::new(Code::BadCertificate, format!("the certificate of `{}`: {what}", site.id));
            Failure::one(Exit::Invalid, problem.why(format!("{} says `self_signed: yes`", source.display())).next(next))
        };
        let Some(folder) = &folder else {
            return Err(said("there is no folder to keep it in".into(), "set HOME or XDG_STATE_HOME"));
        };
        let (certificate, key) = make_up(&names, SystemTime::now())
            .map_err(|error| said(error.to_string(), "write names that browsers know, such as www.example.cc"))?;
        keep(folder, &site.id, &certificate, &key).map_err(|error| {
            said(format!("{} cannot be written: {error}", folder.display()), "make room there, or set XDG_STATE_HOME")
        })?;
        fill(site, recalled(folder, site));
    }
    Ok(())
}

/// Makes up what nginx starts with until a load balancer has got a certificate. It is not kept: what is there already
/// stays.
fn stand_in(cluster: &mut Cluster) -> Result<(), Failure> {
    let by_acme = |site: &&mut VirtualHost| site.acme().is_some();
    for site in cluster.traffic.sites.iter_mut().filter(by_acme) {
        let not_made =
            |error: &dyn std::fmt::Display| Failure::internal(format!("the certificate of `{}`: {error}", site.id));
        let (pem, key) = make_up(&names(site), SystemTime::now()).map_err(|error| not_made(&error))?;
        let certificate = Certificate::read(&pem).map_err(|error| not_made(&error))?;
        fill(site, Some((certificate, Secret(key))));
    }
    Ok(())
}

/// The sites whose certificate is to be made up and is not known.
fn lacking(cluster: &mut Cluster) -> impl Iterator<Item = &mut VirtualHost> {
    let lacks = |site: &&mut VirtualHost| {
        site.tls.as_ref().is_some_and(|tls| tls.origin == TlsOrigin::SelfSigned && tls.certificate.is_none())
    };
    cluster.traffic.sites.iter_mut().filter(lacks)
}

/// What the folder of certificates is called.
const FOLDER: &str = "tls";

/// Where something of this cluster is kept.
pub fn folder(cluster: &Cluster, kind: &str) -> Option<PathBuf> {
    let name: String =
        cluster.name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
    Some(state_folder()?.join(kind).join(name))
}

/// What the certificate is for: a site without a name is asked for by address.
fn names(site: &VirtualHost) -> Vec<String> {
    let names: Vec<String> = site.names.iter().filter(|name| is_whole(name)).cloned().collect();
    if names.is_empty() { vec![site.id.clone()] } else { names }
}

fn recalled(folder: &Path, site: &VirtualHost) -> Option<(Certificate, Secret)> {
    let certificate = Certificate::read(&fs::read_to_string(folder.join(format!("{}.pem", site.id))).ok()?).ok()?;
    let key = fs::read_to_string(folder.join(format!("{}.key", site.id))).ok()?;
    let serves = certificate.days_left(SystemTime::now()) >= SOON_DAYS
        && names(site).iter().all(|name| certificate.covers(name))
        && matches(&certificate.pem, &key).is_ok();
    serves.then_some((certificate, Secret(key)))
}

fn fill(site: &mut VirtualHost, found: Option<(Certificate, Secret)>) {
    if let (Some(tls), Some((certificate, key))) = (&mut site.tls, found) {
        tls.certificate = Some(certificate);
        tls.key.value = Some(key);
    }
}

/// The key first: a certificate without its key would be taken for one that serves.
fn keep(folder: &Path, id: &str, certificate: &str, key: &str) -> std::io::Result<()> {
    keep_file(folder, &format!("{id}.key"), key)?;
    keep_file(folder, &format!("{id}.pem"), certificate)
}

/// Writes a file that only this user may read, whole or not at all.
///
/// # Errors
/// What the file system said.
pub fn keep_file(folder: &Path, name: &str, text: &str) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    replace(&folder.join(name), text.as_bytes())
}
