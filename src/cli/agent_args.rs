//! The grammar of `hactl agent`, keepalived's option letters among it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hactl_engine::certificates::{ACCOUNT_KEY, FOLDER, ORDERS};

use crate::text::{parse_short_time, parse_time};

/// `hactl agent`.
#[derive(Debug, Subcommand)]
pub(crate) enum Agent {
    /// Run the daemon
    Run(AgentRun),
    /// State of the local agent
    Status(AgentStatus),
    /// Make this node master at once
    Promote {
        /// Where the agent listens.
        #[command(flatten)]
        client: AgentClient,
        /// Instance; all when absent
        #[arg(long)]
        instance: Option<String>,
        /// Although checks are bad
        #[arg(long)]
        force: bool,
        /// Go back after this time, for example 10m
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        stay: Option<std::time::Duration>,
    },
    /// Hand the addresses to the best backup
    Resign {
        /// Where the agent listens.
        #[command(flatten)]
        client: AgentClient,
        /// Instance; all when absent
        #[arg(long)]
        instance: Option<String>,
    },
    /// Drop the raised priority that promote left
    Unpin {
        /// Where the agent listens.
        #[command(flatten)]
        client: AgentClient,
        /// Instance; all when absent
        #[arg(long)]
        instance: Option<String>,
    },
    /// Send one request as JSON from stdin, and print the answer as JSON; this is how the desk asks
    Call(AgentClient),
    /// Give a real server no new connections; what is connected goes on
    Drain(RealServer),
    /// Take drain back
    Undrain(RealServer),
    /// Give a real server another weight; without a number the configured one again
    Weight {
        /// Which one.
        #[command(flatten)]
        real: RealServer,
        /// The weight
        weight: Option<u32>,
    },
    /// Read the configuration again
    Reload(AgentClient),
    /// Stop the agent; under systemd, keeps the addresses when the unit is only restarting
    Stop(AgentClient),
    /// Past events, and how long each state lasted
    History(AgentClient),
    /// What the agent sees, line by line until Ctrl-C: adverts, changes, checks, load; with --json typed
    Events(AgentClient),
    /// Metrics in Prometheus' text format
    Metrics {
        #[command(flatten)]
        client: AgentClient,
        /// Put them into this file, replaced whole, as node_exporter's textfile collector reads it (NAME.prom)
        #[arg(long, value_name = "FILE")]
        write: Option<PathBuf>,
    },
    /// Replace the running process by the binary now on disk, in place: same process id, addresses untouched
    Upgrade(AgentClient),
    /// Which VRIDs are in use on a LAN: listens, then prints one line for each router heard
    Listen {
        /// Interface
        interface: String,
        /// How long
        #[arg(long = "for", default_value = "1500ms", value_name = "TIME", value_parser = parse_short_time)]
        limit: std::time::Duration,
        /// Adverts over IPv6
        #[arg(long)]
        ipv6: bool,
    },
    /// Write what load balancers say on their LAN (adverts, ARP, questions for neighbours) to stdout as pcapng, until
    /// the time is over or nobody reads: `hactl agent capture | tshark -r -`
    Capture {
        /// Interfaces; those of the configuration when absent
        interfaces: Vec<String>,
        /// How long, at the longest an hour
        #[arg(long = "for", default_value = "1h", value_name = "TIME", value_parser = parse_time)]
        limit: std::time::Duration,
        /// Configuration that names interfaces
        #[arg(long = "use-file", default_value = "/etc/hactl/hactl.conf", value_name = "FILE")]
        config: PathBuf,
    },
    /// Get certificates by ACME that sites lack, and renew those that are about to end; a timer does this each hour
    Certificates(AgentCertificates),
    /// Does a web server answer? Exit 0 for any HTTP status below 500; for check scripts
    Probe {
        /// http://HOST[:PORT][/PATH]
        url: String,
        /// How long it may take, for example 500ms; of it a connection takes at most 1.5 s
        #[arg(long, default_value = "1s", value_name = "TIME", value_parser = parse_time)]
        limit: std::time::Duration,
    },
}

/// `hactl agent status`.
#[derive(Debug, Clone, Args)]
pub(crate) struct AgentStatus {
    /// Where the agent listens.
    #[command(flatten)]
    pub client: AgentClient,
    /// Refresh on each event and each second until interrupted; with --json one line each time
    #[arg(short, long)]
    pub watch: bool,
}

/// `hactl agent certificates`.
#[derive(Debug, Clone, Args)]
pub(crate) struct AgentCertificates {
    /// Try again now what failed, unless that was less than a minute ago
    #[arg(long)]
    pub now: bool,
    /// What is ordered, as a deploy writes it
    #[arg(long, default_value = ORDERS, value_name = "FILE")]
    pub orders: PathBuf,
    /// Private key of the account
    #[arg(long, default_value = ACCOUNT_KEY, value_name = "FILE")]
    pub account_key: String,
    /// Where what was issued is kept
    #[arg(long, default_value = FOLDER, value_name = "FOLDER")]
    pub folder: PathBuf,
}

/// A real server of a local agent.
#[derive(Debug, Clone, Args)]
pub(crate) struct RealServer {
    /// Where the agent listens.
    #[command(flatten)]
    pub client: AgentClient,
    /// ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT, as in `status`
    pub server: String,
    /// Only in this virtual server, by its name in `status`
    #[arg(long, value_name = "NAME")]
    pub of: Option<String>,
}

/// Where a local agent listens.
#[derive(Debug, Clone, Args)]
pub(crate) struct AgentClient {
    /// Control socket
    #[arg(long, default_value = "/run/hactl/agent.sock", value_name = "PATH")]
    pub socket: PathBuf,
}

/// `hactl agent run`: keepalived's option letters and our own.
#[derive(Debug, Clone, Args)]
pub(crate) struct AgentRun {
    /// Configuration file
    #[arg(
        short = 'f',
        long = "use-file",
        visible_alias = "config",
        default_value = "/etc/keepalived/keepalived.conf",
        value_name = "FILE"
    )]
    pub config: PathBuf,
    /// What conditional lines (`@ID`) are compared with; the host name's first label when absent
    #[arg(long, value_name = "ID")]
    pub config_id: Option<String>,
    /// Control socket
    #[arg(long, default_value = "/run/hactl/agent.sock", value_name = "PATH")]
    pub socket: PathBuf,
    /// Where overrides survive a reboot
    #[arg(long, default_value = "/var/lib/hactl", value_name = "PATH")]
    pub state_dir: PathBuf,
    /// Stay in the foreground, as `hactl agent run` always does; a link named keepalived goes to the background without
    /// it
    #[arg(short = 'n', long)]
    pub dont_fork: bool,
    /// Log to standard error instead of the journal
    #[arg(short = 'l', long)]
    pub log_console: bool,
    /// Log in detail
    #[arg(short = 'D', long, action = clap::ArgAction::Count)]
    pub log_detail: u8,
    /// Process id file
    #[arg(short = 'p', long, value_name = "FILE")]
    pub pid: Option<PathBuf>,
    /// Second process id file, written when there is a VRRP instance
    #[arg(short = 'r', long = "vrrp_pid", alias = "vrrp-pid", value_name = "FILE")]
    pub vrrp_pid: Option<PathBuf>,
    /// Third process id file, written when there is a virtual server
    #[arg(short = 'c', long = "checkers_pid", alias = "checkers-pid", value_name = "FILE")]
    pub checkers_pid: Option<PathBuf>,
    /// Facility local0 to local7 in the system's log; daemon when absent
    #[arg(short = 'S', long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(0..=7))]
    pub log_facility: Option<u8>,
    /// Check the configuration and exit
    #[arg(short = 't', long)]
    pub config_test: bool,
    /// Leave the addresses in place at stop
    #[arg(short = 'V', long)]
    pub dont_release_vrrp: bool,
    /// Print the number of keepalived's signal NAME and exit: STOP, RELOAD, DATA, STATS, STATS_CLEAR, JSON, TDUMP
    #[arg(long, value_name = "NAME")]
    pub signum: Option<String>,
    /// VRRP only: no virtual servers
    #[arg(short = 'P', long)]
    pub vrrp: bool,
    /// Virtual servers and their checks only: no VRRP
    #[arg(short = 'C', long, conflicts_with = "vrrp")]
    pub check: bool,
    /// Keep the IPVS table at stop
    #[arg(short = 'I', long)]
    pub dont_release_ipvs: bool,
    /// Called by keepalived's name: goes to the background, and has its process id files.
    #[arg(long, hide = true)]
    pub as_keepalived: bool,
    /// Do what can be done beside a running agent, and say whether this binary could take its place.
    #[arg(long, hide = true)]
    pub rehearse: bool,
    /// Options of keepalived that change nothing here.
    #[command(flatten)]
    pub ignored: KeepalivedOnly,
}

/// Options of keepalived for what this agent does not have. They are accepted so that units and scripts go on working.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Accepted for keepalived's sake, without effect")]
pub(crate) struct KeepalivedOnly {
    /// Children are not started again (there are none)
    #[arg(short = 'R', long)]
    pub dont_respawn: bool,
    /// Dump the configuration at the start
    #[arg(short = 'd', long)]
    pub dump_conf: bool,
    /// Drop addresses on a change by signal
    #[arg(short = 'X', long)]
    pub release_vips: bool,
    /// SNMP
    #[arg(short = 'x', long)]
    pub snmp: bool,
    /// SNMP agent's socket
    #[arg(short = 'A', long, value_name = "ADDRESS")]
    pub snmp_agent_socket: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::Path;

    use super::*;
    use crate::cli::args::{Command, parse};

    #[test]
    fn a_link_named_keepalived_is_the_agent() {
        let cli = parse(["/usr/sbin/keepalived", "-n", "-f", "/tmp/k.conf"].map(OsString::from)).unwrap();
        assert!(matches!(cli.command, Command::Agent(Agent::Run(run)) if run.config == Path::new("/tmp/k.conf")));
    }

    #[test]
    fn keepalived_s_letters_are_taken() {
        let line =
            "keepalived -nlDDD -P -R -S 7 -d -p /run/k.pid -r /run/v.pid -c /run/c.pid -i one -I -X -x -A /run/agentx";
        let cli = parse(line.split(' ').map(OsString::from)).unwrap();
        let Command::Agent(Agent::Run(run)) = cli.command else { panic!("not the agent") };
        assert_eq!((run.log_detail, run.pid), (3, Some("/run/k.pid".into())));
        assert_eq!(run.config_id.as_deref(), Some("one"));
        assert_eq!((run.vrrp_pid, run.checkers_pid), (Some("/run/v.pid".into()), Some("/run/c.pid".into())));
        assert!(run.as_keepalived && run.dont_fork && run.log_facility == Some(7));
        let version = parse(["keepalived", "-v"].map(OsString::from)).unwrap_err();
        assert_eq!(version.kind(), clap::error::ErrorKind::DisplayVersion);
        let cli = parse(["keepalived", "--signum=DATA"].map(OsString::from)).unwrap();
        assert!(matches!(cli.command, Command::Agent(Agent::Run(run)) if run.signum.as_deref() == Some("DATA")));
    }
}
