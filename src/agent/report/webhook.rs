//! JSON by HTTP POST, with TLS where the URL says https.

use std::time::Duration;

use hactl_engine::conf::WebUrl;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::secure;
use crate::net::seats::Wire;

/// One delivery, from the connection to the status line.
const LIMIT: Duration = Duration::from_secs(5);
/// So much of an answer is read: the status line.
const ANSWER: u64 = 1024;

/// Where a webhook listens, and whom it must have its certificate from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    url: WebUrl,
    authorities: Option<String>,
}

impl Target {
    /// Reads a URL. With https the server's certificate must be of one of these authorities, of the system's without.
    ///
    /// # Errors
    /// In words, when it is none that can be posted to.
    pub(crate) fn parse(url: &str, authorities: Option<&str>) -> Result<Self, String> {
        let url = WebUrl::parse(url).map_err(|why| format!("webhook: nothing is sent: {why}"))?;
        Ok(Self { url, authorities: authorities.map(str::to_owned) })
    }

    /// Posts a document; any status of 2xx means that it arrived.
    ///
    /// # Errors
    /// In words.
    pub(crate) async fn post(&self, document: &Value) -> Result<(), String> {
        let wrong = |why: String| format!("webhook at {}: {why}", self.url.authority);
        match timeout(LIMIT, self.exchange(document)).await {
            Ok(Ok(200..=299)) => Ok(()),
            Ok(Ok(status)) => Err(wrong(format!("HTTP status {status}"))),
            Ok(Err(why)) => Err(wrong(why)),
            Err(_) => Err(wrong(format!("no answer within {} s", LIMIT.as_secs()))),
        }
    }

    async fn exchange(&self, document: &Value) -> Result<u16, String> {
        let words = |error: std::io::Error| error.to_string();
        let stream = TcpStream::connect((self.url.host.as_str(), self.url.port)).await.map_err(words)?;
        let mut stream: Box<dyn Wire> = if self.url.tls {
            Box::new(secure::begin(stream, &self.url.host, self.authorities.as_deref()).await?)
        } else {
            Box::new(stream)
        };
        let body = document.to_string();
        let request = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: hactl/{}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.url.path,
            self.url.authority,
            env!("CARGO_PKG_VERSION"),
            body.len()
        );
        stream.write_all(request.as_bytes()).await.map_err(words)?;
        stream.flush().await.map_err(words)?;
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

    #[tokio::test]
    async fn posts_and_judges_the_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = Target::parse(&format!("http://{}/hook", listener.local_addr().unwrap()), None).unwrap();
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
