//! When it is done: the daemon on a load balancer. [`driver`] is the VRRP loop on its own thread: it feeds the engine
//! and [`perform`]s what comes back through `sys`; everything that may block (scripts, control socket, files, logs)
//! lives on a small tokio runtime in [`run`] and talks to the loop by [`letter`]s. Never imports `ctl`.

pub mod client;
pub mod control;
pub mod driver;
pub mod files;
pub mod journal;
pub mod letter;
pub mod log;
pub mod memory;
pub mod notify;
pub mod perform;
pub mod probe;
pub mod process;
pub mod run;
pub mod scripts;
pub mod systemd;
