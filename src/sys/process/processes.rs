//! Processes of this host: who runs, from /proc; and who starts and ends, from the kernel's process events connector.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{NetlinkAddr, bind};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::unix::AsyncFd;

use crate::sys::width::{length_of, short};

/// `NETLINK_CONNECTOR`, and the index and value of its process events (linux/connector.h, linux/cn_proc.h).
const CONNECTOR: i32 = 11;
const CN_IDX_PROC: u32 = 1;
const CN_VAL_PROC: u32 = 1;
const LISTEN: u32 = 1;
/// Kinds of events (`proc_cn_event`).
const NONE: u32 = 0;
const FORK: u32 = 1;
const EXEC: u32 = 2;
const COMM: u32 = 0x200;
const EXIT: u32 = 0x8000_0000;
/// Before an event: the netlink header, the connector's, then kind, processor and time.
const NETLINK_HEADER: usize = 16;
const CONNECTOR_HEADER: usize = 20;
const EVENT_HEADER: usize = 16;
/// A storm of forks shall fit in here.
const BUFFER: usize = 1 << 20;
/// Messages taken at a time, so that others get a turn.
const MESSAGES: usize = 512;
/// How long the kernel may take to acknowledge the subscription. Where there are process events it does so at once.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(1);

/// A process as /proc shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    /// Process id.
    pub pid: u32,
    /// Short name, at most 15 bytes.
    pub name: String,
    /// Command line; empty for kernel threads.
    pub command: Vec<String>,
}

/// Something that happened to a process (not to one of its threads).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProcessEvent {
    /// A process forked: the child runs the same program so far.
    Forked {
        /// Process id of the one that forked.
        parent: u32,
        /// Process id of the new one.
        child: u32,
    },
    /// A process runs another program, or changed its name.
    Changed(u32),
    /// A process ended.
    Ended(u32),
}

/// Every process but zombies; those that end meanwhile are left out.
///
/// # Errors
/// /proc is not there.
pub(crate) fn all() -> io::Result<Vec<Process>> {
    let pids = fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Ok(pids.filter_map(look).collect())
}

/// One process; `None` when it has ended, also while it is a zombie that its parent has not waited for.
pub(crate) fn look(pid: u32) -> Option<Process> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    // `PID (NAME) STATE …`, and the name may hold anything.
    let (head, rest) = stat.rsplit_once(") ")?;
    if rest.starts_with(['Z', 'X']) {
        return None;
    }
    let name = head.split_once('(')?.1.to_owned();
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let line = String::from_utf8_lossy(&line);
    let line = line.strip_suffix('\0').unwrap_or(&line);
    let command = if line.is_empty() { Vec::new() } else { line.split('\0').map(str::to_owned).collect() };
    Some(Process { pid, name, command })
}

/// The stream of events.
pub(crate) struct ProcessEvents {
    socket: Socket,
}

impl ProcessEvents {
    /// Subscribes, and waits a moment for the kernel's word that it will tell.
    ///
    /// # Errors
    /// Not root, or a kernel or namespace in which there are no process events.
    pub(crate) fn open() -> io::Result<Self> {
        let kind = Type::DGRAM.nonblocking().cloexec();
        let socket = Socket::new(Domain::from(libc::AF_NETLINK), kind, Some(Protocol::from(CONNECTOR)))?;
        // Less only means that events are lost sooner, and then all processes are read.
        let _ = socket.set_recv_buffer_size(BUFFER);
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, CN_IDX_PROC))?;
        socket.send(&subscription())?;
        let events = Self { socket };
        events.acknowledged()?;
        Ok(events)
    }

    fn acknowledged(&self) -> io::Result<()> {
        let started = std::time::Instant::now();
        while started.elapsed() < ACKNOWLEDGED_WITHIN {
            let mut watched = [PollFd::new(std::os::fd::AsFd::as_fd(&self.socket), PollFlags::POLLIN)];
            poll(&mut watched, PollTimeout::from(100_u8))?;
            let Some(message) = self.receive()? else { continue };
            if let Some((NONE, body)) = event(&message) {
                return match number(body, 0) {
                    Some(0) => Ok(()),
                    error => {
                        Err(io::Error::from_raw_os_error(i32::try_from(error.unwrap_or(22)).unwrap_or(libc::EINVAL)))
                    }
                };
            }
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, "the kernel does not tell of processes in this namespace"))
    }

    /// Lets a runtime wait for it.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn awaitable(self) -> io::Result<AsyncFd<Self>> {
        // SAFETY: the descriptor is owned by `socket`, which nothing replaces, and closes with it only.
        #[expect(unsafe_code, reason = "tokio wants to be told that the descriptor stays")]
        unsafe { AsyncFd::register(self) }.map_err(Into::into)
    }

    /// Takes what has happened.
    ///
    /// # Errors
    /// "No buffer space" when events were lost: read all processes again. "Would block" when nothing waits.
    pub(crate) fn take(&self) -> io::Result<Vec<ProcessEvent>> {
        let mut events = Vec::new();
        for count in 0..MESSAGES {
            match self.receive()? {
                Some(message) => events.extend(parse(&message)),
                None if count == 0 => return Err(io::ErrorKind::WouldBlock.into()),
                None => break,
            }
        }
        Ok(events)
    }

    fn receive(&self) -> io::Result<Option<Vec<u8>>> {
        let mut buffer = [0; 1024];
        match io::Read::read(&mut &self.socket, &mut buffer) {
            Ok(length) => Ok(Some(buffer.iter().take(length).copied().collect())),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl AsRawFd for ProcessEvents {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

fn subscription() -> Vec<u8> {
    const LENGTH: u32 = length_of::<[u8; NETLINK_HEADER + CONNECTOR_HEADER + 4]>();
    const DONE: u16 = short(libc::NLMSG_DONE);
    let mut message = Vec::new();
    message.extend(LENGTH.to_ne_bytes());
    message.extend(DONE.to_ne_bytes());
    message.extend([0; 2]); // flags
    message.extend([0; 8]); // sequence and port: the kernel fills the port in
    for word in [CN_IDX_PROC, CN_VAL_PROC, 0, 0] {
        message.extend(word.to_ne_bytes());
    }
    message.extend(4_u16.to_ne_bytes());
    message.extend([0; 2]);
    message.extend(LISTEN.to_ne_bytes());
    message
}

/// The kind of an event and what is known of it.
fn event(message: &[u8]) -> Option<(u32, &[u8])> {
    let connector = message.get(NETLINK_HEADER..)?;
    if number(connector, 0)? != CN_IDX_PROC || number(connector, 4)? != CN_VAL_PROC {
        return None;
    }
    let event = connector.get(CONNECTOR_HEADER..)?;
    Some((number(event, 0)?, event.get(EVENT_HEADER..)?))
}

fn parse(message: &[u8]) -> Option<ProcessEvent> {
    let (kind, body) = event(message)?;
    // Threads have process ids of their own; the group's id is the process.
    let (id, group) = (number(body, 0)?, number(body, 4)?);
    match kind {
        FORK => {
            let (child, child_group) = (number(body, 8)?, number(body, 12)?);
            (child == child_group).then_some(ProcessEvent::Forked { parent: group, child })
        }
        EXEC => Some(ProcessEvent::Changed(group)),
        COMM if id == group => Some(ProcessEvent::Changed(group)),
        EXIT if id == group => Some(ProcessEvent::Ended(group)),
        _ => None,
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(u32::from_ne_bytes(four))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u32, body: &[u32]) -> Vec<u8> {
        let mut message = subscription();
        message.truncate(NETLINK_HEADER + CONNECTOR_HEADER);
        for word in [kind, 0, 0, 0].iter().chain(body) {
            message.extend(word.to_ne_bytes());
        }
        message
    }

    #[test]
    fn events() {
        let forked = Some(ProcessEvent::Forked { parent: 7, child: 9 });
        assert_eq!(parse(&message(FORK, &[8, 7, 9, 9])), forked);
        assert_eq!(parse(&message(FORK, &[7, 7, 9, 7])), None, "a thread");
        assert_eq!(parse(&message(EXEC, &[9, 9])), Some(ProcessEvent::Changed(9)));
        assert_eq!(parse(&message(EXIT, &[9, 9, 0, 17])), Some(ProcessEvent::Ended(9)));
        assert_eq!(parse(&message(EXIT, &[10, 9, 0, 17])), None, "a thread");
        let whole = message(EXEC, &[9, 9]);
        for length in 0..whole.len() {
            assert_eq!(parse(&whole[..length]), None, "cut to {length}");
        }
    }

    #[test]
    fn this_process_is_found() {
        let found = all().unwrap().into_iter().find(|process| process.pid == std::process::id()).unwrap();
        let first = std::env::args().next().unwrap();
        assert_eq!(found.command[0], first);
        let short: String = first.rsplit('/').next().unwrap().chars().take(15).collect();
        assert_eq!(look(found.pid).unwrap().command, found.command);
        assert!(found.name == short || found.name.len() <= 15, "{}", found.name);
        assert_eq!(look(u32::MAX), None);
    }
}
