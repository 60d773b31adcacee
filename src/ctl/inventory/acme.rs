//! `acme:` of a site's `tls:`: an authority that gives certificates to whoever answers for their names by HTTP (RFC
//! 8555 §8.3).

use std::net::IpAddr;
use std::path::Path;

use hactl_engine::conf::WebUrl;

use super::document::{Node, Place, Value};
use super::fields::Reader;
use super::pem::{self, Pem};
use super::secret;
use crate::ctl::cluster::SecretSource;
use crate::ctl::sites::{Acme, Eab, Listen, VirtualHost};
use crate::error::{Code, Problem};

/// Let's Encrypt's, where the inventory names none.
const DIRECTORY: &str = "https://acme-v02.api.letsencrypt.org/directory";
const EXAMPLE: &str = "tls: { acme: ops@example.cc }, or { acme: { email: ops@example.cc, directory: URL, ca: FILE } }";
const EXAMPLE_EAB: &str = "eab: { kid: ID, key: { file: eab.key } }, both as the authority's operator shows them";

/// Reads it, for a site with these names. Files are looked for from the inventory's folder.
pub fn acme(reader: &Reader<'_>, node: &Node, names: &[String], folder: &Path) -> Acme {
    check_names(reader, node, names);
    let alone = |email| Acme { email, directory: DIRECTORY.to_owned(), roots: None, eab: None };
    if matches!(node.value, Value::Text(_)) {
        return alone(email(reader, node));
    }
    let fields = reader.fields(node, "acme");
    let email = fields.get("email").map(|node| email(reader, node)).unwrap_or_else(|| {
        let problem = Problem::new(Code::WrongShape, "acme names no `email`")
            .why("the authority writes there when something is wrong with a certificate");
        reader.wrong(node.place, problem.next(EXAMPLE));
        String::new()
    });
    let directory = fields.get("directory").and_then(|node| directory(reader, node));
    let roots = fields.get("ca").and_then(|node| roots(reader, node, folder));
    let eab = fields.get("eab").and_then(|node| eab(reader, node, folder));
    fields.finish();
    Acme { directory: directory.unwrap_or_else(|| DIRECTORY.to_owned()), roots, eab, ..alone(email) }
}

/// `eab:`, for an authority that gives nothing to strangers.
fn eab(reader: &Reader<'_>, node: &Node, folder: &Path) -> Option<Eab> {
    let fields = reader.fields(node, "eab");
    let (kid, key) = (fields.get("kid"), fields.get("key"));
    fields.finish();
    let (Some(kid), Some(key)) = (kid, key) else {
        let lacks = if kid.is_none() { "kid" } else { "key" };
        let problem = Problem::new(Code::WrongShape, format!("eab names no `{lacks}`"));
        reader.wrong(node.place, problem.next(EXAMPLE_EAB));
        return None;
    };
    let fits = |text: &str| (1..=KID_MAX).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic());
    let kid = reader.text(kid, "kid").map(|text| (kid, text)).filter(|(node, text)| {
        if !fits(text) {
            let problem =
                Problem::new(Code::WrongValue, format!("kid `{}` is no name of a key", text.escape_default()));
            reader.wrong(node.place, problem.next(EXAMPLE_EAB));
        }
        fits(text)
    });
    let mut key = secret::sealed(reader, key, "key", "{ file: PATH }, { env: NAME } or { command: PROGRAM }")?;
    if let Some(SecretSource::File(path)) = &mut key.source {
        *path = folder.join(&path);
    }
    Some(Eab { kid: kid?.1.to_owned(), key })
}

/// Letters of the name of a key, generously.
const KID_MAX: usize = 200;

/// A load balancer has one account at each authority.
pub fn check_account(reader: &Reader<'_>, place: Place, site: &VirtualHost, others: &[&VirtualHost]) {
    let Some((acme, eab)) = site.acme().and_then(|acme| Some((acme, acme.eab.as_ref()?))) else { return };
    let same = others.iter().filter_map(|other| Some((other, other.acme()?)));
    let mut same = same.filter(|(_, other)| other.directory == acme.directory);
    let another = same.find(|(_, other)| other.eab.as_ref().is_some_and(|other| other.kid != eab.kid));
    if let Some((other, _)) = another {
        let message = format!("`eab` of `{}` is not that of `{}`, which has the same directory", site.id, other.id);
        let problem = Problem::new(Code::WrongValue, message).why("a load balancer has one account there");
        reader.wrong(place, problem.next("write the same `eab` for both, or leave it out of one of them"));
    }
}

/// A plain address: it becomes a URL for the authority.
fn email(reader: &Reader<'_>, node: &Node) -> String {
    let Some(text) = reader.text(node, "email") else { return String::new() };
    let letter = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let fits = text.split_once('@').is_some_and(|(user, host)| {
        let dotted = host.contains('.') && !host.starts_with('.') && !host.ends_with('.');
        let plain = host.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c));
        !user.is_empty() && user.chars().all(letter) && dotted && plain
    });
    if !fits {
        let message = format!("email `{}` is no mail address", text.escape_default());
        let problem = Problem::new(Code::WrongValue, message).why("the authority would refuse the account");
        reader.wrong(node.place, problem.next("write it like ops@example.cc"));
    }
    text.to_owned()
}

fn directory(reader: &Reader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node, "directory")?;
    let (message, why) = match WebUrl::parse(text) {
        Ok(url) if url.tls => return Some(text.to_owned()),
        Ok(_) => (
            format!("directory `{text}` is not asked by HTTPS"),
            "whoever is on the way could answer for the authority".to_owned(),
        ),
        Err(error) => (
            format!("directory `{}` is no URL: {error}", text.escape_default()),
            "there would be nobody to ask".to_owned(),
        ),
    };
    let problem = Problem::new(Code::WrongValue, message).why(why);
    reader.wrong(node.place, problem.next(format!("write it like {DIRECTORY}")));
    None
}

/// The roots of a directory.
const ROOTS: Pem = Pem {
    word: "ca",
    holds: "the roots that the directory's own certificate is signed by",
    with_key: ", which has no business on a load balancer",
};

fn roots(reader: &Reader<'_>, node: &Node, folder: &Path) -> Option<String> {
    let path = folder.join(reader.text(node, "ca")?);
    Some(pem::certificate(reader, node, &path, &ROOTS)?.pem)
}

/// What an authority asks for by HTTP is a name in the DNS.
fn check_names(reader: &Reader<'_>, node: &Node, names: &[String]) {
    let impossible = |message: String, next: &str| {
        let problem = Problem::new(Code::NotByAcme, message)
            .why("the authority asks for each name by HTTP, and gives no certificate for what it cannot ask for");
        reader.wrong(node.place, problem.next(next));
    };
    if names.is_empty() || names.iter().any(|name| name == crate::ctl::sites::EVERY_NAME) {
        return impossible(
            "a site for every name cannot have a certificate by ACME".into(),
            "write its names: names: [www.example.cc, example.cc]",
        );
    }
    for name in names {
        let label = |label: &str| {
            let letters = label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            (1..=63).contains(&label.len()) && letters && !label.starts_with('-') && !label.ends_with('-')
        };
        let is_name = name.contains('.') && name.len() <= 253 && name.split('.').all(label);
        if name.parse::<IpAddr>().is_ok() || !is_name {
            impossible(
                format!("`{name}` cannot have a certificate by ACME"),
                "write whole names that the DNS knows; one that stands for many needs `certificate` and `key`",
            );
        }
    }
}

/// The authority asks on port 80, whatever else the site listens on (RFC 8555 §8.3).
pub fn check_ports(reader: &Reader<'_>, node: &Node, listens: &[Listen]) {
    if listens.iter().any(|listen| listen.port == 80 && !listen.tls) {
        return;
    }
    let problem = Problem::new(Code::NotByAcme, "the site does not listen on port 80, where the authority asks")
        .why("without an answer to its question it gives no certificate");
    let next = "listen: [80, 443], with `redirect: { to_https: yes }` where nobody else shall be answered there";
    reader.wrong(node.place, problem.next(next));
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::certificate::make_up;
    use crate::ctl::inventory::load::parse;

    const HOSTS: &str =
        "cluster: shop\nvip: 10.0.0.3/24\nlb: { lb-5: 10.0.0.5, lb-6: 10.0.0.6 }\nweb: { web-7: 10.0.0.7 }\n";

    #[test]
    fn both_forms_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let (roots, _) = make_up(&["ca.example.cc".to_owned()], std::time::SystemTime::now()).unwrap();
        fs::write(folder.path().join("ca.pem"), &roots).unwrap();
        let text = HOSTS.to_owned()
            + "sites:\n  - { names: [a.example.cc], tls: { acme: ops@example.cc, hsts: 90d }, pool: web }\n  \
               - { names: [b.example.cc, c.example.cc], pool: web, listen: [80, 8443], \
               tls: { acme: { email: ops@example.cc, directory: 'https://ca.example.cc:9000/acme', ca: ca.pem } } }\n  \
               - { names: [d.example.cc], pool: web }\n";
        let cluster = parse(&folder.path().join("x.yaml"), &text).unwrap().cluster;
        let all: Vec<(&str, &Acme)> = cluster.traffic.by_acme().map(|(site, acme)| (site.id.as_str(), acme)).collect();
        let [(first, ours), (second, theirs)] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((*first, *second), ("a.example.cc", "b.example.cc"));
        assert_eq!((ours.email.as_str(), ours.directory.as_str(), &ours.roots), ("ops@example.cc", DIRECTORY, &None));
        assert_eq!(
            (theirs.directory.as_str(), theirs.roots.as_ref()),
            ("https://ca.example.cc:9000/acme", Some(&roots))
        );
        assert_eq!(cluster.host("lb-6").unwrap().roles, ["lb-nginx", "lb-acme", "vip"]);
        assert_eq!(cluster.host("web-7").unwrap().roles, ["web-static"]);
    }

    /// Each with its code, line and column, and what it says.
    #[test]
    fn each_mistake_is_told_with_its_place() {
        for (site, code, marked, word) in [
            (
                "names: ['*.example.cc'], tls: { acme: o@example.cc }",
                "E173",
                "o@example.cc",
                "`*.example.cc` cannot have",
            ),
            (
                "names: [a.cc, 192.0.2.7], tls: { acme: o@example.cc }",
                "E173",
                "o@example.cc",
                "`192.0.2.7` cannot have",
            ),
            ("names: [localhost], tls: { acme: o@example.cc }", "E173", "o@example.cc", "`localhost` cannot have"),
            ("tls: { acme: o@example.cc }", "E173", "o@example.cc", "a site for every name"),
            ("names: [_], tls: { acme: o@example.cc }", "E173", "o@example.cc", "a site for every name"),
            (
                "names: [a.cc], listen: [443], tls: { acme: o@example.cc }",
                "E173",
                "{ acme",
                "does not listen on port 80",
            ),
            ("names: [a.cc], tls: { acme: example.cc }", "E104", "example.cc }", "is no mail address"),
            ("names: [a.cc], tls: { acme: 'o@b' }", "E104", "'o@b'", "is no mail address"),
            (
                "names: [a.cc], tls: { acme: { directory: 'https://ca.cc/' } }",
                "E103",
                "{ directory",
                "names no `email`",
            ),
            (
                "names: [a.cc], tls: { acme: { email: o@b.cc, directory: 'http://ca.cc/' } }",
                "E104",
                "'http",
                "is not asked by HTTPS",
            ),
            ("names: [a.cc], tls: { acme: { email: o@b.cc, directory: ca.cc } }", "E104", "ca.cc", "is no URL"),
            ("names: [a.cc], tls: { acme: { email: o@b.cc, ca: none.pem } }", "E168", "none.pem", "none.pem"),
            ("names: [a.cc], tls: { acme: { email: o@b.cc, cs: x } }", "E102", "cs: x", "did you mean `ca`"),
            ("names: [a.cc], tls: { acme: { email: o@b.cc, eab: { kid: k-1 } } }", "E103", "{ kid", "names no `key`"),
            (
                "names: [a.cc], tls: { acme: { email: o@b.cc, eab: { key: { env: X } } } }",
                "E103",
                "{ key",
                "names no `kid`",
            ),
            (
                "names: [a.cc], tls: { acme: { email: o@b.cc, eab: { kid: 'k 1', key: { env: X } } } }",
                "E104",
                "'k 1'",
                "is no name of a key",
            ),
            (
                "names: [a.cc], tls: { acme: { email: o@b.cc, eab: { kid: k-1, key: 3q2-7w } } }",
                "E120",
                "- {",
                "names no source of a secret",
            ),
            ("names: [a.cc], tls: { acme: o@b.cc, self_signed: yes }", "E103", "yes", "`acme` and another certificate"),
            ("names: [a.cc], tls: { acme: o@b.cc, key: x.pem }", "E103", "x.pem", "`acme` and another certificate"),
        ] {
            let text = format!("{HOSTS}sites:\n  - {{ pool: web, {site} }}\n").replace("sites:\n  - ", "sites:\n- ");
            let failure = parse(Path::new("/nowhere/x.yaml"), &text).map(|_| ()).unwrap_err();
            let said: Vec<String> = failure.problems.iter().map(ToString::to_string).collect();
            let found = said.iter().any(|one| one.contains(code) && one.contains(word));
            assert!(found, "{site}: {said:?}");
            let line = text.lines().nth(5).unwrap();
            let place = format!(":6:{}\n", line.find(marked).unwrap() + 1);
            let placed = said.iter().any(|one| one.contains(code) && one.contains(&place));
            assert!(placed, "{site}: not at {place}: {said:?}");
        }
    }

    #[test]
    fn an_account_is_bound_once() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("eab.key"), "3q2-7w==\n").unwrap();
        let site = |name: &str, kid: &str| {
            let eab = format!("eab: {{ kid: {kid}, key: {{ file: eab.key }} }}");
            format!(
                "  - {{ names: [{name}], pool: web, tls: {{ acme: {{ email: o@b.cc, directory: 'https://ca.cc/', {eab} }} }} }}\n"
            )
        };
        let read = |second: &str| {
            let text = format!("{HOSTS}sites:\n{}{}", site("a.cc", "k-37"), site("b.cc", second));
            parse(&folder.path().join("x.yaml"), &text).map(|read| read.cluster)
        };
        let mut cluster = read("k-37").unwrap();
        assert_eq!(crate::ctl::secret::unseal(&mut cluster), Ok(Vec::new()));
        let eab = |(_, acme): (_, &Acme)| acme.eab.as_ref().unwrap().key.open().unwrap().to_owned();
        assert_eq!(cluster.traffic.by_acme().map(eab).collect::<Vec<_>>(), ["3q2-7w==", "3q2-7w=="]);
        assert!(cluster.secrets().any(|secret| secret == "3q2-7w=="));
        let failure = read("k-91").unwrap_err().to_string();
        assert!(
            failure.contains("E104") && failure.contains(":7:5") && failure.contains("one account there"),
            "{failure}"
        );
        fs::write(folder.path().join("eab.key"), "no base64 hunter2\n").unwrap();
        let failure = crate::ctl::secret::unseal(&mut read("k-37").unwrap()).unwrap_err().to_string();
        assert!(
            failure.contains("E104") && failure.contains("not base64url") && !failure.contains("hunter2"),
            "{failure}"
        );
    }

    #[test]
    fn roots_are_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let (_, key) = make_up(&["ca.example.cc".to_owned()], std::time::SystemTime::now()).unwrap();
        for (content, word) in
            [(key.as_bytes(), "a private key"), (b"hello\n", "no certificate"), (&[0xff, 0xfe], "not text")]
        {
            fs::write(folder.path().join("ca.pem"), content).unwrap();
            let text = HOSTS.to_owned()
                + "sites: [{ names: [a.example.cc], pool: web, tls: { acme: { email: o@b.cc, ca: ca.pem } } }]\n";
            let failure = parse(&folder.path().join("x.yaml"), &text).map(|_| ()).unwrap_err().to_string();
            assert!(
                failure.contains("E168") && failure.contains(word) && !failure.contains("PRIVATE KEY-"),
                "{failure}"
            );
        }
    }
}
