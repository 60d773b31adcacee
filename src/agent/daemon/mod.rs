//! The daemon as a process: from the command line over READY, reloads and upgrades to the end. [`run`] is the story,
//! [`load`] makes a configuration of a file, [`services`] holds whatever a configuration calls for beside the VRRP
//! loop. What a service does is decided in the other rooms; this one may use all of them and none of them uses it.

pub(crate) mod birth;
mod error;
pub(crate) mod load;
mod namespace;
mod remark;
pub(crate) mod run;
mod services;
pub(crate) mod signals;
pub(crate) mod systemd;
mod unrunnable;
pub(crate) mod upgrade;
