//! The private keys of whoever runs the command: files, and what is known of those that cannot be opened here.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh::keys::{PrivateKey, PublicKey};
use thiserror::Error;

use crate::ctl::cluster::Ssh;
use crate::error::{Code, Problem};

/// Keys, read once for all hosts.
#[derive(Debug, Default, Clone)]
pub(super) struct Keyring {
    usual: Vec<Key>,
    named: BTreeMap<PathBuf, Key>,
}

/// A key file.
#[derive(Debug, Clone)]
pub(super) struct Key {
    /// As people write it.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// The key, or why there is none.
    pub private: Result<Arc<PrivateKey>, Unusable>,
    /// Its public half, where that can be had although the file is locked.
    pub public: Option<PublicKey>,
}

/// Why a key file is of no use by itself.
#[derive(Debug, Clone, Error)]
pub(super) enum Unusable {
    #[error("has a passphrase")]
    Passphrase,
    #[error("is a public key")]
    Public,
    #[error(transparent)]
    Missing(Arc<std::io::Error>),
    #[error(transparent)]
    Unreadable(#[from] Arc<russh::keys::Error>),
}

impl Keyring {
    /// Reads the usual keys and those that these logins name.
    pub(super) fn load<'a>(logins: impl IntoIterator<Item = &'a Ssh>) -> Self {
        let mut ring = Self::default();
        for login in logins {
            for path in login.key.iter().chain(&login.more_keys) {
                ring.named.entry(path.clone()).or_insert_with(|| Key::read(path));
            }
        }
        let usual = ["id_ed25519", "id_ecdsa", "id_rsa"].map(|name| Key::read(&Path::new("~/.ssh").join(name)));
        let absent =
            |key: &Key| matches!(&key.private, Err(Unusable::Missing(why)) if why.kind() == ErrorKind::NotFound);
        ring.usual = usual.into_iter().filter(|key| !absent(key)).collect();
        ring
    }

    /// One that a login names; those of jump hosts are met on the way.
    pub(super) fn named(&self, path: &Path) -> Key {
        self.named.get(path).cloned().unwrap_or_else(|| Key::read(path))
    }

    /// `~/.ssh/id_*`, as far as they are there.
    pub(super) fn usual(&self) -> &[Key] {
        &self.usual
    }

    /// The key that the inventory names must be one: to go on with other keys would hide the mistake. (One with a
    /// passphrase is; ssh-agent may have it open.)
    ///
    /// # Errors
    /// It is not there, cannot be read, or is no key.
    pub(super) fn check(&self, host: &str, login: &Ssh) -> Result<(), Problem> {
        let Some(path) = &login.key else { return Ok(()) };
        let why = match self.named(path).private {
            Ok(_) | Err(Unusable::Passphrase | Unusable::Public) => return Ok(()),
            Err(Unusable::Missing(error)) => error.to_string(),
            Err(Unusable::Unreadable(error)) => format!("it is no private key ({error})"),
        };
        let message = format!("the key {} of `ssh: {{ key: … }}`: {why}", path.display());
        Err(Problem::on(host, Code::LoginKey, message)
            .why("the inventory names it, so it is the one to log in with")
            .next("correct the path, or leave `key` out: then ssh-agent and ~/.ssh/id_* are tried"))
    }
}

impl Key {
    fn read(named: &Path) -> Self {
        let path = expand(named);
        let text = std::fs::read_to_string(&path);
        let beside = || std::fs::read_to_string(format!("{}.pub", path.display())).ok();
        let public = |text: &str| PublicKey::from_openssh(text.trim()).ok();
        let (private, public) = match &text {
            Err(error) if error.kind() == ErrorKind::InvalidData => (load(&path), None),
            Err(error) => {
                (Err(Unusable::Missing(Arc::new(std::io::Error::new(error.kind(), error.to_string())))), None)
            }
            Ok(text) => match (load(&path), public(text)) {
                (Ok(key), _) => (Ok(Arc::clone(&key)), Some(key.public_key().clone())),
                (Err(Unusable::Passphrase), _) => {
                    // OpenSSH's form has the public half in the clear; the old one does not.
                    let within = PrivateKey::from_openssh(text).ok().map(|key| key.public_key().clone());
                    (Err(Unusable::Passphrase), within.or_else(|| public(&beside()?)))
                }
                (Err(_), Some(key)) => (Err(Unusable::Public), Some(key)),
                (Err(why), None) => (Err(why), None),
            },
        };
        Self { name: named.display().to_string(), path, private, public }
    }
}

fn load(path: &Path) -> Result<Arc<PrivateKey>, Unusable> {
    match russh::keys::load_secret_key(path, None) {
        Ok(key) => Ok(Arc::new(key)),
        Err(russh::keys::Error::KeyIsEncrypted) => Err(Unusable::Passphrase),
        Err(error) => Err(Arc::new(error).into()),
    }
}

/// `~/` means home.
pub(super) fn expand(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::inventory::hosts::default_ssh;

    /// Made for this test, with the passphrase `secret`.
    const LOCKED: &str = "\
-----BEGIN OPENSSH PRIVATE KEY-----\n\
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABBe7g9BuT\n\
u+lRwA+cZVczGLAAAAAQAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAILb1EwOC1IP2UEzH\n\
u2vBqvzZfE2pcSYY0RTwUgpIYgWiAAAAkHvrW5tZ5WyLzt3Wal792AsElyWsyBjWlDACYf\n\
22/SK9r2quEis1+pAMyslx8hw1S0xF9Ko3oeivJnus/YTE5kmSRubm+bdjuKmfXm+fJbc0\n\
sLi2kCnR3t71ibDGRunDL6L1yv53Eg/MoJoVSNHqW2ooq6Tmp5egwd8EcbzvqQxl4TTexJ\n\
bA1v572tovUtuR/g==\n\
-----END OPENSSH PRIVATE KEY-----\n";

    #[test]
    fn what_a_named_file_is() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            Key::read(&path)
        };
        let locked = at("locked", LOCKED);
        assert!(matches!(locked.private, Err(Unusable::Passphrase)), "{locked:?}");
        let half = locked.public.unwrap().to_openssh().unwrap();
        assert!(half.starts_with("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILb1EwOC1IP2UEzH"), "{half}");
        assert!(matches!(at("half.pub", &half).private, Err(Unusable::Public)));
        assert!(matches!(at("garbage", "no key\n").private, Err(Unusable::Unreadable(_))));
        assert!(matches!(Key::read(&folder.path().join("nowhere")).private, Err(Unusable::Missing(_))));
    }

    #[test]
    fn only_a_key_may_be_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k");
        let login = Ssh { key: Some(path.clone()), ..default_ssh() };
        let check = || Keyring::load([&login]).check("lb-6", &login).map_err(|problem| problem.message);
        assert!(check().unwrap_err().contains("No such file"));
        std::fs::write(&path, "root:x:0:0:root:/root:/bin/bash\n").unwrap();
        assert!(check().unwrap_err().contains("it is no private key"));
        std::fs::write(&path, LOCKED).unwrap();
        assert_eq!(check(), Ok(()));
    }
}
