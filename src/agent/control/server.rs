//! The control socket: JSON lines, one request and one answer each; mode 0600, so only the agent's user may speak.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use hactl_engine::control::{Request, Response};
use hactl_engine::input::Command;
use hactl_engine::lvs::balancer::{Order, Selection};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, split};
use tokio::net::UnixListener;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::certificates::of_this_host;
use super::error::Unanswered;
use super::handles::{DaemonJob, Handles, ask, status};
use super::metrics::page;
use super::watch::{IDLE, say, watch};
use crate::agent::vrrp::message::Message;
use crate::net::seats::{self, Listener, Place, Wire};
use crate::sys::process::clock;

/// Longest request line in bytes.
const LINE: u64 = 64 * 1024;
/// Clients at a time; beyond that the one that has been idle longest goes.
const CLIENTS: usize = 64;

/// Makes the socket: bound beside its place in a folder of mode 0700, restricted, then renamed into place.
///
/// # Errors
/// The kernel's; "address in use" when a living agent answers there.
pub(crate) fn bind(path: &Path) -> io::Result<UnixListener> {
    if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        return Err(io::Error::new(io::ErrorKind::AddrInUse, "another agent answers there"));
    }
    let fresh = PathBuf::from(format!("{}.new", path.display()));
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&fresh)?;
    fs::set_permissions(&fresh, Permissions::from_mode(0o600))?;
    fs::rename(&fresh, path)?;
    Ok(listener)
}

/// Serves connections for ever.
pub(crate) async fn serve(listener: UnixListener, handles: Handles) {
    let talk = |stream, place| {
        let handles = handles.clone();
        async move {
            let _ = converse(stream, &place, &handles).await; // a client that hangs up in the middle is no event
        }
    };
    seats::serve(Listener::Unix(listener), "control socket", CLIENTS, talk).await;
}

async fn converse(stream: Box<dyn Wire>, place: &Place, handles: &Handles) -> io::Result<()> {
    let (read, mut write) = split(stream);
    let mut lines = BufReader::new(read);
    loop {
        let mut line = Vec::new();
        let length = timeout(IDLE, (&mut lines).take(LINE).read_until(b'\n', &mut line)).await??;
        if length == 0 {
            return Ok(());
        }
        if line.last() != Some(&b'\n') && line.len() as u64 == LINE {
            let answer = Response::Error { message: format!("a request is one line of at most {LINE} bytes") };
            return say(&mut write, &answer).await;
        }
        place.is_served();
        let answer = match serde_json::from_slice::<Request>(&line) {
            Ok(Request::Watch) => {
                place.is_idle();
                return watch(&mut lines, &mut write, handles).await;
            }
            Ok(request) => {
                answer(request, handles).await.unwrap_or_else(|why| Response::Error { message: why.to_string() })
            }
            Err(error) => Response::Error {
                message: format!("not a request: {error}; one JSON object a line, such as {{\"verb\":\"status\"}}"),
            },
        };
        say(&mut write, &answer).await?;
        place.is_idle();
    }
}

async fn answer(request: Request, handles: &Handles) -> Result<Response, Unanswered> {
    let done = |message: String| Response::Done { message };
    match request {
        Request::Status => status(handles).await.map(|status| Response::Status(Box::new(status))),
        Request::Promote { instance, force, expires_in_s, reason } => {
            let expires = expires_in_s
                .map(|seconds| (Duration::from_secs(seconds), (clock::unix_ms() / 1000).saturating_add(seconds)));
            command(handles, Command::Promote { instance, force, expires, reason }).await.map(done)
        }
        Request::Resign { instance } => command(handles, Command::Resign { instance }).await.map(done),
        Request::Unpin { instance } => command(handles, Command::Unpin { instance }).await.map(done),
        Request::Reload => {
            let (asker, reply) = oneshot::channel();
            handles.main.send(DaemonJob::Reload(asker)).await.map_err(|_| Unanswered::Stopping)?;
            Ok(done(reply.await.map_err(|_| Unanswered::Stopping)??))
        }
        Request::Stop { keep_addresses } => {
            handles.in_a_hurry.fetch_or(keep_addresses, Ordering::Relaxed);
            if handles.mailbox.send(Message::Stop { keep_addresses }) {
                Ok(done(if keep_addresses { "stopping; the addresses stay".into() } else { "stopping".into() }))
            } else {
                Err(Unanswered::Stopping)
            }
        }
        Request::History => Ok(Response::History { events: handles.journal.past() }),
        Request::Metrics => metrics(handles).await.map(|text| Response::Metrics { text }),
        Request::Upgrade => {
            let (asker, reply) = oneshot::channel();
            handles.main.send(DaemonJob::Upgrade(asker)).await.map_err(|_| Unanswered::Stopping)?;
            Ok(done(reply.await.map_err(|_| Unanswered::Stopping)??))
        }
        Request::Drain { server, virtual_server } => order(handles, &server, virtual_server, Order::Drain).await,
        Request::Undrain { server, virtual_server } => order(handles, &server, virtual_server, Order::Undrain).await,
        Request::Weight { server, virtual_server, weight } => {
            order(handles, &server, virtual_server, Order::Weight(weight)).await
        }
        Request::Watch => Err(Unanswered::WatchAlone),
    }
}

async fn order(
    handles: &Handles,
    server: &str,
    virtual_server: Option<String>,
    order: Order,
) -> Result<Response, Unanswered> {
    let selection = Selection::parse(server, virtual_server)?;
    let (asker, reply) = oneshot::channel();
    handles.main.send(DaemonJob::Order(selection, order, asker)).await.map_err(|_| Unanswered::Stopping)?;
    let servers = reply.await.map_err(|_| Unanswered::Stopping)??;
    let message = match order {
        Order::Drain => format!("drained: {servers}; what is connected goes on"),
        Order::Undrain => format!("serving again: {servers}"),
        Order::Weight(Some(weight)) => format!("weight {weight}: {servers}"),
        Order::Weight(None) => format!("weight as configured: {servers}"),
    };
    Ok(Response::Done { message })
}

async fn command(handles: &Handles, command: Command) -> Result<String, Unanswered> {
    let (asker, reply) = oneshot::channel();
    Ok(ask(handles, Message::Command(command, asker), reply).await??)
}

/// The page of the metrics.
///
/// # Errors
/// As [`status`].
pub(crate) async fn metrics(handles: &Handles) -> Result<String, Unanswered> {
    let status = status(handles).await?;
    let certificates = tokio::task::spawn_blocking(of_this_host).await.unwrap_or_default(); // it does not panic
    Ok(page(&status, &certificates))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::mpsc;

    use super::*;
    use crate::agent::control::handles::PATIENCE;
    use crate::agent::report::journal::Journal;
    use crate::agent::vrrp::message::Mailbox;
    use crate::sys::process::epoll::Sleeper;

    /// Handles of an agent that is not there, the loop's end of them, and the main task's.
    fn handles() -> (Handles, std::sync::mpsc::Receiver<Message>, mpsc::Receiver<DaemonJob>) {
        let (mailbox, inbox) = Mailbox::new(Sleeper::new().unwrap().bell());
        let (main, questions) = mpsc::channel(1);
        let (journal, in_a_hurry) = (Journal::default(), Arc::default());
        (Handles { mailbox, main, journal, started_unix_s: 1_700_000_000, in_a_hurry }, inbox, questions)
    }

    #[tokio::test]
    async fn an_agent_that_stops_says_so() {
        let (handles, inbox, questions) = handles();
        drop((inbox, questions));
        let drain = Request::Drain { server: "10.0.0.7:80".into(), virtual_server: None };
        let stop = Request::Stop { keep_addresses: false };
        for request in
            [Request::Status, Request::Reload, Request::Upgrade, Request::Resign { instance: None }, drain, stop]
        {
            let answer = answer(request.clone(), &handles).await;
            assert!(matches!(answer, Err(Unanswered::Stopping)), "{request:?}: {answer:?}");
        }
    }

    /// It takes as long as the loop may take.
    #[tokio::test]
    async fn a_loop_that_stands_still_is_told() {
        let (handles, _inbox, _questions) = handles();
        let answer = answer(Request::Unpin { instance: None }, &handles).await;
        assert!(matches!(answer, Err(Unanswered::LoopSilent(PATIENCE))), "{answer:?}");
    }

    #[tokio::test]
    async fn what_cannot_be_asked_here_is_refused() {
        let (handles, _inbox, _questions) = handles();
        assert!(matches!(answer(Request::Watch, &handles).await, Err(Unanswered::WatchAlone)));
        let nobody = Request::Drain { server: "lb-5".into(), virtual_server: None };
        assert!(matches!(answer(nobody, &handles).await, Err(Unanswered::NoSelection(_))));
    }
}
