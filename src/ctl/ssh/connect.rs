//! All hosts at once: TCP, host key, login, and root.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _, join_all};
use futures_util::stream::{self, StreamExt as _};
use russh::client::{Config, Handle, connect_stream};
use russh::{Preferred, cipher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::timeout;

use super::auth::{self, Keyring};
use super::client_config::ClientConfig;
use super::known_hosts::{KnownHosts, Names};
use super::login;
use super::pinned;
use super::quickack::QuickAck;
use super::session::Session;
use super::trust::{HostKeys, Refusal, Trust};
use crate::ctl::cluster::{Cluster, Host, Secret, Ssh};
use crate::ctl::remote::{Connected, How, Remote, Way};
use crate::ctl::secret::Secrets;
use crate::error::{Code, Problem};

/// Handshakes at the same time.
pub const PARALLEL: usize = 64;
/// Of these through one jump host, whose sshd sees them all (MaxStartups is 10 before it drops some).
const PARALLEL_JUMP: usize = 8;

/// The way by SSH.
#[derive(Debug, Clone, Copy)]
pub struct BySsh;

impl Way for BySsh {
    fn connect<'a>(
        &'a self,
        cluster: &'a Cluster,
        names: &'a [String],
        secrets: &'a Secrets,
        how: How,
    ) -> BoxFuture<'a, Vec<Connected>> {
        connect_all(cluster, names, secrets, how).boxed()
    }
}

async fn connect_all(cluster: &Cluster, names: &[String], secrets: &Secrets, how: How) -> Vec<Connected> {
    let hosts: Vec<&Host> = names.iter().filter_map(|name| cluster.host(name)).collect();
    let known = match KnownHosts::load() {
        Ok(known) => Arc::new(known),
        Err(problem) => return hosts.iter().map(|host| (host.name.clone(), Err(problem.clone()))).collect(),
    };
    let config = ClientConfig::find();
    let logins = join_all(hosts.iter().map(|host| login::of_host(&config, host))).await;
    let shared = Shared {
        ring: Keyring::load(logins.iter().flatten()),
        config,
        keys: HostKeys { known, accept_new: how.accept_new },
        limit: how.limit,
        jumps: Mutex::default(),
    };
    // By number, so that each is made when its turn comes: so many unfinished handshakes would be most of what is in memory.
    let connects = logins.into_iter().enumerate().map(|(at, login)| {
        let (shared, hosts) = (&shared, &hosts);
        async move {
            let host: &Host = hosts.get(at)?;
            let password = host.ssh.password.as_ref().and_then(|source| secrets.find(source, &host.ssh.user));
            let answer = match login {
                Ok(login) => shared.host(host, &login, password).await,
                Err(problem) => Err(problem),
            };
            Some((host.name.clone(), answer.map_err(|problem| shared.unread(problem))))
        }
    });
    stream::iter(connects).buffered(how.parallel.clamp(1, PARALLEL)).filter_map(std::future::ready).collect().await
}

/// What all connections of a command share.
struct Shared {
    ring: Keyring,
    config: ClientConfig,
    keys: HostKeys,
    limit: Duration,
    jumps: Mutex<BTreeMap<String, Arc<Jump>>>,
}

/// A jump host: connected once, by whoever comes first.
struct Jump {
    /// With what it is itself reached through.
    handle: OnceCell<(Handle<Trust>, Option<Arc<Jump>>)>,
    seats: tokio::sync::Semaphore,
}

/// Who is connected to, as one value for messages and host keys.
struct Peer<'a> {
    name: &'a str,
    address: String,
    port: u16,
}

impl Shared {
    async fn host(&self, host: &Host, login: &Ssh, password: Option<&Secret>) -> Result<Arc<dyn Remote>, Problem> {
        auth::named_key(&host.name, login)?;
        let peer = Peer { name: &host.name, address: host.address.to_string(), port: login.port };
        let (handle, jump) = self.reach(&peer, login, password, &[]).await?;
        let through = jump.map(|jump| jump as Arc<dyn std::any::Any + Send + Sync>);
        let session = Session::new(handle, &host.name, login, through);
        Ok(Arc::new(session.elevate(password.cloned(), self.limit).await?))
    }

    /// A host that is not reached, where ssh's configuration may say how and there is no ssh to ask.
    fn unread(&self, mut problem: Problem) -> Problem {
        if let Some(remark) = self.config.unread() {
            problem.next = Some(problem.next.map_or_else(|| remark.to_owned(), |next| format!("{next}; {remark}")));
        }
        problem
    }

    /// Directly, or through the jump host that the login names.
    async fn reach(
        &self,
        peer: &Peer<'_>,
        login: &Ssh,
        password: Option<&Secret>,
        behind: &[String],
    ) -> Result<(Handle<Trust>, Option<Arc<Jump>>), Problem> {
        let Some(spec) = &login.jump else { return Ok((self.direct(peer, login, password).await?, None)) };
        let jump = self.jump(spec, login, behind).await.map_err(|problem| not_reached(peer.name, spec, problem))?;
        let handle = self.through(&jump, spec, peer, login, password).await?;
        Ok((handle, Some(jump)))
    }

    async fn direct(&self, peer: &Peer<'_>, login: &Ssh, password: Option<&Secret>) -> Result<Handle<Trust>, Problem> {
        let Peer { name, address, port } = peer;
        let connect = TcpStream::connect((address.as_str(), *port));
        let stream = match timeout(self.limit, connect).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(self.unreachable(peer, &error)),
            Err(_) => {
                let what = format!("{name}: {address} port {port} did not answer within {} s", self.limit.as_secs());
                return Err(Problem::new(Code::Unreachable, what)
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
            pinned: login.host_keys.clone(),
            refusal: Arc::clone(&refusal),
        };
        let known = AtomicBool::new(false);
        let greeting = async {
            let mut handle = connect_stream(self.config(peer, login), stream, trust).await.map_err(|error| {
                let refused = refusal.lock().ok().and_then(|mut refusal| refusal.take());
                refused.unwrap_or_else(|| {
                    Problem::on(
                        peer.name,
                        Code::HandshakeFailed,
                        format!("{} port {}: {error}", peer.address, peer.port),
                    )
                    .why("something answers there, but the SSH handshake failed")
                    .next(format!("`ssh -v -p {} {}@{}`", peer.port, login.user, peer.address))
                })
            })?;
            known.store(true, Ordering::Relaxed);
            auth::log_in(&mut handle, peer.name, login, &self.ring, password).await?;
            Ok(handle)
        };
        match timeout(self.limit, greeting).await {
            Ok(done) => done,
            Err(_) => {
                let (phase, why) = if known.load(Ordering::Relaxed) {
                    ("the login", "the host asks others first (names, a directory, PAM), or is overloaded")
                } else {
                    ("the key exchange", "the host is overloaded, or what listens there speaks no SSH")
                };
                let (name, address, port, seconds) = (peer.name, &peer.address, peer.port, self.limit.as_secs());
                let what = format!("{name}: {phase} with {address} port {port} did not finish within {seconds} s");
                Err(Problem::new(Code::Unreachable, what).why(why).next("give slow hosts more time with --timeout"))
            }
        }
    }

    fn unreachable(&self, peer: &Peer<'_>, error: &std::io::Error) -> Problem {
        let Peer { name, address, port } = peer;
        let problem = Problem::new(Code::Unreachable, format!("{name}: {address} port {port}: {error}"));
        if address.parse::<std::net::IpAddr>().is_err() {
            return problem.why("the name is not known here").next(NAMES);
        }
        match error.kind() {
            std::io::ErrorKind::ConnectionRefused => problem
                .why("the host is up, but nothing listens there")
                .next(format!("`systemctl status ssh` on {name}, or set its `ssh.port`")),
            _ => problem
                .why("the host cannot be reached from here")
                .next(format!("`ip route get {address}`, `ping {address}`")),
        }
    }

    fn config(&self, peer: &Peer<'_>, login: &Ssh) -> Arc<Config> {
        let names = Names { address: &peer.address, name: peer.name, port: peer.port };
        let usual = Preferred::DEFAULT;
        let key = pinned::order(&login.host_keys, self.keys.known.order(names, &usual.key));
        // AES in hardware costs half of what ChaCha20 costs when a binary is sent.
        let cipher = vec![cipher::AES_256_GCM, cipher::CHACHA20_POLY1305, cipher::AES_256_CTR, cipher::AES_128_CTR];
        // Only a host that an authority of ours may vouch for is asked for a certificate: others go on showing their key.
        let certificates = if self.keys.known.has_authority(names) { key.clone() } else { Vec::new() };
        let preferred =
            Preferred { key: key.into(), host_key_certificates: certificates.into(), cipher: cipher.into(), ..usual };
        Arc::new(Config { preferred, keepalive_interval: Some(KEEPALIVE), nodelay: true, ..Config::default() })
    }

    /// The connection to a jump host, made by the first who needs it. `behind`: those that wait for it.
    fn jump<'a>(
        &'a self,
        spec: &'a str,
        login: &'a Ssh,
        behind: &'a [String],
    ) -> BoxFuture<'a, Result<Arc<Jump>, Problem>> {
        async move {
            if behind.iter().any(|one| one == spec) {
                let problem = Problem::new(Code::JumpCircle, format!("{spec} is a jump host of itself"));
                return Err(problem
                    .why("one leads to the next in a circle, and the first is never reached")
                    .next(format!("`ssh -G {spec}` shows its proxyjump")));
            }
            let jump = {
                let mut jumps = self.jumps.lock().await;
                let fresh =
                    || Arc::new(Jump { handle: OnceCell::new(), seats: tokio::sync::Semaphore::new(PARALLEL_JUMP) });
                Arc::clone(jumps.entry(spec.to_owned()).or_insert_with(fresh))
            };
            let (address, login) = login::of_jump(&self.config, spec, login).await?;
            let peer = Peer { name: spec, address, port: login.port };
            let behind = [behind, &[spec.to_owned()]].concat();
            jump.handle.get_or_try_init(|| self.reach(&peer, &login, None, &behind)).await?;
            Ok(jump)
        }
        .boxed()
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
            Problem::on(
                peer.name,
                Code::Unreachable,
                format!("{} port {} through {spec}: {why}", peer.address, peer.port),
            )
            .next(format!("`ssh {spec} nc -z {} {}`", peer.address, peer.port))
        };
        let _seat = jump.seats.acquire().await.map_err(|error| lost(error.to_string()))?;
        let (handle, _) = jump.handle.get().ok_or_else(|| lost("not connected".into()))?;
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

/// What a jump host may be called.
const NAMES: &str = "a jump host is a name that resolves here, an address, or an alias of ~/.ssh/config";

/// A host that is not reached because its jump host is not.
fn not_reached(host: &str, spec: &str, mut problem: Problem) -> Problem {
    problem.message = format!("{host}: its jump host {spec} is not reached: {}", problem.message);
    problem
}
