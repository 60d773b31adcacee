//! What is typed behind `plan` and `deploy`.

use std::path::PathBuf;

use clap::Args;

use crate::text::parse_time;

/// The inventory of `plan` and `deploy`, which may also stand as a bare argument.
#[derive(Debug, Clone, Args)]
pub(crate) struct Target {
    /// Inventory file (same as --inventory)
    #[arg(value_name = "INVENTORY")]
    pub file: Option<PathBuf>,
    /// Only these hosts, comma separated
    #[arg(long, value_delimiter = ',', value_name = "HOST")]
    pub limit: Vec<String>,
    /// Only these roles, comma separated
    #[arg(long, value_delimiter = ',', value_name = "ROLE")]
    pub only: Vec<String>,
    /// Go on without hosts that cannot be reached; `hactl status` names them until they are deployed
    #[arg(long)]
    pub skip_unreachable: bool,
}

/// `hactl plan`.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// What to plan for.
    #[command(flatten)]
    pub target: Target,
    /// Write the plan to a file, for `deploy --plan`
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `hactl deploy`.
#[derive(Debug, Args)]
pub(crate) struct Deploy {
    /// What to deploy.
    #[command(flatten)]
    pub target: Target,
    /// Carry out exactly the plan in this file, or nothing (exit 4 with what changed since it was made)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "inventory", "limit", "only"])]
    pub plan: Option<PathBuf>,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Change this host first, and the others only when the cluster was good for a while
    #[arg(long, value_name = "HOST")]
    pub canary: Option<String>,
    /// How long the cluster is watched with the canary, for example 2m
    #[arg(long = "for", value_name = "TIME", value_parser = parse_time, default_value = "1m", requires = "canary")]
    pub watch: std::time::Duration,
    /// Web hosts changed at a time
    #[arg(long, default_value_t = 1)]
    pub batch: usize,
    /// Leave a failed deploy as it is, for inspection
    #[arg(long)]
    pub no_auto_rollback: bool,
    /// Change what load balancers must have alike (VRID, interval) although the VIP may have two owners or none
    /// meanwhile
    #[arg(long)]
    pub accept_gap: bool,
    /// Hosts worked on in parallel
    #[arg(short, long, default_value_t = 64)]
    pub jobs: usize,
}
