//! Ends of chosen processes, by a descriptor for each (pidfd_open, Linux 5.3): for where the kernel does not tell of
//! all of them, as in network namespaces and containers.

use std::collections::{HashMap, HashSet};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd as _, OwnedFd, RawFd};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use tokio::io::unix::AsyncFd;

/// Most processes that are watched: each takes a descriptor. The ends of more are found when all are read again.
const MOST: usize = 256;
const EVENTS_AT_A_TIME: usize = 32;

/// The watched processes; readable when one of them has ended.
pub(crate) struct Endings {
    epoll: Epoll,
    watched: HashMap<u32, OwnedFd>,
}

impl Endings {
    /// Watches nobody yet.
    ///
    /// # Errors
    /// The kernel's; "not implemented" where it has no such descriptors.
    pub(crate) fn new() -> io::Result<Self> {
        open(std::process::id())?; // so that it is found out at once whether there are any
        Ok(Self { epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?, watched: HashMap::new() })
    }

    /// Lets a runtime wait for it.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn awaitable(self) -> io::Result<AsyncFd<Self>> {
        // SAFETY: the descriptor is owned by `epoll`, which nothing replaces, and closes with it only.
        #[expect(unsafe_code, reason = "tokio wants to be told that the descriptor stays")]
        unsafe { AsyncFd::register(self) }.map_err(Into::into)
    }

    /// Watches these and no others; returns those that have ended meanwhile.
    ///
    /// # Errors
    /// The kernel's: no descriptor is left.
    pub(crate) fn watch(&mut self, wanted: &HashSet<u32>) -> io::Result<Vec<u32>> {
        self.watched.retain(|pid, _| wanted.contains(pid));
        let mut ended = Vec::new();
        for pid in wanted {
            if self.watched.contains_key(pid) || self.watched.len() >= MOST {
                continue;
            }
            match open(*pid) {
                Ok(descriptor) => {
                    self.epoll.add(&descriptor, EpollEvent::new(EpollFlags::EPOLLIN, u64::from(*pid)))?;
                    self.watched.insert(*pid, descriptor);
                }
                Err(error) if error.raw_os_error() == Some(libc::ESRCH) => ended.push(*pid),
                Err(error) => return Err(error),
            }
        }
        Ok(ended)
    }

    /// Takes those that have ended; they are watched no more.
    ///
    /// # Errors
    /// The kernel's. "Would block" when none has.
    pub(crate) fn take(&mut self) -> io::Result<Vec<u32>> {
        let mut events = [EpollEvent::empty(); EVENTS_AT_A_TIME];
        let count = self.epoll.wait(&mut events, EpollTimeout::ZERO)?;
        let ended: Vec<u32> = events.iter().take(count).filter_map(|event| u32::try_from(event.data()).ok()).collect();
        if ended.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        for pid in &ended {
            self.watched.remove(pid); // closed, which takes it out of the epoll
        }
        Ok(ended)
    }
}

impl AsRawFd for Endings {
    fn as_raw_fd(&self) -> RawFd {
        self.epoll.0.as_raw_fd()
    }
}

/// A descriptor that is readable from the end of this process on. It closes itself when another program is run.
fn open(pid: u32) -> io::Result<OwnedFd> {
    let pid = libc::pid_t::try_from(pid).map_err(|_| io::Error::from_raw_os_error(libc::ESRCH))?;
    // SAFETY: the call takes two numbers and touches no memory of ours.
    #[expect(unsafe_code, reason = "pidfd_open has no safe wrapper")]
    let result = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    match RawFd::try_from(result) {
        Ok(descriptor) if descriptor >= 0 => {
            // SAFETY: the kernel has just made it for us, and nobody else knows of it.
            #[expect(unsafe_code, reason = "a number becomes a descriptor that is owned")]
            Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
        }
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};
    use std::time::Duration;

    use super::*;

    fn sleeper() -> Child {
        Command::new("/bin/sleep").arg("600").spawn().unwrap()
    }

    #[tokio::test]
    async fn ends_are_told_once_and_only_of_those_watched() {
        let (mut first, mut second, mut other) = (sleeper(), sleeper(), sleeper());
        let mut endings = Endings::new().unwrap().awaitable().unwrap();
        let all = HashSet::from([first.id(), second.id(), other.id()]);
        assert_eq!(endings.get_mut().watch(&all).unwrap(), [0; 0]);
        assert_eq!(endings.get_mut().watch(&HashSet::from([first.id(), second.id()])).unwrap(), [0; 0]);
        other.kill().unwrap();
        other.wait().unwrap();
        assert_eq!(endings.get_mut().take().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        for child in [&mut first, &mut second] {
            let id = child.id();
            child.kill().unwrap(); // it has ended, although nobody has waited for it
            let ended = async {
                loop {
                    let mut ready = endings.readable_mut().await.unwrap();
                    if let Ok(ended) = ready.try_io(|inner| inner.get_mut().take()) {
                        return ended.unwrap();
                    }
                }
            };
            assert_eq!(tokio::time::timeout(Duration::from_secs(30), ended).await.unwrap(), [id]);
            child.wait().unwrap();
        }
        assert_eq!(endings.get_mut().watch(&HashSet::from([first.id()])).unwrap(), [first.id()], "gone already");
    }
}
