//! Constants and sizes of C in the widths that the kernel's structures have. They are called for constants, so that
//! what does not fit fails to compile.

use libc::{c_int, socklen_t};

/// `AF_INET` and its like, as 16 bits hold them.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "asserted")]
pub(super) const fn short(number: c_int) -> u16 {
    assert!(number >= 0 && number <= u16::MAX as c_int);
    number as u16
}

/// How long a structure is, as socket calls take it.
#[expect(clippy::cast_possible_truncation, reason = "asserted")]
pub(super) const fn length_of<T>() -> socklen_t {
    assert!(size_of::<T>() <= socklen_t::MAX as usize);
    size_of::<T>() as socklen_t
}
