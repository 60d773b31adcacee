//! The way to the authority: HTTPS by `net`, for the library that knows what to say.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use hactl_engine::conf::WebUrl;
use http_body_util::{BodyExt as _, Full};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::error::DoorError;
use crate::net::http::exchange::{Whole, whole};
use crate::net::http::request::Request;
use crate::net::tls::protect;
use crate::net::words::refusal;

/// One request with its answer.
pub(super) const LIMIT: Duration = Duration::from_secs(20);
/// What a problem document is (RFC 9457 §3); every other answer of this kind is a proxy's or a broken server's.
const PROBLEM: &str = "application/problem+json";

/// Asks an authority whose own certificate is of these roots; the system's when absent.
pub(super) struct Door {
    /// A file.
    pub(super) authorities: Option<String>,
    /// One request with its answer takes no longer.
    pub(super) limit: Duration,
}

impl HttpClient for Door {
    fn request(
        &self,
        request: http::Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let (authorities, limit) = (self.authorities.clone(), self.limit);
        Box::pin(async move {
            let answer =
                send(request, authorities.as_deref(), limit).await.map_err(|why| Error::Other(Box::new(why)))?;
            let mut response = http::Response::builder().status(answer.status);
            for (name, value) in &answer.fields {
                response = response.header(name, value);
            }
            Ok(BytesResponse::from(response.body(Full::new(Bytes::from(answer.text)))?))
        })
    }
}

async fn send(
    request: http::Request<BodyWrapper<Bytes>>,
    authorities: Option<&str>,
    limit: Duration,
) -> Result<Whole, DoorError> {
    let (parts, body) = request.into_parts();
    let url = parts.uri.to_string();
    let url = WebUrl::parse(&url).map_err(|why| DoorError::Url(url, why))?;
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default(); // it cannot fail
    let mut text = Request::new(parts.method.as_str(), &url.path, "1.1");
    text.header("Host", &url.authority);
    for (name, value) in &parts.headers {
        text.header(name.as_str(), value.to_str().unwrap_or_default());
    }
    text.header("Connection", "close");
    let text = match parts.method == http::Method::POST {
        true => text.with_body(&String::from_utf8_lossy(&body)),
        false => text.finish(),
    };
    let authority = url.authority.clone();
    let exchanged = exchange(&url, &text, parts.method != http::Method::HEAD, authorities);
    let answer = timeout(limit, exchanged).await.unwrap_or_else(|_| Err(DoorError::Late(authority.clone(), limit)))?;
    let problem = answer.fields.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("content-type") && value.to_ascii_lowercase().starts_with(PROBLEM)
    });
    if answer.status >= 400 && !problem { Err(DoorError::Status(authority, answer.status)) } else { Ok(answer) }
}

async fn exchange(url: &WebUrl, request: &[u8], has_body: bool, roots: Option<&str>) -> Result<Whole, DoorError> {
    let authority = || url.authority.clone();
    if !url.tls {
        return Err(DoorError::NoTls(authority()));
    }
    let stream = TcpStream::connect((url.host.as_str(), url.port)).await;
    let stream = stream.map_err(|why| DoorError::Connect { authority: authority(), why: words(why) })?;
    let stream = protect::begin(stream, &url.host, roots).await;
    let stream = stream.map_err(|why| DoorError::Tls { authority: authority(), why })?;
    whole(stream, request, has_body).await.map_err(|why| DoorError::Http { authority: authority(), why })
}

/// The same error in words for people.
fn words(error: std::io::Error) -> std::io::Error {
    std::io::Error::new(error.kind(), refusal(&error))
}
