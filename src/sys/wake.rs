//! What the VRRP loop sleeps on: epoll with a timerfd on the boot clock and an eventfd for letters from other threads.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use hactl_engine::time::Instant;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

const TIMER: u64 = u64::MAX;
const BELL: u64 = u64::MAX - 1;
const EVENTS_AT_A_TIME: usize = 32;

/// Epoll, timer and bell.
pub struct Sleeper {
    epoll: Epoll,
    timer: TimerFd,
    armed: Option<Instant>,
    bell: Arc<EventFd>,
}

/// Wakes the sleeper from another thread.
#[derive(Clone)]
pub struct Bell(Arc<EventFd>);

impl Bell {
    /// Wakes the sleeper now.
    pub fn ring(&self) {
        // The only failure is a full counter, and then the bell is ringing already.
        let _ = self.0.write(1);
    }
}

impl Sleeper {
    /// Creates the descriptors.
    ///
    /// # Errors
    /// The kernel's.
    pub fn new() -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let timer = TimerFd::new(ClockId::CLOCK_BOOTTIME, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)?;
        let bell = EventFd::from_value_and_flags(0, EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?;
        epoll.add(&timer, EpollEvent::new(EpollFlags::EPOLLIN, TIMER))?;
        epoll.add(&bell, EpollEvent::new(EpollFlags::EPOLLIN, BELL))?;
        Ok(Self { epoll, timer, armed: None, bell: Arc::new(bell) })
    }

    /// A bell for other threads.
    pub fn bell(&self) -> Bell {
        Bell(Arc::clone(&self.bell))
    }

    /// Watches a descriptor; `token` comes back from [`Sleeper::sleep`] when it has something to read.
    ///
    /// # Errors
    /// The kernel's.
    pub fn watch(&self, fd: BorrowedFd<'_>, token: u64) -> io::Result<()> {
        Ok(self.epoll.add(fd, EpollEvent::new(EpollFlags::EPOLLIN, token))?)
    }

    /// Sleeps until a descriptor is readable, the bell rings or `until` has come; returns the tokens of readable
    /// descriptors.
    ///
    /// # Errors
    /// The kernel's; an interrupting signal is none.
    pub fn sleep(&mut self, until: Option<Instant>) -> io::Result<Vec<u64>> {
        if self.armed != until {
            match until {
                // An absolute time in the past fires at once; 0 would disarm.
                Some(at) => self.timer.set(
                    Expiration::OneShot(TimeSpec::from_duration(std::time::Duration::from_nanos(at.0.max(1)))),
                    TimerSetTimeFlags::TFD_TIMER_ABSTIME,
                )?,
                None => self.timer.unset()?,
            }
            self.armed = until;
        }
        let mut events = [EpollEvent::empty(); EVENTS_AT_A_TIME];
        let count = match self.epoll.wait(&mut events, EpollTimeout::NONE) {
            Err(nix::errno::Errno::EINTR) => 0,
            other => other?,
        };
        let mut tokens = Vec::with_capacity(count);
        for event in events.iter().take(count) {
            match event.data() {
                TIMER => self.armed = None, // expired: the next sleep arms it anew
                BELL => {
                    let _ = self.bell.read(); // only resets the counter; empty is fine
                }
                token => tokens.push(token),
            }
        }
        Ok(tokens)
    }
}
