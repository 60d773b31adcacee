//! Key exchange, host key and login over a stream, and what went wrong where.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use russh::client::{Config, Handle, connect_stream};
use russh::{Preferred, cipher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::first_words::{FirstWords, Overheard};
use super::keyring::Keyring;
use super::known_hosts::Names;
use super::peer::Peer;
use super::trust::{Hearing, HostKeys, Refusal, Trust};
use super::{auth, denied, pinned};
use crate::ctl::cluster::{Secret, Ssh};
use crate::ctl::remote::last_lines;
use crate::ctl::words::clean;
use crate::error::{Code, Problem};

/// What the logins of a command have in common.
pub(super) struct Greeter {
    /// Keys to log in with.
    pub ring: Keyring,
    /// Keys that hosts may show.
    pub keys: HostKeys,
    /// For the whole of it.
    pub limit: Duration,
}

/// A connection that is logged in.
pub(super) struct LoggedIn {
    /// To open channels on.
    pub handle: Handle<Trust>,
    /// What the host says besides.
    pub said: Hearing,
}

/// A login that came to nothing.
#[derive(Debug)]
pub(super) struct Missed {
    /// Why.
    pub problem: Problem,
    /// It was turned away before a word was spoken, as sshd does while many others are at its door.
    pub again: bool,
}

impl From<Problem> for Missed {
    fn from(problem: Problem) -> Self {
        Self { problem, again: false }
    }
}

impl Greeter {
    /// Logs in over a stream.
    ///
    /// # Errors
    /// What the host refused, or did not answer.
    pub(super) async fn greet<S>(
        &self,
        stream: S,
        peer: &Peer,
        login: &Ssh,
        password: Option<&Secret>,
    ) -> Result<LoggedIn, Missed>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (refusal, said, first) = (Refusal::default(), Hearing::default(), FirstWords::default());
        let trust = Trust {
            host: peer.name.clone(),
            address: peer.address.clone(),
            port: peer.port,
            keys: self.keys.clone(),
            pinned: login.host_keys.clone(),
            refusal: Arc::clone(&refusal),
            said: Arc::clone(&said),
        };
        let known = AtomicBool::new(false);
        let stream = Overheard::new(stream, first.clone());
        let greeting = async {
            let mut handle = connect_stream(self.config(peer, login), stream, trust).await.map_err(|error| {
                let refused = refusal.lock().ok().and_then(|mut refusal| refusal.take());
                refused.map_or_else(|| unfinished(peer, &first, &error), Missed::from)
            })?;
            known.store(true, Ordering::Relaxed);
            auth::log_in(&mut handle, login, &self.ring, password).await.map_err(|seen| {
                let said = said.lock().map(|said| said.clone()).unwrap_or_default();
                denied::problem(peer, &seen, &said)
            })?;
            Ok(handle)
        };
        match timeout(self.limit, greeting).await {
            Ok(Ok(handle)) => Ok(LoggedIn { handle, said }),
            Ok(Err(missed)) => Err(missed),
            Err(_) => Err(self.late(peer, known.load(Ordering::Relaxed), &first).into()),
        }
    }

    fn late(&self, peer: &Peer, known: bool, first: &FirstWords) -> Problem {
        let (name, address, port, seconds) = (&peer.name, &peer.address, peer.port, self.limit.as_secs());
        let problem =
            |what: &str, why: &str| Problem::on(name, Code::Unreachable, format!("{what} within {seconds} s")).why(why);
        if known {
            let what = format!("the login at {address} port {port} did not finish");
            return problem(&what, "the host asks others first (names, a directory, PAM), or is overloaded")
                .next(format!("give slow hosts more time with --timeout; {} says more", peer.log()));
        }
        match first.before_ssh() {
            Some(text) if text.is_empty() => {
                let what = format!("{address} port {port} took the connection and said nothing");
                problem(&what, "what listens there stands still, or waits for another protocol than SSH").next(format!(
                    "as root on {name}: `systemctl status ssh`; `ss -ltnp sport = :{port}` shows who listens"
                ))
            }
            Some(text) => {
                let what = format!("{address} port {port} said `{}` and gave no SSH greeting", shown(&text));
                problem(&what, "what listens there speaks another protocol").next("set the host's `ssh: { port: … }`")
            }
            None => {
                let what = format!("the key exchange with {address} port {port} did not finish");
                problem(&what, "the host greeted and is overloaded, or large packets are lost on the way (MTU)")
                    .next(format!("`{}`; give slow hosts more time with --timeout", peer.ssh("-v ")))
            }
        }
    }

    fn config(&self, peer: &Peer, login: &Ssh) -> Arc<Config> {
        let names = Names { address: &peer.address, name: &peer.name, port: peer.port };
        let usual = Preferred::DEFAULT;
        let key = pinned::order(&login.host_keys, self.keys.known.order(names, &usual.key));
        // AES in hardware costs half of what ChaCha20 costs when a binary is sent.
        let cipher = vec![cipher::AES_256_GCM, cipher::CHACHA20_POLY1305, cipher::AES_256_CTR, cipher::AES_128_CTR];
        // Only a host that an authority of ours may vouch for is asked for a certificate: others go on showing their
        // key.
        let certificates = if self.keys.known.has_authority(names) { key.clone() } else { Vec::new() };
        let preferred =
            Preferred { key: key.into(), host_key_certificates: certificates.into(), cipher: cipher.into(), ..usual };
        Arc::new(Config { preferred, keepalive_interval: Some(KEEPALIVE), nodelay: true, ..Config::default() })
    }
}

/// The connection ended before the host had shown its key.
fn unfinished(peer: &Peer, first: &FirstWords, error: &russh::Error) -> Missed {
    let place = format!("{} port {}", peer.address, peer.port);
    let problem = |what: String| Problem::on(&peer.name, Code::HandshakeFailed, format!("{place}: {what}"));
    let verbose = format!("`{}`", peer.ssh("-v "));
    match first.before_ssh() {
        Some(text) if text.is_empty() => Missed {
            again: true,
            problem: problem("it took the connection and ended it without a word".into())
                .why("sshd does so while too many logins are unfinished (MaxStartups); a firewall or a proxy, too; it was tried several times")
                .next(format!("{} says why; {verbose}", peer.log())),
        },
        Some(text) => {
            let lower = text.to_lowercase();
            let full = lower.contains("maxstartups");
            let problem = problem(format!("it says `{}` and ends the connection", shown(&text)));
            let problem = if full {
                problem
                    .why("too many logins are unfinished there (MaxStartups), and that stayed so for several tries")
                    .next(format!("try again later; {} says who they are", peer.log()))
            } else if lower.contains("not allowed at this time") {
                problem
                    .why("sshd keeps this machine out for a while, for logins that failed (PerSourcePenalties)")
                    .next(format!("wait some minutes; as root on {}, `systemctl restart ssh` forgets them", peer.name))
            } else {
                problem.why("something answers there, and it is no SSH server, or one that lets nobody in").next(verbose)
            };
            Missed { problem, again: full }
        }
        None => {
            let what = match error {
                russh::Error::Disconnect => "it greeted, and ended the connection during the key exchange".to_owned(),
                other => other.to_string(),
            };
            problem(what).why("an SSH server answers there, but the key exchange failed").next(verbose).into()
        }
    }
}

fn shown(text: &str) -> String {
    last_lines(&clean(text.as_bytes())).chars().take(SHOWN_MAX).collect()
}

/// Letters of a stranger's greeting that are shown.
const SHOWN_MAX: usize = 200;
/// A silent connection is asked for life this often; three silences end it.
const KEEPALIVE: Duration = Duration::from_secs(15);
