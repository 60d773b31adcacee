//! The side of an SSH connection that decides whether the host is the one it should be.

use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::sync::{Arc, Mutex};

use russh::client::{DisconnectReason, Handler, Session};
use russh::keys::{Algorithm, PublicKey, PublicKeyOrCertificate};

use super::known_hosts::{self, KnownHosts, Names, Verdict, family};
use super::pinned::fingerprint;
use crate::ctl::cluster::PinnedKey;
use crate::ctl::progress::{Event, Listener};
use crate::error::{Code, Problem};

/// What one command knows about host keys.
#[derive(Debug, Clone)]
pub struct HostKeys {
    /// The known_hosts files.
    pub known: Arc<KnownHosts>,
    /// Take and record keys of hosts that are not known.
    pub accept_new: bool,
    /// Who is told of those that are taken.
    pub listener: Listener,
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
    /// What the host says to whoever logs in.
    pub said: Hearing,
}

/// Why a key was refused, for the one who called connect.
pub type Refusal = Arc<Mutex<Option<Problem>>>;

/// What a host says besides what is asked of it.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// While somebody logs in (RFC 4252 §5.4): an order of the house, or why it lets nobody in.
    pub banner: String,
    /// When it ends the connection (RFC 4253 §11.1).
    pub goodbye: String,
    /// Not its words: why the connection ended by itself.
    pub broken: String,
}

/// The same while it is being said.
pub type Hearing = Arc<Mutex<Said>>;

/// More of it is not kept.
const BANNER_MAX: usize = 4096;

impl Handler for Trust {
    type Error = russh::Error;

    async fn auth_banner(&mut self, said: &str, _: &mut Session) -> Result<(), russh::Error> {
        if let Ok(mut all) = self.said.lock() {
            let room = BANNER_MAX.saturating_sub(all.banner.len());
            all.banner.extend(said.chars().take(room));
        }
        Ok(())
    }

    async fn disconnected(&mut self, reason: DisconnectReason<russh::Error>) -> Result<(), russh::Error> {
        let Ok(mut all) = self.said.lock() else { return Ok(()) };
        match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                all.goodbye = info.message.chars().take(BANNER_MAX).collect();
                Ok(())
            }
            DisconnectReason::Error(error) => {
                all.broken = error.to_string();
                Err(error)
            }
        }
    }

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
        let message = format!("host key CHANGED: the inventory has {wanted}, {} shows {}", self.place(), told(key));
        let problem = Problem::on(&self.host, Code::HostKeyChanged, message);
        Err(problem
            .why("the host was reinstalled, shows a key of another kind, or somebody is in between")
            .next(format!("{}; if it is right, write it to `ssh: {{ host_key: … }}`", self.own_key(key))))
    }

    fn judge(&self, key: &PublicKey, verdict: Verdict) -> Result<(), Problem> {
        let (host, place, shown) = (&self.host, self.place(), told(key));
        let problem = |code, what| Problem::on(host, code, what);
        let own = self.own_key(key);
        Err(match verdict {
            Verdict::Known => return Ok(()),
            Verdict::Unknown if self.keys.accept_new => return self.record(self.names(), key),
            Verdict::Unknown => problem(Code::HostKeyUnknown, format!("host key of {place} is not known: {shown}"))
                .why("without a known key nobody can tell the host from an impostor")
                .next(format!("{own}, then add --accept-new-host-keys")),
            Verdict::Changed(known) => {
                let what = format!("host key CHANGED: {} has {} {}, {place} shows {shown}", known.place, known.kind, known.fingerprint);
                // Another kind may mean no more than another setting of sshd; an impostor would do the same.
                let why = if known.kind == family(key) {
                    "the host was reinstalled, or somebody is in between".to_owned()
                } else {
                    format!("sshd there shows no {} key any more (HostKey, HostKeyAlgorithms), the host was reinstalled, or somebody is in between", known.kind)
                };
                problem(Code::HostKeyChanged, what)
                    .why(why)
                    .next(format!("{own}; if it is right: `{}`, then add --accept-new-host-keys", known.remove))
            }
            Verdict::OtherPort(known) => {
                let (what, line) = (
                    format!(
                        "host key CHANGED, or another sshd's: {} has {} {} for {}, {place} shows {shown}",
                        known.place, known.kind, known.fingerprint, self.address
                    ),
                    known_hosts::line(self.names(), key),
                );
                problem(Code::HostKeyChanged, what)
                    .why("nothing is recorded for that port, and the host is known by another key: it was reinstalled, another sshd listens there, or somebody is in between")
                    .next(format!("{own}; if it is right: `echo '{}' >> ~/.ssh/known_hosts`", line.trim_end()))
            }
            Verdict::Revoked { place } => problem(Code::HostKeyRevoked, format!("host key {shown} is marked @revoked in {place}"))
                .why("somebody else may have that key")
                .next("give the host a new key"),
            Verdict::BadCertificate { place, why } => problem(Code::HostCertificate, format!("its host certificate, from the authority in {place}, does not prove who it is: {why}"))
                .why("the authority vouches for another host, or for another time")
                .next(format!("sign the host's key again, for this name: `ssh-keygen -s CA -h -I {host} -n {},{host} ssh_host_ed25519_key.pub`", self.address)),
        })
    }

    /// Where the key was shown.
    fn place(&self) -> String {
        if self.port == 22 { self.address.clone() } else { format!("{} port {}", self.address, self.port) }
    }

    /// How to see the host's own key of that kind.
    fn own_key(&self, key: &PublicKey) -> String {
        let kind = match key.algorithm() {
            Algorithm::Rsa { .. } => "rsa",
            Algorithm::Ecdsa { .. } => "ecdsa",
            _ => "ed25519",
        };
        format!("compare it with `ssh-keygen -lf /etc/ssh/ssh_host_{kind}_key.pub` on {}", self.host)
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
        write().map_err(|error| problem(format!("{}: {error}", file.display())))?;
        let (key, file) = (told(key), file.display().to_string());
        self.keys.listener.tell(Event::HostKeyTaken { host: &self.host, key: &key, file: &file });
        Ok(())
    }
}

/// Kind and fingerprint.
fn told(key: &PublicKey) -> String {
    format!("{} {}", family(key), fingerprint(key))
}
