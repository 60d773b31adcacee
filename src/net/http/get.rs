//! One plain request for a status: what probes and the desk ask.

use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::exchange::{HttpError, status};
use super::request::Request;

/// Why there is no status.
#[derive(Debug, Error)]
pub(crate) enum GetError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("no answer within {} s", .0.as_secs_f64())]
    Late(Duration),
}

/// Asks a server over plain HTTP and returns the status, within this time. `host` goes into the Host header; `path` begins
/// with a slash.
///
/// # Errors
/// No connection, no answer in time, or none of HTTP.
pub(crate) async fn get(server: SocketAddr, host: &str, path: &str, limit: Duration) -> Result<u16, GetError> {
    let asked = async {
        let stream = TcpStream::connect(server).await.map_err(HttpError::Network)?;
        let mut request = Request::new("GET", path, "1.0");
        request.header("Host", host);
        request.header("User-Agent", "hactl");
        request.header("Connection", "close");
        Ok(status(stream, &request.finish()).await?)
    };
    timeout(limit, asked).await.unwrap_or(Err(GetError::Late(limit)))
}
