//! What is wrong with TLS.

use std::io;

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, OtherError};

/// Why a connection is not one of TLS. It is kept beside settings that cannot be made, so its sources are words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TlsError {
    /// What is wrong with which file.
    #[error("{0}: {1}")]
    Unusable(String, String),
    #[error("no certificate can be for `{0}`")]
    Name(String),
    /// The other side's certificate is not good enough.
    #[error("{0}")]
    Certificate(String),
    /// The other side speaks no TLS, another one, or refuses.
    #[error("{0}")]
    Handshake(String),
    /// The network ended it.
    #[error("{0} during the TLS handshake")]
    Broken(String),
}

impl TlsError {
    /// What an error of rustls means; `None` for one of the socket.
    pub(crate) fn of(error: &io::Error) -> Option<Self> {
        let error: &Error = error.get_ref()?.downcast_ref()?;
        Some(match error {
            Error::InvalidCertificate(of) => Self::Certificate(certificate(of)),
            other => Self::Handshake(handshake(other)),
        })
    }
}

fn handshake(error: &Error) -> String {
    match error {
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
    }
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
