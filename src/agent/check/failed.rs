//! What a check fails of.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hactl_engine::lvs::health::{Reason, Why};
use nix::errno::Errno;
use thiserror::Error;

use crate::agent::command::error::{NotRun, SecretError};
use crate::net::http::exchange::HttpError;
use crate::net::pace::{A_SECOND, Meter};
use crate::net::smtp::talk::SmtpError;
use crate::net::tls::error::TlsError;
use crate::net::words::refusal;

/// Fragments that fit after "real server X is down:".
#[derive(Debug, Error)]
pub(crate) enum Failed {
    #[error("no answer within {0:?}")]
    NoAnswer(Duration),
    #[error(
        "no end of its answer within {0:?}: it sends more, or in smaller pieces, than the {rate} MiB a second that a check reads",
        rate = A_SECOND >> 20
    )]
    Flood(Duration),
    #[error("no answer within {limit:?} among {others} datagrams that answer something else")]
    OtherAnswers { limit: Duration, others: usize },
    /// What the kernel or the other host said.
    #[error("{}", refusal(.0))]
    Network(#[from] io::Error),
    /// What this host would not do for the check.
    #[error("{0}: {1}")]
    Local(String, #[source] io::Error),
    #[error("cannot ping: CAP_NET_RAW is missing, and net.ipv4.ping_group_range excludes this group")]
    MayNotPing,
    #[error("not asked: password file {0}: {1}")]
    Password(String, #[source] SecretError),
    #[error("no url")]
    NoUrl,
    #[error("unusable regex: {0}")]
    Regex(#[source] Box<regex::Error>),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("no certificate can be for `{0}`: write a name or an address")]
    ServerName(String),
    #[error(transparent)]
    Http(HttpError),
    #[error("HTTP status {found} instead of {wanted} from {path}")]
    Status { found: u16, wanted: String, path: String },
    #[error("MD5 sum {found} instead of {wanted} from {path}")]
    Digest { found: String, wanted: String, path: String },
    #[error("no match of the regex in the {bytes} bytes from {path}")]
    NoMatch { bytes: usize, path: String },
    #[error("the regex that must not match does so at byte {at} of what comes from {path}")]
    Match { at: usize, path: String },
    #[error(transparent)]
    Smtp(SmtpError),
    #[error("SMTP reply {found} instead of {wanted} {place}")]
    SmtpCode { found: u16, wanted: u16, place: &'static str },
    /// One of several hosts that a check asks.
    #[error("{0}: {1}")]
    OfHost(SocketAddr, #[source] Box<Failed>),
    #[error("{verdict} for {name}")]
    Dns { verdict: String, name: String },
    #[error("an answer of {found} bytes instead of {least} to {most}")]
    Length { found: usize, least: usize, most: usize },
    #[error("an answer that begins with {0} and not as `require_reply` wants it")]
    Payload(String),
    #[error(transparent)]
    NotRun(#[from] NotRun),
    #[error("{name} did not end within {limit:?} and was killed")]
    Killed { name: String, limit: Duration },
    #[error("{name} was killed by signal {signal}")]
    Signal { name: String, signal: i32 },
    #[error("the script ended with exit code {0}")]
    ExitCode(i32),
    #[error("tracked file {file} holds {number} instead of 0")]
    FileNotZero { file: String, number: i32 },
    #[error("tracked file {file} holds {number}, which times {weight} is {product}")]
    FileWeight { file: String, number: i32, weight: i64, product: i64 },
}

impl Failed {
    /// What came of a check whose time is over, by what was read meanwhile.
    pub(super) fn late(limit: Duration, meter: &Meter) -> Self {
        if meter.is_slowed() { Self::Flood(limit) } else { Self::NoAnswer(limit) }
    }

    /// The kind of failure, by which it is counted.
    pub(crate) fn reason(&self) -> Reason {
        match self {
            Self::NoAnswer(_) | Self::Flood(_) | Self::OtherAnswers { .. } | Self::Killed { .. } => Reason::Timeout,
            Self::Network(error) => network(error),
            Self::Local(..)
            | Self::MayNotPing
            | Self::Password(..)
            | Self::NoUrl
            | Self::Regex(_)
            | Self::ServerName(_)
            | Self::Tls(TlsError::Unusable(..) | TlsError::Name(_))
            | Self::NotRun(_) => Reason::NotTried,
            Self::Tls(_) => Reason::Tls,
            Self::Http(HttpError::Network(error)) | Self::Smtp(SmtpError::Network(error)) => network(error),
            Self::Http(HttpError::Tls(_)) | Self::Smtp(SmtpError::Tls(_)) => Reason::Tls,
            Self::Http(HttpError::Fault(_) | HttpError::LongBody(_))
            | Self::Smtp(SmtpError::Reply(_) | SmtpError::Closed) => Reason::Protocol,
            Self::Status { .. }
            | Self::Digest { .. }
            | Self::NoMatch { .. }
            | Self::Match { .. }
            | Self::SmtpCode { .. }
            | Self::Dns { .. }
            | Self::Length { .. }
            | Self::Payload(_) => Reason::Answer,
            Self::OfHost(_, why) => why.reason(),
            Self::Signal { .. } | Self::ExitCode(_) | Self::FileNotZero { .. } | Self::FileWeight { .. } => {
                Reason::Verdict
            }
        }
    }
}

fn network(error: &io::Error) -> Reason {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ECONNREFUSED) => Reason::Refused,
        Some(Errno::EHOSTUNREACH | Errno::ENETUNREACH) => Reason::Unreachable,
        Some(Errno::ETIMEDOUT) => Reason::Timeout,
        _ => Reason::Broken,
    }
}

impl From<Failed> for Why {
    fn from(failed: Failed) -> Self {
        Self { reason: failed.reason(), words: failed.to_string() }
    }
}

impl From<HttpError> for Failed {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Network(error) => Self::Network(error), // in this room's words
            other => Self::Http(other),
        }
    }
}

impl From<SmtpError> for Failed {
    fn from(error: SmtpError) -> Self {
        match error {
            SmtpError::Network(error) => Self::Network(error),
            other => Self::Smtp(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_counted_by_what_happened() {
        let kernel = |errno: Errno| Failed::Network(io::Error::from_raw_os_error(errno as i32)).reason();
        assert_eq!(kernel(Errno::ECONNREFUSED), Reason::Refused);
        assert_eq!(kernel(Errno::EHOSTUNREACH), Reason::Unreachable);
        assert_eq!(kernel(Errno::ETIMEDOUT), Reason::Timeout);
        assert_eq!(kernel(Errno::ECONNRESET), Reason::Broken);
        let why = Failed::OfHost("10.0.0.7:25".parse().unwrap(), Box::new(Failed::NoAnswer(Duration::from_secs(7))));
        let why = Why::from(why);
        assert_eq!((why.reason, why.words.as_str()), (Reason::Timeout, "10.0.0.7:25: no answer within 7s"));
        let tls = |error: TlsError| Failed::from(error).reason();
        assert_eq!(tls(TlsError::Certificate("expired".into())), Reason::Tls);
        assert_eq!(tls(TlsError::Unusable("authorities".into(), "absent".into())), Reason::NotTried);
        assert_eq!(Failed::from(SmtpError::Closed).reason(), Reason::Protocol);
        assert_eq!(Failed::ExitCode(1).reason(), Reason::Verdict);
    }
}
