//! What the network says, in words for people.

use std::io;

use nix::errno::Errno;

/// What a failed connection means, in words that fit after "is down:".
pub(crate) fn refusal(error: &io::Error) -> String {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ECONNREFUSED) => "connection refused: nothing listens there".to_owned(),
        Some(Errno::EHOSTUNREACH) => "no route to host, or it does not answer ARP".to_owned(),
        Some(Errno::ENETUNREACH) => "network unreachable".to_owned(),
        Some(Errno::ECONNRESET) => "connection reset".to_owned(),
        _ => error.to_string(),
    }
}

/// The beginning of what a server sent, for people.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    line.get(..SHOWN_BYTES_MAX).unwrap_or(line).escape_ascii().to_string()
}

/// How many bytes of what a server sent are shown.
const SHOWN_BYTES_MAX: usize = 32;
