//! Clocks: the boot clock drives the engine (it counts through suspend), the wall clock dates what people read.

use std::time::{SystemTime, UNIX_EPOCH};

use hactl_engine::time::Instant;
use nix::time::{ClockId, clock_gettime};

/// Now, in nanoseconds since boot.
pub(crate) fn now() -> Instant {
    // CLOCK_BOOTTIME exists since Linux 2.6.39 and cannot fail with a valid pointer; zero would only delay a timer.
    let time = clock_gettime(ClockId::CLOCK_BOOTTIME).unwrap_or(nix::sys::time::TimeSpec::new(0, 0));
    // It counts from the boot, so neither part is negative.
    Instant(time.tv_sec().unsigned_abs() * 1_000_000_000 + time.tv_nsec().unsigned_abs())
}

/// Unix time in milliseconds.
pub(crate) fn unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, hactl_engine::time::millis)
}
