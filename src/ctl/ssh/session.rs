//! One connected host: scripts on channels of their own, unix sockets by `direct-streamlocal`.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use russh::ChannelMsg;
use russh::client::Handle;
use tokio::time::timeout;

use super::trust::Trust;
use crate::ctl::cluster::{Secret, Ssh};
use crate::ctl::remote::{Duplex, Output, Remote, RemoteError, quote};
use crate::error::Problem;

/// A connection that is logged in.
pub struct Session {
    handle: Handle<Trust>,
    root: Root,
    /// What the connection runs through, kept alive as long as it.
    _through: Option<Arc<dyn Any + Send + Sync>>,
}

/// How a script becomes root.
#[derive(Debug)]
enum Root {
    Already,
    Sudo,
    SudoPassword(Secret),
}

impl Session {
    /// A session on an open connection, as the user who logged in.
    pub fn new(handle: Handle<Trust>, through: Option<Arc<dyn Any + Send + Sync>>) -> Self {
        Self { handle, root: Root::Already, _through: through }
    }

    /// Makes sure that scripts run as root.
    ///
    /// # Errors
    /// sudo is missing, or does not let this user in.
    pub async fn elevate(
        mut self,
        host: &str,
        login: &Ssh,
        password: Option<Secret>,
        limit: Duration,
    ) -> Result<Self, Problem> {
        if login.user == "root" && !login.sudo {
            return Ok(self);
        }
        let lost = |error: RemoteError| error.problem(host, "asking sudo");
        self.root = Root::Sudo;
        let mut answer = self.run("true", b"", limit).await.map_err(lost)?;
        if let (true, Some(password)) = (answer.code != 0, password) {
            self.root = Root::SudoPassword(password);
            answer = self.run("true", b"", limit).await.map_err(lost)?;
        }
        if answer.code == 0 {
            return Ok(self);
        }
        let user = &login.user;
        Err(Problem::new("E307", format!("{host}: {user} cannot become root: {}", answer.complaint()))
            .why("packages, files and services belong to root; nothing was changed")
            .next(format!("as root on {host}: `echo '{user} ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/{user}`, or give `ssh: {{ password: … }}`")))
    }

    async fn run(&self, script: &str, stdin: &[u8], limit: Duration) -> Result<Output, RemoteError> {
        let quoted = quote(script);
        let (command, stdin) = match &self.root {
            Root::Already => (format!("sh -c {quoted}"), stdin.to_vec()),
            Root::Sudo => (format!("sudo -n -- sh -c {quoted}"), stdin.to_vec()),
            // -k: always reads the password, so the line can never end up in the script's own input.
            Root::SudoPassword(secret) => {
                let line = [secret.0.as_bytes(), b"\n", stdin].concat();
                (format!("sudo -k -S -p '' -- sh -c {quoted}"), line)
            }
        };
        timeout(limit, self.channel(command, stdin)).await.map_err(|_| RemoteError::Timeout(limit))?
    }

    async fn channel(&self, command: String, stdin: Vec<u8>) -> Result<Output, RemoteError> {
        let lost = |error: russh::Error| RemoteError::Lost(error.to_string());
        let channel = self.handle.channel_open_session().await.map_err(|error| match error {
            russh::Error::ChannelOpenFailure(why) => RemoteError::Refused(format!("{why:?}")),
            other => lost(other),
        })?;
        let (mut read, write) = channel.split();
        write.exec(false, command).await.map_err(lost)?;
        let feed = async move {
            // A script may end without reading all of its input; its exit status tells.
            if write.data(stdin.as_slice()).await.is_ok() {
                let _ = write.eof().await;
            }
            write
        };
        let listen = async {
            let mut output = Output { code: 255, ..Output::default() };
            let mut told = false;
            while let Some(message) = read.wait().await {
                match message {
                    ChannelMsg::Data { data } => output.stdout.extend_from_slice(&data),
                    ChannelMsg::ExtendedData { data, .. } => output.stderr.extend_from_slice(&data),
                    ChannelMsg::ExitStatus { exit_status } => (output.code, told) = (exit_status, true),
                    ChannelMsg::ExitSignal { signal_name, .. } => {
                        output.stderr.extend_from_slice(format!("killed by signal {signal_name:?}\n").as_bytes());
                        (output.code, told) = (128, true);
                    }
                    _ => {}
                }
            }
            if told { Ok(output) } else { Err(RemoteError::Lost("closed before the command ended".into())) }
        };
        // Input and output flow together: a script that talks before it has read everything must not block.
        tokio::pin!(feed, listen);
        tokio::select! {
            biased;
            output = &mut listen => output,
            _write = &mut feed => listen.await,
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
        self.run(script, stdin, limit).boxed()
    }

    fn socket<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Box<dyn Duplex>, RemoteError>> {
        async move {
            match self.handle.channel_open_direct_streamlocal(path).await {
                Ok(channel) => Ok(Box::new(channel.into_stream()) as Box<dyn Duplex>),
                Err(russh::Error::ChannelOpenFailure(why)) => Err(RemoteError::Refused(format!("{why:?}"))),
                Err(error) => Err(RemoteError::Lost(error.to_string())),
            }
        }
        .boxed()
    }
}
