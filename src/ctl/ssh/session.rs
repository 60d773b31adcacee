//! One connected host: scripts on channels of their own.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use russh::client::{Handle, Msg};
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio::sync::mpsc::{Sender, UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, timeout, timeout_at};

use super::peer::Peer;
use super::refused::Step;
use super::talk::{Leave, OUTPUT_MAX, Root, Say, Talk};
use super::trust::{Hearing, Trust};
use super::{refused, sudo};
use crate::ctl::cluster::Secret;
use crate::ctl::remote::{CHANNEL, END, Output, Remote, RemoteError};
use crate::ctl::words::clean;
use crate::error::Problem;

/// A connection that is logged in.
pub struct Session {
    handle: Handle<Trust>,
    peer: Peer,
    root: Root,
    said: Hearing,
    /// Scripts that have a channel right now.
    running: AtomicUsize,
    /// Whether a script ever began on it.
    worked: AtomicBool,
    /// What the connection runs through, kept alive as long as it.
    _through: Option<Arc<dyn Any + Send + Sync>>,
}

/// How far a script came.
#[derive(Debug, Default)]
struct Progress {
    past_shell: AtomicBool,
    begun: AtomicBool,
}

/// A script that has a channel, as long as this is kept.
struct Running<'a>(&'a AtomicUsize);

impl<'a> Running<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Session {
    /// A session on an open connection, as the user who logged in.
    pub(super) fn new(
        handle: Handle<Trust>,
        peer: Peer,
        said: Hearing,
        through: Option<Arc<dyn Any + Send + Sync>>,
    ) -> Self {
        let (running, worked) = (AtomicUsize::new(0), AtomicBool::new(false));
        Self { handle, peer, root: Root::Already, said, running, worked, _through: through }
    }

    /// Makes sure that scripts run as root.
    ///
    /// # Errors
    /// sudo is missing, or does not let this user in.
    pub(super) async fn elevate(
        mut self,
        sudo: bool,
        password: Option<Secret>,
        limit: Duration,
    ) -> Result<Self, Problem> {
        if !sudo {
            return Ok(self);
        }
        self.root = password.map_or(Root::Sudo, Root::SudoPassword);
        let answer = self.run("true", b"", limit, None).await.map_err(|error| error.problem(&self.peer.name))?;
        if answer.code == 0 {
            return Ok(self);
        }
        let (said, code) = (answer.complaint(), Some(answer.code));
        Err(refused::problem(&self.peer, Step::Sudo, said.as_bytes(), code))
    }

    async fn run(
        &self,
        script: &str,
        stdin: &[u8],
        limit: Duration,
        to: Option<Sender<Vec<u8>>>,
    ) -> Result<Output, RemoteError> {
        let begin = Instant::now();
        let (mut read, write) = self.open(limit).await?.split();
        let running = Running::new(&self.running);
        let progress = Progress::default();
        let talk = Talk::new(&self.root, script);
        let talking = self.converse((talk, to), stdin, &mut read, &write, &progress);
        let end = timeout(limit.saturating_sub(begin.elapsed()), talking).await;
        drop(running);
        let end = end.unwrap_or_else(|_| Err(self.late(&progress, limit)));
        if end.is_err() {
            // Whatever still runs there gets no more input and no more listener; a lost connection has no channel to
            // close.
            let _ = write.close().await;
        }
        end
    }

    /// A channel. sshd counts one as open until it has seen that both sides closed it, so that with a MaxSessions of 1
    /// the next one comes too early now and then; while scripts of ours run, it waits for these.
    async fn open(&self, limit: Duration) -> Result<Channel<Msg>, RemoteError> {
        let end = Instant::now() + limit;
        let mut pause = PAUSE_MIN;
        let mut alone = Instant::now();
        loop {
            let late = |_| RemoteError::Timeout { limit, waited_for: CHANNEL };
            match timeout_at(end, self.handle.channel_open_session()).await.map_err(late)? {
                Ok(channel) => return Ok(channel),
                Err(russh::Error::ChannelOpenFailure(_)) => {}
                Err(_) => return Err(self.lost()), // why is known better there
            }
            if self.running.load(Ordering::Relaxed) > 0 {
                alone = Instant::now();
            }
            if alone.elapsed() > ALONE || Instant::now() + pause > end {
                return Err(RemoteError::NeverBegan(Box::new(refused::no_session(&self.peer))));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    fn late(&self, progress: &Progress, limit: Duration) -> RemoteError {
        if progress.begun.load(Ordering::Relaxed) {
            return RemoteError::Timeout { limit, waited_for: END };
        }
        let step = if progress.past_shell.load(Ordering::Relaxed) { Step::Sudo } else { Step::Shell };
        RemoteError::NeverBegan(Box::new(refused::late(&self.peer, step, limit)))
    }

    /// The connection is over. Where nothing ever ran on it, that was not by chance.
    fn lost(&self) -> RemoteError {
        let said = self.said.lock().map(|said| said.clone()).unwrap_or_default();
        if !self.worked.load(Ordering::Relaxed) {
            return RemoteError::NeverBegan(Box::new(refused::ended(&self.peer, &said.goodbye)));
        }
        RemoteError::Lost(match (said.goodbye.as_str(), said.broken.as_str()) {
            ("", "") => "it ended without a word".into(),
            ("", why) => why.to_owned(),
            (words, _) => format!("the host says: {}", clean(words.trim().as_bytes())),
        })
    }

    /// Input and output flow together: a script that talks before it has read everything must not block.
    async fn converse(
        &self,
        (talk, to): (Talk<'_>, Option<Sender<Vec<u8>>>),
        stdin: &[u8],
        read: &mut ChannelReadHalf,
        write: &ChannelWriteHalf<Msg>,
        progress: &Progress,
    ) -> Result<Output, RemoteError> {
        write.exec(true, talk.command()).await.map_err(|_| self.lost())?;
        let script = talk.script();
        let (say, words) = unbounded_channel(); // two at most: the password and the script
        let feed = feed(words, &script, stdin, write);
        let listen = self.listen((talk, to), read, say, progress);
        tokio::pin!(feed, listen);
        tokio::select! {
            biased;
            output = &mut listen => output,
            () = &mut feed => listen.await,
        }
    }

    async fn listen<'t>(
        &self,
        (mut talk, to): (Talk<'t>, Option<Sender<Vec<u8>>>),
        read: &mut ChannelReadHalf,
        say: UnboundedSender<Say<'t>>,
        progress: &Progress,
    ) -> Result<Output, RemoteError> {
        let (mut code, mut killed) = (None, None);
        while let Some(message) = read.wait().await {
            let next = match message {
                ChannelMsg::Data { data } => talk.heard(&data, b""),
                ChannelMsg::ExtendedData { data, .. } => talk.heard(b"", &data),
                ChannelMsg::ExitStatus { exit_status } => {
                    code = Some(exit_status);
                    continue;
                }
                ChannelMsg::ExitSignal { signal_name, .. } => {
                    killed = Some(format!("killed by signal {signal_name:?}\n"));
                    continue;
                }
                ChannelMsg::Failure => {
                    return Err(RemoteError::NeverBegan(Box::new(refused::not_started(&self.peer))));
                }
                _ => continue,
            };
            progress.past_shell.store(talk.is_past_shell(), Ordering::Relaxed);
            progress.begun.store(talk.begun(), Ordering::Relaxed);
            if let Some(to) = &to {
                let some = talk.take();
                if !some.is_empty() && to.send(some).await.is_err() {
                    return Err(RemoteError::Lost("nobody listens here any more".into()));
                }
            }
            match next {
                Say::Nothing => {}
                Say::Leave(Leave::TooMuch) => return Err(RemoteError::TooMuch(OUTPUT_MAX)),
                Say::Leave(Leave::WrongPassword) => {
                    let problem = sudo::wrong_password(&self.peer, talk.asked_for().as_deref());
                    return Err(RemoteError::NeverBegan(Box::new(problem)));
                }
                // Who feeds may have given up on a host that reads nothing; its exit status tells.
                words => drop(say.send(words)),
            }
        }
        let (begun, past_shell) = (talk.begun(), talk.is_past_shell());
        let (out, mut err) = talk.end();
        if !begun {
            if code.is_none() && killed.is_none() && self.handle.is_closed() {
                return Err(self.lost());
            }
            let said = [err.as_slice(), out.as_slice()].concat();
            let step = if past_shell { Step::Sudo } else { Step::Shell };
            return Err(RemoteError::NeverBegan(Box::new(refused::problem(&self.peer, step, &said, code))));
        }
        self.worked.store(true, Ordering::Relaxed);
        if let Some(killed) = killed {
            err.extend_from_slice(killed.as_bytes());
            code = code.or(Some(128));
        }
        let code = code.ok_or_else(|| RemoteError::Lost("it ended before the command did".into()))?;
        Ok(Output::new(code, &out, &err))
    }
}

/// So much is handed over at a time. (By `data` russh would make a packet of each 8 KiB.)
const PART: usize = 256 * 1024;
/// Between two tries to open a channel.
const PAUSE_MIN: Duration = Duration::from_millis(10);
/// And later on.
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// So long sshd may take to notice that the last script's channel is closed.
const ALONE: Duration = Duration::from_secs(3);

/// Sends what the conversation asks for. A script may end without reading all of its input; its exit status tells.
async fn feed(mut words: UnboundedReceiver<Say<'_>>, script: &str, stdin: &[u8], write: &ChannelWriteHalf<Msg>) {
    while let Some(next) = words.recv().await {
        let sent = match next {
            Say::Password(secret) => {
                let line = [secret.0.as_bytes(), b"\n"].concat();
                write.data(line.as_slice()).await
            }
            Say::Script => {
                let all = async {
                    for part in script.as_bytes().chunks(PART).chain(stdin.chunks(PART)) {
                        write.data_bytes(part.to_vec()).await?;
                    }
                    write.eof().await
                };
                all.await
            }
            Say::Nothing | Say::Leave(_) => Ok(()),
        };
        if sent.is_err() {
            return;
        }
    }
}

impl Remote for Session {
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
