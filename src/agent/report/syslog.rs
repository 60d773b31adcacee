//! The system's log where there is no journal: a datagram a line to `/dev/log` (RFC 3164).

use std::io::{self, Write};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::Arc;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// Where the system's log listens.
pub(crate) const SOCKET: &str = "/dev/log";
/// `LOG_DAEMON`.
pub(crate) const DAEMON: u8 = 3;
/// `LOG_LOCAL0`; seven more follow.
pub(crate) const LOCAL0: u8 = 16;

/// An open way to the system's log.
#[derive(Debug, Clone)]
pub(crate) struct Syslog {
    socket: Arc<UnixDatagram>,
    facility: u8,
    name: String,
}

impl Syslog {
    /// Connects.
    ///
    /// # Errors
    /// The kernel's: nobody listens.
    pub(crate) fn open(at: &Path, facility: u8, name: &str) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(at)?;
        socket.set_nonblocking(true)?; // a log that hangs must not hold anybody up
        Ok(Self { socket: Arc::new(socket), facility, name: name.to_owned() })
    }

    fn line(&self, severity: u8) -> Line {
        let head = format!("<{}>{}[{}]: ", self.facility * 8 + severity, self.name, std::process::id());
        Line { socket: Arc::clone(&self.socket), text: head.into_bytes() }
    }
}

/// One line on its way; sent when it is dropped.
pub(crate) struct Line {
    socket: Arc<UnixDatagram>,
    text: Vec<u8>,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let _ = self.socket.send(self.text.trim_ascii_end()); // a log that is full loses lines
    }
}

impl<'a> MakeWriter<'a> for Syslog {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        self.line(severity(Level::INFO))
    }

    fn make_writer_for(&'a self, of: &Metadata<'_>) -> Line {
        self.line(severity(*of.level()))
    }
}

/// RFC 3164's numbers.
fn severity(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_datagram_with_its_priority() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("log");
        let log = UnixDatagram::bind(&at).unwrap();
        let mut line = Syslog::open(&at, LOCAL0 + 7, "keepalived").unwrap().line(severity(Level::WARN));
        line.write_all(b"VI_1: silence\n").unwrap();
        drop(line);
        let mut heard = [0; 200];
        let length = log.recv(&mut heard).unwrap();
        let wanted = format!("<188>keepalived[{}]: VI_1: silence", std::process::id());
        assert_eq!(String::from_utf8_lossy(&heard[..length]), wanted);
    }
}
