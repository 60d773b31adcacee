//! JSON by HTTP POST, with TLS where the URL says https.

use std::time::Duration;

use hactl_engine::conf::WebUrl;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::error::{NotDelivered, WebhookError};
use crate::net::http::exchange::status;
use crate::net::http::request::Request;
use crate::net::seats::Wire;
use crate::net::tls::protect;

/// One delivery, from the connection to the status line.
const LIMIT: Duration = Duration::from_secs(5);

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
    /// It is none that can be posted to.
    pub(crate) fn parse(url: &str, authorities: Option<&str>) -> Result<Self, NotDelivered> {
        let url = WebUrl::parse(url)?;
        Ok(Self { url, authorities: authorities.map(str::to_owned) })
    }

    /// Posts a document; any status of 2xx means that it arrived.
    ///
    /// # Errors
    /// It did not arrive, or was not taken.
    pub(crate) async fn post(&self, document: &Value) -> Result<(), NotDelivered> {
        let why = match timeout(LIMIT, self.exchange(document)).await {
            Ok(Ok(200..=299)) => return Ok(()),
            Ok(Ok(status)) => WebhookError::Status(status),
            Ok(Err(why)) => why,
            Err(_) => WebhookError::Late(LIMIT),
        };
        Err(NotDelivered::Webhook { authority: self.url.authority.clone(), why })
    }

    async fn exchange(&self, document: &Value) -> Result<u16, WebhookError> {
        let stream = TcpStream::connect((self.url.host.as_str(), self.url.port)).await?;
        let stream: Box<dyn Wire> = if self.url.tls {
            Box::new(protect::begin(stream, &self.url.host, self.authorities.as_deref()).await?)
        } else {
            Box::new(stream)
        };
        let mut request = Request::new("POST", &self.url.path, "1.1");
        request.header("Host", &self.url.authority);
        request.header("User-Agent", concat!("hactl/", env!("CARGO_PKG_VERSION")));
        request.header("Content-Type", "application/json");
        request.header("Connection", "close");
        Ok(status(stream, &request.with_body(&document.to_string())).await?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn what_is_no_url_is_nowhere_to_post_to() {
        assert!(matches!(Target::parse("ftp://ops.example.cc/hook", None), Err(NotDelivered::BadUrl(_))));
    }

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
        target.post(&document).await.unwrap();
        assert!(target.post(&document).await.unwrap_err().to_string().ends_with("HTTP status 503"));
        assert!(target.post(&document).await.unwrap_err().to_string().contains("not HTTP"));
        let request = &server.await.unwrap()[0];
        assert!(request.starts_with("POST /hook HTTP/1.1\r\nHost: 127.0.0.1:"), "{request}");
        assert!(request.contains("Content-Length: 20\r\n") && request.ends_with("\r\n\r\n{\"instance\":\"VI_ü\"}"));
        assert!(target.post(&document).await.unwrap_err().to_string().contains("refused"));
    }
}
