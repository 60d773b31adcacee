//! `tls:` of a site: certificate, key, and what is spoken with them.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::acme::acme;
use super::document::{Node, Value};
use super::fields::Reader;
use super::pem::{self, Pem};
use super::secret;
use crate::certificate::{Certificate, matches};
use crate::ctl::certificate::{bad_key, validity};
use crate::ctl::cluster::{Sealed, Secret, SecretSource};
use crate::ctl::sites::{Profile, Tls, TlsOrigin, is_whole};
use crate::error::{Code, Problem};
use crate::includes::read_file;

const PROFILES: [(&str, Profile); 2] = [("modern", Profile::Modern), ("intermediate", Profile::Intermediate)];
const EXAMPLE: &str = "tls: { certificate: certs/www.pem, key: certs/www.key }, { acme: ops@example.cc }, or `{ self_signed: yes }` in a lab";

/// Reads it, for a site with these names. Files are looked for from the inventory's folder.
pub fn tls(reader: &Reader<'_>, node: &Node, names: &[String], folder: &Path) -> Option<Tls> {
    if !matches!(node.value, Value::Map(_)) {
        let problem = Problem::new(Code::WrongShape, "`tls` is a mapping");
        reader.wrong(node.place, problem.next(EXAMPLE));
        return None;
    }
    let fields = reader.fields(node, "tls");
    let made_up = fields.get("self_signed");
    let self_signed = made_up.and_then(|node| reader.boolean(node, "self_signed")).unwrap_or(false);
    let certificate = fields.get("certificate");
    let key = fields.get("key");
    let profile = fields.get("profile").and_then(|node| reader.choice(node, "profile", &PROFILES));
    let hsts = fields.get("hsts").and_then(|node| match &node.value {
        Value::Text(text) if matches!(text.as_str(), "no" | "false" | "off") => None,
        Value::Text(text) => match text.strip_suffix('d').and_then(|days| days.parse::<u32>().ok()) {
            Some(days) => Some(Duration::from_secs(u64::from(days) * 24 * 60 * 60)),
            None => reader.duration(node, "hsts"),
        },
        _ => reader.duration(node, "hsts"),
    });
    let http2 = fields.get("http2").and_then(|node| reader.boolean(node, "http2")).unwrap_or(true);
    let by_acme = fields.get("acme");
    fields.finish();
    let said = |origin, certificate, key| Tls {
        origin,
        certificate,
        key,
        profile: profile.unwrap_or(Profile::Intermediate),
        hsts,
        http2,
    };
    let nobodys = |node: &Node| Sealed { source: None, value: None, span: reader.span(node.place) };
    if let Some(acme_node) = by_acme {
        let other = certificate.or(key).or(made_up.filter(|_| self_signed));
        if let Some(node) = other {
            let problem = Problem::new(Code::WrongShape, "tls has `acme` and another certificate");
            reader.wrong(node.place, problem.next("leave one of them out"));
        }
        return Some(said(TlsOrigin::Acme(acme(reader, acme_node, names, folder)), None, nobodys(node)));
    }
    if self_signed {
        if let Some(node) = certificate.or(key) {
            let problem = Problem::new(Code::WrongShape, "tls has a certificate of its own and `self_signed: yes`");
            reader.wrong(node.place, problem.next("leave one of them out"));
        }
        return Some(said(TlsOrigin::SelfSigned, None, nobodys(node)));
    }
    let (Some(certificate), Some(key)) = (certificate, key) else {
        let lacks = if certificate.is_none() { "certificate" } else { "key" };
        reader.wrong(node.place, Problem::new(Code::WrongShape, format!("tls names no `{lacks}`")).next(EXAMPLE));
        return Some(said(TlsOrigin::SelfSigned, None, nobodys(node)));
    };
    let path = folder.join(reader.text(certificate, "certificate").unwrap_or_default());
    let read = read_certificate(reader, certificate, &path, names);
    let key = read_key(reader, key, folder, read.as_ref());
    Some(said(TlsOrigin::File(path), read, key.unwrap_or_else(|| nobodys(node))))
}

/// The certificate of a site.
const OWN: Pem = Pem {
    word: "certificate",
    holds: "the site's own certificate first, then those of its authorities",
    with_key: " as well; put that into a file of its own, and name it as `key`",
};

fn read_certificate(reader: &Reader<'_>, node: &Node, path: &Path, names: &[String]) -> Option<Certificate> {
    let read = pem::certificate(reader, node, path, &OWN)?;
    let missing: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| is_whole(name) && !read.covers(name)).collect();
    if !missing.is_empty() {
        let message = format!("certificate {} is not for {}", path.display(), missing.join(", "));
        let problem =
            Problem::new(Code::CertificateNames, message).why("browsers would refuse the site under that name");
        reader.wrong(node.place, problem.next(format!("it is for {}", read.names.join(", "))));
    }
    if let Some(problem) = validity(&read, &path.display().to_string(), SystemTime::now()) {
        reader.wrong(node.place, problem);
    }
    Some(read)
}

/// A path, or `{ file: PATH }`, `{ env: NAME }`, `{ command: PROGRAM }`. What lies in a file here is compared now,
/// other sources when they are asked.
fn read_key(reader: &Reader<'_>, node: &Node, folder: &Path, certificate: Option<&Certificate>) -> Option<Sealed> {
    let source = match &node.value {
        Value::Text(text) if text.contains("PRIVATE KEY") => {
            let problem = Problem::new(Code::SecretSource, "key is a private key, and not where it lies")
                .why("a secret written here would end up in version control");
            reader.wrong_hiding(node.place, problem.next("key: certs/www.key, { env: NAME } or { command: PROGRAM }"));
            return None;
        }
        Value::Text(text) => SecretSource::File(text.into()),
        _ => secret::source(reader, node, "key")?,
    };
    let source = match source {
        SecretSource::File(path) => SecretSource::File(folder.join(path)),
        other => other,
    };
    let mut sealed = Sealed { source: Some(source), value: None, span: reader.span(node.place) };
    if let Some(SecretSource::File(path)) = &sealed.source
        && let Some(text) = read_file(path).ok().and_then(|bytes| String::from_utf8(bytes).ok())
    {
        if let Some(Err(error)) = certificate.map(|certificate| matches(&certificate.pem, &text)) {
            reader.wrong(node.place, bad_key(&path.display().to_string(), &error));
        }
        sealed.value = Some(Secret(text));
    }
    Some(sealed)
}
