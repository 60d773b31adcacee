//! Why a report did not arrive.

use std::io;
use std::time::Duration;

use thiserror::Error;

use crate::agent::command::error::SecretError;
use crate::net::http::exchange::HttpError;
use crate::net::smtp::reply::BadReply;
use crate::net::smtp::talk::SmtpError;
use crate::net::tls::error::TlsError;

/// Why a report did not arrive, with the way that it took.
#[derive(Debug, Error)]
pub(crate) enum NotDelivered {
    #[error(transparent)]
    Address(#[from] BadAddress),
    #[error("mail server {server}: {why}")]
    Mail {
        server: String,
        #[source]
        why: MailError,
    },
    #[error("webhook: nothing is sent: {0}")]
    BadUrl(hactl_engine::conf::WebUrlError),
    #[error("webhook at {authority}: {why}")]
    Webhook {
        authority: String,
        #[source]
        why: WebhookError,
    },
}

/// A text that is no mail address, or not one that may be put into an SMTP command.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{}` is not a mail address; write USER@DOMAIN in ASCII", .0.escape_debug())]
pub(crate) struct BadAddress(pub(super) String);

/// What stopped a mail. It holds nothing that was said in a login.
#[derive(Debug, Error)]
pub(crate) enum MailError {
    #[error("notification_email holds no mail address")]
    NoRecipient,
    #[error("no connection in time")]
    NoConnection,
    #[error("no TLS in time")]
    NoTls,
    #[error(transparent)]
    Network(#[from] io::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Reply(BadReply),
    #[error("no answer in time")]
    Late,
    #[error("the connection was closed")]
    Closed,
    #[error("answered {0:?}")]
    Answered(String),
    /// At a step of the conversation.
    #[error("{0}: {1}")]
    At(String, #[source] Box<MailError>),
    #[error("takes nothing after {0}")]
    TakesNothing(String),
    #[error("STARTTLS: it goes on without TLS")]
    GoesOnWithoutTls,
    #[error("smtp_password_file {0}: {1}")]
    Password(String, #[source] SecretError),
    #[error("it offers neither AUTH PLAIN nor AUTH LOGIN")]
    NoLogin,
    /// What was said of each recipient.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    AllRefused(Vec<MailError>),
}

impl From<SmtpError> for MailError {
    fn from(error: SmtpError) -> Self {
        match error {
            SmtpError::Network(error) => Self::Network(error),
            SmtpError::Tls(error) => Self::Tls(error),
            SmtpError::Reply(error) => Self::Reply(error),
            SmtpError::Closed => Self::Closed,
        }
    }
}

/// What stopped a webhook.
#[derive(Debug, Error)]
pub(crate) enum WebhookError {
    #[error("HTTP status {0}")]
    Status(u16),
    #[error(transparent)]
    Network(#[from] io::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("no answer within {} s", .0.as_secs())]
    Late(Duration),
}
