//! The way to played hosts: each script is said to a login shell in the words that SSH's hosts get (`ssh::talk`), so
//! profiles and other shells are played truly.

use std::collections::BTreeMap;
use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use hactl::ctl::cluster::Cluster;
use hactl::ctl::remote::{Connected, END, How, Output, Remote, RemoteError, SHELL, Way};
use hactl::ctl::secret::Secrets;
use hactl::ctl::ssh::talk::{Root, Say, Talk};
use hactl::error::{Code, Problem};
use nix::sys::signal::kill;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::Sender;
use tokio::time::timeout;

use super::fault::Fault;
use super::host::Host;

/// Says what a profile says, then is the login shell.
const PROFILE: &str = "printf %s \"$1\"; printf %s \"$1\" >&2; exec \"$2\" -c \"$3\"";

/// All hosts of a story, and the bell that rings when the desk shall die.
#[derive(Clone, Default)]
pub(crate) struct Stage {
    pub hosts: BTreeMap<String, Arc<Host>>,
    pub death: Arc<tokio::sync::Notify>,
    /// Connections that are open.
    pub open: Arc<Open>,
}

/// How many connections there are.
#[derive(Default)]
pub(crate) struct Open {
    now: AtomicUsize,
    /// The most that there ever were.
    pub most: AtomicUsize,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.hosts.keys()).finish()
    }
}

impl Way for Stage {
    fn connect<'a>(
        &'a self,
        cluster: &'a Cluster,
        names: &'a [String],
        _: &'a Secrets,
        _: How,
    ) -> BoxFuture<'a, Vec<Connected>> {
        let connect = |name: &String| {
            let host = &self.hosts[name];
            assert_eq!(host.text("played/address"), cluster.host(name).unwrap().address.to_string());
            let connection = Connection {
                host: Arc::clone(host),
                death: Arc::clone(&self.death),
                lost: AtomicBool::new(false),
                open: Arc::clone(&self.open),
            };
            self.open.most.fetch_max(self.open.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let refused = || Problem::on(name, Code::Unreachable, "no answer");
            let connected = host.faults.is_on().then(|| Arc::new(connection) as Arc<dyn Remote>).ok_or_else(refused);
            (name.clone(), connected)
        };
        async move { names.iter().map(connect).collect() }.boxed()
    }
}

/// A connection to one host; once lost it stays so.
struct Connection {
    host: Arc<Host>,
    death: Arc<tokio::sync::Notify>,
    lost: AtomicBool,
    open: Arc<Open>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.open.now.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Remote for Connection {
    fn exec<'a>(
        &'a self,
        script: &'a str,
        stdin: &'a [u8],
        limit: Duration,
    ) -> BoxFuture<'a, Result<Output, RemoteError>> {
        self.run(script, stdin, limit, None).boxed()
    }

    fn follow<'a>(
        &'a self,
        script: &'a str,
        to: Sender<Vec<u8>>,
        limit: Duration,
    ) -> BoxFuture<'a, Result<Output, RemoteError>> {
        self.run(script, b"", limit, Some(to)).boxed()
    }
}

impl Connection {
    async fn run(
        &self,
        script: &str,
        stdin: &[u8],
        limit: Duration,
        to: Option<Sender<Vec<u8>>>,
    ) -> Result<Output, RemoteError> {
        if self.lost.load(Ordering::SeqCst) || !self.host.faults.is_on() {
            return Err(self.lose());
        }
        let met = self.host.faults.meet(script);
        if met.fault == Some(Fault::Silent) {
            return Err(RemoteError::Timeout { limit, waited_for: SHELL });
        }
        let in_time = timeout(limit, self.converse(&met.script, stdin, met.fault, to)).await;
        let late = RemoteError::Timeout { limit, waited_for: END };
        let output = in_time.unwrap_or_else(|_| Err(late.clone()));
        match met.fault {
            None | Some(Fault::Fails) => output,
            Some(Fault::Signal(signal)) => {
                kill(nix::unistd::getpid(), signal).unwrap();
                output
            }
            Some(Fault::Late) => Err(late),
            Some(Fault::DeskDies) => {
                self.death.notify_one();
                std::future::pending().await
            }
            Some(
                Fault::PowerCut
                | Fault::Lost
                | Fault::Starved(_)
                | Fault::StarvedInCalls(_)
                | Fault::Cut(_)
                | Fault::Silent,
            ) => Err(self.lose()),
        }
    }

    fn lose(&self) -> RemoteError {
        self.lost.store(true, Ordering::SeqCst);
        RemoteError::Lost("the story ends it".into())
    }

    /// As `ssh::session` does it, with a shell in place of a channel.
    async fn converse(
        &self,
        script: &str,
        stdin: &[u8],
        fault: Option<Fault>,
        to: Option<Sender<Vec<u8>>>,
    ) -> Result<Output, RemoteError> {
        let root = Root::Already;
        let mut talk = Talk::new(&root, script);
        let mut sent = [talk.script().as_bytes(), stdin].concat();
        match fault {
            Some(Fault::Starved(bytes)) => sent.truncate(bytes),
            Some(Fault::StarvedInCalls(bytes)) => sent.truncate(hactl::ctl::host::split(script).0.len() + bytes),
            _ => {}
        }
        let room = if let Some(Fault::Cut(bytes)) = fault { bytes } else { usize::MAX };
        let mut child = self.shell(&talk.command()).map_err(|error| RemoteError::Lost(error.to_string()))?;
        let (mut input, mut out, mut err) =
            (child.stdin.take(), child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (mut outs, mut errs) = ([0; 4096], [0; 4096]);
        let (mut more_out, mut more_err, mut heard) = (true, true, 0);
        let mut feed = None;
        while (more_out || more_err) && heard < room {
            let said = tokio::select! {
                length = out.read(&mut outs), if more_out => {
                    let length = length.unwrap_or_default();
                    more_out = length > 0;
                    heard += if talk.begun() { length } else { 0 };
                    talk.heard(&outs[..length], b"")
                }
                length = err.read(&mut errs), if more_err => {
                    let length = length.unwrap_or_default();
                    more_err = length > 0;
                    talk.heard(b"", &errs[..length])
                }
            };
            if let Some(to) = &to {
                let some = talk.take();
                if !some.is_empty() && to.send(some).await.is_err() {
                    return Err(RemoteError::Lost("nobody listens".into()));
                }
            }
            if said == Say::Script {
                let (mut input, sent) = (input.take().unwrap(), std::mem::take(&mut sent));
                // A script may end without reading all of it.
                feed = Some(tokio::spawn(async move { input.write_all(&sent).await }));
            }
        }
        drop((input, out, err));
        let status = child.wait().await.map_err(|error| RemoteError::Lost(error.to_string()))?;
        if let Some(feed) = feed {
            let _ = feed.await;
        }
        if !talk.begun() {
            let (out, err) = talk.end();
            let said = String::from_utf8_lossy(&[out, err].concat()).into_owned();
            return Err(RemoteError::NeverBegan(Box::new(Problem::on(&self.host.name, Code::NoCommands, said))));
        }
        let (out, err) = talk.end();
        let code = status.code().and_then(|code| u32::try_from(code).ok());
        Ok(Output::new(code.unwrap_or(128), &out, &err))
    }

    /// The host's login shell with this line, behind what its profile says.
    fn shell(&self, line: &str) -> io::Result<Child> {
        let banner = self.host.banner.lock().unwrap().clone();
        let login = self.host.shell.lock().unwrap().clone();
        let mut command = Command::from(self.host.enter(if banner.is_empty() { &login } else { "/bin/sh" }));
        if banner.is_empty() {
            command.args(["-c", line]);
        } else {
            command.args(["-c", PROFILE, "login", &banner, &login, line]);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn()
    }
}
