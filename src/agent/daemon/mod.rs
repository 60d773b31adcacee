//! The daemon as a process: from the command line over READY, reloads and upgrades to the end. [`run`] is the story,
//! [`load`] makes a configuration of a file, [`services`] holds whatever a configuration calls for beside the VRRP loop.
//! What a service does is decided in the other rooms; this one may use all of them and none of them uses it.

pub mod birth;
pub mod load;
pub mod namespace;
pub mod remark;
pub mod run;
pub mod services;
pub mod signals;
pub mod systemd;
pub mod unrunnable;
pub mod upgrade;
