//! TLS of `SSL_GET`: the handshake, and what went wrong with it in words.

use std::io;
use std::net::IpAddr;

use hactl_engine::conf::config::lvs::{Connection, Tls, Url};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::around::Surroundings;
use super::failed::Failed;
use crate::net::pace::Paced;
use crate::net::tls::error::TlsError;
use crate::net::words::refusal;

/// Makes a connection one of TLS.
///
/// # Errors
/// Files that cannot be used, or what the handshake failed of.
pub(crate) async fn begin(
    stream: Paced<TcpStream>,
    settings: &Tls,
    url: &Url,
    connection: &Connection,
    around: &Surroundings,
) -> Result<TlsStream<Paced<TcpStream>>, Failed> {
    let name = server_name(settings, url, connection.to.ip())?;
    let config = around.tls.config(settings.verify.as_deref(), &around.global.lvs.client)?;
    let connected = TlsConnector::from(config).connect(name, stream).await;
    connected.map_err(|error| match TlsError::of(&error) {
        Some(why) => why.into(),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            TlsError::Handshake("it closed the connection during the TLS handshake".into()).into()
        }
        None => TlsError::Broken(refusal(&error)).into(),
    })
}

/// The name that is asked for, and that a certificate must be for where it is verified. An address is not sent (RFC
/// 6066 §3).
fn server_name(settings: &Tls, url: &Url, address: IpAddr) -> Result<ServerName<'static>, Failed> {
    let from_host = settings.sni_from_host || settings.verify.is_some();
    let named = settings.sni.as_deref().or(url.host.as_deref().filter(|_| from_host).map(without_port));
    let Some(named) = named else { return Ok(address.into()) };
    match ServerName::try_from(named.to_owned()) {
        Ok(name) => Ok(name),
        // The certificate is not verified, so nothing depends on the name: the request is made without one.
        Err(_) if settings.verify.is_none() => Ok(address.into()),
        Err(_) => Err(Failed::ServerName(named.into())),
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

#[cfg(test)]
#[path = "tests/tls.rs"]
mod tests;
