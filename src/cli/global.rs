//! Options that every command takes, and what several commands have in common.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Options every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Inventory file [default: $HACTL_INVENTORY, ./inventory.yaml, or the last one deployed]
    #[arg(short, long, global = true, env = "HACTL_INVENTORY", value_name = "FILE")]
    pub inventory: Option<PathBuf>,
    /// Output format on stdout
    #[arg(short, long, global = true, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    /// Shorthand for --output json
    #[arg(long, global = true)]
    pub json: bool,
    /// Say less (errors only)
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more; twice for every remote command
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// No progress bars
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// Limit for connecting to a host and for each remote step, in seconds
    #[arg(long, global = true, default_value_t = 30, value_name = "SECONDS")]
    pub timeout: u64,
    /// Take host keys of hosts that are not known yet, and remember them
    #[arg(long, global = true)]
    pub accept_new_host_keys: bool,
}

impl Global {
    /// Whether stdout is JSON.
    pub(crate) fn wants_json(&self) -> bool {
        self.json || self.output == Output::Json
    }
}

/// Output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Colour policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}
