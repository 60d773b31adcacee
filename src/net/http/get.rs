//! One plain request for a status: what probes and the desk ask.

use std::net::SocketAddr;
use std::time::Duration;

use rustls::pki_types::ServerName;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::exchange::{HttpError, status};
use super::request::Request;
use crate::net::tls::protect::with_anybody;

/// Why there is no status.
#[derive(Debug, Error)]
pub(crate) enum GetError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("no connection within {} s", .0.as_secs_f64())]
    NoConnection(Duration),
    #[error("no answer within {} s", .0.as_secs_f64())]
    Late(Duration),
}

/// How long a connection may take: longer than the first SYN's retransmission (1 s, RFC 6298 §2), so that one lost
/// packet is no failure, and short, so that a host that drops packets is told of soon whatever time its answer may
/// take.
const CONNECT: Duration = Duration::from_millis(1500);

/// Asks a server over plain HTTP and returns the status, within this time; of it the connection may take 1.5 s. `host`
/// goes into the Host header; `path` begins with a slash.
///
/// # Errors
/// No connection, no answer in time, or none of HTTP.
pub(crate) async fn get(server: SocketAddr, host: &str, path: &str, limit: Duration) -> Result<u16, GetError> {
    let asked = async {
        let connected =
            timeout(CONNECT, TcpStream::connect(server)).await.map_err(|_| GetError::NoConnection(CONNECT))?;
        Ok(status(connected.map_err(HttpError::Network)?, &request(host, path)).await?)
    };
    timeout(limit, asked).await.unwrap_or(Err(GetError::Late(limit)))
}

/// The same over TLS, with whoever answers: the status, and the certificate that came, as DER.
///
/// # Errors
/// As [`get`], and what the handshake failed of.
pub(crate) async fn get_by_tls(
    server: SocketAddr,
    host: &str,
    path: &str,
    limit: Duration,
) -> Result<(u16, Option<Vec<u8>>), GetError> {
    let name = ServerName::try_from(host.to_owned()).unwrap_or_else(|_| server.ip().into());
    let asked = async {
        let stream = TcpStream::connect(server).await.map_err(HttpError::Network)?;
        let (stream, certificate) = with_anybody(stream, name).await.map_err(HttpError::Tls)?;
        Ok((status(stream, &request(host, path)).await?, certificate))
    };
    timeout(limit, asked).await.unwrap_or(Err(GetError::Late(limit)))
}

fn request(host: &str, path: &str) -> Vec<u8> {
    let mut request = Request::new("GET", path, "1.0");
    request.header("Host", host);
    request.header("User-Agent", "hactl");
    request.header("Connection", "close");
    request.finish()
}
