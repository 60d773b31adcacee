//! JSON by HTTP POST to a service on the own network. Plain HTTP: there is no TLS in this program.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// One delivery, from the connection to the status line.
const LIMIT: Duration = Duration::from_secs(5);
/// So much of an answer is read: the status line.
const ANSWER: u64 = 1024;

/// Where a webhook listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// HOST:PORT to connect to.
    server: String,
    /// As in the URL, for the Host header.
    authority: String,
    /// Path and query; may hold a token, so it is never logged.
    path: String,
}

impl Target {
    /// Reads a URL.
    ///
    /// # Errors
    /// In words, when it is none that can be posted to.
    pub fn parse(url: &str) -> Result<Self, String> {
        let shown = url.split(['?', '#']).next().unwrap_or_default();
        if url.starts_with("https://") {
            return Err("webhook https://…: this agent has no TLS, so nothing is sent; \
                 give a http:// URL, for example of a relay on this host that speaks TLS"
                .into());
        }
        let rest =
            url.strip_prefix("http://").ok_or_else(|| format!("webhook `{shown}` is not http://HOST[:PORT]/…"))?;
        let clean = rest.bytes().all(|byte| byte.is_ascii_graphic());
        let cut = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(cut);
        if !clean || authority.is_empty() || authority.contains('@') {
            return Err("webhook: the URL must be http://HOST[:PORT]/PATH, without spaces, user or password".into());
        }
        let path = path.split('#').next().unwrap_or_default();
        let port = authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
        let server = match port {
            Some((_, port)) => port
                .parse::<u16>()
                .map(|_| authority.to_owned())
                .map_err(|_| format!("webhook at {authority}: `{port}` is not a port"))?,
            None => format!("{authority}:80"),
        };
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self { server, authority: authority.to_owned(), path: format!("{slash}{path}") })
    }

    /// Posts a document; any status of 2xx means that it arrived.
    ///
    /// # Errors
    /// In words.
    pub async fn post(&self, document: &Value) -> Result<(), String> {
        let wrong = |why: String| format!("webhook at {}: {why}", self.authority);
        match timeout(LIMIT, self.exchange(document)).await {
            Ok(Ok(200..=299)) => Ok(()),
            Ok(Ok(status)) => Err(wrong(format!("HTTP status {status}"))),
            Ok(Err(why)) => Err(wrong(why)),
            Err(_) => Err(wrong(format!("no answer within {} s", LIMIT.as_secs()))),
        }
    }

    async fn exchange(&self, document: &Value) -> Result<u16, String> {
        let words = |error: std::io::Error| error.to_string();
        let mut stream = TcpStream::connect(&self.server).await.map_err(words)?;
        let body = document.to_string();
        let request = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: hactl/{}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.path,
            self.authority,
            env!("CARGO_PKG_VERSION"),
            body.len()
        );
        stream.write_all(request.as_bytes()).await.map_err(words)?;
        let mut answer = Vec::new();
        let mut bounded = stream.take(ANSWER);
        while !answer.contains(&b'\n') && bounded.read_buf(&mut answer).await.map_err(words)? > 0 {}
        let line = String::from_utf8_lossy(&answer);
        let line = line.lines().next().unwrap_or_default();
        line.strip_prefix("HTTP/")
            .and_then(|rest| rest.split_whitespace().nth(1))
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| format!("the answer is not HTTP: {line:?}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn urls() {
        let target = Target::parse("http://10.0.0.9:8080/hook?token=abc#x").unwrap();
        assert_eq!((target.server.as_str(), target.path.as_str()), ("10.0.0.9:8080", "/hook?token=abc"));
        let target = Target::parse("http://[fd00::9]").unwrap();
        assert_eq!((target.server.as_str(), target.path.as_str()), ("[fd00::9]:80", "/"));
        assert_eq!(Target::parse("http://hook.lan?x=1").unwrap().path, "/?x=1");
        assert!(Target::parse("https://hook.lan/").unwrap_err().contains("no TLS"));
        for bad in ["ftp://x/", "http://", "http://user:pass@x/", "http://x/\r\nX: 1", "http://x:99999/"] {
            assert!(Target::parse(bad).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn posts_and_judges_the_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = Target::parse(&format!("http://{}/hook", listener.local_addr().unwrap())).unwrap();
        let server = tokio::spawn(async move {
            let mut requests = Vec::new();
            for answer in ["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 503 Busy\r\n\r\n", "220 smtp\r\n"] {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"}") {
                    stream.read_buf(&mut request).await.unwrap();
                }
                stream.write_all(answer.as_bytes()).await.unwrap();
                requests.push(String::from_utf8(request).unwrap());
            }
            requests
        });
        let document = json!({"instance": "VI_ü"});
        assert_eq!(target.post(&document).await, Ok(()));
        assert!(target.post(&document).await.unwrap_err().ends_with("HTTP status 503"));
        assert!(target.post(&document).await.unwrap_err().contains("not HTTP"));
        let request = &server.await.unwrap()[0];
        assert!(request.starts_with("POST /hook HTTP/1.1\r\nHost: 127.0.0.1:"), "{request}");
        assert!(request.contains("Content-Length: 20\r\n") && request.ends_with("\r\n\r\n{\"instance\":\"VI_ü\"}"));
        assert!(target.post(&document).await.unwrap_err().contains("refused"));
    }
}
