//! The desk's clock.

use std::time::{SystemTime, UNIX_EPOCH};

const NS_PER_MS: u64 = 1_000_000;

/// Unix time in nanoseconds.
pub(super) fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// The same in milliseconds.
pub fn now_ms() -> u64 {
    now_ns() / NS_PER_MS
}
