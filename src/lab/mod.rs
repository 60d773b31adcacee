//! Real hosts on one machine: systemd-nspawn containers with systemd and sshd, in network namespaces on one switch,
//! with a desk and a client beside them. [`up`] builds, [`down`] leaves nothing behind, also after a crash;
//! [`enter`] and [`fault`] are the doors. Everything is found again by name, so a lost state file loses nothing.

pub mod cgroup;
pub mod down;
pub mod enter;
pub mod fault;
pub mod host;
pub mod kernel;
pub mod layout;
pub mod network;
pub mod rootfs;
pub mod spaces;
pub mod status;
pub mod tool;
pub mod up;
