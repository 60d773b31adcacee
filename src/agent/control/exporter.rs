//! `GET /metrics` by HTTP, on a loopback address, a unix socket, or where the configuration says `unprotected`: as much
//! of HTTP as Prometheus needs, with limits.

use std::io;
use std::net::TcpListener as StdListener;
use std::path::Path;
use std::time::Duration;

use hactl_engine::conf::config::MetricsAddress;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::handles::Handles;
use super::server;
use crate::net::http::serve::{self as http, Unserved, answer};
use crate::net::seats::{self, Listener, Place, Wire};

/// Clients at a time; beyond that the one that has been idle longest goes.
const CLIENTS: usize = 16;
/// One request, from the connection to the last byte of its answer.
const LIMIT: Duration = Duration::from_secs(10);

/// The listener, if one is configured.
#[derive(Default)]
pub(crate) struct Exporter {
    running: Option<(MetricsAddress, JoinHandle<()>)>,
}

impl Exporter {
    /// Listens where a configuration wants it and no longer where not. What cannot be done is said in the log.
    pub(crate) fn configure(&mut self, wanted: Option<&MetricsAddress>, handles: &Handles) {
        let still_runs = self.running.as_ref().is_some_and(|(_, task)| !task.is_finished());
        if still_runs && self.running.as_ref().map(|(address, _)| address) == wanted {
            return;
        }
        self.stop();
        let Some(address) = wanted else { return };
        match listen(address) {
            Ok(listener) => {
                let task = tokio::spawn(serve(listener, handles.clone()));
                self.running = Some((address.clone(), task));
            }
            Err(error) => tracing::error!("metrics {}: {error}; none are offered there", shown(address)),
        }
    }

    /// Ends it.
    pub(crate) fn stop(&mut self) {
        let Some((address, task)) = self.running.take() else { return };
        task.abort();
        if let MetricsAddress::Unix(path) = &address
            && let Err(error) = std::fs::remove_file(path)
        {
            tracing::warn!("{path}: {error}");
        }
    }
}

fn shown(address: &MetricsAddress) -> String {
    match address {
        MetricsAddress::Tcp(address) | MetricsAddress::Unprotected(address) => address.to_string(),
        MetricsAddress::Unix(path) => format!("unix:{path}"),
    }
}

fn listen(address: &MetricsAddress) -> io::Result<Listener> {
    match address {
        MetricsAddress::Tcp(address) if !address.ip().is_loopback() => {
            let why = "only loopback addresses: who is master is nobody else's business; write `unprotected` behind it";
            Err(io::Error::new(io::ErrorKind::InvalidInput, why))
        }
        MetricsAddress::Tcp(address) | MetricsAddress::Unprotected(address) => {
            let listener = StdListener::bind(address)?;
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener).map(Listener::Tcp)
        }
        MetricsAddress::Unix(path) => server::bind(Path::new(path)).map(Listener::Unix),
    }
}

async fn serve(listener: Listener, handles: Handles) {
    let talk = |stream, place| {
        let handles = handles.clone();
        async move {
            // A client that hangs up or is too slow is no event.
            let _ = timeout(LIMIT, converse(stream, &place, &handles)).await;
        }
    };
    seats::serve(listener, "metrics", CLIENTS, talk).await;
}

async fn converse(mut stream: Box<dyn Wire>, place: &Place, handles: &Handles) -> io::Result<()> {
    let request = http::read(&mut stream).await?;
    let answer = match judge(&request) {
        Ok(()) => {
            place.is_served();
            let page = server::metrics(handles).await;
            place.is_idle();
            match page {
                Ok(page) => answer("200 OK", "text/plain; version=0.0.4; charset=utf-8", &page),
                Err(why) => answer("503 Service Unavailable", "text/plain", &why.to_string()),
            }
        }
        Err(unserved) => {
            let status = unserved.to_string();
            answer(&status, "text/plain", &status)
        }
    };
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// Whether a request is `GET /metrics`; else the status that it deserves.
fn judge(request: &[u8]) -> Result<(), Unserved> {
    match http::path(request)?.as_str() {
        "/metrics" => Ok(()),
        _ => Err(Unserved::NotFound),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_page() {
        assert_eq!(judge(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"), Ok(()));
        assert_eq!(judge(b"GET /metrics?x=1 HTTP/1.0\r\n\r\n"), Ok(()));
        assert_eq!(judge(b"GET / HTTP/1.1\r\n\r\n"), Err(Unserved::NotFound));
        assert_eq!(judge(b"POST /metrics HTTP/1.1\r\n\r\n"), Err(Unserved::MethodNotAllowed));
        for junk in [&b"GET /metrics HTTP/1.1\r\n"[..], b"", b"\xff\xfe\r\n\r\n", b"GET /metrics\r\n\r\n"] {
            assert_eq!(judge(junk), Err(Unserved::BadRequest));
        }
        let status = |unserved: Unserved| unserved.to_string();
        assert_eq!(status(Unserved::BadRequest), "400 Bad Request");
        assert_eq!(status(Unserved::NotFound), "404 Not Found");
        assert_eq!(status(Unserved::MethodNotAllowed), "405 Method Not Allowed");
    }

    #[test]
    fn only_here() {
        let far = MetricsAddress::Tcp("192.0.2.1:9650".parse().unwrap());
        assert!(listen(&far).err().unwrap().to_string().contains("loopback"));
    }
}
