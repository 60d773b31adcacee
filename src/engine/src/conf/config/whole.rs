//! The configuration as a whole.

use std::sync::Arc;

use super::address::VirtualAddress;
use super::global::{Global, Own};
use super::instance::{SyncGroup, VrrpInstance};
use super::lvs::VirtualServer;
use super::route::{Route, Rule};
use super::track::{TrackFile, TrackProcess, VrrpScript};

/// Everything the agent needs to run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// `global_defs`.
    pub global: Global,
    /// `hactl`: settings that keepalived does not have.
    pub own: Own,
    /// `vrrp_script` blocks, in file order.
    pub scripts: Vec<VrrpScript>,
    /// `track_file` (`vrrp_track_file`) blocks, in file order.
    pub files: Vec<TrackFile>,
    /// `vrrp_track_process` blocks, in file order.
    pub processes: Vec<TrackProcess>,
    /// `static_ipaddress`: there from start to stop. Each has its interface.
    pub static_addresses: Vec<VirtualAddress>,
    /// `static_routes`: there from start to stop.
    pub static_routes: Vec<Route>,
    /// `static_rules`: there from start to stop.
    pub static_rules: Vec<Rule>,
    /// `vrrp_sync_group` blocks, in file order. Members exist and belong to one group only; what a group tracks has
    /// been added to its members.
    pub groups: Vec<SyncGroup>,
    /// `vrrp_instance` blocks, in file order. Shared: each router holds its own one, and there may be thousands.
    pub instances: Vec<Arc<VrrpInstance>>,
    /// `virtual_server` blocks, in file order.
    pub virtual_servers: Vec<Arc<VirtualServer>>,
}

impl Config {
    /// The group that an instance belongs to.
    pub fn group_of(&self, instance: &str) -> Option<&SyncGroup> {
        self.groups.iter().find(|group| group.members.iter().any(|member| member == instance))
    }
}
