//! The signals a daemon of keepalived's kind answers to.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::agent::control::dump::Kind;

/// keepalived's signal for the JSON dump: SIGRTMIN + 2 as glibc counts, whatever this was built with. The static
/// binary's musl begins one later, and scripts that send 36 would wait for ever.
const JSON: i32 = 36;

/// What a signal asks for.
pub(crate) enum Signalled {
    /// End.
    Stop,
    /// Read the configuration again.
    Reload,
    /// Write a file.
    Dump(Kind),
    /// keepalived dumps its threads then, for its developers. There is nothing to dump here.
    Threads,
}

/// The signals listened to.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    user1: Signal,
    user2: Signal,
    stats_clear: Signal,
    json: Signal,
    threads: Signal,
}

impl Signals {
    /// Starts listening.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            user1: signal(SignalKind::user_defined1())?,
            user2: signal(SignalKind::user_defined2())?,
            stats_clear: signal(SignalKind::from_raw(libc::SIGRTMAX() - 1))?,
            json: signal(SignalKind::from_raw(JSON))?,
            threads: signal(SignalKind::from_raw(libc::SIGRTMAX()))?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) -> Signalled {
        tokio::select! {
            _ = self.terminate.recv() => Signalled::Stop,
            _ = self.interrupt.recv() => Signalled::Stop,
            _ = self.hangup.recv() => Signalled::Reload,
            _ = self.user1.recv() => Signalled::Dump(Kind::Data),
            _ = self.user2.recv() => Signalled::Dump(Kind::Stats),
            _ = self.stats_clear.recv() => Signalled::Dump(Kind::Stats),
            _ = self.json.recv() => Signalled::Dump(Kind::Json),
            _ = self.threads.recv() => Signalled::Threads,
        }
    }
}

/// keepalived's numbers for `--signum`.
pub(crate) fn number(name: &str) -> Option<i32> {
    match name {
        "STOP" => Some(libc::SIGTERM),
        "RELOAD" => Some(libc::SIGHUP),
        "DATA" => Some(libc::SIGUSR1),
        "STATS" => Some(libc::SIGUSR2),
        "STATS_CLEAR" => Some(libc::SIGRTMAX() - 1),
        "JSON" => Some(JSON),
        "TDUMP" => Some(libc::SIGRTMAX()),
        _ => None,
    }
}

/// The names that [`number`] knows.
pub(crate) const NAMES: &str = "STOP, RELOAD, DATA, STATS, STATS_CLEAR, JSON, TDUMP";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_number_of_its_own() {
        let mut numbers: Vec<i32> = NAMES.split(", ").map(|name| number(name).unwrap()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 7);
        assert_eq!((number("STOP"), number("DATA"), number("HUP")), (Some(15), Some(10), None));
    }
}
