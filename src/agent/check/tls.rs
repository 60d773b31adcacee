//! TLS of `SSL_GET`: the handshake, and what went wrong with it in words.

use std::io;
use std::net::IpAddr;

use hactl_engine::conf::config::lvs::{Connection, Tls, Url};
use rustls::pki_types::{ServerName, UnixTime};
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, OtherError};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::around::Surroundings;
use super::connect::refusal;
use super::pace::Paced;

/// Makes a connection one of TLS.
///
/// # Errors
/// In words: files that cannot be used, or what the handshake failed of.
pub(crate) async fn begin(
    stream: Paced<TcpStream>,
    settings: &Tls,
    url: &Url,
    connection: &Connection,
    around: &Surroundings,
) -> Result<TlsStream<Paced<TcpStream>>, String> {
    let name = server_name(settings, url, connection.to.ip())?;
    let config = around.tls.config(settings.verify.as_deref(), &around.global.lvs.client)?;
    let connected = TlsConnector::from(config).connect(name, stream).await;
    connected.map_err(|error| match words(&error) {
        Some(words) => words,
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            "it closed the connection during the TLS handshake".into()
        }
        None => format!("{} during the TLS handshake", refusal(&error)),
    })
}

/// The name that is asked for, and that a certificate must be for where it is verified. An address is not sent (RFC 6066 §3).
fn server_name(settings: &Tls, url: &Url, address: IpAddr) -> Result<ServerName<'static>, String> {
    let from_host = settings.sni_from_host || settings.verify.is_some();
    let named = settings.sni.as_deref().or(url.host.as_deref().filter(|_| from_host).map(without_port));
    let Some(named) = named else { return Ok(address.into()) };
    match ServerName::try_from(named.to_owned()) {
        Ok(name) => Ok(name),
        // Nothing depends on it: asked as without a name.
        Err(_) if settings.verify.is_none() => Ok(address.into()),
        Err(_) => Err(format!("no certificate can be for `{named}`: write a name or an address")),
    }
}

/// `www.example.cc` of `www.example.cc:8443`, `fd00::1` of `[fd00::1]:8443`.
fn without_port(host: &str) -> &str {
    if let Some((inner, _)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return inner;
    }
    match host.split_once(':') {
        Some((name, port)) if !port.contains(':') => name,
        _ => host,
    }
}

/// What an error of TLS means; `None` for one of the socket.
pub(crate) fn words(error: &io::Error) -> Option<String> {
    let error: &Error = error.get_ref()?.downcast_ref()?;
    Some(match error {
        Error::InvalidCertificate(of) => certificate(of),
        Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion) => {
            "no TLS comes back: does it speak plain HTTP there?".into()
        }
        Error::InvalidMessage(what) => format!("what comes back is no TLS ({what:?})"),
        Error::AlertReceived(AlertDescription::ProtocolVersion) => {
            "it refuses TLS 1.2 and 1.3, and older ones are not spoken here".into()
        }
        Error::AlertReceived(AlertDescription::UnrecognisedName) => {
            "it refuses the TLS handshake: it knows no such name (SNI)".into()
        }
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "it wants a client's certificate: name one in `SSL { certificate key }`".into()
        }
        Error::AlertReceived(alert) => format!("it refuses the TLS handshake: {alert:?}"),
        other => format!("TLS fails: {other}"),
    })
}

fn certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::ExpiredContext { not_after, .. } => format!("its certificate expired on {}", day(*not_after)),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("its certificate is not valid before {}; are both clocks right?", day(*not_before))
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let of: Vec<&str> = presented.iter().take(NAMES_SHOWN).map(|name| bare(name)).collect();
            let of = if of.is_empty() { "no name".into() } else { of.join(", ") };
            format!("its certificate is for {of} and not for {}", expected.to_str())
        }
        CertificateError::UnknownIssuer => "its certificate is of no authority that is trusted here".into(),
        CertificateError::Other(OtherError(why)) => format!("its certificate is not accepted: {why}"),
        other => format!("its certificate is not accepted: {other}"),
    }
}

/// rustls tells names as `DnsName("www.example.cc")`.
fn bare(name: &str) -> &str {
    name.split('"').nth(1).unwrap_or(name)
}

fn day(at: UnixTime) -> String {
    let at = i64::try_from(at.as_secs()).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    at.unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d").to_string()
}

/// A certificate may be for hundreds.
const NAMES_SHOWN: usize = 4;

#[cfg(test)]
#[path = "tls_tests.rs"]
mod tests;
