//! The configuration as a whole.

use std::sync::Arc;

use super::address::VirtualAddress;
use super::global::{Global, Own};
use super::instance::{SyncGroup, VrrpInstance};
use super::link_delay::LinkDelay;
use super::lvs::VirtualServer;
use super::route::{Route, Rule};
use super::track::{TrackFile, TrackProcess, VrrpScript};

/// Everything the agent needs to run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// `net_namespace` and `net_namespace_ipvs`.
    pub namespaces: Namespaces,
    /// `global_defs`.
    pub global: Global,
    /// `hactl`: settings that keepalived does not have.
    pub own: Own,
    /// `interface_up_down_delays`, in file order; each interface once.
    pub link_delays: Vec<LinkDelay>,
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

/// The network namespaces that the agent works in, by the names of ip-netns(8).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Namespaces {
    /// For everything: entered before anything else is done.
    pub own: Option<String>,
    /// For LVS alone. Not supported: an agent with virtual servers refuses to start.
    pub ipvs: Option<String>,
}

impl Config {
    /// Whether LVS is asked for in a namespace that the agent does not enter.
    pub fn strays(&self) -> bool {
        let lvs = !self.virtual_servers.is_empty() || self.global.lvs.sync_daemon.is_some();
        lvs && self.namespaces.ipvs.is_some() && self.namespaces.ipvs != self.namespaces.own
    }

    /// The group that an instance belongs to.
    pub fn group_of(&self, instance: &str) -> Option<&SyncGroup> {
        self.groups.iter().find(|group| group.members.iter().any(|member| member == instance))
    }
}
