//! What `hactl check` says of a keepalived.conf, before it leaves the desk or where it stands. [`file`] reads it as the
//! agent would, `here` asks this host for what it names, `stops` tells of what stops or replaces the agent, `vrids` of
//! other clusters that were heard. Nobody is contacted.

pub mod commands;
pub mod file;
mod here;
pub mod pages;
pub mod stops;
pub mod vrids;
