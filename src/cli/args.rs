//! The grammar of the command line.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::agent_args::Agent;
use super::backend_args::Backend;
use super::capture_args::Capture;
use super::dashboard_args::Dashboard;
use super::deploy_args::{Deploy, Plan};
use super::drill_args::Drill;
use super::genhash::GenHash;
use super::global::Global;
use super::import_args::{Import, Takeover};
use super::lab_args::Lab;
use super::logs::Logs;
use super::roles_args::{Role, Template};
use crate::text::{parse_short_time, parse_time};

/// Parses a command line.
///
/// # Errors
/// What clap has to say, help and version included.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(meant(words))
}

/// The words that are meant. A link named `keepalived` behaves as `hactl agent run` with keepalived's options, one
/// named `genhash` as `hactl genhash`.
pub(super) fn meant(words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = words.into_iter().collect();
    let named = |name: &str| words.first().and_then(|word| Path::new(word).file_name()).is_some_and(|n| n == name);
    if named("genhash") {
        words.splice(0..1, ["hactl".into(), "genhash".into()]);
    } else if named("keepalived") && words.get(1).is_some_and(|word| word == "--genhash" || word == "-T") {
        words.splice(0..2, ["hactl".into(), "genhash".into()]);
    } else if named("keepalived") {
        words.splice(0..1, ["hactl".into(), "agent".into(), "run".into(), "--as-keepalived".into()]);
        // Its letters that mean something else in front of every other command here.
        if words.iter().skip(3).any(|word| word == "-v" || word == "--version") {
            words = vec!["hactl".into(), "--version".into()];
        }
        words.iter_mut().filter(|word| *word == "-i").for_each(|word| *word = "--config-id".into());
    }
    words
}

/// The grammar, for tests and completions.
pub(crate) fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Highly available load balancer pairs: deploy, verify, move and drill a virtual IP.
#[derive(Debug, Parser)]
#[command(name = "hactl", version, arg_required_else_help = true)]
#[command(after_help = "`hactl explain E702` tells what an error code means.")]
pub(crate) struct Cli {
    /// Options every command takes.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print an inventory to start from
    Init(Init),
    /// Validate inventories and keepalived.conf files, offline (exit 4 when a keepalived.conf names a program, user,
    /// interface or network namespace that is not on this host)
    Check(Check),
    /// Print what a host would get, offline
    Render(Render),
    /// Roles: what there is, and what a role puts on a host
    #[command(subcommand)]
    Role(Role),
    /// Templates: what there is, how one is written, and what it can use
    #[command(subcommand)]
    Template(Template),
    /// Connect, compare and print what a deploy would change (exit 2 when something is pending)
    Plan(Plan),
    /// Plan, confirm, apply and verify
    Deploy(Deploy),
    /// Read a running keepalived and nginx pair, and print the inventory of it (exit 2 when something would be
    /// otherwise)
    Import(Import),
    /// Replace the keepalived that owns the VIP, without losing a packet; `uninstall` gives it back
    Takeover(Takeover),
    /// One screen: who owns the VIP, and how everybody feels
    Status(Status),
    /// A page on this machine's loopback that shows the cluster as it lives, with failover, drain and drill behind a
    /// word that is typed; prints its URL, and serves until it is interrupted
    Dashboard(Dashboard),
    /// Check that each VIP has exactly one owner and that the service answers through it
    Verify(Verify),
    /// Show what load balancers say on their LAN (adverts, ARP, neighbour discovery) in plain words, seen by all of
    /// them at once, and what is wrong with it (exit 7 then)
    Capture(Capture),
    /// Move the VIP to another load balancer and measure the gap
    Failover(Failover),
    /// Drop the raised priorities that failovers left: the election decides again
    Unpin {
        /// Only on this load balancer; on all when absent
        host: Option<String>,
    },
    /// Print the metrics of all agents as one page of Prometheus' text format; no port need be open for it
    Metrics {
        /// Only of this host; of all with an agent when absent
        host: Option<String>,
    },
    /// Give a real server no new connections, on every director
    Drain {
        /// Host of the inventory
        host: String,
        /// Wait until its connections have ended, at the longest so long, for example 5m
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        wait: Option<std::time::Duration>,
    },
    /// Take drain back
    Undrain {
        /// Host of the inventory
        host: String,
    },
    /// Give a real server another weight on every director; without a number the configured one again
    Weight {
        /// Host of the inventory
        host: String,
        /// The weight
        weight: Option<u32>,
    },
    /// Servers of pools: add, remove, weigh, drain them, live; the inventory is edited with its comments kept
    #[command(subcommand)]
    Backend(Backend),
    /// Go back to an earlier generation on all hosts, or on none
    Rollback {
        /// The generation; when absent, the one before the last. Going back is a generation, too: a second `rollback`
        /// undoes the first
        #[arg(long, value_name = "NUMBER")]
        to: Option<u64>,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Take hactl, and all that it ever put there, away from these hosts
    Remove {
        /// Hosts of the inventory
        #[arg(required = true)]
        hosts: Vec<String>,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Leave every host as it was before hactl
    Uninstall {
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// What differs on each host between two generations
    Diff {
        /// The older generation; when absent, the one before the newer
        from: Option<u64>,
        /// The newer one; when absent, what is there now
        to: Option<u64>,
        /// Only this host
        #[arg(long, value_name = "HOST")]
        host: Option<String>,
    },
    /// What deploys did to each host, and which generation is in force
    History {
        /// Only this host
        host: Option<String>,
    },
    /// What agents and nginx wrote, of all hosts on one clock
    Logs(Logs),
    /// Who may deploy now, and how to end what a dead desk left
    #[command(subcommand)]
    Lock(Lock),
    /// Inject faults, measure the clients' outage, restore, judge
    Drill(Drill),
    /// Real Debian hosts (systemd, sshd) on this machine
    #[command(subcommand)]
    Lab(Lab),
    /// The daemon on a load balancer, and its local controls
    #[command(subcommand)]
    Agent(Agent),
    /// Tell what an error code means, why it matters and what to do
    Explain(Explain),
    /// Print the manual page: `hactl man | man -l -`
    Man,
    /// Print the MD5 sum of a page, for the `digest` of HTTP_GET
    Genhash(GenHash),
    /// Names for completion scripts
    #[command(name = "__complete", hide = true)]
    Complete {
        /// Which.
        names: Names,
    },
    /// Print a shell completion script
    Completions {
        /// Shell
        shell: clap_complete::Shell,
    },
}

impl Command {
    /// The word that was typed for it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Init(_) => "init",
            Self::Check(_) => "check",
            Self::Render(_) => "render",
            Self::Role(_) => "role",
            Self::Template(_) => "template",
            Self::Plan(_) => "plan",
            Self::Deploy(_) => "deploy",
            Self::Import(_) => "import",
            Self::Takeover(_) => "takeover",
            Self::Status(_) => "status",
            Self::Dashboard(_) => "dashboard",
            Self::Verify(_) => "verify",
            Self::Capture(_) => "capture",
            Self::Failover(_) => "failover",
            Self::Unpin { .. } => "unpin",
            Self::Metrics { .. } => "metrics",
            Self::Drain { .. } => "drain",
            Self::Undrain { .. } => "undrain",
            Self::Weight { .. } => "weight",
            Self::Backend(_) => "backend",
            Self::Rollback { .. } => "rollback",
            Self::Remove { .. } => "remove",
            Self::Uninstall { .. } => "uninstall",
            Self::Diff { .. } => "diff",
            Self::History { .. } => "history",
            Self::Logs(_) => "logs",
            Self::Lock(_) => "lock",
            Self::Drill(_) => "drill",
            Self::Lab(_) => "lab",
            Self::Agent(_) => "agent",
            Self::Explain(_) => "explain",
            Self::Man => "man",
            Self::Genhash(_) => "genhash",
            Self::Complete { .. } => "__complete",
            Self::Completions { .. } => "completions",
        }
    }
}

/// `hactl lock`.
#[derive(Debug, Subcommand)]
pub(crate) enum Lock {
    /// Who holds the lock of each host
    Status {
        /// Only this host
        host: Option<String>,
    },
    /// Take the lock away; what was not committed goes back
    Break {
        /// Only on this host
        host: Option<String>,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

/// `hactl explain`.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A VIP of the inventory: why it is where it is. A code, such as E702. A keyword of keepalived.conf, such as
    /// nopreempt. A key of the inventory, such as vip.vrid. An alert, such as HactlNoStandby. A packet in hexadecimal
    /// digits, such as tcpdump -x prints it (- reads standard input). All codes when absent
    pub what: Vec<String>,
    /// Print every code with its title
    #[arg(long)]
    pub list: bool,
}

impl Explain {
    /// The VIP whose place is to be explained; none where something else is.
    pub(super) fn vip(&self) -> Option<std::net::IpAddr> {
        match self.what.as_slice() {
            [one] if !self.list => one.parse().ok(),
            _ => None,
        }
    }
}

/// What `__complete` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Names {
    /// Hosts of the inventory.
    Hosts,
    /// Load balancers of the inventory.
    Balancers,
    /// Hosts of the lab.
    Lab,
}

/// `hactl init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Virtual IP with prefix length
    #[arg(long)]
    pub vip: Option<String>,
    /// Load balancers, best first: NAME=ADDRESS or ADDRESS, comma separated
    #[arg(long, value_delimiter = ',')]
    pub lb: Vec<String>,
    /// Web hosts: NAME=ADDRESS or ADDRESS, comma separated
    #[arg(long, value_delimiter = ',')]
    pub web: Vec<String>,
    /// Print a ready example instead
    #[arg(long, value_parser = super::examples::EXAMPLES.map(|(name, _)| name))]
    pub example: Option<String>,
}

/// `hactl check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Inventories (.yaml, .yml) or keepalived.conf files; the current inventory when none is given
    pub files: Vec<PathBuf>,
    /// Read the `@ID` lines of a keepalived.conf for this host; for this one's name when absent
    #[arg(long, value_name = "ID")]
    pub config_id: Option<String>,
    /// The keepalived.conf is for another host: do not look here for the interfaces, users, files and programs it names
    #[arg(long)]
    pub elsewhere: bool,
    /// Listen on the interfaces that a keepalived.conf names, for so long (`--listen=6s`) or until its slowest instance
    /// would have been heard: does another cluster of this LAN use its VRID, does the other half of the pair say the
    /// same? Exit 4 when not. Needs root
    #[arg(long, value_name = "TIME", value_parser = parse_short_time, num_args = 0..=1, require_equals = true,
          conflicts_with = "elsewhere")]
    pub listen: Option<Option<std::time::Duration>>,
}

/// `hactl render`.
#[derive(Debug, Args)]
pub(crate) struct Render {
    /// Host of the inventory
    pub host: String,
    /// Only this file, without a heading
    #[arg(long, value_name = "PATH")]
    pub file: Option<String>,
    /// Print secrets as they are, not as `…`
    #[arg(long)]
    pub show_secrets: bool,
}

/// `hactl status`.
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// What happens from now on: a screen with keys for failover, drain and drill; without a terminal, and with --json,
    /// a line an event (-q: without adverts, counters and load)
    #[arg(short, long)]
    pub watch: bool,
    /// Also what is not as the last deploy left it: files, units, packages (exit 2 when there is any)
    #[arg(long)]
    pub drift: bool,
}

/// `hactl verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Keep verifying for this long, for example 10s
    #[arg(long = "for", value_name = "TIME", value_parser = parse_time)]
    pub duration: Option<std::time::Duration>,
    /// Longest gap in answers that still passes, for example 1s
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub max_gap: Option<std::time::Duration>,
}

/// `hactl failover`.
#[derive(Debug, Args)]
pub(crate) struct Failover {
    /// Host that shall own the VIP
    #[arg(long, value_name = "HOST")]
    pub to: String,
    /// Only this VIP
    #[arg(long, value_name = "NAME|ADDRESS")]
    pub vip: Option<String>,
    /// Show what would happen
    #[arg(long)]
    pub dry_run: bool,
    /// Go back to the election's own choice after this time, for example 10m
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub stay: Option<std::time::Duration>,
    /// Move although the target's checks are bad
    #[arg(long)]
    pub force: bool,
}
