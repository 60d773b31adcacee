//! The side of an SSH connection that decides whether the host is the one it should be.

use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::sync::{Arc, Mutex};

use russh::client::Handler;
use russh::keys::{HashAlg, PublicKey, PublicKeyOrCertificate};

use super::known_hosts::{self, KnownHosts, Names, Verdict};
use super::pinned::fingerprint;
use crate::ctl::cluster::PinnedKey;
use crate::error::{Code, Problem};

/// What one command knows about host keys.
#[derive(Debug, Clone)]
pub struct HostKeys {
    /// The known_hosts files.
    pub known: Arc<KnownHosts>,
    /// Take and record keys of hosts that are not known.
    pub accept_new: bool,
}

/// Judges the key of one host; [`Refusal`] keeps why it was refused.
#[derive(Debug)]
pub struct Trust {
    /// Name for people.
    pub host: String,
    /// What is connected to.
    pub address: String,
    /// Port.
    pub port: u16,
    /// What is known.
    pub keys: HostKeys,
    /// What the inventory names; then known_hosts does not count.
    pub pinned: Vec<PinnedKey>,
    /// Filled when the key is refused.
    pub refusal: Refusal,
}

/// Why a key was refused, for the one who called connect.
pub type Refusal = Arc<Mutex<Option<Problem>>>;

impl Handler for Trust {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let problem = match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } if !self.pinned.is_empty() => self.compare(key),
            PublicKeyOrCertificate::Certificate(shown) if !self.pinned.is_empty() => {
                self.compare(&PublicKey::new(shown.public_key().clone(), ""))
            }
            PublicKeyOrCertificate::PublicKey { key, .. } => self.judge(key, self.keys.known.judge(self.names(), key)),
            PublicKeyOrCertificate::Certificate(certificate) => {
                let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                let verdict = self.keys.known.judge_certificate(self.names(), certificate, now.as_secs());
                self.judge(&PublicKey::new(certificate.public_key().clone(), ""), verdict)
            }
        };
        match problem {
            Ok(()) => Ok(true),
            Err(problem) => {
                if let Ok(mut refusal) = self.refusal.lock() {
                    *refusal = Some(problem);
                }
                Ok(false)
            }
        }
    }
}

impl Trust {
    fn names(&self) -> Names<'_> {
        Names { address: &self.address, name: &self.host, port: self.port }
    }

    /// With the keys of the inventory.
    fn compare(&self, key: &PublicKey) -> Result<(), Problem> {
        let shown = fingerprint(key);
        if self.pinned.iter().any(|one| one.fingerprint == shown) {
            return Ok(());
        }
        let wanted = self.pinned.iter().map(|one| one.fingerprint.as_str()).collect::<Vec<_>>().join(" or ");
        let message =
            format!("host key CHANGED: the inventory has {wanted}, {} shows {} {shown}", self.address, key.algorithm());
        let problem = Problem::on(&self.host, Code::HostKeyChanged, message);
        Err(problem.why("the host was reinstalled, shows a key of another kind, or somebody is in between").next(format!(
            "compare with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on {}; if it is right, write it to `ssh: {{ host_key: … }}`",
            self.host
        )))
    }

    fn judge(&self, key: &PublicKey, verdict: Verdict) -> Result<(), Problem> {
        let shown = key.fingerprint(HashAlg::Sha256);
        let host = &self.host;
        match verdict {
            Verdict::Known => Ok(()),
            Verdict::Unknown if self.keys.accept_new => self.record(self.names(), key),
            Verdict::Unknown => Err(Problem::on(host, Code::HostKeyUnknown, format!("host key of {} is not known: {} {shown}", self.address, key.algorithm()),
            )
            .why("without a known key nobody can tell the host from an impostor")
            .next("compare it with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the host, then add --accept-new-host-keys")),
            Verdict::Changed { place, recorded } => Err(Problem::on(host, Code::HostKeyChanged, format!("host key CHANGED: {place} has {recorded}, {} shows {shown}", self.address),
            )
            .why("the host was reinstalled, or somebody is in between")
            .next(format!(
                "if it was reinstalled: `ssh-keygen -R {}`, then add --accept-new-host-keys",
                if self.port == 22 { self.address.clone() } else { format!("'[{}]:{}'", self.address, self.port) }
            ))),
            Verdict::Revoked { place } => Err(Problem::on(host, Code::HostKeyRevoked, format!("host key {shown} is marked @revoked in {place}"),
            )
            .why("somebody else may have that key")
            .next("give the host a new key")),
            Verdict::BadCertificate { place, why } => Err(Problem::on(host, Code::HostCertificate, format!("its host certificate, from the authority in {place}, does not prove who it is: {why}"),
            )
            .why("the authority vouches for another host, or for another time")
            .next(format!("sign the host's key again, for this name: `ssh-keygen -s CA -h -I {host} -n {},{host} ssh_host_ed25519_key.pub`", self.address))),
        }
    }

    fn record(&self, names: Names<'_>, key: &PublicKey) -> Result<(), Problem> {
        let problem = |what: String| {
            Problem::new(Code::HostKeyUnrecorded, format!("{}: cannot record its host key: {what}", self.host))
        };
        let file = known_hosts::user_file().ok_or_else(|| problem("no home directory".into()))?;
        let write = || -> std::io::Result<()> {
            if let Some(folder) = file.parent() {
                std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            }
            // A last line without its end must not swallow the new one.
            let torn = std::fs::read(&file).is_ok_and(|old| old.last().is_some_and(|&byte| byte != b'\n'));
            let line = format!("{}{}", if torn { "\n" } else { "" }, known_hosts::line(names, key));
            // One write in append mode: hosts are connected to at the same time.
            std::fs::OpenOptions::new().create(true).append(true).open(&file)?.write_all(line.as_bytes())
        };
        write().map_err(|error| problem(format!("{}: {error}", file.display())))
    }
}
