//! This process and others: clocks, scheduling, memory, what the loop sleeps on, folders and processes that are watched, and
//! the kernel's settings. Each file wraps one facility of Linux and knows nothing of why it is used.

pub mod clock;
pub mod daemon;
pub mod epoll;
pub mod inotify;
pub mod memory;
pub mod namespace;
pub mod processes;
pub mod replace;
pub mod sched;
pub mod sigpipe;
pub mod stamp;
pub mod sysctl;
