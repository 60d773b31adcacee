//! The text of a request.

use std::fmt::{Display, Write as _};

/// A request that is being written. Names and values must hold no line break: the parsers of configurations see to
/// that.
pub(crate) struct Request(String);

impl Request {
    /// Begins with `METHOD TARGET HTTP/VERSION`.
    pub(crate) fn new(method: &str, target: &str, version: &str) -> Self {
        Self(format!("{method} {target} HTTP/{version}\r\n"))
    }

    /// Adds a header field.
    pub(crate) fn header(&mut self, name: &str, value: impl Display) {
        let _ = write!(self.0, "{name}: {value}\r\n"); // writing to a string cannot fail
    }

    /// Ends without a body.
    pub(crate) fn finish(self) -> Vec<u8> {
        (self.0 + "\r\n").into_bytes()
    }

    /// Ends with a body of this length.
    pub(crate) fn with_body(mut self, body: &str) -> Vec<u8> {
        self.header("Content-Length", body.len());
        (self.0 + "\r\n" + body).into_bytes()
    }
}
