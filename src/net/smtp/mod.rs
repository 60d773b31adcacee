//! SMTP: one side of a conversation over any stream. [`reply`] is pure and played with by the fuzzer; what is said, and
//! which reply is wanted, the callers know.

pub mod reply;
pub(crate) mod talk;
