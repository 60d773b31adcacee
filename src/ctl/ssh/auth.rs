//! Logging in: the key that the inventory names and no other; without one those of ~/.ssh/config, ssh-agent's and the
//! usual ones. Then a password. Each attempt keeps what came of it, for [`super::denied`] to say.

use std::path::PathBuf;
use std::sync::Arc;

use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::{AgentClient, AgentStream};
use russh::keys::signature::Signer as _;
use russh::keys::ssh_encoding::Encode as _;
use russh::keys::ssh_key::private::KeypairData;
use russh::keys::{HashAlg, PrivateKey, PublicKey};
use russh::{MethodKind, MethodSet};
use thiserror::Error;

use super::keyring::{Key, Keyring, Unusable};
use super::trust::Trust;
use crate::ctl::cluster::{Secret, Ssh};
use crate::ctl::words::clean;

/// Logs in.
///
/// # Errors
/// What was tried and what each attempt led to.
pub(super) async fn log_in(
    handle: &mut Handle<Trust>,
    login: &Ssh,
    ring: &Keyring,
    password: Option<&Secret>,
) -> Result<(), Attempts> {
    let mut talk = LoggingIn { handle, login, ring, seen: Attempts::default() };
    match talk.all(password).await {
        Step::In => Ok(()),
        Step::Next | Step::Over => Err(talk.seen),
    }
}

/// What was seen of a login that failed.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// In this order; each thing once, with what came of it last.
    pub tried: Vec<Attempt>,
    /// Ways in that the host said it would take, last time it said so.
    pub offered: Option<Vec<MethodKind>>,
    /// What the host asked besides the password.
    pub questions: Vec<String>,
    /// A key that was tried and lies in this file.
    pub file: Option<PathBuf>,
}

/// One attempt.
#[derive(Debug)]
pub(super) struct Attempt {
    /// Key or password, in words.
    pub what: String,
    /// What came of it.
    pub end: End,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// It was not shown to the host; why.
    NotShown(String),
    /// The host does not take it.
    Refused,
    /// The host knows the key and had it proved, and then refused.
    KnownThenRefused,
    /// The host knows the key and had it proved, and then ended the connection.
    KnownThenEnded,
    /// The host takes it and wants more.
    Taken,
    /// The connection ended without an answer.
    Ended,
}

/// What is to be done after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    In,
    Next,
    Over,
}

struct LoggingIn<'a> {
    handle: &'a mut Handle<Trust>,
    login: &'a Ssh,
    ring: &'a Keyring,
    seen: Attempts,
}

impl LoggingIn<'_> {
    async fn all(&mut self, password: Option<&Secret>) -> Step {
        // A host may want a key and a password, in any order: what is refused at first may be wanted then.
        for _ in 0..FACTORS {
            let taken = self.seen.count(&End::Taken);
            let step = self.keys().await;
            if step != Step::Next {
                return step;
            }
            if let Some(password) = password {
                let step = self.password(password).await;
                if step != Step::Next {
                    return step;
                }
            }
            if self.seen.count(&End::Taken) == taken {
                break;
            }
        }
        if self.seen.offered.is_none() {
            // Nothing was shown: what would be taken is worth knowing.
            let answer = self.handle.authenticate_none(self.login.user.clone()).await;
            return match answer {
                Ok(AuthResult::Success) => Step::In,
                Ok(AuthResult::Failure { remaining_methods, .. }) => {
                    self.seen.offered = Some(remaining_methods.to_vec());
                    Step::Over
                }
                Err(_) => Step::Over, // what was tried says enough
            };
        }
        Step::Next
    }

    async fn keys(&mut self) -> Step {
        let ring = self.ring;
        let named = |path: &PathBuf| ring.named(path);
        let (first, usual): (Vec<Key>, &[Key]) = match &self.login.key {
            Some(path) => (vec![named(path)], &[]),
            None => (self.login.more_keys.iter().map(named).collect(), ring.usual()),
        };
        for key in &first {
            let step = self.file(key).await;
            if step != Step::Next {
                return step;
            }
        }
        if self.login.key.is_none() {
            let step = self.agent(None).await;
            if step != Step::Next {
                return step;
            }
        }
        for key in usual {
            let step = self.file(key).await;
            if step != Step::Next {
                return step;
            }
        }
        Step::Next
    }

    /// A key in a file; one that is locked may be open in ssh-agent.
    async fn file(&mut self, key: &Key) -> Step {
        match (&key.private, &key.public) {
            (Ok(private), _) => {
                self.seen.file.get_or_insert_with(|| key.path.clone());
                let public = private.public_key().clone();
                self.show(key.name.clone(), public, By::File(private)).await
            }
            // Without the name of a file all of the agent's keys are shown anyway.
            (Err(_), Some(public)) if self.login.key.is_some() && has_agent() => self.agent(Some((key, public))).await,
            (Err(why), _) => {
                let advice = if matches!(why, Unusable::Passphrase) { ": `ssh-add` it" } else { "" };
                self.seen.note(key.name.clone(), End::NotShown(format!("{why}{advice}")));
                Step::Next
            }
        }
    }

    /// All keys of ssh-agent, or the one.
    async fn agent(&mut self, only: Option<(&Key, &PublicKey)>) -> Step {
        if !has_agent() {
            return Step::Next;
        }
        let named = only.map_or_else(|| "ssh-agent".to_owned(), |(key, _)| key.name.clone());
        let mut agent = match AgentClient::connect_env().await {
            Ok(agent) => agent.dynamic(),
            Err(error) => {
                self.seen.note(named, End::NotShown(format!("ssh-agent: {error}")));
                return Step::Next;
            }
        };
        let mut identities = agent.request_identities().await.unwrap_or_default();
        if let Some((key, public)) = only {
            identities.retain(
                |one| matches!(one, AgentIdentity::PublicKey { key, .. } if key.key_data() == public.key_data()),
            );
            if identities.is_empty() {
                let why = key.private.as_ref().err().map(ToString::to_string).unwrap_or_default();
                let add = "and ssh-agent does not hold it: `ssh-add` it";
                self.seen.note(named.clone(), End::NotShown(format!("{why}, {add}")));
            }
        } else if identities.is_empty() {
            self.seen.note(named.clone(), End::NotShown("holds no key".into()));
        }
        for identity in identities {
            let AgentIdentity::PublicKey { key, comment } = identity else { continue };
            let what = if only.is_some() { named.clone() } else { format!("ssh-agent {}", clean(comment.as_bytes())) };
            let step = self.show(what, key, By::Agent(&mut agent)).await;
            if step != Step::Next {
                return step;
            }
        }
        Step::Next
    }

    /// Shows a public key; where the host knows it, proves it.
    async fn show(&mut self, what: String, key: PublicKey, by: By<'_>) -> Step {
        if !self.seen.may(MethodKind::PublicKey) || self.seen.is_taken(&what) {
            return Step::Next;
        }
        let Ok(hash) = self.hash(&key).await else { return self.ended(what, End::Ended) };
        let mut prover = Prover { by, asked: false };
        let answer = self.handle.authenticate_publickey_with(&self.login.user, key, hash, &mut prover).await;
        match answer {
            Ok(AuthResult::Success) => Step::In,
            // It answers with this where the connection is over, too.
            Ok(AuthResult::Failure { remaining_methods, .. }) if remaining_methods.is_empty() => {
                self.ended(what, if prover.asked { End::KnownThenEnded } else { End::Ended })
            }
            Ok(AuthResult::Failure { remaining_methods, partial_success }) => {
                let refused = if prover.asked { End::KnownThenRefused } else { End::Refused };
                self.answered(what, &remaining_methods, if partial_success { End::Taken } else { refused })
            }
            Err(NotProved::Gone(_)) => self.ended(what, if prover.asked { End::KnownThenEnded } else { End::Ended }),
            Err(error) => {
                self.seen.note(what, End::NotShown(format!("cannot sign: {error}")));
                Step::Next
            }
        }
    }

    async fn password(&mut self, password: &Secret) -> Step {
        let what = || "password".to_owned();
        if self.seen.may(MethodKind::Password) && !self.seen.is_taken("password") {
            match self.handle.authenticate_password(&self.login.user, password.0.clone()).await {
                Ok(AuthResult::Success) => return Step::In,
                Ok(AuthResult::Failure { remaining_methods, .. }) if remaining_methods.is_empty() => {
                    return self.ended(what(), End::Ended);
                }
                Ok(AuthResult::Failure { remaining_methods, partial_success }) => {
                    let end = if partial_success { End::Taken } else { End::Refused };
                    self.answered(what(), &remaining_methods, end);
                }
                Err(_) => return self.ended(what(), End::Ended),
            }
        }
        if !self.seen.may(MethodKind::KeyboardInteractive) || self.seen.is_taken("password") {
            return Step::Next;
        }
        // Servers with PAM may want the same password by questions.
        let mut answer = self.handle.authenticate_keyboard_interactive_start(&self.login.user, None).await;
        for _ in 0..QUESTIONS {
            match answer {
                Ok(KeyboardInteractiveAuthResponse::Success) => return Step::In,
                Ok(KeyboardInteractiveAuthResponse::Failure { remaining_methods, partial_success }) => {
                    let end = if partial_success { End::Taken } else { End::Refused };
                    return self.answered(what(), &remaining_methods, end);
                }
                Ok(KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. }) => {
                    let said = prompts.iter().map(|one| clean(one.prompt.trim().as_bytes()));
                    self.seen.questions.extend(said.filter(|said| !said.to_lowercase().contains("password")));
                    let answers = prompts.iter().map(|_| password.0.clone()).collect();
                    answer = self.handle.authenticate_keyboard_interactive_respond(answers).await;
                }
                Err(_) => return self.ended(what(), End::Ended),
            }
        }
        Step::Next
    }

    fn answered(&mut self, what: String, offered: &MethodSet, end: End) -> Step {
        self.seen.offered = Some(offered.to_vec());
        self.seen.note(what, end);
        Step::Next
    }

    fn ended(&mut self, what: String, end: End) -> Step {
        self.seen.note(what, end);
        Step::Over
    }

    /// The best hash for RSA keys; asking costs up to a second with old servers, so only for those.
    async fn hash(&self, key: &PublicKey) -> Result<Option<HashAlg>, russh::Error> {
        if key.algorithm().is_rsa() { Ok(self.handle.best_supported_rsa_hash().await?.flatten()) } else { Ok(None) }
    }
}

impl Attempts {
    fn note(&mut self, what: String, end: End) {
        self.tried.retain(|one| one.what != what);
        self.tried.push(Attempt { what, end });
    }

    fn count(&self, end: &End) -> usize {
        self.tried.iter().filter(|one| one.end == *end).count()
    }

    fn is_taken(&self, what: &str) -> bool {
        self.tried.iter().any(|one| one.what == what && one.end == End::Taken)
    }

    /// Whether the host would take it, as far as it said.
    pub(super) fn may(&self, kind: MethodKind) -> bool {
        self.offered.as_ref().is_none_or(|offered| offered.contains(&kind))
    }
}

fn has_agent() -> bool {
    std::env::var_os("SSH_AUTH_SOCK").is_some()
}

/// What proves that a key is ours, and whether the host wanted it proved: it asks only for keys that it knows.
struct Prover<'a> {
    by: By<'a>,
    asked: bool,
}

enum By<'a> {
    File(&'a Arc<PrivateKey>),
    Agent(&'a mut AgentClient<Box<dyn AgentStream + Send + Unpin>>),
}

/// Why a key could not be proved.
#[derive(Debug, Error)]
enum NotProved {
    #[error(transparent)]
    Gone(#[from] russh::SendError),
    #[error(transparent)]
    Agent(#[from] russh::keys::Error),
    #[error(transparent)]
    Key(#[from] russh::keys::ssh_key::Error),
    #[error(transparent)]
    Signature(#[from] russh::keys::signature::Error),
    #[error(transparent)]
    Encoding(#[from] russh::keys::ssh_encoding::Error),
}

impl russh::Signer for Prover<'_> {
    type Error = NotProved;

    async fn auth_sign(
        &mut self,
        key: &AgentIdentity,
        hash: Option<HashAlg>,
        mut to_sign: Vec<u8>,
    ) -> Result<Vec<u8>, NotProved> {
        self.asked = true;
        match &mut self.by {
            By::Agent(agent) => Ok(agent.sign_request(key, hash, to_sign).await?),
            By::File(key) => {
                let signature = match key.key_data() {
                    KeypairData::Rsa(pair) => (pair, hash).try_sign(&to_sign)?,
                    _ => key.try_sign(&to_sign)?,
                };
                let mut bytes = Vec::new();
                signature.encode(&mut bytes)?;
                bytes.encode(&mut to_sign)?;
                Ok(to_sign)
            }
        }
    }
}

/// Rounds of questions a server may ask.
const QUESTIONS: usize = 4;
/// Things of one user that a host may want one after the other.
const FACTORS: usize = 3;
