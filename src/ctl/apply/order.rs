//! What is to be deployed, where and how.

use std::path::PathBuf;
use std::time::Duration;

use super::plan_file::PlanFile;

/// What to deploy and how.
#[derive(Debug, Clone)]
pub struct Order {
    /// Inventory, when named.
    pub inventory: Option<PathBuf>,
    /// What stands here, rather than in the inventory's file, whose place and name it has.
    pub edited: Option<String>,
    /// Only these hosts; empty means all.
    pub limit: Vec<String>,
    /// Only these roles; empty means all.
    pub only: Vec<String>,
    /// Carry out this plan exactly, or nothing.
    pub exactly: Option<PlanFile>,
    /// Web hosts changed at a time.
    pub batch: usize,
    /// Leave a failed deploy as it is.
    pub keep_failed: bool,
    /// Change what load balancers must have alike, although the VIP may have two owners or none meanwhile.
    pub accept_gap: bool,
    /// Go on without hosts that cannot be reached. The others remember that they missed it.
    pub skip_unreachable: bool,
    /// Change one host first.
    pub canary: Option<Canary>,
    /// The hactl binary for load balancers, when named.
    pub binary: Option<PathBuf>,
    /// A program of hactl that a load balancer has already stays as it is, whatever version it is.
    pub keep_binary: bool,
    /// How long a host, and then the cluster, may take to come to rest; [`SETTLE`](super::deploy::SETTLE) unless
    /// somebody plays them.
    pub settle: Duration,
}

/// A host that changes first, alone; the others follow when the cluster was good for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    /// Its name.
    pub host: String,
    /// For so long.
    pub watch: Duration,
}
