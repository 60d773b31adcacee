//! What `hactl check` says of a keepalived.conf, before it leaves the desk or where it stands. [`file`] reads it as the agent
//! would, `here` asks this host for what it names, `stops` tells of what stops or replaces the agent. No network.

pub mod commands;
pub mod file;
mod here;
pub mod pages;
pub mod stops;
