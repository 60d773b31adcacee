//! Blocks about LVS to [`crate::conf::config::lvs`]: `virtual_server` with its real servers and their checks, groups,
//! `SSL`, and the `lvs_…` lines of `global_defs`. What an outer block says for the inner ones is read first, so that
//! every value here is complete. Nothing here asks whether a server lives.

mod check;
mod checker;
mod connection;
mod family;
mod group;
mod head;
mod http;
mod lint;
mod misc;
pub(crate) mod network;
mod pattern;
mod pool;
pub(crate) mod read;
mod real_server;
mod scheduling;
mod service;
mod shared;
mod timing;
mod udp;
mod upstream;
mod url;
mod virtual_server;
