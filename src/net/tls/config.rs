//! Settings of TLS as rustls wants them: made once of their files, whoever many checks use them, and again when a file
//! has changed.

use std::collections::HashMap;
use std::fmt::Display;
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use hactl_engine::conf::config::lvs::ClientCertificate;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::error::TlsError;

/// What was made of each set of files.
#[derive(Debug, Default)]
pub(crate) struct TlsConfigs(Mutex<HashMap<Key, Made>>);

/// The authorities' file and the client's.
type Key = (Option<String>, Option<String>, Option<String>);

#[derive(Debug, Clone)]
struct Made {
    of: Result<Arc<ClientConfig>, TlsError>,
    files: Vec<(String, Option<Stamp>)>,
    looked: Instant,
}

/// When a file was written, and its length.
type Stamp = (SystemTime, u64);

impl TlsConfigs {
    /// The settings for these files. `verify` is the authorities' file, empty for the system's; without it no
    /// certificate is looked at.
    ///
    /// # Errors
    /// Which file cannot be used, and why.
    pub(crate) fn config(
        &self,
        verify: Option<&str>,
        client: &ClientCertificate,
    ) -> Result<Arc<ClientConfig>, TlsError> {
        let key = (verify.map(str::to_owned), client.certificate.clone(), client.key.clone());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear(); // reloads have left many behind
        }
        if let Some(made) = known.get_mut(&key) {
            if made.looked.elapsed() < LOOK_AGAIN {
                return made.of.clone();
            }
            made.looked = Instant::now();
            if made.of.is_ok() && made.files.iter().all(|(path, before)| stamp(path) == *before) {
                return made.of.clone();
            }
        }
        let authorities = verify.map(|path| if path.is_empty() { SYSTEM_AUTHORITIES } else { path });
        let files = authorities.into_iter().chain(key.1.as_deref()).chain(key.2.as_deref());
        let files = files.map(|path| (path.to_owned(), stamp(path))).collect();
        let of = make(authorities, client).map(Arc::new);
        known.insert(key, Made { of: of.clone(), files, looked: Instant::now() });
        of
    }
}

fn stamp(path: &str) -> Option<Stamp> {
    let meta = fs::metadata(path).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

fn make(authorities: Option<&str>, client: &ClientCertificate) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let words = |error: Error| TlsError::Unusable("no TLS".into(), error.to_string());
    let verifier: Arc<dyn ServerCertVerifier> = match authorities {
        None => Arc::new(Anybody(Arc::clone(&provider))),
        Some(path) => {
            let roots = Arc::new(roots(path)?);
            let built = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
            built.map_err(|error| unusable("authorities", path, &error))?
        }
    };
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(words)?;
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    let mut config = match &client.certificate {
        None => builder.with_no_client_auth(),
        Some(path) => {
            // One file may hold both.
            let key = client.key.as_ref().unwrap_or(path);
            let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
            let chain = chain.map_err(|error| unusable("client's certificate", path, &error))?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable("client's key", key, &error))?;
            let built = builder.with_client_auth_cert(chain, key);
            built.map_err(|error| unusable("client's certificate", path, &error))?
        }
    };
    // Each try is a whole handshake: a resumed one would not show that the key is still there.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Certificates that are none are left out, as long as one is left.
fn roots(path: &str) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let found = found.map_err(|error| unusable("authorities", path, &error))?;
    let (added, _) = roots.add_parsable_certificates(found);
    if added == 0 { Err(unusable("authorities", path, &"there is no usable certificate in it")) } else { Ok(roots) }
}

fn unusable(what: &str, path: &str, why: &dyn Display) -> TlsError {
    TlsError::Unusable(format!("{what} {path}"), why.to_string())
}

/// Takes every certificate, as keepalived does: the check asks whether the service works.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Where Debian, Ubuntu, Alpine and Arch keep them; Fedora and RHEL link it there.
const SYSTEM_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";
/// How often files are looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// More sets of files than a configuration names.
const KNOWN_MAX: usize = 1024;
