//! All hosts at once: TCP, host key, login, and root.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _, join_all};
use futures_util::stream::{self, StreamExt as _};
use russh::ChannelOpenFailure;
use tokio::net::TcpStream;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::timeout;

use super::client_config::ClientConfig;
use super::greet::{Greeter, LoggedIn, Missed};
use super::keyring::Keyring;
use super::known_hosts::KnownHosts;
use super::login;
use super::peer::Peer;
use super::quickack::QuickAck;
use super::session::Session;
use super::trust::HostKeys;
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
        greeter: Greeter {
            ring: Keyring::load(logins.iter().flatten()),
            keys: HostKeys { known, accept_new: how.accept_new, listener: how.listener.clone() },
            limit: how.limit,
        },
        config,
        jumps: Mutex::default(),
    };
    // By number, so that each is made when its turn comes: so many unfinished handshakes would be most of what is in
    // memory.
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
    greeter: Greeter,
    config: ClientConfig,
    jumps: Mutex<BTreeMap<String, Arc<Jump>>>,
}

/// A jump host: connected once, by whoever comes first.
struct Jump {
    connected: OnceCell<Connection>,
    seats: tokio::sync::Semaphore,
}

/// A connection that is logged in.
struct Connection {
    peer: Peer,
    ready: LoggedIn,
    /// What it runs through itself.
    through: Option<Arc<Jump>>,
}

impl Shared {
    async fn host(&self, host: &Host, login: &Ssh, password: Option<&Secret>) -> Result<Arc<dyn Remote>, Problem> {
        self.greeter.ring.check(&host.name, login)?;
        let peer = Peer::new(&host.name, host.address.to_string(), login);
        let Connection { peer, ready, through } = self.reach(peer, login, password, &[]).await?;
        let through = through.map(|jump| jump as Arc<dyn std::any::Any + Send + Sync>);
        let session = Session::new(ready.handle, peer, ready.said, through);
        let sudo = login.user != "root" || login.sudo;
        Ok(Arc::new(session.elevate(sudo, password.cloned(), self.greeter.limit).await?))
    }

    /// A host that is not reached, where ssh's configuration may say how and there is no ssh to ask.
    fn unread(&self, mut problem: Problem) -> Problem {
        if let Some(remark) = self.config.unread() {
            problem.next = Some(problem.next.map_or_else(|| remark.to_owned(), |next| format!("{next}; {remark}")));
        }
        problem
    }

    /// Directly, or through the jump host that the login names. One that is turned away at the door tries again a
    /// little later.
    async fn reach(
        &self,
        peer: Peer,
        login: &Ssh,
        password: Option<&Secret>,
        behind: &[String],
    ) -> Result<Connection, Problem> {
        let jump = match &login.jump {
            Some(spec) => {
                let jump = self.jump(spec, login, behind).await;
                Some(jump.map_err(|problem| not_reached(&peer.name, spec, problem))?)
            }
            None => None,
        };
        let mut pauses = PAUSES.iter();
        loop {
            let ready = match &jump {
                Some(jump) => self.through(jump, &peer, login, password).await,
                None => self.direct(&peer, login, password).await,
            };
            match (ready, pauses.clone().next()) {
                (Ok(ready), _) => return Ok(Connection { peer, ready, through: jump }),
                (Err(Missed { again: true, .. }), Some(pause)) => tokio::time::sleep(*pause).await,
                (Err(missed), _) => return Err(missed.problem),
            }
            pauses.next();
        }
    }

    async fn direct(&self, peer: &Peer, login: &Ssh, password: Option<&Secret>) -> Result<LoggedIn, Missed> {
        let (name, address, port) = (&peer.name, &peer.address, peer.port);
        let connect = TcpStream::connect((address.as_str(), port));
        let limit = self.greeter.limit;
        let stream = match timeout(limit, connect).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(unreachable(peer, &error).into()),
            Err(_) => {
                let what = format!("{address} port {port} did not answer within {} s", limit.as_secs());
                return Err(Problem::on(name, Code::Unreachable, what)
                    .why("the host is down, or a firewall drops the connection")
                    .next(format!("`ping {address}`; give slow hosts more time with --timeout"))
                    .into());
            }
        };
        self.greeter.greet(QuickAck::new(stream), peer, login, password).await
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
                    || Arc::new(Jump { connected: OnceCell::new(), seats: tokio::sync::Semaphore::new(PARALLEL_JUMP) });
                Arc::clone(jumps.entry(spec.to_owned()).or_insert_with(fresh))
            };
            let place = login::of_jump(&self.config, spec, login).await?;
            let behind = [behind, &[spec.to_owned()]].concat();
            let peer = || Peer::new(&place.name, place.address.clone(), &place.login).jump_host();
            jump.connected.get_or_try_init(|| self.reach(peer(), &place.login, None, &behind)).await?;
            Ok(jump)
        }
        .boxed()
    }

    async fn through(
        &self,
        jump: &Arc<Jump>,
        peer: &Peer,
        login: &Ssh,
        password: Option<&Secret>,
    ) -> Result<LoggedIn, Missed> {
        let lost = |why: &str| {
            let what = format!("{} port {} through its jump host: {why}", peer.address, peer.port);
            Problem::on(&peer.name, Code::Unreachable, what)
        };
        let _seat = jump.seats.acquire().await.map_err(|error| lost(&error.to_string()))?;
        let Some(Connection { peer: over, ready, .. }) = jump.connected.get() else {
            return Err(lost("not connected").into());
        };
        let reaches = format!("`{} nc -zv {} {}`", over.ssh(""), peer.address, peer.port);
        let open = ready.handle.channel_open_direct_tcpip(peer.address.clone(), peer.port.into(), "127.0.0.1", 0);
        let limit = self.greeter.limit;
        match timeout(limit, open).await {
            Ok(Ok(channel)) => self.greeter.greet(channel.into_stream(), peer, login, password).await,
            Ok(Err(russh::Error::ChannelOpenFailure(ChannelOpenFailure::AdministrativelyProhibited))) => Err(lost(&format!("{} refuses to pass connections on", over.name))
                .why("its sshd forbids it: AllowTcpForwarding or PermitOpen in its configuration, or what stands beside the key in authorized_keys (restrict, no-port-forwarding)")
                .next(format!("as root on {}: `sshd -T | grep -i -e allowtcpforwarding -e permitopen`; `AllowTcpForwarding local` is enough, then `systemctl reload ssh`", over.name)).into()),
            Ok(Err(russh::Error::ChannelOpenFailure(_))) => Err(lost(&format!("{} does not reach it", over.name))
                .why("from there the host is down, its sshd does not listen on that port, or a firewall is between")
                .next(reaches).into()),
            Ok(Err(error)) => Err(lost(&format!("the connection to {} has ended ({error})", over.name))
                .why("all hosts behind a jump host share one connection to it")
                .next(format!("the same command again; {} says why it ended", over.log())).into()),
            Err(_) => Err(lost(&format!("{} had no answer from it within {} s", over.name, limit.as_secs()))
                .why("from there the host is down, or a firewall drops the connection")
                .next(reaches).into()),
        }
    }
}

fn unreachable(peer: &Peer, error: &std::io::Error) -> Problem {
    let (name, address, port) = (&peer.name, &peer.address, peer.port);
    let problem = Problem::on(name, Code::Unreachable, format!("{address} port {port}: {error}"));
    if address.parse::<std::net::IpAddr>().is_err() {
        return problem.why("the name is not known here").next(NAMES);
    }
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => {
            let port = if peer.is_jump() {
                "name its port: `ssh: { jump: user@host:port }`"
            } else {
                "set its `ssh: { port: … }`"
            };
            problem
                .why("the host is up, but nothing listens there")
                .next(format!("`systemctl status ssh` on {name}, or {port}"))
        }
        _ => problem
            .why("the host cannot be reached from here")
            .next(format!("`ip route get {address}`, `ping {address}`")),
    }
}

/// Before each further try of a host that turns away at its door.
const PAUSES: [Duration; 3] = [Duration::from_millis(400), Duration::from_millis(900), Duration::from_millis(1900)];

/// What a jump host may be called.
const NAMES: &str = "a jump host is a name that resolves here, an address, or an alias of ~/.ssh/config";

/// A host that is not reached because its jump host is not.
fn not_reached(host: &str, spec: &str, mut problem: Problem) -> Problem {
    problem.message = format!("{host}: its jump host {spec} is not reached: {}", problem.message);
    problem
}
