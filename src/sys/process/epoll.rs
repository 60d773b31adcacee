//! What the VRRP loop sleeps on: epoll with a timerfd on the boot clock and an eventfd for messages from other threads.

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
pub(crate) struct Sleeper {
    epoll: Epoll,
    timer: TimerFd,
    /// When the timer fires: never later than the loop asked for, often earlier.
    armed: Option<Instant>,
    bell: Arc<EventFd>,
}

/// Wakes the sleeper from another thread.
#[derive(Clone)]
pub(crate) struct Bell(Arc<EventFd>);

impl Bell {
    /// Wakes the sleeper now.
    pub(crate) fn ring(&self) {
        // The only failure is a full counter, and then the bell is ringing already.
        let _ = self.0.write(1);
    }
}

impl Sleeper {
    /// Creates the descriptors.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let timer = TimerFd::new(ClockId::CLOCK_BOOTTIME, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)?;
        let bell = EventFd::from_value_and_flags(0, EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?;
        // Edge-triggered: an expiry is told once and need not be read away.
        epoll.add(&timer, EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLET, TIMER))?;
        epoll.add(&bell, EpollEvent::new(EpollFlags::EPOLLIN, BELL))?;
        Ok(Self { epoll, timer, armed: None, bell: Arc::new(bell) })
    }

    /// A bell for other threads.
    pub(crate) fn bell(&self) -> Bell {
        Bell(Arc::clone(&self.bell))
    }

    /// Watches a descriptor; `token` comes back from [`Sleeper::sleep`] when it has something to read.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn watch(&self, fd: BorrowedFd<'_>, token: u64) -> io::Result<()> {
        Ok(self.epoll.add(fd, EpollEvent::new(EpollFlags::EPOLLIN, token))?)
    }

    /// Sleeps until a descriptor is readable, the bell rings or `until` has come; returns the tokens of readable
    /// descriptors.
    ///
    /// # Errors
    /// The kernel's; an interrupting signal is none.
    pub(crate) fn sleep(&mut self, until: Option<Instant>) -> io::Result<Vec<u64>> {
        loop {
            self.arm(until)?;
            let mut events = [EpollEvent::empty(); EVENTS_AT_A_TIME];
            let count = match self.epoll.wait(&mut events, EpollTimeout::NONE) {
                Err(nix::errno::Errno::EINTR) => 0,
                other => other?,
            };
            let mut tokens = Vec::with_capacity(count);
            let mut too_early = count == 1;
            for event in events.iter().take(count) {
                match event.data() {
                    TIMER => {
                        let fired = self.armed.take(); // the next sleep arms it anew
                        too_early &= until.is_none_or(|until| fired < Some(until));
                        continue;
                    }
                    BELL => {
                        let _ = self.bell.read(); // only resets the counter; empty is fine
                    }
                    token => tokens.push(token),
                }
                too_early = false;
            }
            if !too_early {
                return Ok(tokens);
            }
        }
    }

    /// Sees to it that the timer fires in time. One that fires earlier is left alone: each advert moves a backup's
    /// deadline on, and a wake too many now and then costs less than a system call for each of them.
    fn arm(&mut self, until: Option<Instant>) -> io::Result<()> {
        let Some(at) = until.filter(|at| self.armed.is_none_or(|armed| *at < armed)) else { return Ok(()) };
        // An absolute time in the past fires at once; 0 would disarm.
        let at_least_1 = TimeSpec::from_duration(std::time::Duration::from_nanos(at.0.max(1)));
        self.timer.set(Expiration::OneShot(at_least_1), TimerSetTimeFlags::TFD_TIMER_ABSTIME)?;
        self.armed = until;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sys::process::clock;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_deadline_that_moved_on_does_not_end_the_sleep() {
        let mut sleeper = Sleeper::new().unwrap();
        let (bell, begin) = (sleeper.bell(), clock::now());
        bell.ring();
        sleeper.sleep(Some(begin.after(ms(20)))).unwrap(); // arms the timer; the bell ends it
        assert!(clock::now().since(begin) < ms(20));
        sleeper.sleep(Some(begin.after(ms(60)))).unwrap();
        assert!(clock::now().since(begin) >= ms(60));
        sleeper.sleep(Some(begin)).unwrap(); // already past
    }

    #[test]
    fn a_timer_that_fired_does_not_keep_a_loop_without_deadline_awake() {
        let mut sleeper = Sleeper::new().unwrap();
        let begin = clock::now();
        sleeper.sleep(Some(begin.after(ms(5)))).unwrap();
        let bell = sleeper.bell();
        let ringer = std::thread::spawn(move || {
            std::thread::sleep(ms(50));
            bell.ring();
        });
        sleeper.sleep(None).unwrap();
        assert!(clock::now().since(begin) >= ms(50));
        ringer.join().unwrap();
    }
}
