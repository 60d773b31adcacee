//! `real_server` and `sorry_server`.

use std::net::SocketAddr;

use super::checker::Checker;
use crate::conf::config::notify::Script;
use crate::conf::text::diagnostic::Location;
use crate::ipvs::Forward;

/// `real_server IP [PORT]`.
#[derive(Debug, Clone, PartialEq)]
pub struct RealServer {
    /// Where it listens; without a port the virtual server's, 0 behind a fwmark.
    pub address: SocketAddr,
    /// `weight`: share of the connections; default 1. 0: keeps what it has, gets nothing new.
    pub weight: u32,
    /// `lvs_method`; else the virtual server's `lb_kind`.
    pub forward: Forward,
    /// `uthreshold`: with more connections it gets no new ones; 0 is off.
    pub upper_threshold: u32,
    /// `lthreshold`: below so many it gets new ones again; 0 is off.
    pub lower_threshold: u32,
    /// `inhibit_on_failure`: a failure sets the weight to 0 rather than taking it out of the table.
    pub inhibit_on_failure: bool,
    /// `notify_up`; boxed, for there are many servers and few have one.
    pub notify_up: Option<Box<Script>>,
    /// `notify_down`.
    pub notify_down: Option<Box<Script>>,
    /// `smtp_alert`: changes are mailed; default on, else what `global_defs` says.
    pub smtp_alert: bool,
    /// All of them must pass. Empty: always up.
    pub checkers: Vec<Checker>,
    /// Where the block begins.
    pub location: Location,
}

/// `sorry_server IP [PORT]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SorryServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// `sorry_server_lvs_method`; else the virtual server's `lb_kind`.
    pub forward: Forward,
    /// `sorry_server_inhibit`: stays in the table with weight 0 while it is not needed.
    pub inhibit: bool,
}
