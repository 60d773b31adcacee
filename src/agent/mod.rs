//! When it is done: the daemon on a load balancer. [`driver`] is the VRRP loop on its own thread: it feeds the engine
//! and [`perform`]s what comes back through `sys`; everything that may block (scripts, control socket, files, logs)
//! lives on a small tokio runtime in [`run`] and talks to the loop by [`letter`]s. Never imports `ctl`.

pub mod alert;
pub mod check;
pub mod client;
pub mod control;
pub mod driver;
pub mod dump;
pub mod dump_json;
pub mod dump_text;
pub mod exporter;
pub mod fifo;
pub mod fifo_lines;
pub mod fifo_lvs;
pub mod files_tracked;
pub mod ground;
pub mod journal;
pub mod letter;
pub mod listen;
pub mod load;
pub mod log;
pub mod lvs;
pub mod mail;
pub mod mail_text;
pub mod memory;
pub mod metrics;
pub mod notify;
pub mod perform;
pub mod probe;
pub mod process;
pub mod processes;
pub mod quorum;
pub mod report;
pub mod resolve;
pub mod run;
pub mod safety;
pub mod scripts;
pub mod services;
pub mod signals;
pub mod systemd;
pub mod timed;
pub mod upgrade;
pub mod vmacs;
pub mod webhook;
