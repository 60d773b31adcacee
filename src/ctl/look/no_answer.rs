//! Why a request of the desk has no answer.

use thiserror::Error;

use crate::net::http::get::GetError;

/// What the network, TLS or the server said, in words. It is kept with what else was seen, compared and shown.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct NoAnswer(pub String);

impl From<GetError> for NoAnswer {
    fn from(error: GetError) -> Self {
        Self(error.to_string())
    }
}
