//! Why there is no certificate, or nginx does not have it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use hactl_engine::conf::WebUrlError;
use thiserror::Error;

use crate::agent::command::error::{SecretError, StateFileError};
use crate::certificate::CertificateError;
use crate::net::http::exchange::HttpError;
use crate::net::tls::error::TlsError;

/// What ends a run before it begins.
#[derive(Debug, Error)]
pub(crate) enum NoRun {
    #[error("{}: {why}", path.display())]
    Orders {
        path: PathBuf,
        #[source]
        why: io::Error,
    },
    #[error("{}: {why}", path.display())]
    NotOrders {
        path: PathBuf,
        #[source]
        why: serde_json::Error,
    },
    #[error("{}: {why}", path.display())]
    Folder {
        path: PathBuf,
        #[source]
        why: io::Error,
    },
    #[error(transparent)]
    Standing(#[from] StateFileError),
    #[error("another run has been at work for {} s", .0.as_secs())]
    Busy(Duration),
}

/// Why there is no certificate.
#[derive(Debug, Error)]
pub(crate) enum NotIssued {
    #[error("key of the account {path}: {why}")]
    Account {
        path: String,
        #[source]
        why: SecretError,
    },
    #[error("key of the account {0}: it is no private key")]
    NotAKey(String),
    #[error("key of the account's binding {path}: {why}")]
    Binding {
        path: String,
        #[source]
        why: SecretError,
    },
    #[error("key of the account's binding {0}: it is not base64")]
    NotABinding(String),
    /// What the authority said, in words.
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    Protocol(#[source] instant_acme::Error),
    #[error("the authority offers no challenge by HTTP for {0}")]
    NoHttp(String),
    #[error("the authority had not decided after {} s", .0.as_secs())]
    Undecided(Duration),
    #[error("what the authority sent cannot be used: {0}")]
    Unusable(#[from] CertificateError),
    #[error("what the authority sent is not for {0}")]
    OtherNames(String),
}

/// Why nginx does not have a certificate that is there.
#[derive(Debug, Error)]
pub(crate) enum NotLoaded {
    #[error("{}: {why}", path.display())]
    File {
        path: PathBuf,
        #[source]
        why: io::Error,
    },
    #[error("{program}: {why}")]
    Program {
        program: &'static str,
        #[source]
        why: io::Error,
    },
    #[error("nginx refuses its configuration: {0}")]
    Refused(String),
    #[error("nginx does not reload: {0}")]
    NoReload(String),
    #[error("nginx still shows another certificate for {0}, {limit} s after its reload", limit = .1.as_secs())]
    NotShown(String, Duration),
}

/// Why an answer of the authority is none.
#[derive(Debug, Error)]
pub(crate) enum DoorError {
    #[error("{0}: {1}")]
    Url(String, #[source] WebUrlError),
    #[error("{0}: the authority must speak HTTPS")]
    NoTls(String),
    #[error("{authority}: {why}")]
    Connect {
        authority: String,
        #[source]
        why: io::Error,
    },
    #[error("{authority}: {why}")]
    Tls {
        authority: String,
        #[source]
        why: TlsError,
    },
    #[error("{authority}: {why}")]
    Http {
        authority: String,
        #[source]
        why: HttpError,
    },
    #[error("{0}: HTTP status {1}")]
    Status(String, u16),
    #[error("{0}: no answer within {limit} s", limit = .1.as_secs())]
    Late(String, Duration),
}
