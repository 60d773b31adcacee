//! The words of `hactl drill`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::text::parse_time;

/// `hactl drill`.
#[derive(Debug, Args)]
pub(crate) struct Drill {
    /// Scenarios, see --list
    pub scenarios: Vec<String>,
    /// Name the scenarios and what each expects
    #[arg(long)]
    pub list: bool,
    /// Run every scenario
    #[arg(long)]
    pub all: bool,
    /// Some of them in random order: the same number, the same sequence
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// How many drills a sequence has
    #[arg(long, value_name = "NUMBER", default_value_t = 5, requires = "seed", value_parser = clap::value_parser!(u16).range(1..=200))]
    pub count: u16,
    /// Drill a pair that cannot fail over, or is not good otherwise
    #[arg(long)]
    pub anyway: bool,
    /// What past drills of this cluster measured; nothing is broken
    #[arg(long, conflicts_with_all = ["list", "all", "seed", "report"])]
    pub trend: bool,
    /// Longest outage that passes, instead of each scenario's own, for example 4s
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub budget: Option<std::time::Duration>,
    /// Report format; html writes a file, the others go to stdout
    #[arg(long, value_enum)]
    pub report: Vec<Report>,
    /// Folder for report files
    #[arg(long, default_value = ".")]
    pub out: PathBuf,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

/// Report formats of a drill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Report {
    /// Self-contained page with a timeline.
    Html,
    /// List of results.
    Json,
    /// JUnit XML for CI.
    Junit,
    /// Markdown table.
    Md,
}
