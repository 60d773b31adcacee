//! TLS for what the agent sends: the server must show a certificate for its name, of an authority that is trusted.

use std::sync::LazyLock;

use hactl_engine::conf::config::lvs::ClientCertificate;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::agent::check::tls;
use crate::agent::check::tls_config::TlsConfigs;

/// Settings that were made of their files.
static CONFIGS: LazyLock<TlsConfigs> = LazyLock::new(TlsConfigs::default);

/// Makes a connection one of TLS. `authorities` is a file of certificates; the system's when absent.
///
/// # Errors
/// In words: a file that cannot be used, or why the server is not trusted.
pub(crate) async fn begin(
    stream: TcpStream,
    host: &str,
    authorities: Option<&str>,
) -> Result<TlsStream<TcpStream>, String> {
    let config = CONFIGS.config(Some(authorities.unwrap_or_default()), &ClientCertificate::default())?;
    let name = ServerName::try_from(host.to_owned()).map_err(|_| format!("no certificate can be for `{host}`"))?;
    let connected = TlsConnector::from(config).connect(name, stream).await;
    connected.map_err(|error| tls::words(&error).unwrap_or_else(|| format!("{error} during the TLS handshake")))
}
