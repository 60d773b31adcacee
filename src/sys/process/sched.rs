//! Real-time scheduling and locked memory for the VRRP loop, where the host permits.

use std::io;
use std::mem::zeroed;

use nix::sys::mman::{MlockAllFlags, mlockall};

/// The usual round-robin priority of the VRRP loop: above ordinary work, below the kernel's own threads.
pub(crate) const PRIORITY: u8 = 50;
/// The kernel's flag: children (scripts) start with ordinary scheduling.
const RESET_ON_FORK: i32 = 0x4000_0000;

/// Moves the calling thread to SCHED_RR with a priority from 1 to 99.
///
/// # Errors
/// The kernel's: without CAP_SYS_NICE or an RTPRIO limit "operation not permitted".
pub(crate) fn real_time(priority: u8) -> io::Result<()> {
    // SAFETY: sched_param is plain data; the kernel reads it during the call only. The C library's wrapper is not
    // used because musl's only answers ENOSYS. Thread id 0 means the caller.
    #[expect(unsafe_code, reason = "sched_setscheduler has no safe wrapper")]
    let result = unsafe {
        let mut parameter: libc::sched_param = zeroed();
        parameter.sched_priority = i32::from(priority);
        libc::syscall(libc::SYS_sched_setscheduler, 0, libc::SCHED_RR | RESET_ON_FORK, &raw const parameter)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Keeps what this process uses from being paged out: a page fault must not cost an advert. What it never touches is
/// not loaded for it.
///
/// # Errors
/// The kernel's: beyond the MEMLOCK limit.
pub(crate) fn lock_memory() -> io::Result<()> {
    // nix does not know MCL_ONFAULT.
    let flags = MlockAllFlags::from_bits_retain(libc::MCL_CURRENT | libc::MCL_FUTURE | libc::MCL_ONFAULT);
    Ok(mlockall(flags)?)
}
