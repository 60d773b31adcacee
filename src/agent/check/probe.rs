//! `hactl agent probe URL`: does a web server answer? For check scripts on hosts that have neither curl nor wget.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

/// The status line is read up to here.
const STATUS_LINE: u64 = 1024;

/// Fetches `http://HOST[:PORT][/PATH]` and returns the HTTP status.
///
/// # Errors
/// In words: an URL that is none, or what failed within the time limit.
pub(crate) fn http(url: &str, limit: Duration) -> Result<u16, String> {
    let rest = url.strip_prefix("http://").ok_or_else(|| format!("`{url}` is not http://HOST[:PORT][/PATH]"))?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let target = if has_port { authority.to_owned() } else { format!("{authority}:80") };
    let failed = |error: io::Error| format!("{url}: {error}");
    let address = target
        .to_socket_addrs()
        .map_err(failed)?
        .next()
        .ok_or_else(|| format!("{url}: `{authority}` has no address"))?;
    let mut stream = TcpStream::connect_timeout(&address, limit).map_err(failed)?;
    stream.set_read_timeout(Some(limit)).map_err(failed)?;
    stream.set_write_timeout(Some(limit)).map_err(failed)?;
    let request =
        format!("GET /{path} HTTP/1.0\r\nHost: {authority}\r\nUser-Agent: hactl\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let mut line = String::new();
    BufReader::new(stream.take(STATUS_LINE)).read_line(&mut line).map_err(failed)?;
    line.strip_prefix("HTTP/")
        .and_then(|rest| rest.split_whitespace().nth(1))
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| format!("{url}: the answer is not HTTP: {:?}", line.trim_end()))
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn statuses_and_garbage() {
        let limit = Duration::from_secs(2);
        assert_eq!(http(&answering(b"HTTP/1.1 503 No\r\n\r\n"), limit), Ok(503));
        assert!(http(&answering(b"220 smtp ready\r\n"), limit).unwrap_err().contains("not HTTP"));
        assert!(http(&answering(b""), limit).is_err());
        assert!(http("ftp://x/", limit).unwrap_err().contains("ftp://x/"));
        assert!(http("http://127.0.0.1:1/", limit).is_err());
    }
}
