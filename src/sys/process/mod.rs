//! This process and others: clocks, scheduling, memory, what the loop sleeps on, folders and processes that are
//! watched, and the kernel's settings. Each file wraps one facility of Linux and knows nothing of why it is used.

pub(crate) mod clock;
pub(crate) mod daemon;
pub(crate) mod endings;
pub(crate) mod epoll;
pub(crate) mod inotify;
pub(crate) mod memory;
pub(crate) mod namespace;
pub(crate) mod processes;
pub(crate) mod replace;
pub(crate) mod sched;
pub mod sigpipe;
pub(crate) mod stamp;
pub(crate) mod sysctl;
