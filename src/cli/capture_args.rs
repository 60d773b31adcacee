//! The grammar of `hactl capture`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::text::parse_time;

/// `hactl capture`.
#[derive(Debug, Args)]
pub(crate) struct Capture {
    /// Load balancers to listen on; all when absent
    pub hosts: Vec<String>,
    /// How long, for example 10s; until Ctrl-C when absent, at the longest an hour
    #[arg(long = "for", value_name = "TIME", value_parser = parse_time)]
    pub time: Option<Duration>,
    /// Interface to listen on, on each of them; those of their VIPs when absent
    #[arg(long, value_name = "NAME")]
    pub interface: Vec<String>,
    /// Also explain what each kind of packet is for, and its fields, when it comes for the first time
    #[arg(long)]
    pub explain: bool,
    /// Write all frames to this file, as pcapng for Wireshark, tshark and --read
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,
    /// Read from this file instead of listening: of --write, `hactl agent capture`, tcpdump -w or tshark -w (pcapng or
    /// pcap). Several are several hosts that saw one LAN, each named as its file
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["hosts", "time", "interface"])]
    pub read: Vec<PathBuf>,
}
