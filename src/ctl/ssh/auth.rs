//! Logging in: the key named in the inventory, ssh-agent, the usual keys, a password; in this order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey};
use thiserror::Error;

use super::trust::Trust;
use crate::ctl::cluster::{Secret, Ssh};
use crate::error::{Code, Problem};

/// The private keys of whoever runs the command, read once for all hosts.
#[derive(Debug, Default, Clone)]
pub struct Keyring {
    usual: Vec<(PathBuf, Arc<PrivateKey>)>,
    named: BTreeMap<PathBuf, Result<Arc<PrivateKey>, Unusable>>,
    notes: Vec<String>,
}

impl Keyring {
    /// Reads the usual keys and those that these logins name.
    pub fn load<'a>(logins: impl IntoIterator<Item = &'a Ssh>) -> Self {
        let mut ring = Self::default();
        for login in logins {
            for path in login.key.iter().chain(&login.more_keys) {
                ring.named.entry(path.clone()).or_insert_with(|| read(&expand(path)));
            }
        }
        let home = std::env::home_dir().unwrap_or_default().join(".ssh");
        for name in ["id_ed25519", "id_ecdsa", "id_rsa"] {
            let path = home.join(name);
            match read(&path) {
                Ok(key) => ring.usual.push((path, key)),
                Err(_) if !path.exists() => {}
                Err(why) => ring.notes.push(format!("~/.ssh/{name} ({why})")),
            }
        }
        ring
    }
}

/// A key file that the inventory names must be there: to go on with other keys would hide the mistake. (One with a
/// passphrase is there; ssh-agent may have it open.)
///
/// # Errors
/// It is not there, or cannot be read.
pub fn named_key(host: &str, login: &Ssh) -> Result<(), Problem> {
    let Some(path) = &login.key else { return Ok(()) };
    std::fs::metadata(expand(path)).map(drop).map_err(|error| {
        Problem::on(host, Code::LoginKey, format!("the key {} of `ssh: {{ key: … }}`: {error}", path.display()))
            .why("the inventory names it, so it is the one to log in with")
            .next("correct the path, or leave `key` out: then ssh-agent and ~/.ssh/id_* are tried")
    })
}

/// `~/` means home.
pub fn expand(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// Why a key file is of no use.
#[derive(Debug, Clone, Error)]
enum Unusable {
    #[error("has a passphrase: `ssh-add` it")]
    Passphrase,
    #[error(transparent)]
    Unreadable(#[from] Arc<russh::keys::Error>),
}

fn read(path: &Path) -> Result<Arc<PrivateKey>, Unusable> {
    match russh::keys::load_secret_key(path, None) {
        Ok(key) => Ok(Arc::new(key)),
        Err(russh::keys::Error::KeyIsEncrypted) => Err(Unusable::Passphrase),
        Err(error) => Err(Arc::new(error).into()),
    }
}

/// Logs in.
///
/// # Errors
/// What was tried and what each attempt led to.
pub async fn log_in(
    handle: &mut Handle<Trust>,
    host: &str,
    login: &Ssh,
    ring: &Keyring,
    password: Option<&Secret>,
) -> Result<(), Problem> {
    let mut attempt = Attempt { handle, user: &login.user, tried: Vec::new() };
    match attempt.all(login, ring, password).await {
        Ok(true) => Ok(()),
        Ok(false) => {
            let tried =
                if attempt.tried.is_empty() { "nothing: there is no key".into() } else { attempt.tried.join(", ") };
            let problem =
                Problem::on(host, Code::LoginRefused, format!("{} may not log in; tried {tried}", login.user));
            let problem = problem.why("the host takes none of these");
            Err(problem.next(format!(
                "`ssh-copy-id {user}@{host}` with the address of the host, or name a key: `ssh: {{ user: {user}, key: PATH }}`",
                user = login.user
            )))
        }
        Err(error) => {
            let tried = attempt.tried.join(", ");
            let problem =
                Problem::on(host, Code::HandshakeFailed, format!("the connection ended while logging in: {error}"));
            Err(problem.why(format!("tried {tried}")).next("look into the host's sshd log (`journalctl -u ssh`)"))
        }
    }
}

struct Attempt<'a> {
    handle: &'a mut Handle<Trust>,
    user: &'a str,
    tried: Vec<String>,
}

impl Attempt<'_> {
    async fn all(&mut self, login: &Ssh, ring: &Keyring, password: Option<&Secret>) -> Result<bool, russh::Error> {
        for path in login.key.iter().chain(&login.more_keys) {
            match ring.named.get(path) {
                Some(Ok(key)) if self.key(path.display().to_string(), key).await? => return Ok(true),
                Some(Err(why)) => self.tried.push(format!("{} ({why})", path.display())),
                _ => {}
            }
        }
        if std::env::var_os("SSH_AUTH_SOCK").is_some() && self.agent().await? {
            return Ok(true);
        }
        for (path, key) in &ring.usual {
            let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            if self.key(format!("~/.ssh/{name}"), key).await? {
                return Ok(true);
            }
        }
        self.tried.extend(ring.notes.iter().cloned());
        match password {
            Some(password) => self.password(password).await,
            None => Ok(false),
        }
    }

    async fn key(&mut self, name: String, key: &Arc<PrivateKey>) -> Result<bool, russh::Error> {
        let hash = self.hash(key.public_key()).await?;
        let key = PrivateKeyWithHashAlg::new(Arc::clone(key), hash);
        let result = self.handle.authenticate_publickey(self.user, key).await?;
        Ok(self.done(name, &result))
    }

    async fn agent(&mut self) -> Result<bool, russh::Error> {
        let mut agent = match AgentClient::connect_env().await {
            Ok(agent) => agent,
            Err(error) => {
                self.tried.push(format!("ssh-agent ({error})"));
                return Ok(false);
            }
        };
        let identities = agent.request_identities().await.unwrap_or_default();
        if identities.is_empty() {
            self.tried.push("ssh-agent (holds no key)".into());
        }
        for identity in identities {
            let AgentIdentity::PublicKey { key, comment } = identity else { continue };
            let hash = self.hash(&key).await?;
            match self.handle.authenticate_publickey_with(self.user, key, hash, &mut agent).await {
                Ok(result) if self.done(format!("ssh-agent {comment}"), &result) => return Ok(true),
                Ok(_) => {}
                Err(error) => self.tried.push(format!("ssh-agent {comment} ({error})")),
            }
        }
        Ok(false)
    }

    async fn password(&mut self, password: &Secret) -> Result<bool, russh::Error> {
        let result = self.handle.authenticate_password(self.user, password.0.clone()).await?;
        if self.done("password".into(), &result) {
            return Ok(true);
        }
        // Servers with PAM may want the same password by questions.
        let mut answer = self.handle.authenticate_keyboard_interactive_start(self.user, None).await?;
        for _ in 0..QUESTIONS {
            match answer {
                KeyboardInteractiveAuthResponse::Success => return Ok(true),
                KeyboardInteractiveAuthResponse::Failure { .. } => break,
                KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => {
                    let answers = prompts.iter().map(|_| password.0.clone()).collect();
                    answer = self.handle.authenticate_keyboard_interactive_respond(answers).await?;
                }
            }
        }
        Ok(false)
    }

    /// The best hash for RSA keys; asking costs up to a second with old servers, so only for those.
    async fn hash(&self, key: &PublicKey) -> Result<Option<HashAlg>, russh::Error> {
        if key.algorithm().is_rsa() { Ok(self.handle.best_supported_rsa_hash().await?.flatten()) } else { Ok(None) }
    }

    fn done(&mut self, name: String, result: &AuthResult) -> bool {
        let done = matches!(result, AuthResult::Success);
        if !done {
            self.tried.push(format!("{name} (refused)"));
        }
        done
    }
}

/// Rounds of questions a server may ask.
const QUESTIONS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_key_with_a_passphrase_and_one_that_is_none_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            read(&path).unwrap_err()
        };
        let locked = at("locked", LOCKED);
        assert!(matches!(locked, Unusable::Passphrase), "{locked:?}");
        assert_eq!(locked.to_string(), "has a passphrase: `ssh-add` it");
        let garbage = at("garbage", "no key\n");
        assert!(matches!(garbage, Unusable::Unreadable(_)), "{garbage:?}");
    }
}
