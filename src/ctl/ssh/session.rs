//! One connected host: scripts on channels of their own.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use russh::client::{Handle, Msg};
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::refused;
use super::talk::{Leave, OUTPUT_MAX, Root, Say, Talk};
use super::trust::Trust;
use crate::ctl::cluster::{Secret, Ssh};
use crate::ctl::remote::{CHANNEL, END, Output, Remote, RemoteError, SHELL};
use crate::error::Problem;

/// A connection that is logged in.
pub struct Session {
    handle: Handle<Trust>,
    host: String,
    login: Ssh,
    root: Root,
    /// What the connection runs through, kept alive as long as it.
    _through: Option<Arc<dyn Any + Send + Sync>>,
}

impl Session {
    /// A session on an open connection, as the user who logged in; `host` is its name for people.
    pub fn new(handle: Handle<Trust>, host: &str, login: &Ssh, through: Option<Arc<dyn Any + Send + Sync>>) -> Self {
        Self { handle, host: host.to_owned(), login: login.clone(), root: Root::Already, _through: through }
    }

    /// Makes sure that scripts run as root.
    ///
    /// # Errors
    /// sudo is missing, or does not let this user in.
    pub async fn elevate(mut self, password: Option<Secret>, limit: Duration) -> Result<Self, Problem> {
        if self.login.user == "root" && !self.login.sudo {
            return Ok(self);
        }
        self.root = password.map_or(Root::Sudo, Root::SudoPassword);
        let answer = self.run("true", b"", limit).await.map_err(|error| error.problem(&self.host, "asking sudo"))?;
        if answer.code == 0 {
            return Ok(self);
        }
        let (said, code) = (answer.complaint(), Some(answer.code));
        Err(refused::problem(&self.host, &self.login, said.as_bytes(), code))
    }

    async fn run(&self, script: &str, stdin: &[u8], limit: Duration) -> Result<Output, RemoteError> {
        let late = |waited_for| move |_| RemoteError::Timeout { limit, waited_for };
        let begin = tokio::time::Instant::now();
        let opening = timeout(limit, self.handle.channel_open_session()).await.map_err(late(CHANNEL))?;
        let (mut read, write) = opening.map_err(refusal)?.split();
        let begun = AtomicBool::new(false);
        let talking = self.converse(Talk::new(&self.root, script), stdin, &mut read, &write, &begun);
        let end = timeout(limit.saturating_sub(begin.elapsed()), talking).await;
        let end = end.unwrap_or_else(|_| {
            let waited_for = if begun.load(Ordering::Relaxed) { END } else { SHELL };
            Err(RemoteError::Timeout { limit, waited_for })
        });
        if end.is_err() {
            // Whatever still runs there gets no more input and no more listener; a lost connection has no channel to close.
            let _ = write.close().await;
        }
        end
    }

    /// Input and output flow together: a script that talks before it has read everything must not block.
    async fn converse(
        &self,
        talk: Talk<'_>,
        stdin: &[u8],
        read: &mut ChannelReadHalf,
        write: &ChannelWriteHalf<Msg>,
        begun: &AtomicBool,
    ) -> Result<Output, RemoteError> {
        write.exec(false, talk.command()).await.map_err(lost)?;
        let script = talk.script();
        let (say, words) = unbounded_channel(); // two at most: the password and the script
        let feed = feed(words, &script, stdin, write);
        let listen = self.listen(talk, read, say, begun);
        tokio::pin!(feed, listen);
        tokio::select! {
            biased;
            output = &mut listen => output,
            () = &mut feed => listen.await,
        }
    }

    async fn listen<'t>(
        &self,
        mut talk: Talk<'t>,
        read: &mut ChannelReadHalf,
        say: UnboundedSender<Say<'t>>,
        begun: &AtomicBool,
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
                _ => continue,
            };
            begun.store(talk.begun(), Ordering::Relaxed);
            match next {
                Say::Nothing => {}
                Say::Leave(Leave::TooMuch) => return Err(RemoteError::TooMuch(OUTPUT_MAX)),
                Say::Leave(Leave::WrongPassword) => {
                    let problem = refused::wrong_password(&self.host, &self.login);
                    return Err(RemoteError::NeverBegan(Box::new(problem)));
                }
                // Who feeds may have given up on a host that reads nothing; its exit status tells.
                words => drop(say.send(words)),
            }
        }
        let begun = talk.begun();
        let (out, mut err) = talk.end();
        if !begun {
            let said = [err.as_slice(), out.as_slice()].concat();
            let problem = refused::problem(&self.host, &self.login, &said, code);
            return Err(RemoteError::NeverBegan(Box::new(problem)));
        }
        if let Some(killed) = killed {
            err.extend_from_slice(killed.as_bytes());
            code = code.or(Some(128));
        }
        let code = code.ok_or_else(|| RemoteError::Lost("closed before the command ended".into()))?;
        Ok(Output::new(code, &out, &err))
    }
}

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
                    write.data(script.as_bytes()).await?;
                    write.data(stdin).await?;
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

fn lost(error: russh::Error) -> RemoteError {
    RemoteError::Lost(error.to_string())
}

fn refusal(error: russh::Error) -> RemoteError {
    match error {
        russh::Error::ChannelOpenFailure(why) => RemoteError::Refused(format!("{why:?}")),
        other => lost(other),
    }
}

impl Remote for Session {
    fn exec<'a>(
        &'a self,
        script: &'a str,
        stdin: &'a [u8],
        limit: Duration,
    ) -> BoxFuture<'a, Result<Output, RemoteError>> {
        self.run(script, stdin, limit).boxed()
    }
}
