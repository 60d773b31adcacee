//! The grammar of `hactl backend`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use crate::text::parse_time;

/// `hactl backend`.
#[derive(Debug, Subcommand)]
pub(crate) enum Backend {
    /// Every pool with its servers, as the inventory says
    List,
    /// Add a web host, or a server to a pool: web-9=10.0.0.9, web-9=10.0.0.9:8080, 10.0.0.21:9000
    Add {
        /// NAME=ADDRESS[:PORT]; with --pool also a host of the inventory or an address, with its port
        server: String,
        /// The pool, where it lists its own servers
        #[arg(long)]
        pool: Option<String>,
        /// Somebody else works on it: it is sent requests, and never logged in to
        #[arg(long)]
        unmanaged: bool,
        /// How to deploy it.
        #[command(flatten)]
        how: How,
    },
    /// Take a server out for good
    Remove(Server),
    /// Give a server another share of the requests
    Weight {
        /// Which.
        #[command(flatten)]
        server: Server,
        /// The weight
        weight: u32,
    },
    /// Give a server no new requests; those that run end as they would
    Drain {
        /// Which.
        #[command(flatten)]
        server: Server,
        /// With LVS: wait until its connections have ended, at the longest so long, for example 5m
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        wait: Option<Duration>,
    },
    /// Take drain back
    Undrain(Server),
    /// Answer every request with one page and status 503; the VIP stays where it is
    Maintenance {
        /// What it shall be
        state: State,
        /// A file with the page
        #[arg(long, value_name = "FILE")]
        page: Option<PathBuf>,
        /// How to deploy it.
        #[command(flatten)]
        how: How,
    },
    /// Give a server another share for a while, watch the answers, and put the old one back (exit 7 when they went bad)
    Canary {
        /// Which.
        #[command(flatten)]
        server: Server,
        /// The weight meanwhile
        #[arg(long)]
        weight: u32,
        /// How long the answers are watched, for example 10m
        #[arg(long = "for", value_name = "TIME", value_parser = parse_time, default_value = "1m")]
        watch: Duration,
        /// Where answers were good the weight stays, and is written into the inventory
        #[arg(long)]
        keep: bool,
    },
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum State {
    /// The page answers.
    On,
    /// The servers answer.
    Off,
}

/// A server that is there.
#[derive(Debug, Clone, Args)]
pub(crate) struct Server {
    /// A web host, or a pool's server by name or address, as `list` shows it
    pub server: String,
    /// Only in this pool
    #[arg(long)]
    pub pool: Option<String>,
    /// How to deploy it.
    #[command(flatten)]
    pub how: How,
}

/// How a change is deployed.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct How {
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Show the edit and what it would change (exit 2), and change nothing
    #[arg(long)]
    pub dry_run: bool,
}
