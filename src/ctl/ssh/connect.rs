//! All hosts at once: TCP, host key, login, and root.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use russh::client::{Config, Handle, connect_stream};
use russh::{Preferred, cipher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::timeout;

use super::auth::{self, Keyring};
use super::known_hosts::{KnownHosts, Names};
use super::quickack::QuickAck;
use super::session::Session;
use super::trust::{HostKeys, Refusal, Trust};
use crate::ctl::cluster::{Cluster, Host, Secret, Ssh};
use crate::ctl::remote::Remote;
use crate::ctl::secret::Secrets;
use crate::error::Problem;

/// Handshakes at the same time.
pub const PARALLEL: usize = 64;
/// Of these through one jump host, whose sshd sees them all (MaxStartups is 10 before it drops some).
const PARALLEL_JUMP: usize = 8;

/// How to connect.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Limit for each step of connecting.
    pub limit: Duration,
    /// Take and record keys of hosts that are not known.
    pub accept_new: bool,
    /// Handshakes at the same time.
    pub parallel: usize,
}

/// Connects to these hosts at once; the answers are in the order asked for.
pub async fn connect_all(
    cluster: &Cluster,
    names: &[String],
    secrets: &Secrets,
    options: Options,
) -> Vec<(String, Result<Arc<dyn Remote>, Problem>)> {
    let hosts: Vec<&Host> = names.iter().filter_map(|name| cluster.host(name)).collect();
    let shared = Shared {
        ring: Keyring::load(hosts.iter().map(|host| &host.ssh)),
        keys: HostKeys { known: Arc::new(KnownHosts::load()), accept_new: options.accept_new },
        limit: options.limit,
        jumps: Mutex::default(),
    };
    let connects = hosts.iter().map(|host| {
        let shared = &shared;
        async move {
            let password = host.ssh.password.as_ref().and_then(|source| secrets.find(source, &host.ssh.user));
            (host.name.clone(), shared.host(host, password).await)
        }
    });
    stream::iter(connects).buffered(options.parallel.clamp(1, PARALLEL)).collect().await
}

/// What all connections of a command share.
struct Shared {
    ring: Keyring,
    keys: HostKeys,
    limit: Duration,
    jumps: Mutex<BTreeMap<String, Arc<Jump>>>,
}

/// A jump host: connected once, by whoever comes first.
struct Jump {
    handle: OnceCell<Handle<Trust>>,
    seats: tokio::sync::Semaphore,
}

/// Who is connected to, as one value for messages and host keys.
struct Peer<'a> {
    name: &'a str,
    address: String,
    port: u16,
}

impl Shared {
    async fn host(&self, host: &Host, password: Option<&Secret>) -> Result<Arc<dyn Remote>, Problem> {
        let peer = Peer { name: &host.name, address: host.address.to_string(), port: host.ssh.port };
        let (handle, jump) = match &host.ssh.jump {
            None => (self.direct(&peer, &host.ssh, password).await?, None),
            Some(spec) => {
                let jump = self.jump(spec, &host.ssh).await?;
                let handle = self.through(&jump, spec, &peer, &host.ssh, password).await?;
                (handle, Some(jump as Arc<dyn std::any::Any + Send + Sync>))
            }
        };
        let session = Session::new(handle, jump);
        let session = session.elevate(&host.name, &host.ssh, password.cloned(), self.limit).await?;
        Ok(Arc::new(session))
    }

    async fn direct(&self, peer: &Peer<'_>, login: &Ssh, password: Option<&Secret>) -> Result<Handle<Trust>, Problem> {
        let Peer { name, address, port } = peer;
        let connect = TcpStream::connect((address.as_str(), *port));
        let stream = match timeout(self.limit, connect).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(unreachable(name, address, *port, &error)),
            Err(_) => {
                let what = format!("{name}: {address} port {port} did not answer within {} s", self.limit.as_secs());
                return Err(Problem::new("E301", what)
                    .why("the host is down, or a firewall drops the connection")
                    .next(format!("`ping {address}`; give slow hosts more time with --timeout")));
            }
        };
        self.greet(QuickAck::new(stream), peer, login, password).await
    }

    /// Key exchange, host key and login over a stream.
    async fn greet<S>(
        &self,
        stream: S,
        peer: &Peer<'_>,
        login: &Ssh,
        password: Option<&Secret>,
    ) -> Result<Handle<Trust>, Problem>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let refusal = Refusal::default();
        let trust = Trust {
            host: peer.name.to_owned(),
            address: peer.address.clone(),
            port: peer.port,
            keys: self.keys.clone(),
            refusal: Arc::clone(&refusal),
        };
        let greeting = async {
            let mut handle = connect_stream(self.config(peer), stream, trust).await.map_err(|error| {
                let refused = refusal.lock().ok().and_then(|mut refusal| refusal.take());
                refused.unwrap_or_else(|| {
                    Problem::new("E306", format!("{}: {} port {}: {error}", peer.name, peer.address, peer.port))
                        .why("something answers there, but the SSH handshake failed")
                        .next(format!("`ssh -v -p {} {}@{}`", peer.port, login.user, peer.address))
                })
            })?;
            auth::log_in(&mut handle, peer.name, login, &self.ring, password).await?;
            Ok(handle)
        };
        match timeout(self.limit, greeting).await {
            Ok(done) => done,
            Err(_) => Err(Problem::new(
                "E301",
                format!(
                    "{}: SSH on {} port {} did not finish within {} s",
                    peer.name,
                    peer.address,
                    peer.port,
                    self.limit.as_secs()
                ),
            )
            .next("give slow hosts more time with --timeout")),
        }
    }

    fn config(&self, peer: &Peer<'_>) -> Arc<Config> {
        let names = Names { address: &peer.address, name: peer.name, port: peer.port };
        let usual = Preferred::DEFAULT;
        let key = self.keys.known.order(names, &usual.key);
        // AES in hardware costs half of what ChaCha20 costs when a binary is sent.
        let cipher = vec![cipher::AES_256_GCM, cipher::CHACHA20_POLY1305, cipher::AES_256_CTR, cipher::AES_128_CTR];
        Arc::new(Config {
            preferred: Preferred { key: key.into(), cipher: cipher.into(), ..usual },
            keepalive_interval: Some(KEEPALIVE),
            nodelay: true,
            ..Config::default()
        })
    }

    /// The connection to a jump host, made by the first who needs it.
    async fn jump(&self, spec: &str, login: &Ssh) -> Result<Arc<Jump>, Problem> {
        let jump = {
            let mut jumps = self.jumps.lock().await;
            let fresh =
                || Arc::new(Jump { handle: OnceCell::new(), seats: tokio::sync::Semaphore::new(PARALLEL_JUMP) });
            Arc::clone(jumps.entry(spec.to_owned()).or_insert_with(fresh))
        };
        let (user, address, port) = split(spec, &login.user);
        let login = Ssh { user, port, jump: None, sudo: false, ..login.clone() };
        let peer = Peer { name: spec, address, port };
        jump.handle.get_or_try_init(|| self.direct(&peer, &login, None)).await?;
        Ok(jump)
    }

    async fn through(
        &self,
        jump: &Arc<Jump>,
        spec: &str,
        peer: &Peer<'_>,
        login: &Ssh,
        password: Option<&Secret>,
    ) -> Result<Handle<Trust>, Problem> {
        let lost = |why: String| {
            Problem::new("E301", format!("{}: {} port {} through {spec}: {why}", peer.name, peer.address, peer.port))
                .next(format!("`ssh {spec} nc -z {} {}`", peer.address, peer.port))
        };
        let _seat = jump.seats.acquire().await.map_err(|error| lost(error.to_string()))?;
        let handle = jump.handle.get().ok_or_else(|| lost("not connected".into()))?;
        let open = handle.channel_open_direct_tcpip(peer.address.clone(), peer.port.into(), "127.0.0.1", 0);
        match timeout(self.limit, open).await {
            Ok(Ok(channel)) => self.greet(channel.into_stream(), peer, login, password).await,
            Ok(Err(error)) => Err(lost(error.to_string())),
            Err(_) => Err(lost(format!("no answer within {} s", self.limit.as_secs()))),
        }
    }
}

/// A silent connection is asked for life this often; three silences end it.
const KEEPALIVE: Duration = Duration::from_secs(15);

fn unreachable(name: &str, address: &str, port: u16, error: &std::io::Error) -> Problem {
    let problem = Problem::new("E301", format!("{name}: {address} port {port}: {error}"));
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => problem
            .why("the host is up, but nothing listens there")
            .next(format!("`systemctl status ssh` on {name}, or set its `ssh.port`")),
        _ => problem
            .why("the host cannot be reached from here")
            .next(format!("`ip route get {address}`, `ping {address}`")),
    }
}

/// `user@host:port` with what is missing filled in.
fn split(spec: &str, user: &str) -> (String, String, u16) {
    let (user, rest) = spec.rsplit_once('@').unwrap_or((user, spec));
    let bare = rest.trim_start_matches('[');
    let (host, port) = match bare.rsplit_once(':') {
        Some((host, port)) if rest.starts_with('[') || !host.contains(':') => (host, port.parse().unwrap_or(22)),
        _ => (bare, 22),
    };
    (user.to_owned(), host.trim_end_matches(']').to_owned(), port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jump_specifications() {
        for (spec, user, host, port) in [
            ("bastion.eu", "me", "bastion.eu", 22),
            ("ops@10.0.0.1:2222", "ops", "10.0.0.1", 2222),
            ("ops@[2001:db8::1]:2222", "ops", "2001:db8::1", 2222),
            ("2001:db8::1", "me", "2001:db8::1", 22),
        ] {
            assert_eq!(split(spec, "me"), (user.to_owned(), host.to_owned(), port), "{spec}");
        }
    }
}
