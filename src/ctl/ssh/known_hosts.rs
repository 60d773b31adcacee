//! The known_hosts files: which keys a host may show. Plain and hashed names, wildcards, `[host]:port`, `@revoked`,
//! `@cert-authority`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use russh::keys::ssh_key::known_hosts::{Entry, HostPatterns, Marker};
use russh::keys::{Algorithm, Certificate, HashAlg, PublicKey};
use sha1::Sha1;

use super::certificate;
use crate::ctl::remote::quote;
use crate::error::{Code, Problem};

/// Everything known, in the order of the files.
#[derive(Debug, Clone, Default)]
pub struct KnownHosts {
    lines: Vec<Line>,
}

#[derive(Debug, Clone)]
struct Line {
    file: PathBuf,
    number: usize,
    entry: Entry,
}

/// What is known about a key that a host shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is the host's key.
    Known,
    /// Nothing is known about this host.
    Unknown,
    /// Another key is recorded.
    Changed(Recorded),
    /// Another key is recorded for the address without a port. There a different sshd may listen, so it may be right;
    /// but nobody has said so, and the host may as well have changed its key.
    OtherPort(Recorded),
    /// The key, or the authority that vouches for it, is marked `@revoked`.
    Revoked {
        /// Where, as `file:line`.
        place: String,
    },
    /// An authority of ours made the certificate, but it does not prove that this is the host.
    BadCertificate {
        /// Where the authority stands, as `file:line`.
        place: String,
        /// What is wrong with it.
        why: String,
    },
}

/// A key that is recorded, and is not the one that was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Where, as `file:line`.
    pub place: String,
    /// Its kind, such as `ssh-ed25519`.
    pub kind: String,
    /// Its fingerprint.
    pub fingerprint: String,
    /// The command that removes the line.
    pub remove: String,
}

/// How a host is called: its address and its name in the inventory.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// What is connected to.
    pub address: &'a str,
    /// Name in the inventory: keys recorded under it count where none is recorded for the address.
    pub name: &'a str,
    /// Port.
    pub port: u16,
}

impl KnownHosts {
    /// Reads `~/.ssh/known_hosts` and `/etc/ssh/ssh_known_hosts`; files that are not there know nobody.
    ///
    /// # Errors
    /// A file that is there and cannot be read: to go on without it would be to forget every key in it.
    pub fn load() -> Result<Self, Problem> {
        let mut known = Self::default();
        for file in user_file().into_iter().chain([PathBuf::from("/etc/ssh/ssh_known_hosts")]) {
            match std::fs::read(&file) {
                Ok(bytes) => known.add(&file, &bytes),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => {
                    let problem =
                        Problem::new(Code::KnownHosts, format!("known host keys: {}: {error}", file.display()));
                    return Err(problem
                        .why("without them an impostor could not be told from a host that is known")
                        .next(format!("`ls -l {}`; make it readable for yourself", file.display())));
                }
            }
        }
        Ok(known)
    }

    /// Adds the lines of a file. Lines that make no sense are skipped, as OpenSSH does; a comment may be in any
    /// encoding.
    pub fn add(&mut self, file: &Path, bytes: &[u8]) {
        for (n, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let line = String::from_utf8_lossy(line);
            let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
            if words.starts_with('#') {
                continue;
            }
            if let Ok(entry) = words.parse() {
                self.lines.push(Line { file: file.to_owned(), number: n + 1, entry });
            }
        }
    }

    /// Judges a key.
    pub fn judge(&self, names: Names<'_>, key: &PublicKey) -> Verdict {
        if let Some(place) = self.revoked(names, key) {
            return Verdict::Revoked { place };
        }
        let same = |line: &&Line| line.entry.public_key().key_data() == key.key_data();
        if self.keys(self.about(names)).any(|line| same(&line)) {
            return Verdict::Known;
        }
        // Any other recorded key makes the host a known one that shows a strange key; name the closest line.
        if let Some(line) = closest(key, || self.keys(self.about(names))) {
            return Verdict::Changed(line.recorded(&bracketed(names.address, names.port)));
        }
        // Only where nothing is recorded for the address: a name is whatever an inventory says.
        if self.keys(self.also(names)).any(|line| same(&line)) {
            return Verdict::Known;
        }
        let plain = Names { port: 22, ..names };
        match closest(key, || self.keys(self.about(plain))) {
            Some(line) if names.port != 22 => Verdict::OtherPort(line.recorded(names.address)),
            Some(_) | None => Verdict::Unknown,
        }
    }

    /// Judges a certificate at a time (Unix seconds). One that no authority of ours made is as good as the key in it.
    pub fn judge_certificate(&self, names: Names<'_>, shown: &Certificate, now: u64) -> Verdict {
        let key = PublicKey::new(shown.public_key().clone(), "");
        let authority = PublicKey::new(shown.signature_key().clone(), "");
        if let Some(place) = self.revoked(names, &key).or_else(|| self.revoked(names, &authority)) {
            return Verdict::Revoked { place };
        }
        let mut ours =
            self.authorities(names).filter(|line| line.entry.public_key().key_data() == authority.key_data());
        match ours.next() {
            None => self.judge(names, &key),
            Some(line) => match certificate::check(shown, &[names.address, names.name], now) {
                Ok(()) => Verdict::Known,
                Err(why) => Verdict::BadCertificate { place: line.place(), why: why.to_string() },
            },
        }
    }

    /// Whether an authority may vouch for this host, so that it is worth asking for a certificate.
    pub fn has_authority(&self, names: Names<'_>) -> bool {
        self.authorities(names).next().is_some()
    }

    /// Lines of authorities for the address; for the name only where no key is recorded for the address.
    fn authorities(&self, names: Names<'_>) -> impl Iterator<Item = &Line> {
        let also = if self.keys(self.about(names)).next().is_none() { Some(self.also(names)) } else { None };
        let marked = |line: &&Line| line.entry.marker() == Some(&Marker::CertAuthority);
        self.about(names).chain(also.into_iter().flatten()).filter(marked)
    }

    /// Where a key is marked as revoked for this host.
    fn revoked(&self, names: Names<'_>, key: &PublicKey) -> Option<String> {
        let marked = |line: &&Line| {
            line.entry.marker() == Some(&Marker::Revoked) && line.entry.public_key().key_data() == key.key_data()
        };
        self.about(names).chain(self.also(names)).find(marked).map(Line::place)
    }

    /// Key algorithms in the order to offer: those recorded for the host first, so that it shows a key we know.
    pub fn order(&self, names: Names<'_>, usual: &[Algorithm]) -> Vec<Algorithm> {
        let known: Vec<String> = self
            .keys(self.about(names))
            .chain(self.keys(self.also(names)))
            .map(|line| family(line.entry.public_key()))
            .collect();
        let rank = |algorithm: &Algorithm| usize::from(!known.iter().any(|name| *name == base(algorithm)));
        let mut order = usual.to_vec();
        order.sort_by_key(rank); // stable: the usual order within each half
        order
    }

    /// Lines under the name that is connected to.
    fn about(&self, names: Names<'_>) -> impl Iterator<Item = &Line> {
        let wanted = bracketed(names.address, names.port);
        self.lines.iter().filter(move |line| matches(line.entry.host_patterns(), &wanted))
    }

    /// Lines under other names of the host: good for recognition, never a reason for alarm.
    fn also(&self, names: Names<'_>) -> impl Iterator<Item = &Line> {
        let mut wanted = vec![bracketed(names.name, names.port)];
        if names.port != 22 {
            wanted.extend([names.address.to_owned(), names.name.to_owned()]);
        }
        self.lines.iter().filter(move |line| wanted.iter().any(|name| matches(line.entry.host_patterns(), name)))
    }

    fn keys<'a>(&self, lines: impl Iterator<Item = &'a Line>) -> impl Iterator<Item = &'a Line> {
        lines.filter(|line| line.entry.marker().is_none())
    }
}

impl Line {
    fn place(&self) -> String {
        format!("{}:{}", self.file.display(), self.number)
    }

    /// What is told of a line that was found under this name.
    fn recorded(&self, name: &str) -> Recorded {
        let file = quote(&self.file.display().to_string());
        let patterns = self.entry.host_patterns().to_string();
        // ssh-keygen passes over lines with wildcards.
        let remove = if !patterns.starts_with('|') && patterns.contains(['*', '?']) {
            format!("sed -i {}d {file}", self.number)
        } else {
            format!("ssh-keygen -R {} -f {file}", quote(name))
        };
        let key = self.entry.public_key();
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        Recorded { place: self.place(), kind: family(key), fingerprint, remove }
    }
}

/// The line with a key of the same kind, or else the first.
fn closest<'a, I: Iterator<Item = &'a Line>>(key: &PublicKey, lines: impl Fn() -> I) -> Option<&'a Line> {
    lines().find(|line| family(line.entry.public_key()) == family(key)).or_else(|| lines().next())
}

/// `~/.ssh/known_hosts`.
pub fn user_file() -> Option<PathBuf> {
    std::env::home_dir().map(|home| home.join(".ssh/known_hosts"))
}

/// The line that records a key under the name that was connected to.
pub fn line(names: Names<'_>, key: &PublicKey) -> String {
    let key = PublicKey::new(key.key_data().clone(), "").to_string();
    format!("{} {}\n", bracketed(names.address, names.port), key.trim_end())
}

fn bracketed(host: &str, port: u16) -> String {
    if port == 22 { host.to_owned() } else { format!("[{host}]:{port}") }
}

/// Algorithm of a key without RSA's choice of hash.
pub(super) fn family(key: &PublicKey) -> String {
    base(&key.algorithm())
}

pub(super) fn base(algorithm: &Algorithm) -> String {
    match algorithm {
        Algorithm::Rsa { .. } => "ssh-rsa".into(),
        other => other.to_string(),
    }
}

fn matches(patterns: &HostPatterns, host: &str) -> bool {
    match patterns {
        HostPatterns::HashedName { salt, hash } => Hmac::<Sha1>::new_from_slice(salt)
            .is_ok_and(|mac| mac.chain_update(host.as_bytes()).verify_slice(hash).is_ok()),
        HostPatterns::Patterns(patterns) => {
            let host = host.to_ascii_lowercase();
            let (mut hit, mut barred) = (false, false);
            for pattern in patterns {
                match pattern.strip_prefix('!') {
                    Some(pattern) => barred |= glob(pattern.to_ascii_lowercase().as_bytes(), host.as_bytes()),
                    None => hit |= glob(pattern.to_ascii_lowercase().as_bytes(), host.as_bytes()),
                }
            }
            hit && !barred
        }
    }
}

/// `*` and `?`, without backtracking further than the last star.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(p), text.get(t)) {
            (None, None) => return true,
            (Some(b'*'), _) => {
                star = Some((p, t));
                p += 1;
            }
            (Some(b'?'), Some(_)) => (p, t) = (p + 1, t + 1),
            (Some(a), Some(b)) if a == b => (p, t) = (p + 1, t + 1),
            (_, _) => match star {
                Some((at, from)) if from < text.len() => {
                    star = Some((at, from + 1));
                    (p, t) = (at + 1, from + 1);
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED1: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIECcW+EuSQsoFU9tJ1PBpPZX2Yp4L5UhXI9Ogz7zpuwb";
    const ED2: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICpFM+3hpQqM1a9g1jCztqthmHAeAYPW+oLCUbRZHlpg";
    const EC: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBB5+9xtDvngddwvgDmQyyKfvQa7mAiiKOZrEHjweCVuKYK48Nvksy4d7CitnpIxEncgkojFtdZmbLTq3CnE0jf4=";

    fn known(text: &str) -> KnownHosts {
        let mut known = KnownHosts::default();
        known.add(Path::new("kh"), text.as_bytes());
        known
    }

    fn names(address: &str, port: u16) -> Names<'_> {
        Names { address, name: "lb-5", port }
    }

    fn key(text: &str) -> PublicKey {
        text.parse().unwrap()
    }

    #[test]
    fn plain_wildcard_port_and_blank_lines() {
        let known =
            known(&format!("# x\n\n10.0.0.5,lb  {ED1} comment\n10.1.*,!10.1.0.9 {ED1}\n[10.0.0.6]:2222 {ED2}\n"));
        assert_eq!(known.judge(names("10.0.0.5", 22), &key(ED1)), Verdict::Known);
        assert_eq!(known.judge(names("10.1.2.3", 22), &key(ED1)), Verdict::Known);
        assert_eq!(known.judge(names("10.1.0.9", 22), &key(ED1)), Verdict::Unknown);
        assert_eq!(known.judge(names("10.0.0.6", 2222), &key(ED2)), Verdict::Known);
        assert_eq!(known.judge(names("10.0.0.6", 22), &key(ED2)), Verdict::Unknown);
        // Another port of a host known on 22 is recognised by the same key. A different key there may be another
        // sshd's, or the host has changed it: that is not to be taken in silence.
        assert_eq!(known.judge(names("10.0.0.5", 2222), &key(ED1)), Verdict::Known);
        let Verdict::OtherPort(recorded) = known.judge(names("10.0.0.5", 2222), &key(ED2)) else { panic!() };
        assert_eq!((recorded.place.as_str(), recorded.remove.as_str()), ("kh:3", "ssh-keygen -R 10.0.0.5 -f kh"));
        let Verdict::Changed(recorded) = known.judge(names("10.1.2.3", 22), &key(ED2)) else { panic!() };
        assert_eq!(recorded.remove, "sed -i 4d kh", "ssh-keygen -R passes over wildcards");
        let Verdict::Changed(recorded) = known.judge(names("10.0.0.6", 2222), &key(ED1)) else { panic!() };
        assert_eq!(recorded.remove, "ssh-keygen -R '[10.0.0.6]:2222' -f kh");
    }

    #[test]
    fn a_changed_key_names_the_line_of_the_same_algorithm() {
        let known = known(&format!("10.0.0.5 {EC}\n10.0.0.5 {ED1}\n"));
        let Verdict::Changed(recorded) = known.judge(names("10.0.0.5", 22), &key(ED2)) else { panic!() };
        assert_eq!((recorded.place.as_str(), recorded.kind.as_str()), ("kh:2", "ssh-ed25519"));
        assert_eq!(recorded.fingerprint, key(ED1).fingerprint(HashAlg::Sha256).to_string());
    }

    #[test]
    fn hashed_names() {
        // HMAC-SHA1("10.0.0.5") made with `ssh-keygen -H`'s own construction.
        let salt = [7u8; 20];
        let hash: [u8; 20] =
            Hmac::<Sha1>::new_from_slice(&salt).unwrap().chain_update(b"10.0.0.5").finalize().into_bytes().into();
        let pattern = HostPatterns::HashedName { salt: salt.to_vec(), hash }.to_string();
        let known = known(&format!("{pattern} {ED1}\n"));
        assert_eq!(known.judge(names("10.0.0.5", 22), &key(ED1)), Verdict::Known);
        assert_eq!(known.judge(names("10.0.0.6", 22), &key(ED1)), Verdict::Unknown);
    }

    #[test]
    fn revoked_beats_known_and_the_inventory_name_recognises() {
        let known = known(&format!("lb-5 {ED1}\n@revoked * {ED2}\n10.0.0.5 {ED2}\n"));
        assert_eq!(known.judge(names("10.0.0.9", 22), &key(ED1)), Verdict::Known);
        assert_eq!(known.judge(names("10.0.0.5", 22), &key(ED2)), Verdict::Revoked { place: "kh:2".into() });
    }

    #[test]
    fn a_name_never_overrides_the_address() {
        let known = known(&format!("lb-5 {ED2}\n10.0.0.5 {ED1}\n"));
        assert!(
            matches!(known.judge(names("10.0.0.5", 22), &key(ED2)), Verdict::Changed(recorded) if recorded.place == "kh:2")
        );
        assert_eq!(known.judge(names("10.0.0.5", 22), &key(ED1)), Verdict::Known);
        assert_eq!(
            known.judge(names("10.0.0.6", 22), &key(ED2)),
            Verdict::Known,
            "nothing is recorded for that address"
        );
    }

    #[test]
    fn a_strange_byte_costs_no_key() {
        let mut known = KnownHosts::default();
        let lines = [
            format!("10.0.0.5 {ED1} Herr M").as_bytes(),
            b"\xfcller\n\xff\xfe\n",
            format!("10.0.0.6 {ED2}").as_bytes(),
        ]
        .concat();
        known.add(Path::new("kh"), &lines);
        assert_eq!(known.judge(names("10.0.0.5", 22), &key(ED1)), Verdict::Known);
        assert!(
            matches!(known.judge(names("10.0.0.6", 22), &key(ED1)), Verdict::Changed(recorded) if recorded.place == "kh:3")
        );
    }

    #[test]
    fn recorded_algorithms_are_offered_first() {
        let known = known(&format!("10.0.0.5 {EC}\n"));
        let usual = russh::Preferred::DEFAULT.key;
        let order = known.order(names("10.0.0.5", 22), &usual);
        assert_eq!(order.first().map(ToString::to_string).as_deref(), Some("ecdsa-sha2-nistp256"));
        assert_eq!(order.len(), usual.len());
        assert_eq!(known.order(names("10.0.0.6", 22), &usual), usual.to_vec());
    }

    #[test]
    fn globs() {
        for (pattern, text, hit) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcb", false),
            ("?", "x", true),
            ("?", "", false),
            ("*.example.org", "web.example.org", true),
            ("**a", "ba", true),
            ("a", "ab", false),
        ] {
            assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), hit, "{pattern} {text}");
        }
    }
}
