//! TLS for what the agent sends: the server must show a certificate for its name, of an authority that is trusted.

use std::sync::LazyLock;

use hactl_engine::conf::config::lvs::ClientCertificate;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::config::TlsConfigs;
use super::error::TlsError;

/// Settings that were made of their files.
static CONFIGS: LazyLock<TlsConfigs> = LazyLock::new(TlsConfigs::default);

/// Makes a connection one of TLS with whoever is there, and returns the certificate that came, as DER: to compare it is
/// the caller's.
///
/// # Errors
/// What the handshake failed of.
pub(crate) async fn with_anybody(
    stream: TcpStream,
    name: ServerName<'static>,
) -> Result<(TlsStream<TcpStream>, Option<Vec<u8>>), TlsError> {
    let config = CONFIGS.config(None, &ClientCertificate::default())?;
    let connected = TlsConnector::from(config).connect(name, stream).await;
    let stream =
        connected.map_err(|error| TlsError::of(&error).unwrap_or_else(|| TlsError::Broken(error.to_string())))?;
    let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let shown = shown.map(|certificate| certificate.as_ref().to_vec());
    Ok((stream, shown))
}

/// Makes a connection one of TLS. `authorities` is a file of certificates; the system's when absent.
///
/// # Errors
/// A file that cannot be used, or why the server is not trusted.
pub(crate) async fn begin(
    stream: TcpStream,
    host: &str,
    authorities: Option<&str>,
) -> Result<TlsStream<TcpStream>, TlsError> {
    let config = CONFIGS.config(Some(authorities.unwrap_or_default()), &ClientCertificate::default())?;
    let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsError::Name(host.into()))?;
    let connected = TlsConnector::from(config).connect(name, stream).await;
    connected.map_err(|error| TlsError::of(&error).unwrap_or_else(|| TlsError::Broken(error.to_string())))
}
