//! `hactl agent probe URL`: does a web server answer? For check scripts on hosts that have neither curl nor wget.

use std::io;
use std::net::ToSocketAddrs as _;
use std::time::Duration;

use thiserror::Error;

use crate::net::http::get::{GetError, get};

/// Why a probe has no status.
#[derive(Debug, Error)]
pub(crate) enum ProbeError {
    #[error("`{0}` is not http://HOST[:PORT][/PATH]")]
    NotAUrl(String),
    #[error("{0}: {1}")]
    Local(String, #[source] io::Error),
    #[error("{0}: {1}")]
    Get(String, #[source] GetError),
}

/// Fetches `http://HOST[:PORT][/PATH]` and returns the HTTP status. Blocks, within the limit.
///
/// # Errors
/// An URL that is none, or what failed within the time limit.
pub(crate) fn http(url: &str, limit: Duration) -> Result<u16, ProbeError> {
    let rest = url.strip_prefix("http://").ok_or_else(|| ProbeError::NotAUrl(url.into()))?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let target = if has_port { authority.to_owned() } else { format!("{authority}:80") };
    let local = |error: io::Error| ProbeError::Local(url.into(), error);
    let nobody = || io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let found = target.to_socket_addrs().and_then(|mut all| all.next().ok_or_else(nobody));
    let server = found.map_err(local)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(local)?;
    runtime.block_on(get(server, authority, &format!("/{path}"), limit)).map_err(|why| ProbeError::Get(url.into(), why))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    fn answering(answer: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            let read = stream.read(&mut request).unwrap();
            assert!(request[..read].starts_with(b"GET /health HTTP/1.0\r\n"));
            stream.write_all(answer).unwrap();
        });
        format!("http://{address}/health")
    }

    /// A host that drops packets is told of before the time that an answer may take: the queue of this one is full.
    #[test]
    fn what_drops_packets_is_told_of_soon() {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
        socket.listen(0).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        let _waits = std::net::TcpStream::connect(address).unwrap();
        let why = http(&format!("http://{address}/"), Duration::from_secs(60)).unwrap_err();
        assert!(matches!(&why, ProbeError::Get(_, GetError::NoConnection(_))), "{why}");
    }

    #[test]
    fn statuses_and_garbage() {
        let limit = Duration::from_secs(2);
        assert_eq!(http(&answering(b"HTTP/1.1 503 No\r\n\r\n"), limit).unwrap(), 503);
        let why = http(&answering(b"220 smtp ready\r\n"), limit).unwrap_err();
        assert!(matches!(&why, ProbeError::Get(..)) && why.to_string().contains("not HTTP"), "{why}");
        assert!(http(&answering(b""), limit).is_err());
        assert!(matches!(http("ftp://x/", limit), Err(ProbeError::NotAUrl(url)) if url == "ftp://x/"));
        assert!(matches!(http("http://no-such-name.invalid/", limit), Err(ProbeError::Local(..))));
        assert!(http("http://127.0.0.1:1/", limit).is_err());
    }
}
