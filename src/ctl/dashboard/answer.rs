//! Answers of the door. Each ends its connection, is kept by nobody, and may use nothing from elsewhere.

use std::fmt::Write as _;

/// What a page may use: itself.
const NOTHING: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Such as `200 OK`.
    pub status: &'static str,
    /// What the body is.
    pub kind: &'static str,
    /// What its page may use beyond nothing.
    pub may: String,
    /// The body; a stream has none yet.
    pub body: Option<String>,
}

impl Answer {
    /// A line of text.
    pub fn text(status: &'static str, body: impl Into<String>) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", may: String::new(), body: Some(body.into()) }
    }

    /// JSON.
    pub fn json(status: &'static str, body: String) -> Self {
        Self { kind: "application/json", ..Self::text(status, body) }
    }

    /// A page, with what it may use.
    pub fn page(status: &'static str, body: String, may: String) -> Self {
        Self { status, kind: "text/html; charset=utf-8", may, body: Some(body) }
    }

    /// A stream of events.
    pub fn events() -> Self {
        Self { status: "200 OK", kind: "text/event-stream", may: String::new(), body: None }
    }

    /// As it goes over the wire.
    pub fn wire(&self) -> String {
        let mut text = format!("HTTP/1.1 {}\r\nContent-Type: {}\r\n", self.status, self.kind);
        let may = if self.may.is_empty() { String::new() } else { format!("; {}", self.may) };
        for (name, value) in [
            ("Content-Security-Policy", format!("{NOTHING}{may}").as_str()),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Connection", "close"),
        ] {
            let _ = write!(text, "{name}: {value}\r\n"); // writing to a string cannot fail
        }
        if let Some(body) = &self.body {
            let _ = write!(text, "Content-Length: {}\r\n\r\n{body}", body.len());
        } else {
            text.push_str("\r\n");
        }
        text
    }
}
